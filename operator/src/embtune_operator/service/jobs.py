"""A pass over a FineTuneJob: fetch → parse → reconcile → when to look again."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from embtune_api.resources import FineTuneJob
from embtune_operator.kube.errors import Missing
from embtune_operator.kube.kinds import FINETUNEJOB
from embtune_operator.pipeline.apply import is_news, show
from embtune_operator.pipeline.memory import Memory
from embtune_operator.pipeline.reconcile import advance
from embtune_operator.pipeline.settled import is_settled
from embtune_operator.pipeline.surroundings import Surroundings
from embtune_operator.service.stored import read_stored
from embtune_operator.service.unreadable import tell_unreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from embtune_api.status import FineTuneJobStatus
    from embtune_operator.cluster import Cluster
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.service.metrics import Metrics
    from embtune_operator.service.owners import Owners
    from embtune_operator.service.queue import Key
    from embtune_operator.service.triggers import Triggers
    from embtune_store.protocol import Store

log = logging.getLogger(__name__)


@dataclass
class JobPass:
    """
    Args:
        give_way: lets other passes go first.
    """

    api: KubeApi
    cluster: Cluster
    store: Store
    owners: Owners
    triggers: Triggers
    metrics: Metrics
    give_way: Callable[[], Awaitable[None]]
    memory: Memory = field(default_factory=Memory)

    async def __call__(self, key: Key) -> float | None:
        """Seconds until the next pass; None: when something happens."""
        unread = self.triggers.unread(key)
        body = unread or await self.api.get(FINETUNEJOB, key.namespace, key.name)
        if body is None:
            self.triggers.gone(key)
            return None
        try:
            job = read_stored(FineTuneJob, body)
        except ValidationError as error:
            await tell_unreadable(self.api, FINETUNEJOB, FineTuneJob, body, error)
            return None
        return await self._over(job, key, seen_first=unread is not None)

    async def _over(self, job: FineTuneJob, key: Key, *, seen_first: bool) -> float | None:
        if job.metadata.deletion_timestamp:
            self.memory.forget(job.metadata.uid)
            return None
        rests_for = is_settled(job, datetime.now(UTC))
        if rests_for is not None:
            return None if math.isinf(rests_for) else rests_for
        try:
            settings = await self.owners.settings(key.namespace)
        except Missing:
            return None  # the namespace is going, and the job with it
        hold = self.triggers.resources.hold(key.namespace, job.spec.model)
        around = Surroundings(
            settings, self.cluster, self.store, lambda: datetime.now(UTC), hold, self.memory, seen_first=seen_first
        )
        decision = await advance(job, around)
        if is_news(decision):
            await self.give_way()  # of hundreds of jobs each gets its child before any is told about
        await show(decision, self.cluster)
        self._note(job, decision.status, key)
        return decision.requeue_after

    def _note(self, job: FineTuneJob, status: FineTuneJobStatus, key: Key) -> None:
        self.metrics.note_pass(job, status)
        before = job.status
        if status.model_version != (before.model_version if before else None):
            self.triggers.line_changed(key.namespace, job.spec.model)
        if before is None or before.phase != status.phase:
            log.info("is %s%s", status.phase, _why(status), extra={"resource": key})


def _why(status: FineTuneJobStatus) -> str:
    last = next((c for c in reversed(status.conditions) if c.type in ("Complete", "Failed") and c.status == "True"), None)
    return f": {last.message}" if last else ""
