"""The one status write of a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube.errors import Conflict, Missing
from embtune_operator.kube.kinds import EMBEDDINGMODEL, MODELVERSION

if TYPE_CHECKING:
    from embtune_api.line import EmbeddingModelStatus
    from embtune_api.resources import EmbeddingModel, ModelVersion
    from embtune_api.version import ModelVersionResourceStatus
    from embtune_operator.world import World


async def write_status(
    resource: ModelVersion | EmbeddingModel, status: ModelVersionResourceStatus | EmbeddingModelStatus, world: World
) -> None:
    """Write it, unless it is there already. No error when the resource is gone, or another one has its name."""
    if status == resource.status:
        return
    metadata = resource.metadata
    body = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid},
        "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    kind = MODELVERSION if resource.kind == "ModelVersion" else EMBEDDINGMODEL
    try:
        await world.api.apply_status(kind, body)
    except (Conflict, Missing):
        return
