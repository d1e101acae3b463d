"""The learning-rate finder: the rate rises from step to step, and the loss says where it learns and where it falls apart.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3, with rates that rise geometrically. Batches are
not equally hard, and there are few of them here: so each batch's loss is compared with the untrained model's loss of the same
batch, under the same dropout.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from embtune_api.diagnosis import RatePoint, RateSweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_trainer.diagnose.bench import Bench, Lesson
    from embtune_trainer.train.batches import Rows

LOWEST, HIGHEST = 1e-6, 0.1
"""The highest is what a job may ask for."""
_SMOOTHED = 0.8
"""Weight of what was before, in the moving mean of gains: it lags by about five steps."""
_BEGINS = 0.1
"""Share of the largest gain at which learning is said to begin."""
_LOST = 0.25
"""Of the largest gain, below which most of it is lost again."""
_LEAST_GAIN = 5e-3
"""Share of the loss that must be gained somewhere: all else is chance."""
_BELOW_THE_LOWEST = 3.0
"""A training's rate should be so many times lower than that with the lowest loss: the mean lags, and a training stays there."""
_SUGGESTED = 10.0
"""So many times lower is what is suggested: the custom of those who use the finder."""


def rates(steps: int) -> list[float]:
    """Rising by the same factor each."""
    return [LOWEST * (HIGHEST / LOWEST) ** (number / (steps - 1)) for number in range(steps)]


def sweep(bench: Bench, lesson: Lesson, batches: Sequence[Rows], total_steps: int) -> RateSweep:
    """One step on each batch, each at a higher rate, until what was learnt is lost.

    Args:
        total_steps: of the training that a rate is looked for.
    """
    optimizer = bench.restore()
    untrained = bench.losses(lesson, batches)
    points: list[RatePoint] = []
    for number, (batch, rate) in enumerate(zip(batches, rates(len(batches)), strict=True)):
        done = bench.step(lesson, batch, number, rate, optimizer)
        if not done.is_finite:
            return read_sweep(points, total_steps, broke_at=rate)
        points.append(RatePoint(rate=rate, loss=done.loss, gain=untrained[number] - done.loss))
        found = read_sweep(points, total_steps)
        if found.diverged:
            return found
    return read_sweep(points, total_steps)


def read_sweep(points: Sequence[RatePoint], total_steps: int, broke_at: float | None = None) -> RateSweep:
    """Where it learns.

    A sweep that has come to a rate R has moved the weights about as far as R / ln q, q being the factor between two rates; a
    training of n steps whose rate rises to r and falls to nothing moves them about n·r / 2. So where learning has begun in the
    sweep tells below which rate the whole training does not come as far: `low`.
    """
    gains = _smoothed([point.gain for point in points])
    scale = max((abs(point.loss + point.gain) for point in points[:10]), default=0.0)
    best = max(range(len(gains)), key=gains.__getitem__, default=0)
    if len(points) < 3 or gains[best] < _LEAST_GAIN * scale:
        return _nothing(points, broke_at)
    lost = (points[at].rate for at in range(best, len(points)) if gains[at] <= _LOST * gains[best])
    begins = next(at for at in range(len(gains)) if gains[at] >= _BEGINS * gains[best])
    slopes = {at: gains[at] - gains[at - 1] for at in range(max(1, begins), best + 1)}
    steepest = points[max(slopes, key=slopes.__getitem__)].rate if slopes else points[best].rate
    factor = math.log(points[1].rate / points[0].rate)
    high = points[best].rate / _BELOW_THE_LOWEST
    low = min(high, 2 * points[begins].rate / factor / max(1, total_steps))
    return RateSweep(
        points=list(points),
        steepest=steepest,
        lowest=points[best].rate,
        diverged=next(lost, broke_at),
        low=low,
        high=high,
        suggested=max(low, points[best].rate / _SUGGESTED),
    )


def _smoothed(gains: Sequence[float]) -> list[float]:
    """Exponential moving mean, without the bias towards its start."""
    means, mean = [], 0.0
    for number, gain in enumerate(gains, start=1):
        mean = _SMOOTHED * mean + (1 - _SMOOTHED) * gain
        means.append(mean / (1 - _SMOOTHED**number))
    return means


def _nothing(points: Sequence[RatePoint], broke_at: float | None) -> RateSweep:
    return RateSweep(points=list(points), steepest=None, lowest=None, diverged=broke_at, low=None, high=None, suggested=None)
