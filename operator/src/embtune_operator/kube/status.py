"""The one status write of a pass, for every kind of resource of embtune."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from embtune_operator.kube.errors import Missing
from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION

if TYPE_CHECKING:
    from embtune_api.line import EmbeddingModelStatus
    from embtune_api.resources import EmbeddingModel, FineTuneJob, ModelVersion
    from embtune_api.status import FineTuneJobStatus
    from embtune_api.version import ModelVersionResourceStatus
    from embtune_operator.kube.api import KubeApi, Object

    Resource = FineTuneJob | ModelVersion | EmbeddingModel
    Status = FineTuneJobStatus | ModelVersionResourceStatus | EmbeddingModelStatus

_KINDS = {kind.kind: kind for kind in (FINETUNEJOB, MODELVERSION, EMBEDDINGMODEL)}


async def write_status(api: KubeApi, resource: Resource, status: Status) -> None:
    """Write it whole, by server-side apply; nothing, when the resource says so already.

    It is written on top of the very resource that the pass has seen: the API server does not look at the uid in a status
    write, and a new resource of the same name must not get the status of an old one. What is gone has no status.

    Raises:
        Conflict: somebody has changed it meanwhile, if only a label: it takes another pass, over the resource as it is now.
    """
    content = _content(resource, status)
    if resource.status and _content(resource, resource.status) == content:
        return
    metadata = resource.metadata
    names = {"name": metadata.name, "namespace": metadata.namespace, "resourceVersion": metadata.resource_version}
    body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": names, "status": content}
    with contextlib.suppress(Missing):
        await api.apply_status(_KINDS[resource.kind], body)


def _content(resource: Resource, status: Status) -> Object:
    content = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return content if status.observed_generation else {**content, "observedGeneration": resource.metadata.generation}
