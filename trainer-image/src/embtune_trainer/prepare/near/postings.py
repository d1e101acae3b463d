"""Which sets have a gram among their first: an inverted index of prefixes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.prepare.near.order import NONE, Ranks
from embtune_trainer.prepare.near.ranges import Numbers
from embtune_trainer.prepare.near.threshold import prefix_lengths

Short = NDArray[np.int32]


@dataclass(frozen=True)
class Prefixes:
    """The first grams of some sets, one after the other: (grams,) each."""

    rows: Numbers
    """Which set."""
    positions: Numbers
    """In the set, from 0, by rank."""
    ranks: Short


def prefixes(ranks: Ranks, sizes: Numbers) -> Prefixes:
    lengths = prefix_lengths(sizes)
    first = ranks[:, : int(lengths.max(initial=0))]
    rows, positions = np.nonzero((np.arange(first.shape[1]) < lengths[:, None]) & (first != NONE))
    return Prefixes(rows, positions, first[rows, positions])


class Postings:
    """Of each gram, by rank: the sets that have it in their prefix, the small ones first, and where."""

    def __init__(self, parts: Iterable[Prefixes], sizes: Numbers) -> None:
        empty = np.empty(0, dtype=np.int32)
        held = [(part.rows.astype(np.int32), part.positions.astype(np.int32), part.ranks) for part in parts]
        rows, positions, ranks = (np.concatenate([empty, *(part[kind] for part in held)]) for kind in range(3))
        keys = _keys(ranks, sizes[rows])
        order = np.argsort(keys)
        self._keys = keys[order]
        self.places = rows[order]
        self.positions = positions[order]

    def of(self, ranks: Short, smallest: Numbers, largest: Numbers) -> tuple[Numbers, Numbers]:
        """(grams,) each: where the postings of a gram that belong to sets of such sizes start, and how many there are."""
        first = np.searchsorted(self._keys, _keys(ranks, smallest))
        return first, np.maximum(np.searchsorted(self._keys, _keys(ranks, largest), side="right") - first, 0)


def _keys(ranks: Short, sizes: Numbers) -> Numbers:
    """In the order of ranks, of equal ones in that of sizes."""
    return np.asarray(ranks.astype(np.int64) << 32 | sizes)
