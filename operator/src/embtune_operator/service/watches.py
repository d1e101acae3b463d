"""Watches: when each stream of changes last gave a sign of life.

The API server is asked to end every watch after `seconds` (50 by default). So even where nothing happens, a healthy stream
brings an orderly end by then, if not a bookmark. After twice that time of silence a stream counts as dead: with probes every
few seconds, a pod is out of service within 150 s. Bytes and orderly ends are what counts: a connection that is open, a
request that is answered elsewhere, headers that came through, or a connection that broke prove nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embtune_operator.kube.kinds import Kind


@dataclass
class _Stream:
    kind: str
    content: aiohttp.StreamReader | None = None
    """Of the answer that is being read."""
    noticed: tuple[int, bool] = (0, False)
    """Bytes of it that have been seen, and whether its end has."""
    heard_at: float = 0.0


@dataclass
class Watches:
    """May be read from any thread.

    Args:
        seconds: after which the API server ends a watch.
        clock: seconds, monotonic.
    """

    seconds: int = 50
    clock: Callable[[], float] = time.monotonic
    _streams: dict[str, _Stream] = field(default_factory=dict)
    """By the path of the watch."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, kinds: Iterable[Kind], namespaces: Iterable[str | None]) -> None:
        """From now on these are watched, and no others; each has the time until it is stale to show a first sign."""
        now = self.clock()
        paths = {kind.path(namespace): kind.kind for kind in kinds for namespace in namespaces}
        with self._lock:
            self._streams = {path: _Stream(kind, heard_at=now) for path, kind in paths.items()}

    def ages(self) -> dict[str, float]:
        """Kind → seconds since its watch last received a byte; of several namespaces the oldest."""
        ages: dict[str, float] = {}
        with self._lock:
            for stream in self._streams.values():
                self._listen(stream)
                ages[stream.kind] = max(ages.get(stream.kind, 0.0), self.clock() - stream.heard_at)
        return ages

    def silent(self, times: float = 2) -> dict[str, float]:
        """The kinds of which nothing has been heard for so many times the life of a watch, as `ages`."""
        return {kind: age for kind, age in self.ages().items() if age > times * self.seconds}

    def tracing(self) -> aiohttp.TraceConfig:
        """To be given to the HTTP session that watches."""
        tracing = aiohttp.TraceConfig()
        tracing.on_request_end.append(self._answered)
        return tracing

    async def _answered(self, _: aiohttp.ClientSession, __: object, params: aiohttp.TraceRequestEndParams) -> None:
        """A stream has begun: from now on its bytes are counted."""
        if params.url.query.get("watch") != "true":
            return
        with self._lock:
            stream = self._streams.get(params.url.path)
            if stream and params.response.status == 200:
                self._listen(stream)
                stream.content, stream.noticed = params.response.content, (0, False)

    def _listen(self, stream: _Stream) -> None:
        """What came since the last look came just now, for all we know: looks are seconds apart."""
        if stream.content is None:
            return
        shown = (stream.content.total_bytes, stream.content.is_eof())  # a broken connection is no end of the content
        if shown != stream.noticed:
            stream.noticed, stream.heard_at = shown, self.clock()
