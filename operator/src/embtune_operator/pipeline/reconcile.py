"""The one sentence of the operator; every trigger calls it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput, Tampered
from embtune_api.wish import ANNOTATION
from embtune_operator.pipeline.apply import act, show
from embtune_operator.pipeline.decide import decide
from embtune_operator.pipeline.ending import after_the_end, give_up
from embtune_operator.pipeline.observe import observe
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.resolve import resolve
from embtune_operator.pipeline.resolved import Resolved
from embtune_operator.pipeline.settled import is_finished, is_settled

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_operator.cluster import Event
    from embtune_operator.pipeline.decision import Decision
    from embtune_operator.pipeline.surroundings import Surroundings

_MOST_MOVES = 8
"""In one pass; what is left is done by the next one."""


async def reconcile(job: FineTuneJob, around: Surroundings) -> Decision:
    """One pass over one job: all that can be done at once, then one status write. Running it twice changes nothing.

    Raises:
        StoreError, ClusterError: as `advance`.
    """
    decision = await advance(job, around)
    await show(decision, around.cluster)
    return decision


async def advance(job: FineTuneJob, around: Surroundings) -> Decision:
    """As many moves as can be made at once. What is left of the pass is to show the decision, which changes nothing else.

    Raises:
        StoreError: the store did not answer; try again later.
        ClusterError: the cluster did not answer; try again later. That a child was refused is told in the status instead.
    """
    events: list[Event] = []
    moved = job
    for _ in range(_MOST_MOVES):
        decision = await _move(moved, around)
        events += decision.events
        moved = moved.model_copy(update={"status": decision.status})
        if decision.requeue_after != 0:
            break
    if is_finished(moved):
        around.memory.forget(job.metadata.uid)
        decision = _until_it_is_cleaned(decision, moved, around.clock())
    return replace(decision, job=job, events=tuple(events))


async def _move(job: FineTuneJob, around: Surroundings) -> Decision:
    """One decision, carried out but for its status."""
    settings, cluster, store, clock = around.settings, around.cluster, around.store, around.clock
    if is_finished(job):
        return await act(after_the_end(job, clock()), settings, cluster, store, clock())
    is_new = around.seen_first and _starts_at_once(job)
    try:
        resolved = Resolved() if is_new else await asyncio.to_thread(resolve, job, settings, store, around.memory.readings)
        plan = make_plan(job, resolved, settings)
        seen = await observe(plan, cluster, store, around.memory.stalls, around.hold, is_new=is_new)
        return await act(decide(plan, seen, clock()), settings, cluster, store, clock())
    except (Tampered, InvalidInput) as error:
        given_up = give_up(job, type(error).__name__, str(error), clock())
        return await act(given_up, settings, cluster, store, clock())


def _starts_at_once(job: FineTuneJob) -> bool:
    """Nobody has touched it, and nothing that its first step depends on has to be looked up."""
    untouched = job.status is None and not job.spec.suspend and ANNOTATION not in job.metadata.annotations
    return untouched and job.spec.data.replay is None


def _until_it_is_cleaned(decision: Decision, job: FineTuneJob, now: datetime) -> Decision:
    settled = is_settled(job, now)
    return replace(decision, requeue_after=None if settled == math.inf else settled or 0)
