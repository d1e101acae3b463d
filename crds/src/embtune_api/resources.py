"""The Kubernetes resources of `embtune.dev/v1alpha1`: what `kubectl apply` takes, and what the operator writes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from embtune_api.base import Resource
from embtune_api.line import EmbeddingModelSpec, EmbeddingModelStatus
from embtune_api.spec import FineTuneJobSpec
from embtune_api.status import FineTuneJobStatus
from embtune_api.version import ModelVersionResourceStatus, ModelVersionSpec

GROUP = "embtune.dev"
API_VERSION = "embtune.dev/v1alpha1"


class ObjectMeta(Resource):
    """The part of Kubernetes' metadata that embtune reads; the rest is the API server's business."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    name: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=253),
    ]
    namespace: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)] = "default"
    uid: str = ""
    generation: int | None = None
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: list[str] = []
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class FineTuneJob(Resource):
    """One immutable request: base + data + recipe + exam + gates."""

    api_version: Literal["embtune.dev/v1alpha1"]
    kind: Literal["FineTuneJob"]
    metadata: ObjectMeta
    spec: FineTuneJobSpec
    status: FineTuneJobStatus | None = None


class ModelVersion(Resource):
    """One published model. It outlives the job that made it."""

    api_version: Literal["embtune.dev/v1alpha1"]
    kind: Literal["ModelVersion"]
    metadata: ObjectMeta
    spec: ModelVersionSpec
    status: ModelVersionResourceStatus | None = None


class EmbeddingModel(Resource):
    """A line, as Git owns it: what is released, and the template of the jobs that make its versions. Its name is the line's."""

    api_version: Literal["embtune.dev/v1alpha1"]
    kind: Literal["EmbeddingModel"]
    metadata: ObjectMeta
    spec: EmbeddingModelSpec
    status: EmbeddingModelStatus | None = None
