"""Measured: metrics of one or several models on the same queries, with what they might have been in other draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from embtune_api.metrics import measure_of
from embtune_operator.judge.bootstrap import Bounds, bounds_of, effective, resampled, resampled_means
from embtune_operator.judge.statistics import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.metrics import StatisticName
    from embtune_operator.judge.scores import Scores

CONFIDENCE = 0.95
"""Of bounds that are shown, where nobody asks for another."""


@dataclass(frozen=True)
class Measured:
    """One metric of several models."""

    values: NDArray[np.float64]
    """(models,)"""
    draws: NDArray[np.float64]
    """(draws, models), paired."""
    groups: float
    """That were drawn from, as `effective` counts them."""

    @property
    def is_defined(self) -> bool:
        """In every draw. It is not where pairs of one kind are so few that some draws have none of them."""
        import numpy as np

        return not (np.isnan(self.values).any() or np.isnan(self.draws).any())

    def bounds(self, model: int, confidence: float) -> Bounds:
        return bounds_of(self.draws[:, model], self.values[model], confidence, self.groups)

    def difference(self, model: int, other: int, confidence: float) -> Bounds:
        """How much more the first has than the other."""
        value = self.values[model] - self.values[other]
        return bounds_of(self.draws[:, model] - self.draws[:, other], value, confidence, self.groups)


def measure(metrics: Sequence[str], models: Sequence[Scores]) -> dict[str, Measured]:
    """Every metric of every model.

    Args:
        metrics: which all models have.
        models: scores of the same queries, at least one, without NaN.
    """
    means = [name for name in metrics if name in models[0].columns]
    measured = dict(zip(means, _means(means, models), strict=True)) if means else {}
    return {name: measured.get(name) or _statistic(name, models) for name in metrics}


def shown_bounds(scores: Scores, metrics: Sequence[str]) -> dict[str, Bounds]:
    """Of one model's metrics, as far as it has them. One of which some draws tell nothing, such as a statistic of a handful of
    pairs, has none."""
    known = scores.only(scores.answerable)
    if not len(known.groups):
        return {}
    measured = measure([name for name in metrics if name in known.metrics], [known])
    return {name: found.bounds(0, CONFIDENCE) for name, found in measured.items() if found.is_defined}


def _means(metrics: Sequence[str], models: Sequence[Scores]) -> list[Measured]:
    """All at once: drawing takes longer than adding up."""
    import numpy as np

    columns = [scores.values[:, scores.columns.index(name)] for name in metrics for scores in models]
    values = np.column_stack(columns)
    draws = resampled_means(values, models[0].groups).reshape(-1, len(metrics), len(models))
    groups = effective(models[0].groups)
    by_metric = values.mean(axis=0).reshape(len(metrics), len(models))
    return [Measured(mean, draws[:, number], groups) for number, mean in enumerate(by_metric)]


def _statistic(metric: str, models: Sequence[Scores]) -> Measured:
    import numpy as np

    statistic = STATISTICS[cast("StatisticName", measure_of(metric)[0])]
    needed = [scores.needed(metric) for scores in models]
    of_each = [partial(statistic, columns[:, 0], columns[:, 1]) for columns in needed if columns is not None]
    once = np.ones((1, len(models[0].groups)))
    values = np.array([of(once)[0] for of in of_each])
    draws = np.column_stack([resampled(of, models[0].groups) for of in of_each])
    return Measured(values, draws, effective(models[0].groups))
