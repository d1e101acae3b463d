"""One pass over a ModelVersion that is not a version yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput, Tampered
from embtune_api.version import ModelVersionResourceStatus
from embtune_operator.cluster import ClusterError
from embtune_operator.kube.status import write_status
from embtune_operator.pipeline.conditions import condition, find, with_their_times
from embtune_operator.registry.deletion import delete_scratch
from embtune_operator.versions.registration.decide import Move, decide
from embtune_operator.versions.registration.job import job_of
from embtune_operator.versions.registration.plan import keys_of
from embtune_operator.versions.registration.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.documents.publish import VersionRef
    from embtune_api.resources import FineTuneJob, ModelVersion
    from embtune_operator.cluster import ChildState
    from embtune_operator.world import World

NO_EXAM, REFUSED = 120.0, 30.0
"""Seconds until the next look."""
_KEPT = "manifest.json"
"""What steps leave that says what they have done: with it, a status that was lost is made again."""


@dataclass(frozen=True)
class Standing:
    published: VersionRef | None = None
    wait: float | None = None
    """Seconds until the next look; None: nothing more will happen by itself."""


async def register(version: ModelVersion, world: World) -> Standing:
    """See to the next step. A registration that has failed stays so: its spec never changes, so it takes a new resource.

    Raises:
        StoreError, ClusterError: try again later.
    """
    if version.status is not None and find(version.status.conditions, "Failed"):
        status = version.status.model_copy(update={"observed_generation": version.metadata.generation})
        await write_status(world.api, version, status)
        return Standing()
    job = job_of(version)
    children = await world.cluster.children(job)  # before the store: a child that has ended left everything it had to say
    try:
        progressed = await asyncio.to_thread(resolve, version, world.settings, world.store)
    except Tampered as error:
        return await _told(version, Move("Tampered", str(error), wait=REFUSED), world)
    if progressed.published:
        await _clean_up(version, job, children, world)
        return Standing(published=progressed.published)
    if progressed.next_step is None:
        return await _told(version, _no_exam(version), world)
    move = decide(progressed.next_step, children, job, world.settings, world.clock())
    return await _told(version, await _made(move, job, world), world)


async def _made(move: Move, job: FineTuneJob, world: World) -> Move:
    """The move, once it is made; or what came in its way."""
    if move.create is None:
        return move
    try:
        await world.cluster.create(job, move.create)
    except InvalidInput as error:
        return Move("InvalidInput", str(error))
    except ClusterError as error:
        return Move("Rejected", str(error), wait=REFUSED)
    return move


async def _clean_up(version: ModelVersion, job: FineTuneJob, children: Sequence[ChildState], world: World) -> None:
    """The version has its own copy of everything."""
    for child in children:
        await world.cluster.delete(job, child.name)
    await asyncio.to_thread(delete_scratch, world.store, keys_of(version), keep=_KEPT)


async def _told(version: ModelVersion, move: Move, world: World) -> Standing:
    now, before = world.clock(), version.status or ModelVersionResourceStatus()
    conditions = [condition("Ready", move.reason, move.message, now, true=False)]
    if move.wait is None:
        conditions.append(condition("Failed", move.reason, move.message, now))
    status = ModelVersionResourceStatus(
        observed_generation=version.metadata.generation,
        conditions=with_their_times(conditions, before),
        last_request=before.last_request,
    )
    await write_status(world.api, version, status)
    return Standing(wait=move.wait)


def _no_exam(version: ModelVersion) -> Move:
    model = version.spec.model
    message = (
        f"{model} has no exam yet, so nothing can be examined: run a FineTuneJob of this line first; it freezes the exam, and "
        f"this registration goes on by itself"
    )
    return Move("NoExam", message, wait=NO_EXAM)
