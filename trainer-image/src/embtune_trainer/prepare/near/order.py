"""An order of all grams, the rarest first: what a set's prefix is taken by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.prepare.near.grams import Batch

UNKNOWN = -1
"""The rank of a gram that no indexed text has: rarer than any, and leads nowhere."""
NONE = np.iinfo(np.int32).max
"""Stands where a row of ranks has come to its end."""
Ranks = NDArray[np.int32]
"""(sets, most): each row ascending, `UNKNOWN` first and `NONE` last."""
_COUNTED_AT_ONCE = 2**22
"""grams"""


@dataclass(frozen=True)
class Order:
    numbers: NDArray[np.uint64]
    """(grams,): ascending."""
    rank: NDArray[np.int32]
    """(grams,): of each, by how many texts have it, then by number."""

    def ranks(self, batch: Batch) -> Ranks:
        if not len(self.numbers):
            return np.full((len(batch.sizes), 0), NONE, dtype=np.int32)
        ranks = np.full(batch.numbers.shape, NONE, dtype=np.int32)
        wanted = batch.numbers[batch.first]
        at = np.minimum(np.searchsorted(self.numbers, wanted), len(self.numbers) - 1)
        ranks[batch.first] = np.where(self.numbers[at] == wanted, self.rank[at], UNKNOWN)
        ranks.sort(axis=1)
        return ranks


class GramCounts:
    """How many sets have each gram, counted batch by batch."""

    def __init__(self) -> None:
        self._numbers: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._counts: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._waiting: list[NDArray[np.uint64]] = []
        self._waiting_grams = 0

    def add(self, batch: Batch) -> None:
        self._waiting.append(batch.numbers[batch.first])
        self._waiting_grams += len(self._waiting[-1])
        if self._waiting_grams >= _COUNTED_AT_ONCE:
            self._count()

    def order(self) -> Order:
        self._count()
        rank = np.empty(len(self._numbers), dtype=np.int32)
        rank[np.lexsort((self._numbers, self._counts))] = np.arange(len(rank), dtype=np.int32)
        return Order(self._numbers, rank)

    def _count(self) -> None:
        if not self._waiting:
            return
        more, times = np.unique(np.concatenate(self._waiting), return_counts=True)
        merged = np.union1d(self._numbers, more)
        counts = np.zeros(len(merged), dtype=np.int64)
        counts[np.searchsorted(merged, self._numbers)] += self._counts
        counts[np.searchsorted(merged, more)] += times
        self._numbers, self._counts, self._waiting, self._waiting_grams = merged, counts, [], 0
