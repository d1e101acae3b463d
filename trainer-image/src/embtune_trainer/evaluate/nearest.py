"""The nearest of many vectors: looked for in the precision that the machine is fast in, ordered in fp32.

A matrix product in bf16 costs a fifth of one in fp32, and its error has a bound. Whatever could be among the nearest within that
bound is scored again in fp32, each pair by itself: so equal vectors have equal scores, wherever they lie. The result is that of
sorting all fp32 scores, without them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.encoder import has_bf16
from embtune_trainer.evaluate.shortlist import Shortlist, shortlist

Vectors = NDArray[np.float32]

AT_ONCE = 256
"""Queries at a time, at most: more make the product no faster."""
SCORES_AT_ONCE = 32_000_000
"""Scores in memory at a time: 64 MB of bf16."""


def nearest(queries: Vectors, documents: Vectors, depth: int, precision: torch.dtype | None = None) -> NDArray[np.int64]:
    """Indices of the `depth` documents with the highest cosine to each query, best first, equal ones in their order.

    Args:
        queries: (queries, dim) float32 of length 1, or 0
        documents: (documents, dim) alike
        depth: at most `documents`
        precision: to look in; None: bf16 where the processor computes in it, else fp32

    Returns:
        (queries, depth) int64
    """
    fast = precision or (torch.bfloat16 if has_bf16(torch.device("cpu")) else torch.float32)
    looks = [_Look.at(documents, dtype) for dtype in dict.fromkeys((fast, torch.float32))]
    found = np.empty((len(queries), depth), dtype=np.int64)
    at_once = max(1, min(AT_ONCE, SCORES_AT_ONCE // max(1, len(documents))))
    for start in range(0, len(queries) if depth else 0, at_once):
        part = queries[start : start + at_once]
        lists = (look.shortlist(part, depth) for look in looks)
        best = next((few for few in lists if few is not None), None)
        of_each = best.of_each(len(part)) if best else [np.arange(len(documents))] * len(part)
        found[start : start + at_once] = list(_in_order(part, documents, of_each, depth))
    return found


def _in_order(queries: Vectors, documents: Vectors, of_each: list[NDArray[np.int64]], depth: int) -> Iterator[NDArray[np.int64]]:
    room = np.empty((max(map(len, of_each)), documents.shape[1]), dtype=np.float32)  # memory that is used again is twice as fast
    for query, candidates in zip(queries, of_each, strict=True):
        vectors = np.take(documents, candidates, axis=0, out=room[: len(candidates)], mode="clip")
        # einsum adds up every pair in the same order; a matrix product does so by where in the matrix it stands.
        scores = np.einsum("cd,d->c", vectors, query)
        yield candidates[np.argsort(-scores, kind="stable")[:depth]]


@dataclass(frozen=True)
class _Look:
    """Documents in one precision."""

    documents: Tensor
    """(documents, dim)"""
    lost: float
    """Length of what rounding took from a document, at most."""
    room: dict[int, Tensor] = field(default_factory=dict)
    """For scores, by the number of queries: memory that is used again costs half of the product less."""

    @classmethod
    def at(cls, documents: Vectors, dtype: torch.dtype) -> "_Look":
        exact = torch.from_numpy(documents)
        rounded = exact.to(dtype)
        return cls(rounded, float(_lost(exact, rounded).max()) if len(documents) else 0.0)

    def shortlist(self, queries: Vectors, depth: int) -> Shortlist | None:
        """What could be among the nearest; None where that is more than is worth scoring one by one."""
        exact = torch.from_numpy(queries)
        rounded = exact.to(self.documents.dtype)
        if len(queries) not in self.room:
            self.room[len(queries)] = self.documents.new_empty(len(self.documents), len(queries))
        scores = torch.mm(self.documents, rounded.T, out=self.room[len(queries)])
        # |q·d - q'·d'| ≤ |q - q'| |d| + |q'| |d - d'|, by Cauchy and Schwarz; either precision is added up in fp32.
        error = 1.01 * (_lost(exact, rounded) + self.lost) + exact.shape[1] * torch.finfo(torch.float32).eps
        return shortlist(scores, depth, 2 * error, longest=max(8 * depth, len(self.documents) // 64))


def _lost(exact: Tensor, rounded: Tensor, at_once: int = 1024) -> Tensor:
    """Lengths of the differences: (vectors,). So many at once stay in a core's cache."""
    if rounded.dtype == exact.dtype:
        return exact.new_zeros(len(exact))
    parts = zip(torch.split(exact, at_once), torch.split(rounded, at_once), strict=True)
    return torch.cat([(some - same.float()).norm(dim=1) for some, same in parts])
