"""Sets of character 4-grams, of one text as a set of strings, of many texts as arrays of numbers.

A gram's number is a random linear function of its four characters, modulo 2^64: of ten million different grams two have the
same number with a probability of 0.000003.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.prepare.near.threshold import needed

GRAM = 4
"""characters"""
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F], dtype=np.uint64)
_AT_ONCE = 2**19
"""grams of a batch: what fits into a processor's cache is sorted there"""


def grams(text: str) -> frozenset[str]:
    """Character 4-grams; a shorter text is its own only gram."""
    return frozenset(text[start : start + GRAM] for start in range(max(1, len(text) - GRAM + 1)))


def similar(one: str, other: str) -> bool:
    """Whether two normalised texts are near-duplicates."""
    if one == other:
        return True
    mine, theirs = grams(one), grams(other)
    return len(mine & theirs) >= int(needed(len(mine) + len(theirs)))


@dataclass(frozen=True)
class Batch:
    """The grams of some texts, about as long as each other."""

    places: NDArray[np.int64]
    """(texts,): where they are among all texts."""
    numbers: NDArray[np.uint64]
    """(texts, most): each row ascending."""
    first: NDArray[np.bool_]
    """(texts, most): not the same as its left neighbour, so the set consists of these."""
    sizes: NDArray[np.int64]
    """(texts,): of the sets."""

    def only(self, chosen: NDArray[np.bool_]) -> "Batch":
        return Batch(self.places[chosen], self.numbers[chosen], self.first[chosen], self.sizes[chosen])


def batches(texts: Sequence[str]) -> Iterator[Batch]:
    """All texts, the short ones first; of equally long ones in their order."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order]
    start = 0
    while start < len(order):
        end = start + _rows_at_once(ordered, start)
        places = order[start:end]
        yield _batch([texts[place] for place in places.tolist()], places, ordered[start:end])
        start = end


def _rows_at_once(lengths: NDArray[np.int64], start: int) -> int:
    """As many as fit when all are as long as the longest of them; one at least."""
    most = max(1, _AT_ONCE // max(GRAM, int(lengths[start])))
    longest = np.maximum(lengths[start : start + most], GRAM)
    fitting = int(np.searchsorted(longest * np.arange(1, len(longest) + 1), _AT_ONCE, side="right"))
    return max(1, fitting)


def _batch(texts: list[str], places: NDArray[np.int64], lengths: NDArray[np.int64]) -> Batch:
    width = max(GRAM, int(lengths[-1]))
    padded = "".join(text.ljust(width, "\0") for text in texts).encode("utf-32-le", "surrogatepass")
    characters = np.frombuffer(padded, dtype=np.uint32).reshape(len(texts), width).astype(np.uint64)
    count = width - GRAM + 1
    numbers = characters[:, :count] * _FACTORS[0]
    for offset in range(1, GRAM):
        numbers += characters[:, offset : offset + count] * _FACTORS[offset]
    beyond = np.arange(count) > np.maximum(lengths - GRAM, 0)[:, None]
    np.copyto(numbers, numbers[:, :1], where=beyond)  # a gram that is there already adds nothing to a set
    numbers.sort(axis=1)
    first = np.ones(numbers.shape, dtype=np.bool_)
    np.not_equal(numbers[:, 1:], numbers[:, :-1], out=first[:, 1:])
    return Batch(places, numbers, first, first.sum(axis=1))
