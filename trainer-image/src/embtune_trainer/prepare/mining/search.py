"""The nearest candidates of each anchor, without ever holding all similarities."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.evaluate.ranking import SCORES_AT_ONCE, top_columns

DIGITS = 5
"""Similarities are rounded to these: the last bits of a vector depend on what it was padded with, an order must not."""


@dataclass(frozen=True)
class Nearest:
    """Of one anchor, best first; known answers are not among them."""

    query: int
    candidates: NDArray[np.int64]
    """(depth,)"""
    similarities: NDArray[np.float32]
    """(depth,)"""


def nearest(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    depth: int,
    known: Callable[[int], NDArray[np.int64]],
    report: Callable[[int], None],
) -> Iterator[Nearest]:
    """For each query its `depth` nearest candidates by cosine similarity; equal ones in the order of the candidates.

    Memory: one block of similarities, 64 MB, and what sorting takes of it.

    Args:
        queries: (queries, dim) float32 of length 1
        candidates: (candidates, dim) float32 of length 1
        known: numbers of the candidates that are left out for a query
        report: called with how many queries are done, block by block
    """
    block = max(1, SCORES_AT_ONCE // len(candidates))
    for start in range(0, len(queries), block):
        scores = np.round(queries[start : start + block] @ candidates.T, DIGITS)
        for row in range(len(scores)):
            scores[row, known(start + row)] = -np.inf
        for row, top in enumerate(top_columns(scores, min(depth, len(candidates)))):
            found = top[np.isfinite(scores[row, top])]
            yield Nearest(start + row, found, scores[row, found])
        report(min(start + block, len(queries)))
