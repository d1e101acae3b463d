"""What rows become before they are trained on: `spec.data.build`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.losses import LabelledTexts


class Build(Resource):
    """What rows become before they are trained on; the exam is made of the rows as they are."""

    labelled_texts: LabelledTexts = "Auto"
    """What texts with labels become. Pairs: two texts of one label, which are never negatives of that label's other texts.
    Triplets: such a pair with a text of another label. Batches: they stay texts, for a loss that looks for its pairs in each
    batch. Auto: Batches where the loss wants them, else Pairs."""
    pairs_per_text: Annotated[int, Field(ge=1, le=100)] = 2
    """Labelled texts: how many pairs begin with each text, at most. A label of n texts could make n(n-1)/2."""
    pairs_per_label: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    """Labelled texts: how many pairs are made of each label, at most."""
    negatives: Literal["None", "SameCategory"] = "None"
    """Pairs: SameCategory gives each pair wrong answers: those of other pairs with the same value of the category column."""
    negatives_per_pair: Annotated[int, Field(ge=1, le=16)] = 1
    """SameCategory: how many wrong answers each pair gets."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Another seed makes other pairs and takes other negatives."""
