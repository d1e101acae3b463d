"""A pass over a ModelVersion or an EmbeddingModel: fetch → parse → reconcile → when to look again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import ValidationError

from embtune_api.resources import EmbeddingModel, ModelVersion
from embtune_operator.kube.errors import Missing
from embtune_operator.pipeline.readings import Readings
from embtune_operator.service.stored import read_stored
from embtune_operator.service.unreadable import tell_unreadable
from embtune_operator.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from embtune_operator.cluster import Cluster
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.kube.kinds import Kind
    from embtune_operator.kube.platform import Platform
    from embtune_operator.service.owners import Owners
    from embtune_operator.service.queue import Key
    from embtune_operator.service.triggers import Triggers
    from embtune_store.protocol import Store

Shown = TypeVar("Shown", ModelVersion, EmbeddingModel)


@dataclass
class ShownPass(Generic[Shown]):
    """
    Args:
        reconcile: returns the seconds until the next look; None: when something happens.
    """

    kind: Kind
    model: type[Shown]
    reconcile: Callable[[Shown, World], Awaitable[float | None]]
    api: KubeApi
    cluster: Cluster
    store: Store
    platform: Platform
    owners: Owners
    triggers: Triggers
    readings: Readings = field(default_factory=Readings)

    async def __call__(self, key: Key) -> float | None:
        body = await self.api.get(self.kind, key.namespace, key.name)
        if body is None:
            self.triggers.gone(key)
            return None
        try:
            shown = read_stored(self.model, body)
        except ValidationError as error:
            await tell_unreadable(self.api, self.kind, self.model, body, error)
            return None
        try:
            return await self.reconcile(shown, await self._world(key.namespace))
        except Missing:
            return None  # it, or its namespace, has gone meanwhile: its watch says so

    async def _world(self, namespace: str) -> World:
        return World(
            api=self.api,
            store=self.store,
            cluster=self.cluster,
            platform=self.platform,
            settings=await self.owners.settings(namespace),
            clock=lambda: datetime.now(UTC),
            line_changed=self.triggers.line_changed,
            readings=self.readings,
        )
