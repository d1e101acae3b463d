"""Statistics of everything that is asked together: how well similarities follow scores, over resamples of the pairs; how well
predicted labels follow the right ones.

Each takes similarities (pairs,) and scores (pairs,), or labels and predicted labels (texts,), and how often each resample has
each of them (draws, asked), and returns (draws,) float64; NaN where the statistic has no meaning in a resample. With weights of 1
they are scipy's spearmanr and pearsonr, and scikit-learn's average_precision_score, the largest F1 over all thresholds, and
f1_score with average="macro".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.metrics import StatisticName

    Values = NDArray[np.float64]
    Statistic = Callable[[Values, Values, Values], Values]


def spearman(similarities: Values, scores: Values, weights: Values) -> Values:
    return _correlation(_ranks(similarities, weights), _ranks(scores, weights), weights)


def pearson(similarities: Values, scores: Values, weights: Values) -> Values:
    return _correlation(similarities[None, :], scores[None, :], weights)


def average_precision(similarities: Values, scores: Values, weights: Values) -> Values:
    """Precision at each threshold, weighted by the recall that it adds."""
    import numpy as np

    hits, shown = _at_thresholds(similarities, scores, weights)
    gained = np.diff(hits, axis=1, prepend=0)
    precision = np.divide(hits, shown, out=np.zeros_like(hits), where=shown > 0)
    with np.errstate(invalid="ignore"):
        return np.asarray((gained * precision).sum(axis=1) / hits[:, -1], dtype=np.float64)


def best_f1(similarities: Values, scores: Values, weights: Values) -> Values:
    """At the threshold that suits the resample best."""
    import numpy as np

    hits, shown = _at_thresholds(similarities, scores, weights)
    best = (2 * hits / np.maximum(shown + hits[:, -1:], 1)).max(axis=1)
    return np.where(hits[:, -1] > 0, best, np.nan)


def macro_f1(labels: Values, predicted: Values, weights: Values) -> Values:
    """The mean of the F1 of each label that the resample has, as it is or as it is predicted."""
    import numpy as np

    names, places = np.unique(np.concatenate([labels, predicted]), return_inverse=True)
    own, said = places[: len(labels)], places[len(labels) :]
    right = _counted(own, weights * (own == said), len(names))
    there = _counted(own, weights, len(names)) + _counted(said, weights, len(names))
    f1 = np.divide(2 * right, there, out=np.zeros_like(right), where=there > 0)
    return np.asarray(f1.sum(axis=1) / np.maximum((there > 0).sum(axis=1), 1), dtype=np.float64)


STATISTICS: dict[StatisticName, Statistic] = {
    "spearman": spearman,
    "pearson": pearson,
    "ap": average_precision,
    "f1": best_f1,
    "macro-f1": macro_f1,
}


def _correlation(first: Values, second: Values, weights: Values) -> Values:
    import numpy as np

    total = weights.sum(axis=1, keepdims=True)
    first = first - (weights * first).sum(axis=1, keepdims=True) / total
    second = second - (weights * second).sum(axis=1, keepdims=True) / total
    spread = (weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1)
    together = (weights * first * second).sum(axis=1)
    undefined = np.full(len(weights), np.nan)
    return np.asarray(np.divide(together, np.sqrt(spread), out=undefined, where=spread > 1e-12), dtype=np.float64)


def _ranks(values: Values, weights: Values) -> Values:
    """Midranks of each value within each resample: (draws, pairs), from 1."""
    import numpy as np

    _, place = np.unique(values, return_inverse=True)
    mass = _summed_by(place, weights)
    ranks = np.cumsum(mass, axis=1) - mass + (mass + 1) / 2
    return np.asarray(ranks[:, place], dtype=np.float64)


def _at_thresholds(similarities: Values, scores: Values, weights: Values) -> tuple[Values, Values]:
    """Right pairs, and all pairs, at or above each distinct similarity, the highest first: (draws, thresholds) each."""
    import numpy as np

    _, place = np.unique(-similarities, return_inverse=True)
    right = _summed_by(place, weights * (scores == 1))
    return np.cumsum(right, axis=1), np.cumsum(_summed_by(place, weights), axis=1)


def _counted(place: NDArray[np.int64], weights: Values, places: int) -> Values:
    """As `_summed_by`, with a column for every place, whether or not something is there."""
    import numpy as np

    found = np.zeros((len(weights), places))
    found[:, np.unique(place)] = _summed_by(place, weights)
    return found


def _summed_by(place: NDArray[np.int64], weights: Values) -> Values:
    """Weights of the pairs at each place: (draws, pairs) → (draws, places)."""
    import numpy as np

    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    return np.asarray(np.add.reduceat(weights[:, order], starts, axis=1), dtype=np.float64)
