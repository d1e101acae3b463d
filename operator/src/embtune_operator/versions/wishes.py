"""What people ask of one version: `promote`, `force-promote`, `rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_operator.kube.kinds import EMBEDDINGMODEL
from embtune_operator.pipeline.wishes import new_wish
from embtune_operator.registry.owner import refuse_stranger
from embtune_operator.registry.release import promote
from embtune_operator.registry.versions import checked_manifest
from embtune_operator.versions.look import line_of
from embtune_operator.versions.requests import because, last_request, roll_back

if TYPE_CHECKING:
    from embtune_api.documents.publish import VersionRef
    from embtune_api.resources import ModelVersion
    from embtune_api.status import LastRequest
    from embtune_api.wish import Action, Wish
    from embtune_operator.world import World

KNOWN: tuple[Action, ...] = ("promote", "force-promote", "rollback")


async def answered(version: ModelVersion, ref: VersionRef, world: World) -> LastRequest | None:
    """The answer to the newest request on a published version; carried out if that is still to be done."""
    pin = await _pin(version, world) if new_wish(version) else None
    return await last_request(version, KNOWN, lambda wish, identity: _carry_out(version, ref, pin, wish, identity, world), world)


async def _pin(version: ModelVersion, world: World) -> int | None:
    found = await world.api.get(EMBEDDINGMODEL, version.metadata.namespace, version.spec.model)
    return (found["spec"].get("release") or {}).get("pin") if found else None


def _carry_out(version: ModelVersion, ref: VersionRef, pin: int | None, wish: Wish, identity: str, world: World) -> str:
    line, number = line_of(version), ref.version
    _refuse_pinned(version, pin, None if wish.action == "rollback" else number)
    if wish.action == "rollback":
        return roll_back(line, wish, identity, world, leaving=number)
    refuse_stranger(world.store, line, world.settings.owner)
    force = wish.action == "force-promote"
    if force and not wish.reason:
        raise InvalidInput("force-promote needs a reason, which the history keeps: write force-promote: REASON")
    checked_manifest(world.store, line, ref)
    release = promote(world.store, line, number, because(wish), world.clock(), force=force, request=identity)
    return f"v{number} is in production, since release {release.seq}"


def _refuse_pinned(version: ModelVersion, pin: int | None, wanted: int | None) -> None:
    if pin is not None and pin != wanted:
        raise InvalidInput(
            f"EmbeddingModel {version.spec.model} pins v{pin}, and a pin wins over requests: change or remove its release.pin"
        )
