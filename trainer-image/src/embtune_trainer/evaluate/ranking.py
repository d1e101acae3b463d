"""The best passages of each query, in trec_eval's order."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SCORES_AT_ONCE = 16_000_000
"""Similarities in memory at a time: 64 MB."""


def rank_passages(
    queries: NDArray[np.float32], passages: NDArray[np.float32], passage_ids: list[str], depth: int
) -> NDArray[np.int64]:
    """Indices of the `depth` passages nearest to each query by cosine similarity, best first.

    Equal scores are ordered by falling passage id, as trec_eval orders them.

    Args:
        queries: (queries, dim) float32
        passages: (passages, dim) float32
        passage_ids: (passages,)

    Returns:
        (queries, min(depth, passages)) int64
    """
    order = by_falling_id(passage_ids)
    unit_queries, unit_passages = unit(queries), unit(passages)[order]
    return order[rank_columns(lambda rows: unit_queries[rows] @ unit_passages.T, len(queries), len(order), depth)]


def by_falling_id(passage_ids: list[str]) -> NDArray[np.int64]:
    """Indices of the passages: (passages,) int64."""
    return np.array(sorted(range(len(passage_ids)), key=passage_ids.__getitem__, reverse=True), dtype=np.int64)


def rank_columns(scores: Callable[[slice], NDArray[np.float32]], queries: int, columns: int, depth: int) -> NDArray[np.int64]:
    """`top_columns` of more scores than memory holds: (queries, min(depth, columns)) int64.

    Args:
        scores: of some of the queries, with every column.
    """
    depth = min(depth, columns)
    ranked = np.empty((queries, depth), dtype=np.int64)
    at_once = max(1, SCORES_AT_ONCE // max(1, columns))
    for start in range(0, queries, at_once):
        rows = slice(start, start + at_once)
        ranked[rows] = top_columns(scores(rows), depth)
    return ranked


def top_columns(scores: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """Columns of the `depth` highest scores a row, best first; equal scores keep their order, at the cut too."""
    if depth == scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")
    worst_in = -np.partition(-scores, depth - 1, axis=1)[:, depth - 1]
    top = np.empty((len(scores), depth), dtype=np.int64)
    for row, floor in enumerate(worst_in):
        columns = np.flatnonzero(scores[row] >= floor)
        top[row] = columns[np.argsort(-scores[row, columns], kind="stable")][:depth]
    return top


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of length 1; zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, np.finfo(np.float32).tiny), dtype=np.float32)
