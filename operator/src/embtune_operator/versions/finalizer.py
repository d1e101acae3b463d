"""Our finalizer: only on a ModelVersion whose files go with it. All others can be deleted with no operator around."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube.errors import Conflict, Missing
from embtune_operator.kube.kinds import MODELVERSION

if TYPE_CHECKING:
    from embtune_api.resources import ModelVersion
    from embtune_operator.world import World

FINALIZER = "embtune.dev/delete-artifacts"


def is_held(version: ModelVersion) -> bool:
    return FINALIZER in version.metadata.finalizers


async def follow_policy(version: ModelVersion, world: World) -> bool:
    """Put the finalizer on, or take it off, as the deletion policy says. Returns whether it was so already.

    False: the object is another one now, by us or by somebody else, and the next pass looks at that.
    """
    wanted = version.spec.deletion_policy == "Delete"
    if wanted == is_held(version):
        return True
    await _write(version, world, held=wanted)
    return False


async def let_go(version: ModelVersion, world: World) -> bool:
    """Take the finalizer off, so that the object can go. False: somebody changed it at the same moment, look again."""
    return not is_held(version) or await _write(version, world, held=False)


async def _write(version: ModelVersion, world: World, *, held: bool) -> bool:
    metadata = version.metadata
    others = [name for name in metadata.finalizers if name != FINALIZER]
    patch = {"finalizers": [*others, FINALIZER] if held else others, "resourceVersion": metadata.resource_version}
    try:
        await world.api.merge(MODELVERSION, metadata.namespace, metadata.name, {"metadata": patch})
    except Missing:
        return True
    except Conflict:
        return False
    return True
