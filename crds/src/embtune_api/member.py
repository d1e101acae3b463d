"""What belongs to a line names it."""

from __future__ import annotations

from pydantic import field_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.names import DnsLabel

RESERVED = "cannot be called jobs: the store keeps jobs under that name"


class LineMember(Resource):
    """A part of a line."""

    model: DnsLabel
    """The line."""

    @field_validator("model")
    @classmethod
    @cel("self.model != 'jobs'", RESERVED, field="model")
    def _model_is_not_reserved(cls, model: str) -> str:
        if model == "jobs":
            raise ValueError(RESERVED)
        return model
