"""The queue: which resource is looked at next, and when. Pure but for the clock it is given.

A key is in it once, however often it was added; it is never given out twice at a time; what is added while it is worked
on is done again afterwards. Kinds take turns, so that a thousand jobs do not keep a rollback waiting.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_BACKOFF = 1.0
LONGEST_BACKOFF = 300.0
_LEAST_STALE = 64


class Key(NamedTuple):
    kind: str
    """`FineTuneJob`, `ModelVersion`, `EmbeddingModel`, or one of the operator's own (`triggers`)."""
    namespace: str
    name: str
    uid: str = ""
    """Only where the name alone does not say which: of a resource that is gone."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.name else self.kind


class Taken(NamedTuple):
    key: Key
    waited: float
    """Seconds since it was due."""


@dataclass
class Queue:
    """Times are seconds of `now`, any clock that only goes forward."""

    now: Callable[[], float]
    changed: Callable[[], None] = lambda: None
    """Called when the next thing to do may have become another one."""
    spread: Callable[[], float] = random.random
    """0 to 1: what keeps many failures of one cause from coming back at one moment."""
    _due: dict[str, deque[Key]] = field(default_factory=dict)
    """By kind; the kind whose turn it is comes first."""
    _since: dict[Key, float] = field(default_factory=dict)
    """Since when each due key is due."""
    _planned: dict[Key, float] = field(default_factory=dict)
    _heap: list[tuple[float, int, Key]] = field(default_factory=list)
    """Of `_planned`; entries that are no longer true are skipped when they come up."""
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _working: set[Key] = field(default_factory=set)
    _again: set[Key] = field(default_factory=set)
    _failures: Counter[Key] = field(default_factory=Counter)

    def add(self, key: Key) -> None:
        """As soon as possible."""
        self._planned.pop(key, None)
        if key in self._working:
            self._again.add(key)
        elif key not in self._since:
            self._since[key] = self.now()
            self._due.setdefault(key.kind, deque()).append(key)
            self.changed()

    def add_after(self, key: Key, seconds: float) -> None:
        """Not before `seconds` from now; what is due or planned earlier stays so."""
        at = self.now() + max(seconds, 0.0)
        if key in self._since or at >= self._planned.get(key, float("inf")):
            return
        self._planned[key] = at
        heapq.heappush(self._heap, (at, next(self._order), key))
        self._forget_stale()
        self.changed()

    def take(self) -> Taken | None:
        """The next key that is due; it is the caller's until `done` or `failed`. None: nothing is due."""
        self._wake()
        for kind in list(self._due):
            waiting = self._due.pop(kind)
            if not waiting:
                continue
            key = waiting.popleft()
            self._due[kind] = waiting  # at the end: the other kinds come first next time
            self._planned.pop(key, None)  # the pass that begins now says when the next one is
            self._working.add(key)
            return Taken(key, self.now() - self._since.pop(key))
        return None

    def next_at(self) -> float | None:
        """When `take` gives something: now or earlier if it does already, None if nothing is planned."""
        if self._since:
            return self.now()
        while self._heap and not self._is_true(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def is_due(self) -> bool:
        """Whether `take` gives something now."""
        at = self.next_at()
        return at is not None and at <= self.now()

    def done(self, key: Key, again_after: float | None = None) -> None:
        """Its pass has ended well. `again_after`: seconds until the next one; None: when something happens."""
        self._failures.pop(key, None)
        self._ended(key, again_after)

    def failed(self, key: Key) -> float:
        """Its pass has failed and is put off; returns for how many seconds."""
        self._failures[key] += 1
        pause = min(FIRST_BACKOFF * 2.0 ** (self._failures[key] - 1), LONGEST_BACKOFF)
        pause *= 0.75 + self.spread() / 4
        self._again.discard(key)  # trying at once what has just failed would make the back-off vain
        self._ended(key, pause)
        return pause

    def failures(self, key: Key) -> int:
        """How often in a row its pass has failed."""
        return self._failures[key]

    def forget(self, key: Key) -> None:
        """There is nothing left to do for it, unless it is added again."""
        self._planned.pop(key, None)
        self._failures.pop(key, None)
        self._again.discard(key)
        if self._since.pop(key, None) is not None:
            self._due[key.kind].remove(key)

    def clear(self) -> None:
        """Forget everything but what is being worked on."""
        for key in [*self._since, *self._planned]:
            self.forget(key)
        self._again.clear()
        self._failures.clear()
        self._heap.clear()

    def depth(self) -> Counter[str]:
        """Due and not begun, by kind."""
        return Counter({kind: len(keys) for kind, keys in self._due.items()})

    def waiting(self) -> Counter[str]:
        """Planned for later, by kind."""
        return Counter(key.kind for key in self._planned)

    def _ended(self, key: Key, again_after: float | None) -> None:
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
        elif again_after is not None:
            self.add_after(key, again_after)

    def _wake(self) -> None:
        """What was planned for now or earlier is due; what is being worked on is due again afterwards."""
        now = self.now()
        while self._heap and (self._heap[0][0] <= now or not self._is_true(self._heap[0])):
            entry = heapq.heappop(self._heap)
            if self._is_true(entry):
                self.add(entry[2])

    def _is_true(self, entry: tuple[float, int, Key]) -> bool:
        at, _, key = entry
        return self._planned.get(key) == at

    def _forget_stale(self) -> None:
        """A key whose plan changes again and again leaves an entry behind each time."""
        if len(self._heap) > _LEAST_STALE + 2 * len(self._planned):
            self._heap = [entry for entry in self._heap if self._is_true(entry)]
            heapq.heapify(self._heap)
