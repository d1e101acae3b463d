"""How sure a difference is, over seeds and groups of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS, SEED = 10_000, 5
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    value: float
    lower: float
    upper: float
    """Two-sided."""

    @property
    def tells(self) -> str:
        """In a word."""
        return "helps" if self.lower > 0 else "harms" if self.upper < 0 else "no difference shown"


def difference(with_it: NDArray[np.float64], without: NDArray[np.float64], groups: NDArray[np.int64]) -> Interval:
    """Mean difference; both (seeds, queries), paired; groups (queries,).

    Seeds and groups are drawn with replacement, each by itself: what differs from one training to the next and what differs
    between queries both count (the pigeonhole bootstrap: A. B. Owen, Annals of Applied Statistics 1 (2007), 386-411).
    """
    each = with_it - without
    seeds, members = len(each), np.unique(groups, return_inverse=True)[1]
    size = int(members.max()) + 1
    sums = np.zeros((size, seeds))
    np.add.at(sums, members, each.T)
    counts = np.bincount(members, minlength=size).astype(np.float64)
    draw = np.random.default_rng(SEED)
    of_groups = draw.multinomial(size, np.full(size, 1 / size), size=DRAWS).astype(np.float64)
    of_seeds = draw.multinomial(seeds, np.full(seeds, 1 / seeds), size=DRAWS) / seeds
    means = ((of_groups @ sums) * of_seeds).sum(axis=1) / (of_groups @ counts)
    lower, upper = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(each.mean()), float(lower), float(upper))
