"""The Kubernetes resources of `embtune.dev/v1alpha1`: what `kubectl apply` takes, and what the operator writes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel

from embtune_api.base import Resource
from embtune_api.crd.declare import Column, Names, cel
from embtune_api.labels import LabelValue, with_label_names
from embtune_api.line import EmbeddingModelSpec, EmbeddingModelStatus
from embtune_api.member import RESERVED
from embtune_api.names import DNS_LABEL, DNS_NAME
from embtune_api.reach import is_written
from embtune_api.spec import FineTuneJobSpec
from embtune_api.status import FineTuneJobStatus
from embtune_api.version import ModelVersionResourceStatus, ModelVersionSpec

GROUP = "embtune.dev"
API_VERSION = "embtune.dev/v1alpha1"

AGE = Column("Age", ".metadata.creationTimestamp", "date")


_METADATA_OF_OTHERS = frozenset({"generateName", "selfLink", "deletionGracePeriodSeconds", "ownerReferences", "managedFields"})


def _read_time(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


ServerTime = Annotated[datetime, BeforeValidator(_read_time)]
"""As it stands in JSON, also in strict mode: the validator of the whole metadata has made plain values of it."""


class ObjectMeta(Resource):
    """The part of Kubernetes' metadata that embtune reads; the rest is the API server's business."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    name: Annotated[str, StringConstraints(pattern=DNS_NAME, max_length=253)]
    namespace: Annotated[str, StringConstraints(pattern=DNS_LABEL, max_length=63)] = "default"
    uid: str = ""
    generation: int | None = None
    resource_version: str = ""
    labels: dict[str, LabelValue] = {}
    annotations: dict[str, str] = {}
    finalizers: list[str] = []
    creation_timestamp: ServerTime | None = None
    deletion_timestamp: ServerTime | None = None

    @field_validator("labels")
    @classmethod
    def _labels_can_be_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        return with_label_names(labels)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_name_is_written(cls, value: Any, info: ValidationInfo) -> Any:
        """What an API server sends may hold more than we know; what a person wrote may not."""
        if is_written(info) and isinstance(value, dict):
            known = {field.alias or name for name, field in cls.model_fields.items()} | _METADATA_OF_OTHERS
            for unknown in value.keys() - known:
                raise ValueError(f"unknown field {unknown}; fields here are: {', '.join(sorted(known - _METADATA_OF_OTHERS))}")
        return value


class FineTuneJob(Resource):
    """One immutable request: base + data + recipe + exam + gates."""

    names: ClassVar = Names(
        plural="finetunejobs",
        short="ftj",
        columns=(
            Column("Model", ".spec.model"),
            Column("Phase", ".status.phase"),
            Column("Progress", ".status.progress.percent", "integer"),
            Column("Score", ".status.score"),
            Column("Verdict", ".status.verdict.outcome"),
            Column("Version", ".status.modelVersion.version", "integer"),
            Column("Stage", ".status.modelVersion.stage"),
            AGE,
            Column("Queue", r".metadata.labels.kueue\.x-k8s\.io/queue-name", priority=1),
            Column("Launcher", ".status.launch.launcher", priority=1),
        ),
        selectable=(".spec.model", ".status.phase"),
    )

    api_version: Literal["embtune.dev/v1alpha1"]
    kind: Literal["FineTuneJob"]
    metadata: ObjectMeta
    spec: FineTuneJobSpec
    status: FineTuneJobStatus | None = None


class ModelVersion(Resource):
    """One published model. It outlives the job that made it."""

    names: ClassVar = Names(
        plural="modelversions",
        short="mv",
        columns=(
            Column("Model", ".spec.model"),
            Column("Version", ".status.version", "integer"),
            Column("Stage", ".status.stage"),
            Column("Score", ".status.score"),
            Column("Verdict", ".status.verdict"),
            AGE,
            Column("Job", ".spec.job", priority=1),
            Column("URI", ".status.uri", priority=1),
        ),
        selectable=(".spec.model", ".status.stage"),
    )

    api_version: Literal["embtune.dev/v1alpha1"]
    kind: Literal["ModelVersion"]
    metadata: ObjectMeta
    spec: ModelVersionSpec
    status: ModelVersionResourceStatus | None = None


class LineMeta(ObjectMeta):
    name: Annotated[str, StringConstraints(pattern=DNS_LABEL, max_length=63)]
    """The line's name."""


class EmbeddingModel(Resource):
    """A line, as Git owns it: what is released, and the template of the jobs that make its versions. Its name is the line's."""

    names: ClassVar = Names(
        plural="embeddingmodels",
        short="em",
        columns=(
            Column("Production", ".status.production.version", "integer"),
            Column("Previous", ".status.previous.version", "integer"),
            Column("Pin", ".spec.release.pin", "integer"),
            Column("Latest Job", ".status.latestJob.name"),
            Column("Job Phase", ".status.latestJob.phase"),
            AGE,
        ),
    )

    api_version: Literal["embtune.dev/v1alpha1"]
    kind: Literal["EmbeddingModel"]
    metadata: LineMeta
    spec: EmbeddingModelSpec
    status: EmbeddingModelStatus | None = None

    @model_validator(mode="after")
    @cel("self.metadata.name != 'jobs'", RESERVED, field="metadata.name")
    def _name_is_not_reserved(self) -> Self:
        if self.metadata.name == "jobs":
            raise ValueError(RESERVED)
        return self


AnyResource = FineTuneJob | ModelVersion | EmbeddingModel
KINDS: dict[str, type[FineTuneJob] | type[ModelVersion] | type[EmbeddingModel]] = {
    kind.__name__: kind for kind in (FineTuneJob, ModelVersion, EmbeddingModel)
}
