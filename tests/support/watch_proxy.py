"""A proxy before an API server whose watches can be made to stand still, while everything else goes on."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import aiohttp
from aiohttp import web

from servers.control_plane import ControlPlane


@dataclass
class WatchProxy:
    url: str = ""
    silent: bool = False
    """Watches stay open and bring nothing: neither what happens, nor bookmarks, nor their end."""
    headers: bool = True
    """Whether a watch that is begun meanwhile is answered with headers at least."""

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

            if not proxy.headers:
                await while_silent()
            forever = aiohttp.ClientTimeout(total=None)
            headers = {name: request.headers[name] for name in ("Accept", "Content-Type") if name in request.headers}
            async with upstream.request(
                request.method,
                plane.server + request.path_qs,
                headers=headers,
                data=await request.read() or None,
                timeout=forever,
            ) as found:
                answer = web.StreamResponse(status=found.status, headers={"Content-Type": found.content_type})
                await answer.prepare(request)
                with suppress(ConnectionError):  # the operator has left the watch
                    async for chunk in found.content.iter_any():
                        await while_silent()
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
