"""Whether a stream of changes lives is told by the bytes that it brings, and by nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from embtune_operator.kube.kinds import FINETUNEJOB, POD
from embtune_operator.service.health import Health
from embtune_operator.service.watches import Watches


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler, watches: Watches) -> AsyncIterator[Callable[[str], Awaitable[aiohttp.ClientResponse]]]:
    """A function that asks a server for a path, and is listened to."""
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    async with aiohttp.ClientSession(trace_configs=[watches.tracing()]) as session:
        yield lambda path: session.get(f"http://127.0.0.1:{port}{path}")
    await runner.cleanup()


def a_stream(said: asyncio.Event) -> Handler:
    """Headers at once, and a line whenever it is told to."""

    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(2):
            await said.wait()
            said.clear()
            await answer.write(b'{"type":"BOOKMARK"}\n')
        return answer

    return stream


def test_headers_are_no_sign_of_life_and_bytes_are() -> None:
    async def check() -> None:
        clock, say = Clock(), asyncio.Event()
        watches = Watches(50, clock)
        watches.expect([FINETUNEJOB], [None])
        async with served(a_stream(say), watches) as get:
            clock.now = 90
            answer = await get(f"{FINETUNEJOB.path()}?watch=true")
            assert watches.ages() == {"FineTuneJob": 90}
            say.set()
            await answer.content.readline()
            assert watches.ages() == {"FineTuneJob": 0}
            clock.now += 101
            assert watches.silent() == {"FineTuneJob": 101}
            answer.close()

    asyncio.run(check())


def test_bytes_that_came_before_the_stream_was_begun_anew_count() -> None:
    async def check() -> None:
        clock, say = Clock(), asyncio.Event()
        watches = Watches(50, clock)
        watches.expect([FINETUNEJOB], [None])
        async with served(a_stream(say), watches) as get:
            first = await get(f"{FINETUNEJOB.path()}?watch=true")
            say.set()
            await first.content.readline()
            clock.now = 60
            second = await get(f"{FINETUNEJOB.path()}?watch=true")
            assert watches.ages() == {"FineTuneJob": 0}
            first.close()
            second.close()

    asyncio.run(check())


def test_an_orderly_end_is_a_sign_of_life_and_a_broken_connection_is_none() -> None:
    async def check() -> None:
        clock = Clock()
        watches = Watches(50, clock)
        watches.expect([FINETUNEJOB], [None])
        breaks = False

        async def end_at_once(request: web.Request) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            if breaks and request.transport:
                request.transport.abort()
            return answer

        async with served(end_at_once, watches) as get:
            clock.now = 40
            await (await get(f"{FINETUNEJOB.path()}?watch=true")).read()
            assert watches.ages() == {"FineTuneJob": 0}
            breaks, clock.now = True, 90
            with pytest.raises(aiohttp.ClientPayloadError):
                await (await get(f"{FINETUNEJOB.path()}?watch=true")).read()
            assert watches.ages() == {"FineTuneJob": 50}

    asyncio.run(check())


def test_what_is_answered_elsewhere_proves_nothing_about_a_watch() -> None:
    async def check() -> None:
        clock = Clock()
        watches = Watches(50, clock)
        watches.expect([FINETUNEJOB], [None])

        async def answer_at_once(_: web.Request) -> web.Response:
            return web.Response(text="{}")

        async with served(answer_at_once, watches) as get:
            clock.now = 120
            for path in (FINETUNEJOB.path(), f"{POD.path()}?watch=true"):
                await (await get(path)).read()
        assert watches.silent() == {"FineTuneJob": 120}

    asyncio.run(check())


def test_a_pod_is_ready_when_every_watch_lives_and_not_while_it_stops() -> None:
    clock = Clock()
    health = Health(Watches(50, clock))
    assert health.trouble() == "nothing is watched yet"
    health.watches.expect([FINETUNEJOB, POD], ["search", "shop"])
    assert health.trouble() == ""
    clock.now = 101
    assert health.trouble() == "no sign of life from the watches of FineTuneJob for 101 s, Pod for 101 s"
    health.stopping = True
    assert health.trouble() == "is stopping"
