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
from embtune_operator.pipeline.memory import Memory
from embtune_operator.pipeline.observe import observe
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.resolve import resolve
from embtune_operator.pipeline.resolved import Resolved
from embtune_operator.pipeline.settled import is_finished, is_settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_operator.cluster import Cluster, Event
    from embtune_operator.pipeline.decision import Decision
    from embtune_operator.pipeline.hold import Hold
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store

_MOST_MOVES = 8
"""In one pass; what is left is done by the next one."""


async def reconcile(
    job: FineTuneJob,
    settings: Settings,
    cluster: Cluster,
    store: Store,
    clock: Callable[[], datetime],
    hold: Hold | None = None,
    memory: Memory | None = None,
) -> Decision:
    """One pass over one job: all that can be done at once, then one status write. Running it twice changes nothing.

    Args and errors are those of `advance`.
    """
    decision = await advance(job, settings, cluster, store, clock, hold, memory)
    await show(decision, cluster)
    return decision


async def advance(
    job: FineTuneJob,
    settings: Settings,
    cluster: Cluster,
    store: Store,
    clock: Callable[[], datetime],
    hold: Hold | None = None,
    memory: Memory | None = None,
    *,
    seen_first: bool = False,
) -> Decision:
    """As many moves as can be made at once. What is left of the pass is to show the decision, which changes nothing else.

    Args:
        hold: why the job must leave production as it is.
        memory: what this process remembers; without it no stall is found, and every document is read again.
        seen_first: nobody is known to have worked on it. Its first child is made without a look; what there is of it after all,
            since somebody died before he told, is found by that child's name, and in the next pass.

    Raises:
        StoreError: the store did not answer; try again later.
        ClusterError: the cluster did not answer; try again later. That a child was refused is told in the status instead.
    """
    memory = memory or Memory()
    events: list[Event] = []
    moved = job
    for _ in range(_MOST_MOVES):
        decision = await _move(moved, settings, cluster, store, clock, hold, memory, is_new=seen_first and _starts_at_once(moved))
        events += decision.events
        moved = moved.model_copy(update={"status": decision.status})
        if decision.requeue_after != 0:
            break
    if is_finished(moved):
        memory.forget(job.metadata.uid)
        decision = _until_it_is_cleaned(decision, moved, clock())
    return replace(decision, job=job, events=tuple(events))


def _starts_at_once(job: FineTuneJob) -> bool:
    """Nothing that its first step depends on has to be looked up."""
    unread = job.status is None and not job.spec.suspend and job.spec.data.replay is None
    return unread and ANNOTATION not in job.metadata.annotations


async def _move(
    job: FineTuneJob,
    settings: Settings,
    cluster: Cluster,
    store: Store,
    clock: Callable[[], datetime],
    hold: Hold | None,
    memory: Memory,
    *,
    is_new: bool,
) -> Decision:
    """One decision, carried out but for its status."""
    if is_finished(job):
        return await act(after_the_end(job, clock()), settings, cluster, store, clock())
    try:
        resolved = Resolved() if is_new else await asyncio.to_thread(resolve, job, settings, store, memory.readings)
        plan = make_plan(job, resolved, settings)
        seen = await observe(plan, cluster, store, memory.stalls, hold, is_new=is_new)
        return await act(decide(plan, seen, clock()), settings, cluster, store, clock())
    except (Tampered, InvalidInput) as error:
        given_up = give_up(job, type(error).__name__, str(error), clock())
        return await act(given_up, settings, cluster, store, clock())


def _until_it_is_cleaned(decision: Decision, job: FineTuneJob, now: datetime) -> Decision:
    settled = is_settled(job, now)
    return replace(decision, requeue_after=None if settled == math.inf else settled or 0)
