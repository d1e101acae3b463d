"""One pass over a ModelVersion; every trigger calls it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from embtune_operator.kube.status import write_status
from embtune_operator.pipeline.conditions import find
from embtune_operator.versions.ending import end
from embtune_operator.versions.finalizer import follow_policy
from embtune_operator.versions.look import line_of, look, ref_of
from embtune_operator.versions.registration.reconcile import register
from embtune_operator.versions.status import status_of
from embtune_operator.versions.wishes import answered

if TYPE_CHECKING:
    from embtune_api.documents.publish import VersionRef
    from embtune_api.resources import ModelVersion
    from embtune_operator.world import World

AT_ONCE = 0.0
"""Seconds until the next look."""


async def reconcile_version(version: ModelVersion, world: World) -> float | None:
    """Bring the resource and the store together. Running it twice changes nothing.

    Returns:
        Seconds until the next look; None: nothing more will happen by itself.

    Raises:
        StoreError: the store did not answer; try again later.
        ClusterError: the API server did not.
    """
    if version.metadata.deletion_timestamp is not None:
        return await end(version, world)
    if not await follow_policy(version, world):
        return AT_ONCE
    ref = ref_of(version)
    if ref is None:
        standing = await register(version, world)
        if standing.published is None:
            return standing.wait
        ref = standing.published
    await _show(version, ref, world)
    return None


async def _show(version: ModelVersion, ref: VersionRef, world: World) -> None:
    before = version.status
    request = await answered(version, ref, world)
    known = find(before.conditions, "Verified") if before else None
    verified = known.reason if known is not None and known.status == "True" else None
    seen = await asyncio.to_thread(look, line_of(version), ref, verified, world.store, world.readings)
    status = status_of(version, ref, seen, request, world.platform.store.uri, world.clock())
    await write_status(world.api, version, status)
    if before is None or before.version is None or before.last_request != request:
        world.line_changed(version.metadata.namespace, version.spec.model)
