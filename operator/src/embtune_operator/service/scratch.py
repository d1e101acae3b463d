"""Scratch: what a deleted job, or a deleted registration of a model from outside, has left in the store. Versions are no part
of it; they outlive their jobs, and their resources.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.keys import JobKeys
from embtune_operator.kube.kinds import FINETUNEJOB, MODELVERSION, POD
from embtune_operator.kube.labels import children_of

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.pipeline.memory import Memory
    from embtune_operator.service.queue import Key
    from embtune_store.protocol import Store

log = logging.getLogger(__name__)
WHILE_PODS_RUN = 15.0
"""Seconds between two looks at whether a deleted job's pods have gone."""


@dataclass
class ScratchPass:
    api: KubeApi
    store: Store
    memory: Memory
    """Of the passes over jobs: a job that was deleted while it ran is forgotten here."""

    async def __call__(self, key: Key) -> float | None:
        """Remove its scratch objects once nothing writes them any more."""
        for kind in (FINETUNEJOB, MODELVERSION):
            found = await self.api.get(kind, key.namespace, key.name)
            if found and found["metadata"]["uid"] == key.uid:
                return None  # it is there: what said that it is gone was wrong
        if await self.api.list(POD, key.namespace, labels=children_of(key.uid)):
            return WHILE_PODS_RUN
        removed = await asyncio.to_thread(self._remove, JobKeys(key.namespace, key.name, key.uid).root)
        if removed:
            log.info("its scratch objects are removed: %d", removed, extra={"resource": key})
        self.memory.forget(key.uid)
        return None

    def _remove(self, root: str) -> int:
        keys = [found.key for found in self.store.list(root)]
        for key in keys:
            self.store.delete(key)
        return len(keys)
