"""A proxy before an API server: far away from it, with watches that stand still, or with one write that is long on its way."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import aiohttp
from aiohttp import web

from servers.control_plane import ControlPlane


@dataclass
class HeldWrite:
    """The first request of that method whose path has that end is on its way until it is let go; then it arrives, whatever
    has become of whoever sent it.
    """

    method: str
    end: str
    on_its_way: Event = field(default_factory=Event)
    let_go: Event = field(default_factory=Event)
    status: int | None = None
    """Of its answer, once it has arrived."""
    _taken: bool = False

    def takes(self, request: web.Request) -> bool:
        """Whether it is this one; only one request is."""
        if self._taken or request.method != self.method or not request.path.endswith(self.end):
            return False
        self._taken = True
        return True


@dataclass
class WatchProxy:
    url: str = ""
    silent: bool = False
    """Watches stay open and bring nothing: neither what happens, nor bookmarks, nor their end."""
    headers: bool = True
    """Whether a watch that is begun meanwhile is answered with headers at least."""
    latency: float = 0.0
    """Seconds that requests, answers and news are on their way, there and back together."""
    held: HeldWrite | None = None

    def kubeconfig(self, path: Path) -> Path:
        entry = {"name": "proxy"}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "contexts": [{**entry, "context": {"cluster": "proxy", "user": "proxy"}}],
            "clusters": [{**entry, "cluster": {"server": self.url}}],
            "users": [{**entry, "user": {}}],
        }
        path.write_text(json.dumps(content))
        return path


@contextmanager
def watch_proxy(plane: ControlPlane) -> Iterator[WatchProxy]:
    """On a free port of the loopback, in a thread of its own; it speaks for the administrator."""
    proxy, ready, stop = WatchProxy(), Event(), Event()
    thread = Thread(target=lambda: asyncio.run(_serve(plane, proxy, ready, stop)), name="watch proxy")
    thread.start()
    try:
        assert ready.wait(10)
        yield proxy
    finally:
        stop.set()
        thread.join(timeout=20)


async def _serve(plane: ControlPlane, proxy: WatchProxy, ready: Event, stop: Event) -> None:
    client = plane.layout.folder / "certificates" / "admin"
    trust = ssl.create_default_context(cafile=str(plane.ca))
    trust.load_cert_chain(client.with_suffix(".crt"), client.with_suffix(".key"))
    connector = aiohttp.TCPConnector(limit=0, ssl=trust)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as upstream:

        async def forward(request: web.Request) -> web.StreamResponse:
            is_watch = request.query.get("watch") == "true"

            async def while_silent() -> None:
                while is_watch and proxy.silent and not stop.is_set():
                    await asyncio.sleep(0.05)

            held = proxy.held if proxy.held and proxy.held.takes(request) else None
            body = await request.read() or None
            if held:
                held.on_its_way.set()
                while not held.let_go.is_set() and not stop.is_set():
                    await asyncio.sleep(0.02)
            if not proxy.headers:
                await while_silent()
            await asyncio.sleep(proxy.latency / 2)
            forever = aiohttp.ClientTimeout(total=None)
            headers = {
                name: request.headers[name] for name in ("Accept", "Content-Type", "User-Agent") if name in request.headers
            }
            async with upstream.request(
                request.method,
                plane.server + request.path_qs,
                headers=headers,
                data=body,
                timeout=forever,
            ) as found:
                if held:
                    held.status = found.status
                await asyncio.sleep(proxy.latency / 2)
                answer = web.StreamResponse(status=found.status, headers={"Content-Type": found.content_type})
                await answer.prepare(request)
                with suppress(ConnectionError):  # the operator has left the watch
                    async for chunk in found.content.iter_any():
                        await while_silent()
                        await asyncio.sleep(proxy.latency / 2 if is_watch else 0)
                        await answer.write(chunk)
                    await while_silent()
                return answer

        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        while not stop.is_set():
            await asyncio.sleep(0.05)
        await runner.cleanup()
    await asyncio.sleep(0.3)  # closed TLS connections are gone a moment later
