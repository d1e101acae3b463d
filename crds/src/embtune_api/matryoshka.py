"""Vectors that may be cut short: `spec.training.matryoshka`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel

TWICE, UNWEIGHTED = "dims must differ from each other", "weights has one number for each of dims"


class Matryoshka(Resource):
    """The loss is taken of the first numbers of each vector, too, so that these alone are good vectors: whoever loads the model
    with `truncate_dim=64` stores a sixth of 384 numbers. Kusupati et al. 2022, "Matryoshka Representation Learning"."""

    dims: Annotated[list[Annotated[int, Field(ge=1, le=65536)]], Field(min_length=1, max_length=16)]
    """How many of the first numbers; the model's own dimension should be among them, or the whole vector is not trained."""
    weights: Annotated[list[Annotated[float, Field(gt=0, le=1000)]], Field(min_length=1, max_length=16)] | None = None
    """What the loss of each of dims counts; default: 1 each."""

    @property
    def explicit_weights(self) -> list[float]:
        """One for each of dims."""
        return self.weights or [1.0] * len(self.dims)

    @model_validator(mode="after")
    @cel("self.dims.all(d, self.dims.exists_one(e, e == d))", TWICE, field="dims")
    def _no_dimension_twice(self) -> Self:
        if len(set(self.dims)) != len(self.dims):
            raise ValueError(TWICE)
        return self

    @model_validator(mode="after")
    @cel("!has(self.weights) || self.weights.size() == self.dims.size()", UNWEIGHTED, field="weights")
    def _each_is_weighted(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.dims):
            raise ValueError(UNWEIGHTED)
        return self
