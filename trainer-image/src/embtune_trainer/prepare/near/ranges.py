"""Ranges of numbers, many at once."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 2**20

Numbers = NDArray[np.int64]


def parts(counts: Numbers) -> Iterator[slice]:
    """Slices that count about a million together; a single one may count more."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + _AT_ONCE, side="right")))
        yield slice(start, end)
        start = end


def ranges(starts: Numbers, counts: Numbers) -> Numbers:
    """As many numbers from each start on as it counts, one range after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)
