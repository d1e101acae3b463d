"""Out into the world: the store first, since it is the truth; then the children; then one status write, then the events."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from embtune_api.errors import Conflict
from embtune_api.keys import LineKeys
from embtune_api.requests import Control
from embtune_operator.cluster import ClusterError, Event
from embtune_operator.pipeline.attempts import ACTIVE
from embtune_operator.pipeline.refusal import refused
from embtune_operator.pipeline.step_requests import job_keys
from embtune_operator.registry.history import complete_history, read_release
from embtune_operator.registry.release import promote_judged
from embtune_store import documents

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.status import FineTuneJobStatus
    from embtune_operator.cluster import Cluster
    from embtune_operator.pipeline.decision import Decision
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


async def act(decision: Decision, settings: Settings, cluster: Cluster, store: Store, now: datetime) -> Decision:
    """Do what was decided, but for the status. Killed between any two lines, the next pass decides and does the rest.

    Returns:
        The decision, or what became of it where the cluster refused a child.

    Raises:
        Tampered: the version to be promoted is not what was published.
        InvalidInput: it has been rolled back meanwhile, or the platform refuses a child for good.
        StoreError, ClusterError: the store or the cluster did not do what was asked.
    """
    if decision.moves_the_store:
        conflict = await asyncio.to_thread(_write, decision, store, now)
        decision = replace(decision, events=(*decision.events, *conflict))
    job = decision.job.model_copy(update={"status": decision.status})
    if decision.version:
        await cluster.record_version(job, decision.version)
    if decision.result:
        await asyncio.to_thread(documents.create, store, job_keys(job).result, decision.result)
    for name in (*decision.delete, *await _left_over(decision, cluster)):
        await cluster.delete(job, name)
    if decision.cleans:
        await asyncio.to_thread(_clean, decision, store)
    for child in decision.create:
        try:
            await cluster.create(job, child)
        except ClusterError as error:
            return refused(decision, error, settings, now)
    return decision


async def show(decision: Decision, cluster: Cluster) -> None:
    """One status write, none when it would tell nothing new; then the events."""
    if is_news(decision):
        await cluster.write_status(decision.job, decision.status)
    for event in decision.events:
        await cluster.tell(decision.job, event)


async def _left_over(decision: Decision, cluster: Cluster) -> list[str]:
    """Children of a job that has ended. A version that is published lets its step end by itself, at most a moment later."""
    if not (decision.ends or decision.cleans):
        return []
    published = decision.status.phase == "Succeeded"
    children = [child for child in await cluster.children(decision.job) if child.name not in decision.delete]
    if decision.cleans:
        return [child.name for child in children]
    return [child.name for child in children if child.state in ACTIVE and not (published and child.step == "publish")]


def _write(decision: Decision, store: Store, now: datetime) -> list[Event]:
    line = LineKeys(decision.job.metadata.namespace, decision.job.spec.model)
    if decision.replayed:
        documents.create(store, decision.replayed_key, decision.replayed)
    if decision.candidate_end:
        documents.create(store, decision.candidate_key, decision.candidate_end)
    if decision.pick:
        documents.create(store, decision.pick_key, decision.pick)
    for key in decision.forget:
        store.delete(key)
    if decision.judgement:
        documents.create(store, decision.judgement_key, decision.judgement)
    if decision.rejudgement:
        documents.create(store, decision.rejudgement_key, decision.rejudgement)
    if decision.stop_key:
        documents.put(store, decision.stop_key, Control(action="checkpoint-and-stop"))
    if decision.go_on_key:
        store.delete(decision.go_on_key)
    if decision.promotion:
        assert decision.status.verdict
        try:
            promote_judged(
                store, line, decision.promotion, f"{decision.job.metadata.name}: {decision.status.verdict.reason}", now
            )
        except Conflict as conflict:
            return [Event("ChampionChanged", str(conflict))]  # the next move is an evaluation against the new one
    if decision.finished_promotion:
        current = read_release(store, line)
        assert current
        complete_history(store, line, current.document)
    return []


def _clean(decision: Decision, store: Store) -> None:
    """Remove the scratch objects, but for the result: it says for good that the job is finished."""
    keys = job_keys(decision.job)
    for found in list(store.list(keys.root)):
        if found.key != keys.result:
            store.delete(found.key)


def is_news(decision: Decision) -> bool:
    """Whether a reader learns anything from its status. That a pod has started is told with the progress that follows."""
    before = decision.job.status
    return before is None or _told(before) != _told(decision.status)


def _told(status: FineTuneJobStatus) -> FineTuneJobStatus:
    running: Literal["Running"] = "Running"
    attempts = [
        a.model_copy(update={"state": running, "started_at": None, "message": ""}) if a.state in ACTIVE else a
        for a in status.attempts
    ]
    return status.model_copy(update={"attempts": attempts})
