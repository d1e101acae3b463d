"""Drift: whether what is shown of a line is what its `release.json` says, which people also change from outside."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_api.keys import LineKeys
from embtune_operator.registry.history import read_release

if TYPE_CHECKING:
    from embtune_operator.service.queue import Key
    from embtune_operator.service.resources import Resources
    from embtune_operator.service.triggers import Triggers
    from embtune_store.protocol import Store

LOOK_SECONDS = 600.0
"""Between two looks at a line that nothing is heard of; spread, so that lines do not come all at once."""


@dataclass
class DriftPass:
    store: Store
    resources: Resources
    triggers: Triggers
    _tags: dict[Key, str] = field(default_factory=dict)
    """Of each line's release, as it was last shown."""

    async def __call__(self, key: Key) -> float | None:
        """One small request for each line and time, and none to the API server, unless something has changed."""
        if not self.resources.of_line(key.namespace, key.name):
            self._tags.pop(key, None)
            return None
        release = await asyncio.to_thread(read_release, self.store, LineKeys(key.namespace, key.name))
        if release is not None:
            known, self._tags[key] = self._tags.get(key), release.tag
            production = release.document.production
            shown = self._in_production(key)
            if known not in (None, release.tag) or shown != ({production.version} if production else set()):
                self.triggers.line_changed(key.namespace, key.name)
        return LOOK_SECONDS * random.uniform(0.75, 1.25)

    def _in_production(self, key: Key) -> set[int | None]:
        """The versions of the line that are shown to be in production."""
        known = (self.resources.get(other) for other in self.resources.of_line(key.namespace, key.name))
        return {resource.number for resource in known if resource and resource.state == "Production"}
