"""The best passages of each query, in trec_eval's order."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from embtune_trainer.evaluate.nearest import nearest
from embtune_trainer.evaluate.shortlist import shortlist

SCORES_AT_ONCE = 16_000_000
"""Similarities in memory at a time: 64 MB."""


def rank_passages(
    queries: NDArray[np.float32], passages: NDArray[np.float32], passage_ids: list[str], depth: int
) -> NDArray[np.int64]:
    """Indices of the `depth` passages nearest to each query by cosine similarity, best first.

    Equal scores are ordered by falling passage id, as trec_eval orders them.

    Args:
        queries: (queries, dim) float32, finite
        passages: (passages, dim) float32, finite
        passage_ids: (passages,)

    Returns:
        (queries, min(depth, passages)) int64
    """
    order = by_falling_id(passage_ids)
    ordered = passages[order]
    return order[nearest(unit(queries), unit(ordered, out=ordered), min(depth, len(order)))]


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
    rows, columns = scores.shape
    if depth == columns:
        return np.argsort(-scores, axis=1, kind="stable")
    best = shortlist(torch.from_numpy(scores.T), depth, 0.0, longest=max(8 * depth, columns // 64))
    if best is None:
        return np.stack([_top_of_row(row, depth) for row in scores])
    order = np.lexsort((-scores[best.rows, best.columns], best.rows))
    firsts = np.searchsorted(best.rows, np.arange(rows))
    return np.asarray(best.columns[order[firsts[:, None] + np.arange(depth)]], dtype=np.int64)


def _top_of_row(scores: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """Of one row, most of whose scores may be alike."""
    columns = np.flatnonzero(scores >= -np.partition(-scores, depth - 1)[depth - 1])
    return columns[np.argsort(-scores[columns], kind="stable")][:depth]


def unit(vectors: NDArray[np.float32], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Of length 1; zeros stay. `out`: where to, the vectors' own memory as well."""
    lengths = np.sqrt(np.einsum("vd,vd->v", vectors, vectors))
    made: NDArray[np.float32] = np.divide(vectors, np.maximum(lengths, np.finfo(np.float32).tiny)[:, None], out=out)
    return made
