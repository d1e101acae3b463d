"""Spec and status of a ModelVersion."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.contract import EmbeddingContract
from embtune_api.crd.declare import cel
from embtune_api.crd.expressions import matches
from embtune_api.member import LineMember
from embtune_api.names import DnsLabel, Uri
from embtune_api.places import SecretRef
from embtune_api.reach import MODEL_OUT_OF_REACH, MODEL_URI
from embtune_api.status import Conditions, LastRequest, Metrics, Stage
from embtune_api.texts import Digest

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", max_length=64)]


class ModelVersionSpec(LineMember):
    """Immutable, but for `deletionPolicy`. A version that embtune published has `version` and `digest`; a model that was
    trained elsewhere is registered by its `uri`, and gets its number in status.
    """

    mutable_fields: ClassVar = frozenset({"deletionPolicy"})

    version: Annotated[int, Field(ge=1, le=999_999_999)] | None = None
    """Its number in the line; written by the operator."""
    digest: Sha256 | None = None
    """Digest of its manifest: its identity; written by the operator."""
    job: Annotated[str, Field(max_length=253)] | None = None
    """The FineTuneJob that made it."""
    uri: Uri | None = None
    """Registers a model from outside: `hf://org/name` or `s3://bucket/prefix`. It is staged, hashed, examined on the line's exam,
    and becomes a Candidate."""
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// uri or a private hub model; pods mount it."""
    profile: DnsLabel | None = None
    """The platform's profile for the pods that stage and examine it."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """Retain: deleting this resource leaves the files in the store. Delete: they go too, unless the version is in production."""

    @model_validator(mode="after")
    @cel("has(self.version) != has(self.uri)", "set exactly one of version and uri")
    def _published_or_registered(self) -> Self:
        if (self.version is None) == (self.uri is None):
            raise ValueError("set exactly one of version and uri")
        return self

    @model_validator(mode="after")
    @cel("has(self.version) == has(self.digest)", "version and digest belong together")
    def _published_with_its_digest(self) -> Self:
        if (self.version is None) != (self.digest is None):
            raise ValueError("version and digest belong together")
        return self

    @field_validator("uri")
    @classmethod
    @cel(f"!has(self.uri) || {matches('self.uri', MODEL_URI)}", MODEL_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str | None) -> str | None:
        if uri is not None and not re.fullmatch(MODEL_URI, uri):
            raise ValueError(MODEL_OUT_OF_REACH)
        return uri


class ModelVersionResourceStatus(Resource):
    observed_generation: int | None = None
    stage: Stage | None = None
    """Empty while a model from outside is being registered."""
    version: int | None = None
    digest: Digest | None = None
    uri: Annotated[str, Field(max_length=1024)] | None = None
    """Where the model's folder lies in the store."""
    score: Annotated[str, Field(max_length=64)] | None = None
    """On the line's first metric, for `kubectl get`."""
    verdict: Literal["Passed", "Rejected", "Inconclusive"] | None = None
    metrics: Metrics = {}
    """On the exam."""
    contract: EmbeddingContract | None = None
    """What whoever keeps its vectors relies on."""
    conditions: Conditions = []
    last_request: LastRequest | None = None
