"""Where training starts: a model of the hub, of a bucket or a folder, or a published version."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import StringConstraints, ValidationInfo, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.names import DNS_NAME, DnsLabel, Uri
from embtune_api.reach import MODEL_OUT_OF_REACH, MODEL_URI, in_cluster


class SecretRef(Resource):
    """A Secret of the job's namespace, by name only: `prepare` mounts it, the operator never reads it.

    Its keys are those of the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL,
    AWS_REGION, HF_TOKEN.
    """

    name: Annotated[str, StringConstraints(pattern=DNS_NAME, max_length=253)]
    """Of the Secret."""


class VersionSelector(Resource):
    """A version of a line that embtune published."""

    model: DnsLabel
    """The line, in the job's own namespace."""
    ref: Annotated[str, StringConstraints(pattern=r"^(production|[1-9][0-9]{0,8})$", max_length=10)] = "production"
    """A version number, or `production`; what it turned out to be is frozen when the job starts."""


class BaseModelRef(Resource):
    """The model that training starts from: a `uri`, or a `version` of a line."""

    uri: Uri | None = None
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only)."""
    version: VersionSelector | None = None
    """A published version; the new one is judged against whatever is in production."""
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// uri, or HF_TOKEN for a private model of the hub; a local run takes them from its environment."""

    @model_validator(mode="after")
    @cel("has(self.uri) != has(self.version)", "set exactly one of uri and version")
    def _exactly_one(self) -> Self:
        if (self.uri is None) == (self.version is None):
            raise ValueError("set exactly one of uri and version")
        return self

    @field_validator("uri")
    @classmethod
    @cel(f"!has(self.uri) || {expressions.matches('self.uri', MODEL_URI)}", MODEL_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str | None, info: ValidationInfo) -> str | None:
        if in_cluster(info) and uri is not None and not re.fullmatch(MODEL_URI, uri):
            raise ValueError(MODEL_OUT_OF_REACH)
        return uri
