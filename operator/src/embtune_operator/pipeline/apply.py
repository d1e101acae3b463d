"""Out into the world: the store first, since it is the truth; then the children; then one status write."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from embtune_api.errors import Conflict
from embtune_api.keys import LineKeys
from embtune_operator.cluster import Event
from embtune_operator.pipeline.plan import job_keys
from embtune_operator.registry.history import complete_history, read_release
from embtune_operator.registry.release import promote_judged
from embtune_store import documents

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_operator.cluster import Cluster
    from embtune_operator.pipeline.decide import Decision
    from embtune_store.protocol import Store


async def apply(decision: Decision, cluster: Cluster, store: Store, now: datetime) -> None:
    """Do what was decided. Killed between any two lines, the next pass decides and does the rest.

    Raises:
        Tampered: the version to be promoted is not what was published.
        InvalidInput: it has been rolled back meanwhile.
        StoreError: the store did not do what was asked.
    """
    conflict = await asyncio.to_thread(_write, decision, store, now)
    for name in decision.delete:
        await cluster.delete(decision.job, name)
    for child in decision.create:
        await cluster.create(decision.job, child)
    if decision.status != decision.job.status:
        await cluster.write_status(decision.job, decision.status)
    for event in (*decision.events, *conflict):
        await cluster.tell(decision.job, event)


def _write(decision: Decision, store: Store, now: datetime) -> list[Event]:
    line = LineKeys(decision.job.metadata.namespace, decision.job.spec.model)
    if decision.judgement:
        documents.create(store, decision.judgement_key, decision.judgement)
    if decision.rejudgement:
        documents.create(store, decision.rejudgement_key, decision.rejudgement)
    if decision.promotion:
        assert decision.status.verdict
        try:
            promote_judged(
                store, line, decision.promotion, f"{decision.job.metadata.name}: {decision.status.verdict.reason}", now
            )
        except Conflict as conflict:
            return [Event("ChampionChanged", str(conflict))]  # the next pass plans an evaluation against the new one
    if decision.finished_promotion:
        current = read_release(store, line)
        assert current
        complete_history(store, line, current.document)
    if decision.result:
        documents.create(store, job_keys(decision.job).result, decision.result)
    return []
