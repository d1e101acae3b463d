"""Any suite of any exam."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder, SentenceTransformer

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.status import Metrics
from embtune_trainer.evaluate.encoding import ReportShare
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs
from embtune_trainer.evaluate.suites.bitext import ask_for_translations
from embtune_trainer.evaluate.suites.classification import ask_for_labels, label_metrics
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.pairs import ask_how_alike, pair_metrics
from embtune_trainer.evaluate.suites.reranking import ask_for_reranked
from embtune_trainer.evaluate.suites.retrieval import ask_for_passages, mean_metrics
from embtune_trainer.evaluate.suites.triplets import ask_which_is_nearer

_PAIRS = ("SemanticSimilarity", "PairClassification")


def ask(
    encoder: SentenceTransformer,
    exam: LoadedExam | LoadedPairs,
    suite: Suite,
    report: ReportShare,
    reader: CrossEncoder | None = None,
    bf16: bool = False,
) -> Kept:
    """What the model answers.

    Args:
        reader: the cross-encoder of a suite of kind Reranking.
        bf16: in bf16 arithmetic, several times as fast, where the packed forward is used.

    Raises:
        InvalidInput: the exam is of another kind. A job that asks so has been refused before; a registration may ask.
    """
    if isinstance(exam, LoadedPairs) != (suite.kind in _PAIRS):
        what = "pairs of texts" if isinstance(exam, LoadedPairs) else "queries and passages"
        raise InvalidInput(f"evaluation.suites: {suite.name} ({suite.kind}) cannot be measured on an exam of {what}.")
    with _cut_to(suite.dimensions, encoder):
        return _asked(encoder, exam, suite, report, reader, bf16)


@contextmanager
def _cut_to(dimensions: int | None, encoder: SentenceTransformer) -> Iterator[None]:
    """Vectors have that many numbers meanwhile."""
    before = encoder.truncate_dim
    encoder.truncate_dim = dimensions or before
    try:
        yield
    finally:
        encoder.truncate_dim = before


def _asked(
    encoder: SentenceTransformer,
    exam: LoadedExam | LoadedPairs,
    suite: Suite,
    report: ReportShare,
    reader: CrossEncoder | None,
    bf16: bool,
) -> Kept:
    if isinstance(exam, LoadedPairs):
        return ask_how_alike(encoder, exam, suite, report, bf16)
    match suite.kind:
        case "Triplet":
            return ask_which_is_nearer(encoder, exam, suite, report, bf16)
        case "Classification":
            return ask_for_labels(encoder, exam, suite, report, bf16)
        case "Bitext":
            return ask_for_translations(encoder, exam, suite, report, bf16)
        case "Reranking":
            assert reader is not None, "a suite of kind Reranking comes with its cross-encoder"
            return ask_for_reranked(encoder, exam, suite, report, reader, bf16)
    return ask_for_passages(encoder, exam, suite, report, bf16)


def means(suite: Suite, columns: list[str], values: NDArray[np.float64]) -> Metrics:
    """The suite's metrics over all that was asked: (asked, columns) as kept."""
    if suite.kind in _PAIRS:
        return pair_metrics(suite, values)
    return label_metrics(suite, values) if suite.kind == "Classification" else mean_metrics(columns, values)
