"""Resampled means: how far a score could lie from what one exam shows.

Cluster bootstrap: queries of one group (one command, one document) stand and fall together, so whole groups are drawn
with replacement. A draw's mean is Σ group sums / Σ group counts, since groups differ in size. Method: A. C. Davison and
D. V. Hinkley, Bootstrap Methods and their Application (1997), §3.8; bounds are quantiles of the draws (§5.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 10_000
SEED = 20_240_229
_CHUNK = 500
"""Draws at once: bounds memory to 500 × groups numbers."""


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

    _, members = np.unique(groups, return_inverse=True)
    count = int(members.max()) + 1
    sums = np.zeros((count, values.shape[1] + 1))
    np.add.at(sums, members, np.column_stack([values, np.ones(len(values))]))
    generator = np.random.default_rng(SEED)
    drawn = [_drawn_counts(generator, min(_CHUNK, DRAWS - start), count) @ sums for start in range(0, DRAWS, _CHUNK)]
    totals = np.concatenate(drawn)
    means: NDArray[np.float64] = totals[:, :-1] / totals[:, -1:]
    return means


def _drawn_counts(generator: np.random.Generator, draws: int, groups: int) -> NDArray[np.float64]:
    """How often each group was drawn: (draws, groups), each row a multinomial sample that sums to `groups`."""
    import numpy as np

    picks = generator.integers(0, groups, size=(draws, groups))
    flat = (picks + groups * np.arange(draws)[:, None]).ravel()
    return np.bincount(flat, minlength=draws * groups).reshape(draws, groups).astype(np.float64)


def bounds(values: NDArray[np.float64], groups: NDArray[np.int64], confidence: float) -> list[Bounds]:
    """Mean and one-sided bounds of every column: (queries, columns), (queries,) → one a column. No NaN allowed."""
    import numpy as np

    means = resampled_means(values, groups)
    lower, upper = np.quantile(means, [1 - confidence, confidence], axis=0)
    return [Bounds(float(v), float(lo), float(up)) for v, lo, up in zip(values.mean(axis=0), lower, upper, strict=True)]
