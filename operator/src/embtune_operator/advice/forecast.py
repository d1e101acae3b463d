"""What a learning curve says: what tuning won, and what twice the data would bring.

The loss of quality, 1 - score, is fitted as a power of the rows, a straight line in logarithms (J. Hestness et al., Deep
Learning Scaling is Predictable, Empirically, 2017). Two things are uncertain: which queries were asked, for which the fit is
repeated on every draw of the bootstrap over groups; and chance in training, for which the spread of the points about the line is
drawn by Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_operator.judge.bootstrap import SEED, Bounds, bounds_of
from embtune_operator.judge.measure import measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embtune_operator.advice.curve import CurveScores

CONFIDENCE = 0.95
_LEAST = 1e-6
"""Loss of quality that counts as none."""


@dataclass(frozen=True)
class CurvePoint:
    rows: int
    seed: int
    score: Bounds


@dataclass(frozen=True)
class Curve:
    """The points, and what they say."""

    metric: str
    base: Bounds
    points: list[CurvePoint]
    won: Bounds
    """By tuning on all rows, over the base: the mean of the seeds."""
    won_error: float
    """Its standard error, from which queries were asked."""
    rows: int
    """All"""
    doubled: Bounds
    """What twice as many rows would win over these: a forecast."""


def read_curve(scores: CurveScores, metric: str) -> Curve | None:
    """None where the metric has no meaning in some draws, or there are too few points to see how they spread."""
    import numpy as np

    points = scores.points
    answerable = np.logical_and.reduce([scores.base.answerable, *(point.scores.answerable for point in points)])
    models = [scores.base.only(answerable), *(point.scores.only(answerable) for point in points)]
    found = measure([metric], models)[metric]
    rows = np.array([point.rows for point in points], dtype=np.float64)
    if not found.is_defined or len(points) < 3 or len(set(rows)) < 2:
        return None
    full = np.flatnonzero(rows == rows.max()) + 1
    won = found.draws[:, full].mean(axis=1) - found.draws[:, 0]
    return Curve(
        metric=metric.partition("/")[2],
        base=found.bounds(0, CONFIDENCE),
        points=[CurvePoint(p.rows, p.seed, found.bounds(number + 1, CONFIDENCE)) for number, p in enumerate(points)],
        won=bounds_of(won, float(found.values[full].mean() - found.values[0]), CONFIDENCE),
        won_error=float(won.std()),
        rows=int(rows.max()),
        doubled=doubled(rows, found.values[1:], found.draws[:, 1:]),
    )


def doubled(rows: NDArray[np.float64], values: NDArray[np.float64], draws: NDArray[np.float64]) -> Bounds:
    """What twice the largest number of rows would win, by the fit.

    Args:
        rows: (points,)
        values: (points,) scores
        draws: (draws, points) of them
    """
    import numpy as np

    once, slope, spread = _fit(rows, values[None, :])
    intercepts, slopes, spreads = _fit(rows, draws)
    chance = np.random.default_rng(SEED).standard_t(max(1, len(rows) - 2), size=len(draws))
    loss = np.exp(intercepts)  # at the largest number of rows
    gains = loss * (1 - 2.0 ** (slopes + chance * np.maximum(spreads, spread)))
    gain = np.exp(once[0]) * (1 - 2.0 ** slope[0])
    return bounds_of(gains, float(gain), CONFIDENCE)


def _fit(
    rows: NDArray[np.float64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Least squares of log loss over log rows, of each line of scores (draws, points): (draws,) each.

    Returns:
        log loss at the largest number of rows, slope, standard error of the slope
    """
    import numpy as np

    at = np.log(rows / rows.max())
    loss = np.log(np.clip(1 - scores, _LEAST, None))
    centred = at - at.mean()
    slopes = loss @ centred / (centred**2).sum()
    intercepts = loss.mean(axis=1) - slopes * at.mean()
    rest = loss - intercepts[:, None] - slopes[:, None] * at
    variance = (rest**2).sum(axis=1) / max(1, len(rows) - 2)
    return intercepts, slopes, np.sqrt(variance / (centred**2).sum())
