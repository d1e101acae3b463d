"""Which shape of data each loss learns from."""

from typing import Literal

LossName = Literal["MultipleNegativesRanking", "CachedMultipleNegativesRanking"]
Shape = Literal["pairs", "triplets", "scored pairs", "labelled texts"]

LOSS_SHAPES: dict[LossName, frozenset[Shape]] = {
    "MultipleNegativesRanking": frozenset({"pairs"}),
    "CachedMultipleNegativesRanking": frozenset({"pairs"}),
}

SHAPE_COLUMNS: dict[Shape, frozenset[str]] = {
    "pairs": frozenset({"anchor", "positive"}),
    "triplets": frozenset({"anchor", "positive", "negative"}),
    "scored pairs": frozenset({"sentence1", "sentence2", "score"}),
    "labelled texts": frozenset({"text", "label"}),
}
