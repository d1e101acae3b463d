"""Which shape of data each loss learns from, and what rows become before they are trained on."""

from typing import Literal

LossName = Literal[
    "MultipleNegativesRanking",
    "CachedMultipleNegativesRanking",
    "MultipleNegativesSymmetricRanking",
    "CachedMultipleNegativesSymmetricRanking",
    "GIST",
    "CachedGIST",
    "Triplet",
    "MarginMSE",
    "MSE",
    "CoSENT",
    "CosineSimilarity",
    "Contrastive",
    "OnlineContrastive",
    "BatchAllTriplet",
    "BatchHardTriplet",
    "BatchSemiHardTriplet",
    "BatchHardSoftMarginTriplet",
]
LossChoice = Literal["Auto", LossName]
Shape = Literal["pairs", "triplets", "scored pairs", "labelled texts"]
Prepared = Literal[Shape, "0/1 pairs"]
"""Of prepared rows: 0/1 pairs are scored pairs whose scores are 0 or 1, which nobody knows before they are read."""
LabelledTexts = Literal["Auto", "Pairs", "Triplets", "Batches"]

_RANKED, _SCORED = frozenset[Shape]({"pairs", "triplets"}), frozenset[Shape]({"scored pairs"})
_LABELLED = frozenset[Shape]({"labelled texts"})
LOSS_SHAPES: dict[LossName, frozenset[Shape]] = {
    "MultipleNegativesRanking": _RANKED,
    "CachedMultipleNegativesRanking": _RANKED,
    "MultipleNegativesSymmetricRanking": _RANKED,
    "CachedMultipleNegativesSymmetricRanking": _RANKED,
    "GIST": _RANKED,
    "CachedGIST": _RANKED,
    "Triplet": frozenset({"triplets"}),
    "MarginMSE": _RANKED,
    "MSE": frozenset({"pairs"}),
    "CoSENT": _SCORED,
    "CosineSimilarity": _SCORED,
    "Contrastive": _SCORED,
    "OnlineContrastive": _SCORED,
    "BatchAllTriplet": _LABELLED,
    "BatchHardTriplet": _LABELLED,
    "BatchSemiHardTriplet": _LABELLED,
    "BatchHardSoftMarginTriplet": _LABELLED,
}
"""Shapes of prepared rows; pairs of which some have negatives are pairs."""

SCALES: dict[LossChoice, float] = {
    "MultipleNegativesRanking": 20.0,
    "CachedMultipleNegativesRanking": 20.0,
    "MultipleNegativesSymmetricRanking": 20.0,
    "CachedMultipleNegativesSymmetricRanking": 20.0,
    "GIST": 100.0,
    "CachedGIST": 100.0,
    "CoSENT": 20.0,
}
"""Losses with an inverse temperature, and sentence-transformers' default of it."""

MARGINS: dict[LossChoice, float] = {
    "GIST": 0.0,
    "CachedGIST": 0.0,
    "Triplet": 5.0,
    "Contrastive": 0.5,
    "OnlineContrastive": 0.5,
    "BatchAllTriplet": 5.0,
    "BatchHardTriplet": 5.0,
    "BatchSemiHardTriplet": 5.0,
}
"""Losses with a margin, and sentence-transformers' default of it."""

CACHED: dict[LossName, LossName] = {
    "MultipleNegativesRanking": "CachedMultipleNegativesRanking",
    "MultipleNegativesSymmetricRanking": "CachedMultipleNegativesSymmetricRanking",
    "GIST": "CachedGIST",
}
"""Losses that have a form with the same gradients in less memory, and that form: Gao et al. 2021, "Scaling Deep Contrastive
Learning Batch Size under Memory Limited Setup"."""

TEACHERS: dict[LossChoice, Literal["encoder", "cross-encoder"]] = {
    "GIST": "encoder",
    "CachedGIST": "encoder",
    "MSE": "encoder",
    "MarginMSE": "cross-encoder",
}
"""Losses that learn from another model, and what it must be; an encoder is the base model where none is named."""

TRANSLATIONS: frozenset[LossChoice] = frozenset({"MSE"})
"""Losses for pairs that say the same. Pairs that are made of labelled texts do not."""

JUDGED: frozenset[LossName] = frozenset({"Contrastive", "OnlineContrastive"})
"""Losses that learn from scores of 0 and 1 alone."""

FITTING: dict[Prepared, LossName] = {
    "pairs": "MultipleNegativesRanking",
    "triplets": "MultipleNegativesRanking",
    "scored pairs": "CoSENT",
    "0/1 pairs": "OnlineContrastive",
    "labelled texts": "BatchHardSoftMarginTriplet",
}
"""What the loss Auto stands for, by the shape of the prepared rows."""

SHAPE_COLUMNS: dict[Shape, frozenset[str]] = {
    "pairs": frozenset({"anchor", "positive"}),
    "triplets": frozenset({"anchor", "positive", "negative"}),
    "scored pairs": frozenset({"sentence1", "sentence2", "score"}),
    "labelled texts": frozenset({"text", "label"}),
}
ANY_SHAPE = frozenset({"time"})
"""Columns that any row may have."""
OPTIONAL_COLUMNS: dict[Shape, frozenset[str]] = {"pairs": frozenset({"label", "category"})}

BUILT: dict[LabelledTexts, tuple[Shape, ...]] = {
    "Auto": ("pairs", "labelled texts"),
    "Pairs": ("pairs",),
    "Triplets": ("triplets",),
    "Batches": ("labelled texts",),
}
"""What labelled texts become; of several shapes the first that the loss learns from."""


def learns_from(loss: LossChoice) -> frozenset[Shape]:
    """Shapes of prepared rows."""
    return frozenset(shape for shape in SHAPE_COLUMNS if shape in FITTING) if loss == "Auto" else LOSS_SHAPES[loss]


def built_as(shape: Shape, labelled_texts: LabelledTexts, loss: LossChoice) -> Shape | None:
    """The shape of the prepared rows, given that of the data; None: it is none that the loss learns from."""
    if shape == "labelled texts" and loss in TRANSLATIONS:
        return None
    made = BUILT[labelled_texts] if shape == "labelled texts" else (shape,)
    return next((prepared for prepared in made if prepared in learns_from(loss)), None)
