"""How often rows of each class are trained on: `spec.data.balance`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.methods import goes_with_the_method, refuse_others

BalanceMethod = Literal["Undersample", "Oversample", "WeightedSampling"]
BalanceBy = Literal["Label", "Language"]

GOES_WITH: dict[str, tuple[BalanceMethod, ...]] = {
    "rowsPerClass": ("Undersample", "Oversample"),
    "alpha": ("WeightedSampling",),
    "maxCopies": ("Oversample", "WeightedSampling"),
}
"""Which methods a field means something to."""
DEFAULT_ALPHA = 0.5
DEFAULT_MAX_COPIES = 10


class Balance(Resource):
    """How often rows of each class are trained on: copies of rows of small classes, a part of those of large ones. Validation and
    the exam stay as they are."""

    by: BalanceBy = "Label"
    """What makes a class. Label: the label column, or the category where there is none. Language: what the sources say
    (train[].language)."""
    method: BalanceMethod = "WeightedSampling"
    """Undersample: of classes with more than rowsPerClass rows so many are drawn. Oversample: rows of classes with fewer are
    copied until there are so many. WeightedSampling: as many rows in all, but each class has a share that grows with the power
    alpha of its own."""
    rows_per_class: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Undersample, by default the rows of the smallest class; Oversample, by default those of the largest."""
    alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    """WeightedSampling: 1 leaves the shares as they are, 0 makes them equal; by default 0.5. Multilingual models take 0.3 to 0.7
    for their languages."""
    max_copies: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Oversample, WeightedSampling: a class grows to so many times its rows, at most; by default 10. A handful of texts that is
    seen a hundred times is learnt by heart."""

    @model_validator(mode="after")
    @cel(
        goes_with_the_method(GOES_WITH),
        "a field does not go with the method: rowsPerClass goes with Undersample and Oversample, alpha with WeightedSampling, "
        "maxCopies with Oversample and WeightedSampling",
    )
    def _fields_go_with_the_method(self) -> Self:
        refuse_others(self, self.method, GOES_WITH)
        return self
