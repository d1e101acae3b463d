"""The exam's metrics from a model's plain embeddings, computed anew: a second opinion on `evaluate`."""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
SLACK = 2e-6
"""Two cosine similarities in fp32 that are nearer than this may come in either order."""


def possible_scores(
    queries: Any, passages: Any, qrels: list[tuple[int, int]], cutoffs: tuple[int, ...] = (1, 3, 5, 10)
) -> dict[str, tuple[Values, Values]]:
    """Metric → its lowest and its highest value of every query, (queries,) float64, as rounding may have it.

    Args:
        queries, passages: unit vectors (n, dim) float32.
        qrels: (query, relevant passage), by their places.
    """
    similarity = np.asarray(queries, np.float64) @ np.asarray(passages, np.float64).T
    relevant: dict[int, list[int]] = defaultdict(list)
    for query, passage in qrels:
        relevant[query].append(passage)
    worst = [_ranks(row, relevant[number], -SLACK) for number, row in enumerate(similarity)]
    best = [_ranks(row, relevant[number], SLACK) for number, row in enumerate(similarity)]
    low, high = (_metrics(ranks, cutoffs) for ranks in (worst, best))
    return {name: (low[name], high[name]) for name in low}


def _ranks(similarity: Values, relevant: list[int], slack: float) -> list[int]:
    """Ranks, from 1, of the relevant passages if their similarity were higher by `slack`."""
    others = np.sort(np.delete(similarity, relevant))
    own = np.sort(similarity[relevant])[::-1]
    return [place + 1 + int(len(others) - np.searchsorted(others, value + slack, side="left")) for place, value in enumerate(own)]


def _metrics(ranks: list[list[int]], cutoffs: tuple[int, ...]) -> dict[str, Values]:
    found: dict[str, list[float]] = defaultdict(list)
    for row in ranks:
        for k in cutoffs:
            hits = [rank for rank in row if rank <= k]
            ideal = sum(1 / np.log2(place + 1) for place in range(1, min(len(row), k) + 1))
            found[f"accuracy@{k}"].append(float(bool(hits)))
            found[f"precision@{k}"].append(len(hits) / k)
            found[f"recall@{k}"].append(len(hits) / len(row))
            found[f"mrr@{k}"].append(1 / hits[0] if hits else 0.0)
            found[f"ndcg@{k}"].append(sum(1 / np.log2(rank + 1) for rank in hits) / ideal)
            found[f"map@{k}"].append(sum((place + 1) / rank for place, rank in enumerate(hits)) / len(row))
    return {name: np.array(values) for name, values in found.items()}
