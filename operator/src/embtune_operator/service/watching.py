"""Watching: kopf, in a thread and an event loop of its own, shows what it sees and does nothing else.

In a thread of its own, because kopf cancels every task of its loop when it ends; so its end is no more than a moment
without news, after which it is begun anew and lists everything again. It ends when a kind has gone or a stream says what
it does not understand; it never ends because the API server is away: it tries again, for ever, with a bounded pause.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import kopf

from embtune_operator.cluster import ClusterError
from embtune_operator.kube.kinds import EMBEDDINGMODEL, PYTORCHJOB
from embtune_operator.kube.labels import OURS
from embtune_operator.service.login import Login
from embtune_operator.service.sightings import CHILDREN, RESOURCES, child_sighting_of, sighting_of
from embtune_operator.service.stateless import NoDiffBase, NoProgress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from embtune_operator.kube.api import KubeApi, Object
    from embtune_operator.kube.kinds import Kind
    from embtune_operator.service.metrics import Metrics
    from embtune_operator.service.sightings import ChildSighting, Sighting
    from embtune_operator.service.watches import Watches

log = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
"""Between two looks at whether the streams live."""
DISCOVERY_SECONDS = 60.0
"""Between two looks at which kinds the API server knows."""
LONGEST_PAUSE = 30.0
LONG_LIFE = 300.0
"""Seconds after which an end of the watches is news, and not the next of several."""
_REQUEST_SECONDS = 60.0
_LATE_SECONDS = 10.0
"""We end a watch ourselves when the API server is so much too late to do it: that is how a dead connection is left."""
_STOP_SECONDS = 10.0
_CHUNK = 200
"""Objects of one page of a listing: what is in memory at once."""


@dataclass
class Watching:
    """
    Args:
        sink: is shown everything, in the event loop in which `run` runs.
        namespaces: empty: all of them.
    """

    api: KubeApi
    kubeconfig: Path | None
    context: str | None
    namespaces: list[str]
    watches: Watches
    metrics: Metrics
    sink: Callable[[Sighting | ChildSighting], None]
    _thread: _Thread | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        pauses = iter(Pauses())
        await self._show_lines()
        while True:
            kinds, began = await self._kinds(), time.monotonic()
            log.info("watches %s", ", ".join(kind.plural for kind in kinds))
            self.watches.expect(kinds, self.namespaces or [None])
            self._thread = self._begin(kinds)
            await self._until_it_ends_or_kinds_change(self._thread, kinds)
            await self._thread.stop()
            self.api.rediscover()
            self.metrics.watch_restarts.inc()
            if time.monotonic() - began > LONG_LIFE:
                pauses = iter(Pauses())
            await asyncio.sleep(next(pauses))

    async def stop(self) -> None:
        if self._thread:
            await self._thread.stop()

    async def _show_lines(self) -> None:
        """Every EmbeddingModel before any job: none is promoted because what holds it has not been seen yet."""
        await self._kinds()
        everywhere: list[str | None] = [None]
        for namespace in self.namespaces or everywhere:
            for body in await self._patiently(partial(self.api.list, EMBEDDINGMODEL, namespace)):
                self.sink(sighting_of(EMBEDDINGMODEL, body, gone=False, now=datetime.now(UTC)))

    async def _patiently(self, ask: Callable[[], Awaitable[list[Object]]]) -> list[Object]:
        for pause in Pauses():
            try:
                return await ask()
            except ClusterError as error:
                log.warning("%s", error)
            await asyncio.sleep(pause)
        raise AssertionError("there is always another try")

    async def _kinds(self) -> list[Kind]:
        """Those that the API server knows. Ours are waited for: the operator may be there before its CRDs."""
        while True:
            try:
                missing = [kind.kind for kind in RESOURCES if not await self.api.serves(kind)]
                if not missing:
                    return [kind for kind in (*RESOURCES, *CHILDREN) if kind != PYTORCHJOB or await self.api.serves(kind)]
                log.warning("waits for the CRDs of %s: apply them, or install the chart", ", ".join(missing))
            except ClusterError as error:
                log.warning("%s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _until_it_ends_or_kinds_change(self, thread: _Thread, kinds: list[Kind]) -> None:
        for look in itertools.count(1):
            if await thread.ended(LOOK_SECONDS):
                return
            if self.watches.silent(times=4):
                log.warning("the watches are silent, and are begun anew")
                return
            if look % round(DISCOVERY_SECONDS / LOOK_SECONDS) == 0 and await self._have_changed(kinds):
                log.info("PyTorchJob has come or gone: watches are begun anew")
                return

    async def _have_changed(self, kinds: list[Kind]) -> bool:
        try:
            return await self.api.serves(PYTORCHJOB) != (PYTORCHJOB in kinds)
        except ClusterError:
            return False

    def _begin(self, kinds: list[Kind]) -> _Thread:
        registry, loop = kopf.OperatorRegistry(), asyncio.get_running_loop()
        login = Login(self.kubeconfig, self.context, self.watches)
        kopf.on.login(registry=registry, retries=None)(login.log_in)
        for kind in kinds:
            handler = _handler(kind, partial(_call, loop, self.sink))
            kopf.on.event(group=kind.group, version=kind.version, plural=kind.plural, id=kind.plural, registry=registry)(handler)
        thread = _Thread(registry, _settings(kinds, self.watches.seconds), self.namespaces, login)
        thread.start()
        return thread


class _Thread(threading.Thread):
    """One life of kopf."""

    def __init__(
        self, registry: kopf.OperatorRegistry, settings: kopf.OperatorSettings, namespaces: list[str], login: Login
    ) -> None:
        super().__init__(name="kopf", daemon=True)
        self._registry, self._settings, self._namespaces, self._login = registry, settings, namespaces, login
        self._ended, self._main = asyncio.Event(), asyncio.get_running_loop()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._watch())
        except Exception as error:  # whatever it was, watching goes on
            log.warning("watches have ended and are begun anew: %s", error or type(error).__name__)
        finally:
            _call(self._main, self._ended.set)

    async def ended(self, seconds: float) -> bool:
        """Whether it ends within that time."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        if self._loop and self._stop:
            _call(self._loop, self._stop.set)
        await self.ended(_STOP_SECONDS)

    async def _watch(self) -> None:
        """Until any of kopf's tasks ends, for whatever reason. kopf's own way of ending may wait for ever for a login that
        nobody answers any more, so its tasks are left to be cancelled, and nobody waits for this thread.
        """
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _, about: log.debug("%s", about["message"]))
        tasks = await kopf.spawn_tasks(
            registry=self._registry,
            settings=self._settings,
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._stop,
        )
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._login.close()
        for task in done:
            if error := task.exception():
                log.warning("watches have ended and are begun anew: %s", error or type(error).__name__)
        _call(self._main, self._ended.set)


