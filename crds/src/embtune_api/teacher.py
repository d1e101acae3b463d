"""The model that a loss learns from: `spec.training.loss.teacher`."""

from __future__ import annotations

import re
from typing import Self

from pydantic import ValidationInfo, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.base_model import VersionSelector
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.names import Uri
from embtune_api.reach import MODEL_OUT_OF_REACH, MODEL_URI, in_cluster


class Teacher(Resource):
    """A model that is not trained and knows better. `prepare` stages it; what it says of the rows is asked once and kept with the
    line."""

    uri: Uri | None = None
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only); read with the base model's secretRef."""
    version: VersionSelector | None = None
    """A published version; not for MarginMSE, which learns from a cross-encoder."""

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
