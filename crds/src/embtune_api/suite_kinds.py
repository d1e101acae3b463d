"""Which data each kind of suite can ask."""

from embtune_api.losses import Prepared, Shape
from embtune_api.metrics import RANKED_KINDS, SuiteKind

KIND_SHAPES: dict[SuiteKind, tuple[Shape, ...]] = {
    "Retrieval": ("pairs", "triplets", "labelled texts"),
    "SemanticSimilarity": ("scored pairs",),
    "PairClassification": ("scored pairs",),
    "Triplet": ("triplets",),
    "Classification": ("labelled texts",),
    "Reranking": ("pairs", "triplets", "labelled texts"),
    "Bitext": ("pairs",),
}
"""Shapes of a suite's own rows."""
BEIR_KINDS = RANKED_KINDS

EXAM_KINDS: dict[Prepared, tuple[SuiteKind, ...]] = {
    "pairs": ("Retrieval", "Reranking", "Bitext"),
    "triplets": ("Retrieval", "Reranking", "Triplet"),
    "scored pairs": ("SemanticSimilarity",),
    "0/1 pairs": ("PairClassification", "SemanticSimilarity"),
    "labelled texts": ("Retrieval", "Reranking", "Classification"),
}
"""What an exam made of such rows can tell, the usual kind first."""
