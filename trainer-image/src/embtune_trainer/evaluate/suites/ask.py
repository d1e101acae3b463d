"""Any suite of any exam."""

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.status import Metrics
from embtune_trainer.evaluate.encoding import ReportShare
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.pairs import ask_how_alike, pair_metrics
from embtune_trainer.evaluate.suites.retrieval import ask_for_passages, mean_metrics


def ask(encoder: SentenceTransformer, exam: LoadedExam | LoadedPairs, suite: Suite, report: ReportShare, bf16: bool) -> Kept:
    """What the model answers.

    Raises:
        InvalidInput: the exam is of another kind. A job that asks so has been refused before; a registration may ask.
    """
    if isinstance(exam, LoadedPairs) == (suite.kind == "Retrieval"):
        what = "pairs of texts" if isinstance(exam, LoadedPairs) else "queries and passages"
        raise InvalidInput(f"evaluation.suites[0].kind: {suite.kind} cannot be measured on an exam of {what}.")
    if isinstance(exam, LoadedPairs):
        return ask_how_alike(encoder, exam, suite, report, bf16)
    return ask_for_passages(encoder, exam, suite, report, bf16)


def means(suite: Suite, columns: list[str], values: NDArray[np.float64]) -> Metrics:
    """The suite's metrics over all that was asked: (asked, columns) as kept."""
    return mean_metrics(columns, values) if suite.kind == "Retrieval" else pair_metrics(suite, values)
