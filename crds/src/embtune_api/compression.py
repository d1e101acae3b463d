"""Vectors made smaller, as an index may keep them: `spec.evaluation.suites[].compressed`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel

_NOTHING = "say how: dimension, precision: int8, or both"
_CUT = "g.metric.matches('^[^/]*@[0-9]')"
IS_OF_WAY = (
    f"has(c.dimension) == {_CUT} && (!has(c.dimension) || int(g.metric.find('@[0-9]+').substring(1)) == c.dimension)"
    " && (c.precision == 'int8') == g.metric.matches('[-@]int8/')"
)
"""CEL: the metric of gate g is of vectors that are made smaller in the way c."""
IS_THE_SAME = (
    "has(o.dimension) == has(c.dimension) && (!has(o.dimension) || o.dimension == c.dimension) && o.precision == c.precision"
)
"""CEL: o and c are one way."""


class Compression(Resource):
    """One way to make vectors smaller. Metrics of a suite `test` that is asked so are `test@128/…`, `test@int8/…` and
    `test@64-int8/…`."""

    dimension: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Only so many of the first numbers of each vector are kept. None: all. At most as many as the base model's vectors have."""
    precision: Literal["fp32", "int8"] = "fp32"
    """Of each number. int8: a byte, one of 256 equal steps between the least and the greatest value that the corpus has at that
    place of a vector: `quantize_embeddings` of sentence-transformers, calibrated on the corpus. Queries are bytes, too."""

    @property
    def ref(self) -> str:
        """`128`, `int8` or `64-int8`"""
        small = [] if self.precision == "fp32" else [self.precision]
        return "-".join([*([] if self.dimension is None else [str(self.dimension)]), *small])

    @model_validator(mode="after")
    @cel("has(self.dimension) || self.precision == 'int8'", _NOTHING)
    def _does_something(self) -> Self:
        if self.dimension is None and self.precision == "fp32":
            raise ValueError(_NOTHING)
        return self
