"""Seen: what the cluster and the running step show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import StoreError
from embtune_api.status import Progress
from embtune_store import documents

if TYPE_CHECKING:
    from embtune_api.status import Launch
    from embtune_operator.cluster import ChildState, Cluster
    from embtune_operator.pipeline.hold import Hold
    from embtune_operator.pipeline.plan import Plan, PlannedStep
    from embtune_operator.pipeline.stalls import Stalls
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Seen:
    children: tuple[ChildState, ...] = ()
    progress: Progress | None = None
    """Of the current step."""
    current_is_done: bool = False
    """The current step's manifest has appeared since the plan was made."""
    stalled: bool = False
    """The current step's progress has stood still for too long."""
    launch: Launch | None = None
    """How the steps are launched, frozen with the first one."""
    hold: Hold | None = None
    """Why the version must not go to production."""


async def observe(plan: Plan, cluster: Cluster, store: Store, stalls: Stalls, hold: Hold | None, *, is_new: bool = False) -> Seen:
    """Look at the children first and at the store afterwards: a child that has ended left everything it had to say.

    Args:
        is_new: no child is looked for.

    Raises:
        InvalidInput: the platform does not launch such a job.
        ClusterError: the cluster did not answer.
    """
    launch = plan.job.status.launch if plan.job.status else None
    if plan.resolved.result:
        return Seen(launch=launch)
    children = () if is_new else tuple(await cluster.children(plan.job))
    if plan.current is None:
        return Seen(children, launch=launch, hold=hold)
    launch = await cluster.launch(plan.job)
    at_work = [c for c in children if (c.step, c.digest) == (plan.current.name, plan.current.digest)]
    if not at_work:
        return Seen(children, launch=launch, hold=hold)
    if running := next((child for child in at_work if child.state == "Running"), None):
        progress, stalled = await _watch(running, plan, plan.current, store, stalls)
        return Seen(children, progress, stalled=stalled, launch=launch, hold=hold)
    done = await asyncio.to_thread(store.exists, plan.current.keys.manifest)
    return Seen(children, current_is_done=done, launch=launch, hold=hold)


async def _watch(child: ChildState, plan: Plan, step: PlannedStep, store: Store, stalls: Stalls) -> tuple[Progress | None, bool]:
    """Its progress, and whether it has stalled. A step must not fail because somebody could not watch it."""
    try:
        progress = await asyncio.to_thread(documents.read, store, step.keys.progress, Progress)
    except StoreError:
        return plan.job.status.progress if plan.job.status else None, False
    return progress, stalls.has_stalled(plan.job.metadata.uid, child.name, progress, plan.settings)
