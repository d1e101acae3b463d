"""The Kubernetes resources of `embtune.dev/v1alpha1`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from embtune_api.base import Resource
from embtune_api.spec import FineTuneJobSpec
from embtune_api.status import FineTuneJobStatus


class ObjectMeta(Resource):
    """The part of Kubernetes' metadata that embtune reads; the rest is the API server's business."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    name: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=253),
    ]
    namespace: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)] = "default"
    uid: str = ""


class FineTuneJob(Resource):
    """One immutable request: base + data + recipe + exam + gates."""

    api_version: Literal["embtune.dev/v1alpha1"]
    kind: Literal["FineTuneJob"]
    metadata: ObjectMeta
    spec: FineTuneJobSpec
    status: FineTuneJobStatus | None = None
