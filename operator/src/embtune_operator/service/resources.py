"""Resources: what is known of everything that is watched, small enough to keep for thousands of finished jobs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION
from embtune_operator.service.queue import Key
from embtune_operator.service.sightings import UNTOUCHED

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from embtune_operator.pipeline.hold import Hold
    from embtune_operator.service.sightings import ChildSighting, Resource

_SHOWN = frozenset({MODELVERSION.kind, EMBEDDINGMODEL.kind})


@dataclass
class Resources:
    """To be used from one event loop. A resource that was deleted while nobody watched stays here until a pass misses it."""

    _known: dict[Key, Resource] = field(default_factory=dict)
    _keys: dict[str, Key] = field(default_factory=dict)
    """By uid."""
    _lines: dict[tuple[str, str], set[Key]] = field(default_factory=dict)
    """(namespace, name) of a line → its versions and its EmbeddingModel."""
    _children: dict[str, dict[str, Hashable]] = field(default_factory=dict)
    """Owner's uid → child's uid → its last signature; of owners that are at work only."""

    def __iter__(self) -> Iterator[tuple[Key, Resource]]:
        return iter(self._known.items())

    def get(self, key: Key) -> Resource | None:
        return self._known.get(key)

    def keep(self, key: Key, resource: Resource) -> Resource | None:
        """Returns what was known of it before. One of the same name but another uid is another one: `drop` that first."""
        before = self._known.get(key)
        self._known[key], self._keys[resource.uid] = resource, key
        if key.kind in _SHOWN:
            self._lines.setdefault((key.namespace, resource.line), set()).add(key)
        if resource.rests_for is not None:
            self._children.pop(resource.uid, None)
        return before

    def drop(self, key: Key) -> Resource | None:
        """Forget it; returns what was known of it."""
        resource = self._known.pop(key, None)
        if resource:
            self._keys.pop(resource.uid, None)
            self._children.pop(resource.uid, None)
            self._lines.get((key.namespace, resource.line), set()).discard(key)
        return resource

    def owner_to_look_at(self, child: ChildSighting) -> Key | None:
        """The owner of a child that has changed in a way that matters; None: nothing is to be done."""
        key = self._keys.get(child.owner_uid)
        if key is None or self._known[key].rests_for is not None:
            return None
        siblings = self._children.setdefault(child.owner_uid, {})
        if child.gone:
            siblings.pop(child.uid, None)
            return key
        before = siblings.get(child.uid)
        siblings[child.uid] = child.signature
        news = child.signature != before if before is not None else child.signature not in UNTOUCHED
        return key if news else None

    def of_line(self, namespace: str, line: str) -> frozenset[Key]:
        """The versions of the line, and its EmbeddingModel."""
        return frozenset(self._lines.get((namespace, line), ()))

    def lines(self) -> list[tuple[str, str]]:
        """(namespace, name) of every line that has something to show."""
        return [line for line, keys in self._lines.items() if keys]

    def hold(self, namespace: str, line: str) -> Hold | None:
        """Why jobs of the line do not promote."""
        known = self._known.get(Key(EMBEDDINGMODEL.kind, namespace, line))
        return known.hold if known else None

    def jobs_by_phase(self) -> Counter[str]:
        return self._states(FINETUNEJOB.kind)

    def versions_by_stage(self) -> Counter[str]:
        return self._states(MODELVERSION.kind)

    def _states(self, kind: str) -> Counter[str]:
        return Counter(known.state for key, known in self if key.kind == kind and known.state)