def _settings(kinds: list[Kind], seconds: int) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True  # `Watching` looks itself, and needs no right to list CRDs and namespaces for it
    settings.process.ultimate_exiting_timeout = None  # it would kill the process, which is not kopf's
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.networking.error_backoffs = Pauses()
    settings.networking.request_timeout = _REQUEST_SECONDS
    settings.networking.connect_timeout = 5.0
    settings.watching.server_timeout = seconds
    settings.watching.client_timeout = settings.watching.inactivity_timeout = seconds + _LATE_SECONDS
    settings.watching.chunk_size = _CHUNK
    settings.queueing.idle_timeout = 0.1  # an object's worker keeps its body alive while it idles
    for kind in kinds:
        if kind in CHILDREN:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = OURS
    return settings


@dataclass
class Pauses:
    """Between the tries of one request: doubling, bounded, for ever."""

    first: float = 1.0
    longest: float = LONGEST_PAUSE
    spread: Callable[[], float] = field(default=random.random)

    def __iter__(self) -> Iterator[float]:
        pause = self.first
        while True:
            yield pause * (0.5 + self.spread() / 2)
            pause = min(2 * pause, self.longest)


def _handler(kind: Kind, show: Callable[[Sighting | ChildSighting], None]) -> Callable[..., Any]:
    async def saw(event: Any, **_: Any) -> None:
        body, gone = event["object"], event["type"] == "DELETED"
        if kind in RESOURCES:
            show(sighting_of(kind, body, gone=gone, now=datetime.now(UTC)))
        elif child := child_sighting_of(kind, body, gone=gone):
            show(child)

    return saw


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: object) -> None:
    """In another thread's loop; a loop that has ended needs no news any more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)
