"""Vectors, with a right answer or several for each query. No two scores are equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embtune_trainer.evaluate.ranking import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIM = 384
SEED = 7
LIKELY_RELEVANT = 3
"""Relevant passages of a query, at most."""
NOISE = 0.2
"""In each direction: a query finds what it was made of among the first ten, mostly but not always."""


@dataclass(frozen=True)
class Workload:
    queries: NDArray[np.float32]
    """(queries, DIM)"""
    passages: NDArray[np.float32]
    """(passages, DIM)"""
    query_ids: list[str]
    passage_ids: list[str]
    relevance: dict[str, dict[str, int]]
    """query id → passage id → grade"""


def workload(queries: int, passages: int) -> Workload:
    """Passages point anywhere; a query is the mean of its relevant ones, and noise."""
    draw = np.random.default_rng(SEED)
    corpus = unit(draw.standard_normal((passages, DIM), dtype=np.float32))
    relevant = draw.integers(0, passages, (queries, LIKELY_RELEVANT))
    counted = np.arange(LIKELY_RELEVANT) < draw.integers(1, LIKELY_RELEVANT + 1, (queries, 1))
    asked = np.einsum("qrd,qr->qd", corpus[relevant], counted.astype(np.float32))
    asked += NOISE * draw.standard_normal((queries, DIM), dtype=np.float32)
    query_ids, passage_ids = [f"q{n:06d}" for n in range(queries)], [f"p{n:06d}" for n in range(passages)]
    relevance = {
        query: {passage_ids[passage]: 1 for passage in row[kept]}
        for query, row, kept in zip(query_ids, relevant, counted, strict=True)
    }
    return Workload(unit(asked), corpus, query_ids, passage_ids, relevance)
