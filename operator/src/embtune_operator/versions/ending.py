"""The end of a ModelVersion with `deletionPolicy: Delete`: its files go first, then the resource."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from embtune_api.errors import Conflict, InvalidInput
from embtune_api.version import ModelVersionResourceStatus
from embtune_operator.kube.kinds import NAMESPACE, POD
from embtune_operator.kube.labels import children_of
from embtune_operator.kube.status import write_status
from embtune_operator.pipeline.conditions import condition, with_their_times
from embtune_operator.registry.deletion import delete_scratch, delete_version
from embtune_operator.registry.owner import refuse_stranger
from embtune_operator.versions.finalizer import is_held, let_go
from embtune_operator.versions.look import line_of, ref_of
from embtune_operator.versions.registration.job import job_of
from embtune_operator.versions.registration.plan import keys_of
from embtune_operator.versions.registration.resolve import published_as

if TYPE_CHECKING:
    from embtune_api.resources import ModelVersion
    from embtune_operator.world import World

SOON, REFUSED = 2.0, 300.0
"""Seconds until the next look."""


async def end(version: ModelVersion, world: World) -> float | None:
    """One pass over a ModelVersion that is being deleted. Cut short anywhere, the next pass goes on.

    A version in production stays, and says what to do; but in a namespace that goes away as a whole it lets go of its resource
    and leaves the files, since otherwise the namespace would never be gone.
    """
    if not is_held(version):
        return None
    if version.spec.deletion_policy == "Delete":
        if await _steps_are_stopping(version, world):
            return SOON
        try:
            await asyncio.to_thread(_delete_files, version, world)
        except Conflict:
            return SOON
        except InvalidInput as refusal:
            if not await _namespace_goes(version, world):
                await _refuse(version, str(refusal), world)
                return REFUSED
        world.line_changed(version.metadata.namespace, version.spec.model)
    return None if await let_go(version, world) else SOON


async def _steps_are_stopping(version: ModelVersion, world: World) -> bool:
    """A registration that is still going on, if only in a pod that has its grace, could publish a version after we have looked
    for one.
    """
    if version.spec.uri is None:
        return False
    job = job_of(version)
    children = await world.cluster.children(job)
    for child in children:
        await world.cluster.delete(job, child.name)
    return bool(children) or bool(await world.api.list(POD, job.metadata.namespace, labels=children_of(job.metadata.uid)))


def _delete_files(version: ModelVersion, world: World) -> None:
    line = line_of(version)
    refuse_stranger(world.store, line, world.settings.owner)
    ref = ref_of(version) or published_as(version, world.settings, world.store)
    if ref is not None:
        reason = f"ModelVersion {version.metadata.name} was deleted, with deletionPolicy Delete"
        delete_version(world.store, line, ref, reason, world.clock())
    if version.spec.uri is not None:
        delete_scratch(world.store, keys_of(version))


async def _namespace_goes(version: ModelVersion, world: World) -> bool:
    namespace = await world.api.get(NAMESPACE, None, version.metadata.namespace)
    return namespace is None or "deletionTimestamp" in namespace["metadata"]


async def _refuse(version: ModelVersion, message: str, world: World) -> None:
    before = version.status or ModelVersionResourceStatus()
    refused = condition("Ready", "DeletionRefused", message, world.clock(), true=False)
    others = [kept for kept in before.conditions if kept.type != "Ready"]
    conditions = with_their_times([refused, *others], before)
    generation = version.metadata.generation
    status = before.model_copy(update={"conditions": conditions, "observed_generation": generation})
    await write_status(world.api, version, status)
