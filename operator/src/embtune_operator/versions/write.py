"""The one status write of a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube import status as kube_status

if TYPE_CHECKING:
    from embtune_api.line import EmbeddingModelStatus
    from embtune_api.resources import EmbeddingModel, ModelVersion
    from embtune_api.version import ModelVersionResourceStatus
    from embtune_operator.world import World


async def write_status(
    resource: ModelVersion | EmbeddingModel, status: ModelVersionResourceStatus | EmbeddingModelStatus, world: World
) -> None:
    """Write it, unless it is there already. No error when the resource is gone. Raises Conflict: it has changed, look again."""
    await kube_status.write_status(world.api, resource, status)
