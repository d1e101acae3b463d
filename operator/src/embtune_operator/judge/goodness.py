"""How good a model's answer to each query is, or its judgement of each pair: more is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.metrics import PAIR_METRICS, measure_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embtune_operator.judge.scores import Scores

_OF_PAIRS = frozenset(name for names in PAIR_METRICS.values() for name in names)


def is_of_pairs(metric: str) -> bool:
    """Whether it is a statistic of all pairs together."""
    return measure_of(metric)[0] in _OF_PAIRS


def goodness(metric: str, scores: Scores) -> NDArray[np.float64]:
    """(queries,): the metric of each query. Of pairs: how near its place in the order of similarities is to its place in the
    order of scores, from 0 to 1.
    """
    import numpy as np

    if is_of_pairs(metric):
        return 1 - np.abs(misplaced(scores))
    return scores.values[:, scores.columns.index(metric)]


def gained(metric: str, before: Scores, after: Scores) -> NDArray[np.float64]:
    """(queries,): how much better each is afterwards; rounding is no gain."""
    import numpy as np

    return np.asarray(np.round(goodness(metric, after) - goodness(metric, before), 9))


def misplaced(scores: Scores) -> NDArray[np.float64]:
    """(pairs,): how much too alike a model finds the texts of each pair: its place in the order of similarities less that in the
    order of scores, both from 0 to 1. Equal ones share their mean place.
    """
    return _places(scores.values[:, 0]) - _places(scores.values[:, 1])


def _places(values: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    _, ranks, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = counts.cumsum() - (counts + 1) / 2
    return np.asarray(middle[ranks] / max(1, len(values) - 1))
