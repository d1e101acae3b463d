"""SemanticSimilarity and PairClassification: how alike a model finds two texts, against what they are said to be."""

import math
import warnings

import numpy as np

from embtune_api.evaluation import Suite
from embtune_api.metrics import PAIR_METRICS, PairMetric, pair_columns
from embtune_api.status import Metrics
from embtune_trainer.evaluate.exam import LoadedPairs
from embtune_trainer.evaluate.retrieval_metrics import Values
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.vectors import Vectors, unit_or_nan


def how_alike(vectors: Vectors, exam: LoadedPairs, suite: Suite) -> Kept:
    """Cosine similarity and score of every pair; NaN where a vector is not finite.

    Args:
        vectors: (texts, dim) of the exam's distinct texts
    """
    place = {text: number for number, text in enumerate(exam.distinct)}
    directions = unit_or_nan(vectors)
    first, second = (directions[[place[pair[side]] for pair in exam.texts]] for side in (0, 1))
    similarity = (first * second).sum(axis=1)
    notes = [{"texts": list(texts), "group": group} for texts, group in zip(exam.texts, exam.groups, strict=True)]
    return Kept(pair_columns(suite.name), np.column_stack([similarity, exam.scores]), notes)


def pair_metrics(suite: Suite, values: Values) -> Metrics:
    """
    Args:
        values: (pairs, 2) of similarity and score

    Returns:
        None where a pair could not be scored, or a metric has no meaning: fewer than two pairs, or all scores alike.
    """
    similarity, scores = values.T
    known = len(values) > 1 and not np.isnan(values).any() and len(np.unique(scores)) > 1
    found = {name: _metric(name, similarity, scores) if known else None for name in PAIR_METRICS[suite.kind]}
    return {f"{suite.name}/{name}": None if value is None or math.isnan(value) else value for name, value in found.items()}


def _metric(name: PairMetric, similarity: Values, scores: Values) -> float:
    from scipy import stats
    from sklearn.metrics import average_precision_score, precision_recall_curve

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)  # it gives NaN, which is said then
        match name:
            case "spearman":
                return float(stats.spearmanr(similarity, scores).statistic)
            case "pearson":
                return float(stats.pearsonr(similarity, scores).statistic)
            case "ap":
                return float(average_precision_score(scores == 1, similarity))
            case "f1":
                precision, recall, _ = precision_recall_curve(scores == 1, similarity)
                return float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())
