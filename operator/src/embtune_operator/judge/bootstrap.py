"""Bounds from a cluster bootstrap: what a metric might have been, had other groups of queries been drawn.

Queries of one group (the same command, product, page …) are not independent of each other, so whole groups are drawn
with replacement. A draw's mean is Σ group sums / Σ group counts, since groups differ in size; other statistics are computed anew
over the pairs that each draw has. Method: A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997), §3.8;
bounds are quantiles of the draws (§5.3), taken further out where a few large groups decide: draws vary less than samples do
(T. C. Hesterberg, What Teachers Should Know About the Bootstrap (2015), §5.3, the expanded percentile interval).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

DRAWS = 10_000
SEED = 20_240_229
MOST_KEPT = 20_000
"""Groups of which the draws stay in memory, 200 MB at most, until somebody forgets them: drawing takes longer than adding up."""
_CHUNK = 500
"""Draws at once: bounds memory to 500 × groups, or pairs, numbers."""


@dataclass(frozen=True)
class Bounds:
    value: float
    lower: float
    """One-sided lower bound at the confidence that was asked for."""
    upper: float


def resampled_means(values: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of every column in each of 10,000 draws of groups: (queries, columns), (queries,) → (draws, columns).

    The draws depend on the number of groups alone, so columns of one call, and models on the same exam, are paired.
    """
    import numpy as np

    totals = resampled_sums(np.column_stack([values, np.ones(len(values))]), groups)
    means: NDArray[np.float64] = totals[:, :-1] / totals[:, -1:]
    return means


def resampled_sums(values: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sum of every column in each of the same draws: (queries, columns), (queries,) → (draws, columns)."""
    import numpy as np

    _, members = np.unique(groups, return_inverse=True)
    sums = np.zeros((int(members.max()) + 1, values.shape[1]))
    np.add.at(sums, members, values)
    return np.concatenate([drawn @ sums for drawn in _draws(len(sums))])


def resampled(statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """A statistic of every one of the same draws: (draws,).

    Args:
        statistic: given how often each draw has each query, (draws, queries), computes (draws,)
        groups: (queries,)
    """
    import numpy as np

    _, members = np.unique(groups, return_inverse=True)
    return np.concatenate([statistic(drawn[:, members]) for drawn in _draws(int(members.max()) + 1)])


def effective(groups: NDArray[np.int64]) -> float:
    """How many groups of one size would tell as much as these (queries,): Kish's (Σ size)² / Σ size²."""
    import numpy as np

    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def bounds_of(draws: NDArray[np.float64], value: float, confidence: float, groups: float = inf) -> Bounds:
    """One-sided bounds of a value, given its draws (draws,), and how many groups were drawn from (`effective`)."""
    import numpy as np

    expanded = _expanded(confidence, groups)
    lower, upper = np.quantile(draws, [1 - expanded, expanded])
    return Bounds(float(value), float(lower), float(upper))


def forget_draws() -> None:
    """Free the memory that the last draws are kept in."""
    _kept_draws.cache_clear()


def _expanded(confidence: float, groups: float) -> float:
    """The quantile of the draws at which a bound has that confidence: Φ(√(n / (n - 1)) t), t of n - 1 degrees of freedom.

    t is M. Abramowitz and I. A. Stegun's series 26.7.5.
    """
    normal, degrees = NormalDist(), max(groups - 1, 1.0)
    z = normal.inv_cdf(confidence)
    t = z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    return normal.cdf(t * sqrt(1 + 1 / degrees))


def _draws(groups: int) -> Iterator[NDArray[np.float64]]:
    """How often each group was drawn, in parts: (draws, groups), each row a multinomial sample that sums to `groups`."""
    import numpy as np

    for counts in _kept_draws(groups) if groups <= MOST_KEPT else _drawn(groups):
        yield counts.astype(np.float64)


@lru_cache(maxsize=1)
def _kept_draws(groups: int) -> tuple[NDArray[np.uint8], ...]:
    return tuple(_drawn(groups))


def _drawn(groups: int) -> Iterator[NDArray[np.uint8]]:
    """No group is drawn more than 255 times in one of 10,000 draws: the chance of that is below 1e-500."""
    import numpy as np

    generator = np.random.default_rng(SEED)
    for start in range(0, DRAWS, _CHUNK):
        draws = min(_CHUNK, DRAWS - start)
        picks = generator.integers(0, groups, size=(draws, groups))
        flat = (picks + groups * np.arange(draws)[:, None]).ravel()
        yield np.bincount(flat, minlength=draws * groups).reshape(draws, groups).astype(np.uint8)
