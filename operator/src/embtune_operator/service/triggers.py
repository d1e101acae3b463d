"""Triggers: what each event sets off. They only put keys into the queue."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION
from embtune_operator.service.drift import LOOK_SECONDS
from embtune_operator.service.queue import Key
from embtune_operator.service.sightings import ChildSighting, Sighting

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object
    from embtune_operator.service.queue import Queue
    from embtune_operator.service.resources import Resources

SCRATCH = "Scratch"
"""Kind of a key: what a deleted job, or a deleted registration, has left in the store."""
_WITH_SCRATCH = frozenset({FINETUNEJOB.kind, MODELVERSION.kind})
_MOST_LEFT = 1000
STORE = "Store"
"""Kind of a key: whether the store's bucket is ready."""
LINE = "Line"
"""Kind of a key: whether what is shown of a line is still true."""


@dataclass
class Triggers:
    """A process that does not lead keeps what it sees and plans nothing: it looks at everything when it leads."""

    resources: Resources
    queue: Queue
    leading: bool = False
    _left: dict[Key, None] = field(default_factory=dict)
    """The newest scratch that was left while somebody else led, who may have died before it was removed."""
    _unread: dict[Key, Object] = field(default_factory=dict)
    """New jobs as they were last seen: their first pass, of hundreds at once, need not ask for them."""

    def saw(self, seen: Sighting | ChildSighting) -> None:
        """A watch has shown it."""
        if isinstance(seen, ChildSighting):
            owner = self.resources.owner_to_look_at(seen)
            if owner and self.leading:
                self.queue.add(owner)
        elif seen.gone:
            self.gone(seen.key, seen.resource.uid)
        else:
            self._resource(seen)

    def unread(self, key: Key) -> Object | None:
        """The new job of that name, for its first pass; None: ask the API server."""
        return self._unread.pop(key, None)

    def gone(self, key: Key, uid: str = "") -> None:
        """It is deleted; `uid`: of the one that is gone, empty: of the one that was known."""
        known = self.resources.get(key)
        if known and (not uid or uid == known.uid):
            uid = known.uid
            self._unread.pop(key, None)
            self.resources.drop(key)
            self.queue.forget(key)
        if uid and key.kind in _WITH_SCRATCH:
            self._left[Key(SCRATCH, key.namespace, key.name, uid)] = None
        if not self.leading:
            while len(self._left) > _MOST_LEFT:
                del self._left[next(iter(self._left))]
            return
        self._remove_what_is_left()
        if known and key.kind == MODELVERSION.kind:
            self.line_changed(key.namespace, known.line)
        elif known and key.kind == FINETUNEJOB.kind:
            self._jobs_changed(key.namespace, known.line)

    def line_changed(self, namespace: str, line: str) -> None:
        """What is in production, or which versions there are: everything that shows the line looks again."""
        for key in self.resources.of_line(namespace, line):
            self.queue.add(key)

    def leads(self) -> None:
        """This process leads from now on: whatever does not rest is looked at."""
        self.leading = True
        self.queue.add(Key(STORE, "", ""))
        self._remove_what_is_left()
        for key, known in self.resources:
            self._plan(key, known.rests_for)
        for namespace, line in self.resources.lines():
            self._watch_line(namespace, line)

    def leads_no_longer(self) -> None:
        """Somebody else may: nothing is planned here."""
        self.leading = False
        self.queue.clear()
        self._unread.clear()

    def _remove_what_is_left(self) -> None:
        for key in self._left:
            self.queue.add(key)
        self._left.clear()

    def _resource(self, seen: Sighting) -> None:
        replaced = self.resources.get(seen.key)
        if replaced and replaced.uid != seen.resource.uid:  # its end was not shown
            self.gone(seen.key, replaced.uid)
        before = self.resources.keep(seen.key, seen.resource)
        if not self.leading:
            return
        self._unread.pop(seen.key, None)
        if seen.unread:
            self._unread[seen.key] = seen.unread
        if before is None or before.intent != seen.resource.intent:
            self._plan(seen.key, seen.resource.rests_for)
        if seen.key.kind != FINETUNEJOB.kind:
            self._watch_line(seen.key.namespace, seen.resource.line)
        elif before is None or before.state != seen.resource.state:
            self._jobs_changed(seen.key.namespace, seen.resource.line)

    def _jobs_changed(self, namespace: str, line: str) -> None:
        """An EmbeddingModel shows its latest job, waits for jobs to end, and makes the one of its template anew."""
        key = Key(EMBEDDINGMODEL.kind, namespace, line)
        if self.resources.get(key):
            self.queue.add(key)

    def _plan(self, key: Key, rests_for: float | None) -> None:
        if rests_for is None:
            self.queue.add(key)
        elif not math.isinf(rests_for):
            self.queue.add_after(key, rests_for + random.random())

    def _watch_line(self, namespace: str, line: str) -> None:
        self.queue.add_after(Key(LINE, namespace, line), LOOK_SECONDS * random.uniform(0.1, 1.0))
