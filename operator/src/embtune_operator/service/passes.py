"""Passes: which of them a key means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from embtune_api.resources import EmbeddingModel, ModelVersion
from embtune_operator.kube.cluster import KubeCluster
from embtune_operator.kube.credentials import StepCredentials
from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION
from embtune_operator.lines.reconcile import reconcile_line
from embtune_operator.service.bucket import BucketPass
from embtune_operator.service.drift import DriftPass
from embtune_operator.service.jobs import JobPass
from embtune_operator.service.owners import Owners
from embtune_operator.service.scratch import ScratchPass
from embtune_operator.service.shown import ShownPass
from embtune_operator.service.triggers import LINE, SCRATCH, STORE, Triggers
from embtune_operator.versions.reconcile import reconcile_version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from embtune_operator.kube.api import KubeApi
    from embtune_operator.kube.platform import Platform
    from embtune_operator.service.metrics import Metrics
    from embtune_operator.service.queue import Key
    from embtune_operator.service.workers import Work
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Passes:
    by_kind: dict[str, Work]

    async def __call__(self, key: Key, /) -> float | None:
        return await self.by_kind[key.kind](key)

    @classmethod
    def over(
        cls,
        api: KubeApi,
        store: Store,
        platform: Platform,
        triggers: Triggers,
        metrics: Metrics,
        give_way: Callable[[], Awaitable[None]],
    ) -> Self:
        cluster = KubeCluster(api, platform, StepCredentials(api, platform))
        owners = Owners(api, platform)
        jobs = JobPass(api, cluster, store, owners, triggers, metrics, give_way)
        versions = ShownPass(MODELVERSION, ModelVersion, reconcile_version, api, cluster, store, platform, owners, triggers)
        lines = ShownPass(EMBEDDINGMODEL, EmbeddingModel, reconcile_line, api, cluster, store, platform, owners, triggers)
        return cls(
            {
                FINETUNEJOB.kind: jobs,
                MODELVERSION.kind: versions,
                EMBEDDINGMODEL.kind: lines,
                SCRATCH: ScratchPass(api, store, jobs.memory),
                STORE: BucketPass(platform.store),
                LINE: DriftPass(store, triggers.resources, triggers),
            }
        )
