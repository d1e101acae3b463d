"""Parities of sets: what two sets have not in common leaves its mark in the difference of these bits.

A gram sets one of 512 bits to its opposite. Where two sets differ in d grams, at most d bits differ; so more differing bits than
the threshold allows grams rule a pair out, without a look at the sets.
"""

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.prepare.near.grams import Batch
from embtune_trainer.prepare.near.threshold import differing

WORDS = 8
_BIT, _WORD = np.uint64(58), np.uint64(61)
_MIXER = np.uint64(0xD1342543DE82EF95)

Parities = NDArray[np.uint64]
"""(sets, 8)"""


def parities(batch: Batch) -> Parities:
    mixed = (batch.numbers ^ batch.numbers >> np.uint64(32)) * _MIXER
    bits = np.where(batch.first, np.uint64(1) << (mixed >> _BIT), np.uint64(0))
    words = (mixed << np.uint64(6)) >> _WORD
    found = np.empty((len(bits), WORDS), dtype=np.uint64)
    for word in range(WORDS):
        found[:, word] = np.bitwise_xor.reduce(np.where(words == word, bits, np.uint64(0)), axis=1)
    return found


def folded(marks: Parities) -> NDArray[np.uint64]:
    """64 parities of each set, which are enough for most pairs, and an eighth to look up."""
    return np.asarray(np.bitwise_xor.reduce(marks, axis=1))


def folds_may_be_similar(one: NDArray[np.uint64], other: NDArray[np.uint64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """As `may_be_similar`, of folded parities."""
    return np.asarray(np.bitwise_count(one ^ other) <= differing(sizes))


def may_be_similar(one: Parities, other: Parities, sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """`sizes`: of both sets together."""
    return np.asarray(np.bitwise_count(one ^ other).sum(axis=1, dtype=np.int64) <= differing(sizes))
