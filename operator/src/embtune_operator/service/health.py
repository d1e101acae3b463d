"""Health and metrics over HTTP: `/livez` and `/readyz` on one port, `/metrics` on another."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from embtune_operator.service.metrics import Metrics
    from embtune_operator.service.watches import Watches


@dataclass
class Health:
    watches: Watches
    stopping: bool = False

    async def live(self, _: web.Request) -> web.Response:
        """That this is answered shows that the event loop turns, which is all that a restart could mend."""
        return web.Response(text="ok\n")

    async def ready(self, _: web.Request) -> web.Response:
        """Whether what happens in the cluster is heard here. The store is no part of it: no replica has another one."""
        trouble = self.trouble()
        return web.Response(text=f"{trouble or 'ok'}\n", status=503 if trouble else 200)

    def trouble(self) -> str:
        """Empty when all is well."""
        if self.stopping:
            return "is stopping"
        if silent := [f"{kind} for {age:.0f} s" for kind, age in sorted(self.watches.silent().items())]:
            return f"no sign of life from the watches of {', '.join(silent)}"
        return "" if self.watches.ages() else "nothing is watched yet"


@asynccontextmanager
async def serving(health: Health, metrics: Metrics, health_port: int, metrics_port: int) -> AsyncIterator[None]:
    """Answer on both ports of all addresses while the block runs."""

    async def read(_: web.Request) -> web.Response:
        page = generate_latest(metrics.registry)  # in this thread, which is the one that changes what the gauges read
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_LATEST})

    runners = [
        await _serve(health_port, {"/livez": health.live, "/readyz": health.ready}),
        await _serve(metrics_port, {"/metrics": read}),
    ]
    try:
        yield
    finally:
        for runner in runners:
            await runner.cleanup()


async def _serve(port: int, pages: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]) -> web.AppRunner:
    application = web.Application()
    for path, handler in pages.items():
        application.router.add_get(path, handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
