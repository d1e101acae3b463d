"""Slices of the exam: bounds on one metric that hold for all of them at once.

Of many slices one always looks bad by chance. The bounds here are wider by as much as it takes for all of them to hold together
at the gate's confidence: each is so many standard errors away, and that number is the quantile, over the draws of the cluster
bootstrap, of the largest deviation that any slice has, in standard errors (max-t: J. P. Romano and M. Wolf, Exact and Approximate
Stepdown Methods for Multiple Hypothesis Testing, JASA 2005; P. H. Westfall and S. S. Young, Resampling-Based Multiple Testing,
1993). Slices that move together, since they share queries or groups, cost less than Bonferroni has them cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from embtune_api.metrics import measure_of
from embtune_operator.judge.bootstrap import Bounds, resampled, resampled_sums
from embtune_operator.judge.statistics import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.metrics import StatisticName
    from embtune_api.slices import SliceTable
    from embtune_operator.judge.scores import Scores


@dataclass(frozen=True)
class Members:
    """Which queries one slice has."""

    name: str
    value: str
    inside: NDArray[np.bool_]
    """(queries,)"""

    @property
    def ref(self) -> str:
        return f"{self.name}={self.value}"

    def only(self, kept: NDArray[np.bool_]) -> Members:
        """The same slice among some of the queries: (queries,) bool."""
        return Members(self.name, self.value, self.inside[kept])


@dataclass(frozen=True)
class SlicesMeasured:
    """One metric of one or two models on several slices."""

    values: NDArray[np.float64]
    """(slices, models)"""
    draws: NDArray[np.float64]
    """(draws, slices, models), paired over both."""

    @property
    def is_defined(self) -> bool:
        import numpy as np

        return not (np.isnan(self.values).any() or np.isnan(self.draws).any())

    def bounds(self, confidence: float) -> list[Bounds]:
        """Of the first model, or of how much more it has than the second: all lower bounds hold together, and all upper ones."""
        import numpy as np

        second = self.values.shape[1] > 1
        values = self.values[:, 0] - (self.values[:, 1] if second else 0)
        draws = self.draws[:, :, 0] - (self.draws[:, :, 1] if second else 0)
        errors = draws.std(axis=0)
        # Where nothing varies, rounding must not be taken for deviations of many standard errors.
        deviations = np.where(errors > _NO_ERROR, (draws - values) / np.maximum(errors, _NO_ERROR), 0.0)
        below = np.quantile(deviations.max(axis=1), confidence) * errors
        above = np.quantile(-deviations.min(axis=1), confidence) * errors
        return [
            Bounds(float(value), float(value - low), float(value + high))
            for value, low, high in zip(values, below, above, strict=True)
        ]


_NO_ERROR = 1e-12


def members_of(table: SliceTable, queries: int, dropped: Iterable[int]) -> list[Members]:
    """Every slice, among the queries of the exam that are not dropped."""
    import numpy as np

    kept = np.ones(queries, dtype=np.bool_)
    kept[list(dropped)] = False
    found = []
    for one in table.slices:
        inside = np.zeros(queries, dtype=np.bool_)
        inside[one.queries] = True
        found.append(Members(one.name, one.value, inside[kept]))
    return found


def measure_slices(metric: str, models: Sequence[Scores], slices: Sequence[Members]) -> SlicesMeasured:
    """The metric of every model on every slice.

    Args:
        models: scores of the same queries, at least one, without NaN.
        slices: of these queries, none of them empty.
    """
    import numpy as np

    if metric in models[0].columns:
        return _means(metric, models, np.column_stack([one.inside for one in slices]).astype(np.float64))
    return _statistics(metric, models, slices)


def _means(metric: str, models: Sequence[Scores], inside: NDArray[np.float64]) -> SlicesMeasured:
    """`inside`: (queries, slices)."""
    import numpy as np

    columns = [scores.values[:, scores.columns.index(metric)] for scores in models]
    summands = np.column_stack([inside, *(inside * column[:, None] for column in columns)])
    totals = np.vstack([summands.sum(axis=0), resampled_sums(summands, models[0].groups)])
    count, *sums = np.split(totals, len(models) + 1, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.stack([total / count for total in sums], axis=2)
    return SlicesMeasured(means[0], means[1:])


def _statistics(metric: str, models: Sequence[Scores], slices: Sequence[Members]) -> SlicesMeasured:
    """Of pairs, computed anew over those of a slice that each draw has."""
    import numpy as np

    statistic = STATISTICS[cast("StatisticName", measure_of(metric)[0])]
    once = np.ones((1, len(models[0].groups)))
    values = np.empty((len(slices), len(models)))
    draws = []
    for number, one in enumerate(slices):
        for model, scores in enumerate(models):
            needed = scores.needed(metric)
            assert needed is not None
            similarities, gold = needed[one.inside].T

            def of(weights: NDArray[np.float64]) -> NDArray[np.float64]:
                return statistic(similarities, gold, weights[:, one.inside])  # noqa: B023  (called before the next turn)

            values[number, model] = of(once)[0]
            draws.append(resampled(of, scores.groups))
    return SlicesMeasured(values, np.stack(draws, axis=1).reshape(-1, len(slices), len(models)))
