"""Where a spec's files and models lie: the base classes of whatever is fetched from somewhere.

Who inherits one of them has its fields and the rule that a pod can read the place; what it says of `uri` is its own, where it
takes more than the place.
"""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.names import DNS_NAME, ColumnName, DnsLabel, Uri
from embtune_api.reach import DATA_OUT_OF_REACH, DATA_URI, MODEL_OUT_OF_REACH, MODEL_URI, in_cluster

DELIMITED = r"(?i)^.+\.(csv|tsv)(\.(gz|zst))?$"
NO_HEADER = "header names the columns of a .csv or .tsv whose first line is data; other files name their columns themselves"
ONE_PLACE = "set exactly one of uri and version"


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


class DataFile(Resource):
    """A file of data."""

    uri: Uri
    """`s3://bucket/key`, a file of a data set of the hub as `hf://datasets/org/name/file` or `hf://datasets/org/name@revision/file`,
    a file on a volume of the job's namespace as `pvc://claim/path`, or a path relative to the job's file (local runs only). Its
    name says what the file is."""
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// source, or HF_TOKEN for a private data set of the hub; a local run takes them from its
    environment."""

    @field_validator("uri")
    @classmethod
    @cel(expressions.matches("self.uri", DATA_URI), DATA_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str, info: ValidationInfo) -> str:
        if in_cluster(info) and not re.fullmatch(DATA_URI, uri):
            raise ValueError(DATA_OUT_OF_REACH)
        return uri


class RowFile(DataFile):
    """A file of rows, whose columns have names."""

    header: Annotated[list[ColumnName], Field(min_length=1, max_length=64)] | None = None
    """Names of the columns of a .csv or .tsv whose first line is data, in their order. Default: the first line names them."""

    @model_validator(mode="after")
    @cel(f"!has(self.header) || {expressions.matches('self.uri', DELIMITED)}", NO_HEADER, field="header")
    def _has_a_header_to_name(self) -> Self:
        if self.header is not None and not re.fullmatch(DELIMITED, self.uri):
            raise ValueError(NO_HEADER)
        return self


class OutsideModel(Resource):
    """A model that embtune did not publish."""

    uri: Uri
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only)."""

    @field_validator("uri")
    @classmethod
    @cel(expressions.matches("self.uri", MODEL_URI), MODEL_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str, info: ValidationInfo) -> str:
        if in_cluster(info) and not re.fullmatch(MODEL_URI, uri):
            raise ValueError(MODEL_OUT_OF_REACH)
        return uri


class AnyModel(Resource):
    """A model from outside, by its `uri`, or a `version` of a line."""

    uri: Uri | None = None
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only)."""
    version: VersionSelector | None = None
    """A published version."""

    @field_validator("uri")
    @classmethod
    @cel(f"!has(self.uri) || {expressions.matches('self.uri', MODEL_URI)}", MODEL_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str | None, info: ValidationInfo) -> str | None:
        if in_cluster(info) and uri is not None and not re.fullmatch(MODEL_URI, uri):
            raise ValueError(MODEL_OUT_OF_REACH)
        return uri

    @model_validator(mode="after")
    @cel("has(self.uri) != has(self.version)", ONE_PLACE)
    def _exactly_one(self) -> Self:
        if (self.uri is None) == (self.version is None):
            raise ValueError(ONE_PLACE)
        return self
