"""Seen: what the cluster and the running step show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import StoreError
from embtune_api.status import Progress
from embtune_store import documents

if TYPE_CHECKING:
    from embtune_operator.cluster import ChildState, Cluster
    from embtune_operator.pipeline.plan import Plan, PlannedStep
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Seen:
    children: tuple[ChildState, ...] = ()
    progress: Progress | None = None
    """Of the current step."""
    current_is_done: bool = False
    """The current step's manifest has appeared since the plan was made."""


async def observe(plan: Plan, cluster: Cluster, store: Store) -> Seen:
    """Look at the children first and at the store afterwards: a child that has ended left everything it had to say."""
    if plan.resolved.result:
        return Seen()
    children = tuple(await cluster.children(plan.job))
    if plan.current is None:
        return Seen(children)
    progress, done = await asyncio.to_thread(_look, plan.current, store)
    return Seen(children, progress, done)


def _look(step: PlannedStep, store: Store) -> tuple[Progress | None, bool]:
    try:
        progress = documents.read(store, step.keys.progress, Progress)
    except StoreError:
        progress = None  # only for show: a step must not fail because somebody could not watch it
    return progress, store.exists(step.keys.manifest)
