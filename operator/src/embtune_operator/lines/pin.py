"""The pin: the version that Git wants in production is there, whatever jobs and requests have done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import Conflict, InvalidInput, Tampered
from embtune_operator.registry.history import read_release
from embtune_operator.registry.owner import refuse_stranger
from embtune_operator.registry.release import promote

if TYPE_CHECKING:
    from embtune_api.documents.release import Release
    from embtune_api.keys import LineKeys
    from embtune_operator.world import World


@dataclass(frozen=True)
class Pinned:
    release: Release | None
    """As it is now."""
    changed: bool = False
    """Whether this has just been done."""
    reason: str = ""
    """Why it cannot be done, in one word; empty where it is done, or nothing is pinned."""
    message: str = ""


def keep_pin(line: LineKeys, pin: int | None, who: str, world: World) -> Pinned:
    """Put the pinned version into production, verified, unless it is there. `who`: whose pin it is, for the history."""
    current = read_release(world.store, line)
    release = current.document if current else None
    production = release.production if release else None
    if pin is None or (production is not None and production.version == pin):
        return Pinned(release)
    try:
        refuse_stranger(world.store, line, world.settings.owner)
        released = promote(world.store, line, pin, f"pinned by EmbeddingModel {who}", world.clock(), force=True)
    except InvalidInput as error:
        return Pinned(release, reason="PinRefused", message=str(error))
    except Tampered as error:
        return Pinned(release, reason="PinnedVersionDamaged", message=str(error))
    except Conflict as error:
        return Pinned(release, reason="PinDelayed", message=str(error))
    return Pinned(released, changed=True)
