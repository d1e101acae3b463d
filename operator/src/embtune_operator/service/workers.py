"""Workers: passes over resources, several at once, as the queue says."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from embtune_api.errors import EmbtuneError
from embtune_operator.kube.errors import Conflict
from embtune_operator.service.fence import NotLeading
from embtune_operator.service.queue import Queue

if TYPE_CHECKING:
    from embtune_operator.service.metrics import Metrics
    from embtune_operator.service.queue import Key, Taken

log = logging.getLogger(__name__)
_NOT_LEADING = 1.0
"""Seconds between two looks at whether we lead again."""
_CHANGED_MEANWHILE = 0.5
"""Seconds until a resource is looked at again that somebody changed during its pass. No watch may tell: a label is no intent."""
PATIENCE = 30.0
"""Seconds for which a pass that gives way lets others go first."""


class Work(Protocol):
    async def __call__(self, key: Key, /) -> float | None:
        """One pass over a resource; returns the seconds until the next one, None for never by itself."""


class Leadership(Protocol):
    def still(self) -> bool:
        """Whether this process leads at this moment."""


class _Aside(NamedTuple):
    """A pass that gives way."""

    until: float
    turn: asyncio.Future[None]


@dataclass
class Workers:
    """To be used from one event loop."""

    leader: Leadership
    limit: int
    metrics: Metrics
    queue: Queue = field(init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _passes: set[asyncio.Task[None]] = field(default_factory=set)
    _aside: deque[_Aside] = field(default_factory=deque)
    """Of `_passes`: whoever has waited longest comes first. They take no worker."""
    _closed: bool = False

    def __post_init__(self) -> None:
        self.queue = Queue(time.monotonic, self._changed.set)

    def look(self) -> None:
        """Begin what may be begun: leadership, for one, has come."""
        self._changed.set()

    async def run(self, work: Work) -> None:
        """Begin passes until it is cancelled or closed."""
        while not self._closed:
            self._changed.clear()
            self._begin(work)
            timer = self._timer()
            await self._changed.wait()
            if timer:
                timer.cancel()

    async def give_way(self) -> None:
        """For a pass whose rest can wait: what is due begins first, for `PATIENCE` seconds at most."""
        if self._closed or not (self._aside or self.queue.is_due()):
            return
        waits = _Aside(time.monotonic() + PATIENCE, asyncio.get_running_loop().create_future())
        self._aside.append(waits)
        self._changed.set()
        try:
            await waits.turn
        finally:
            if waits in self._aside:  # it was cancelled
                self._aside.remove(waits)

    async def close(self, grace: float) -> int:
        """Begin nothing more, and wait for the passes in hand, `grace` seconds at most; returns how many were given up."""
        self._closed = True
        self._changed.set()
        while self._aside:
            self._go_on()
        if self._passes:
            await asyncio.wait(self._passes, timeout=grace)
        left = list(self._passes)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    def _begin(self, work: Work) -> None:
        while self._is_free():
            if self._aside and self._is_its_turn(self._aside[0]):
                self._go_on()
            elif self.leader.still() and (taken := self.queue.take()):
                task = asyncio.create_task(self._pass(taken, work))
                self._passes.add(task)
                task.add_done_callback(self._ended)
            else:
                return

    def _is_free(self) -> bool:
        return len(self._passes) - len(self._aside) < self.limit

    def _is_its_turn(self, aside: _Aside) -> bool:
        return not self.queue.is_due() or aside.until <= time.monotonic() or not self.leader.still()

    def _go_on(self) -> None:
        """Whoever gave way first."""
        turn = self._aside.popleft().turn
        if not turn.done():
            turn.set_result(None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._passes.discard(task)
        self._changed.set()

    def _timer(self) -> asyncio.TimerHandle | None:
        """Sets `_changed` when the next key is due; nobody waits for a key that no worker is free for."""
        at = self.queue.next_at()
        if at is None or not self._is_free():
            return None
        pause = max(0.0, at - self.queue.now()) if self.leader.still() else _NOT_LEADING
        return asyncio.get_running_loop().call_later(pause, self._changed.set)

    async def _pass(self, taken: Taken, work: Work) -> None:
        key, began = taken.key, time.monotonic()
        self.metrics.queue_wait.labels(key.kind).observe(taken.waited)
        try:
            again_after = await work(key)
        except NotLeading:
            self.queue.done(key, again_after=0)  # if we lead again; else whoever leads looks at everything
        except Conflict:
            self.queue.done(key, again_after=_CHANGED_MEANWHILE)
        except Exception as error:  # one broken resource must not end the work on all others
            self._put_off(key, error)
        else:
            self.queue.done(key, again_after)
            self.metrics.reconciles.labels(key.kind, "done").inc()
        finally:
            self.metrics.reconcile_seconds.labels(key.kind).observe(time.monotonic() - began)

    def _put_off(self, key: Key, error: Exception) -> None:
        pause = self.queue.failed(key)
        self.metrics.reconciles.labels(key.kind, "failed").inc()
        self.metrics.retries.labels(key.kind).inc()
        about = {"resource": key, "failures": self.queue.failures(key)}
        expected = isinstance(error, EmbtuneError)
        log.warning("tried again in %.0f s: %s", pause, error or type(error).__name__, extra=about, exc_info=not expected)
