"""The one status write of a pass, for every kind of resource of embtune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from embtune_operator.kube.errors import Conflict, Missing
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
    """Write it whole, by server-side apply. Nothing is written when the resource says so already, or is gone.

    It is written on top of what the pass has seen, and of nothing else: the API server does not look at the uid in a status
    write, and a new resource of the same name must not get the status of an old one.

    Raises:
        Conflict: somebody else has written the status meanwhile: what was decided may be wrong by now.
    """
    content = _content(resource, status)
    if resource.status and _content(resource, resource.status) == content:
        return
    try:
        await _apply(api, resource, content, resource.metadata.resource_version)
    except Missing:
        return
    except Conflict:
        found = await api.get(_KINDS[resource.kind], resource.metadata.namespace, resource.metadata.name)
        if found is None or found["metadata"]["uid"] != resource.metadata.uid:
            return
        if _status_of(found, resource) != resource.status:
            raise
        await _apply(api, resource, content, found["metadata"]["resourceVersion"])  # only something else of it has changed


async def _apply(api: KubeApi, resource: Resource, content: Object, version: str) -> None:
    names = {"name": resource.metadata.name, "namespace": resource.metadata.namespace, "resourceVersion": version}
    body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": names, "status": content}
    await api.apply_status(_KINDS[resource.kind], body)


def _content(resource: Resource, status: Status) -> Object:
    content = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return content if status.observed_generation else {**content, "observedGeneration": resource.metadata.generation}


def _status_of(found: Object, resource: Resource) -> Any:
    """As its model reads it; what cannot be read is equal to nothing."""
    try:
        return type(resource).model_validate(found).status
    except ValidationError as error:
        return error
