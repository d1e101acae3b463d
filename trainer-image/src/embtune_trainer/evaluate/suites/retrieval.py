"""Retrieval: rank the exam's passages for each of its queries."""

import numpy as np
from numpy.typing import NDArray

from embtune_api.evaluation import Suite
from embtune_api.metrics import RETRIEVAL_METRICS
from embtune_api.status import Metrics
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.retrieval_metrics import Values, retrieval_metric
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.vectors import Encoded, Vectors

SHOWN = 10
"""Top passages that the per-query file lists."""


def passages_found(encoded: Encoded, exam: LoadedExam, suite: Suite) -> Kept:
    """Every metric of every query; NaN where some vector involved is not finite, or nothing is relevant."""
    return kept_of(suite, exam, *nearest_passages(encoded, exam, max(*suite.cutoffs, SHOWN)))


def nearest_passages(encoded: Encoded, exam: LoadedExam, depth: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The nearest passages of each query, (queries, depth), and of which queries every vector involved is finite (queries,)."""
    queries, passages = encoded.asked, encoded.corpus
    finite, all_passages = np.isfinite(queries).all(axis=1), bool(np.isfinite(passages).all())
    ranked = rank_passages(_numbers(queries, bool(finite.all())), _numbers(passages, all_passages), exam.passage_ids, depth)
    return ranked, np.logical_and(finite, all_passages)


def kept_of(suite: Suite, exam: LoadedExam, ranked: NDArray[np.int64], finite: NDArray[np.bool_]) -> Kept:
    """Every metric of what was found."""
    gains = exam.gains(ranked)
    values = np.stack([retrieval_metric(name, k, gains, exam.ideal) for name in RETRIEVAL_METRICS for k in suite.cutoffs], axis=1)
    values[~finite] = np.nan
    notes = [
        {"text": text, "group": group, "top": [exam.passage_ids[index] for index in row[:SHOWN]]}
        for text, group, row in zip(exam.queries, exam.groups, ranked, strict=True)
    ]
    return Kept(suite.metrics(), values, notes)


def _numbers(vectors: Vectors, finite: bool) -> Vectors:
    """0 for what is not finite: what comes of it is NaN in the end, and is not looked at."""
    return vectors if finite else np.nan_to_num(vectors, posinf=0, neginf=0)


def mean_metrics(names: list[str], values: Values) -> Metrics:
    """Mean of each metric; None where a query could not be scored, or there is none: nothing can be said then."""
    means = values.mean(axis=0) if len(values) else np.full(len(names), np.nan)
    return {name: None if np.isnan(mean) else float(mean) for name, mean in zip(names, means, strict=True)}
