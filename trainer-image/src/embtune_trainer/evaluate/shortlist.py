"""Which of many scores may be among the best: found in one pass, without sorting the rest.

Columns are dealt out to parts of equal size. The depth-th highest of the parts' maxima is a floor: that many columns, each of
another part, reach it, so no best column is below it. Only parts whose maximum reaches the floor are looked into.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WIDEST = 16
"""Columns of a part, at most."""
PARTS = 8
"""Parts for each column that is wanted, at least: with fewer, best columns would share one, and the floor would be low."""


@dataclass(frozen=True)
class Shortlist:
    """Places among (rows, columns), by row and then by column."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def of_each(self, rows: int) -> list[NDArray[np.int64]]:
        """The columns of each of so many rows."""
        return np.split(self.columns, np.searchsorted(self.rows, np.arange(1, rows)))


def shortlist(scores: Tensor, depth: int, margin: Tensor | float, longest: int) -> Shortlist | None:
    """Every column whose score, before it was rounded to its type, may be among the `depth` highest of its row; and few others.

    Args:
        scores: (columns, rows), finite; columns come first, since they are many more
        depth: at most `columns`
        margin: (rows,), or one for all: twice the error of a score before that rounding
        longest: columns for each row, on the average

    Returns:
        None where more than `longest` of them are so near to each other.
    """
    columns, rows = scores.shape
    width = max(1, min(WIDEST, columns // (PARTS * depth)))
    parts = columns // width
    dealt = scores[: width * parts].reshape(width, parts, rows)  # a view
    highest = torch.cat([_highest(dealt), scores[width * parts :]])
    by_row = highest.T.contiguous().float().numpy()
    floor = torch.from_numpy(np.partition(by_row, by_row.shape[1] - depth, axis=1)[:, by_row.shape[1] - depth])
    # Rounding keeps the order, and moves a number by at most half of eps: the floor up, a better score down.
    floor = floor - margin - torch.finfo(scores.dtype).eps * (floor.abs() + margin)
    reached = np.flatnonzero((highest >= floor).numpy())
    part, row = (torch.from_numpy(index) for index in np.divmod(reached, rows))
    whole = int(np.searchsorted(reached, parts * rows))  # behind those are the columns that no part has
    within = dealt[:, part[:whole], row[:whole]] >= floor[row[:whole]]
    place, hit = within.nonzero().unbind(1)
    if len(hit) > longest * rows:
        return None
    kept_rows = torch.cat([row[hit], row[whole:]])
    kept_columns = torch.cat([place * parts + part[hit], part[whole:] + (width - 1) * parts])
    return Shortlist(*np.divmod(np.sort((kept_rows * columns + kept_columns).numpy()), columns))


def _highest(dealt: Tensor) -> Tensor:
    """Of each part: (width, parts, rows) → (parts, rows). It is fast where the result lies in memory as the input does."""
    return dealt.amax(0) if dealt.stride(2) == 1 else dealt.permute(2, 0, 1).amax(1).T
