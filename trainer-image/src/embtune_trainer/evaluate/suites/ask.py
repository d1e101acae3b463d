"""Any suite of any exam."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder, SentenceTransformer

from embtune_api.compression import Compression
from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.status import Metrics
from embtune_trainer.evaluate.encoding import ReportShare
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs
from embtune_trainer.evaluate.suites.bitext import translations_found
from embtune_trainer.evaluate.suites.classification import label_metrics, labels_found
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.pairs import how_alike, pair_metrics
from embtune_trainer.evaluate.suites.reranking import passages_reranked
from embtune_trainer.evaluate.suites.retrieval import mean_metrics, passages_found
from embtune_trainer.evaluate.suites.triplets import which_is_nearer
from embtune_trainer.evaluate.suites.vectors import Encoded, encode_for, unit_or_nan

_PAIRS = ("SemanticSimilarity", "PairClassification")
_SEARCH = 0.1
"""Share of the time that a search takes which a cross-encoder stands behind, for the progress."""


def ask(encoder: SentenceTransformer, exam: LoadedExam | LoadedPairs, suite: Suite, report: ReportShare) -> Kept:
    """What the model answers with whole vectors: see `ask_each_way`."""
    return ask_each_way(encoder, exam, suite, [None], report)[0]


def ask_each_way(
    encoder: SentenceTransformer,
    exam: LoadedExam | LoadedPairs,
    suite: Suite,
    ways: Sequence[Compression | None],
    report: ReportShare,
    reader: CrossEncoder | None = None,
    bf16: bool = False,
) -> list[Kept]:
    """What the model answers, in each of these ways. Its texts are encoded once for all of them.

    Args:
        reader: the cross-encoder of a suite of kind Reranking.
        bf16: in bf16 arithmetic, several times as fast, where the packed forward is used.

    Raises:
        InvalidInput: the exam is of another kind. A job that asks so has been refused before; a registration may ask.
    """
    if isinstance(exam, LoadedPairs) != (suite.kind in _PAIRS):
        what = "pairs of texts" if isinstance(exam, LoadedPairs) else "queries and passages"
        raise InvalidInput(f"evaluation.suites: {suite.name} ({suite.kind}) cannot be measured on an exam of {what}.")
    search = _SEARCH if reader else 1.0
    encoded = encode_for(encoder, exam, suite.kind, lambda done: report(search * done), bf16)

    def report_reading(done: float) -> None:
        report(search + (1 - search) * done)

    return [_asked(encoded.compressed(way), exam, suite.asked_with(way), reader, report_reading) for way in ways]


def _asked(
    encoded: Encoded, exam: LoadedExam | LoadedPairs, suite: Suite, reader: CrossEncoder | None, report: ReportShare
) -> Kept:
    if isinstance(exam, LoadedPairs):
        return how_alike(encoded.asked, exam, suite)
    match suite.kind:
        case "Retrieval":
            return passages_found(encoded, exam, suite)
        case "Reranking":
            assert reader is not None, "a suite of kind Reranking comes with its cross-encoder"
            return passages_reranked(encoded, exam, suite, reader, report)
    asked, corpus = unit_or_nan(encoded.asked), unit_or_nan(encoded.corpus)
    match suite.kind:
        case "Triplet":
            return which_is_nearer(asked, corpus, exam, suite)
        case "Classification":
            return labels_found(asked, corpus, exam, suite)
    return translations_found(asked, corpus, exam, suite)


def means(suite: Suite, columns: list[str], values: NDArray[np.float64]) -> Metrics:
    """The suite's metrics over all that was asked: (asked, columns) as kept."""
    if suite.kind in _PAIRS:
        return pair_metrics(suite, values)
    return label_metrics(suite, values) if suite.kind == "Classification" else mean_metrics(columns, values)
