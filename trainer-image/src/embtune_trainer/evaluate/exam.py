"""The frozen exam, as arrays to score against."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embtune_api.keys import ExamKeys
from embtune_store.protocol import Store
from embtune_trainer.prepare import exam as prepared


@dataclass(frozen=True)
class LoadedExam:
    query_ids: list[str]
    queries: list[str]
    groups: list[str]
    """Of each query."""
    passage_ids: list[str]
    passages: list[str]
    relevance: dict[str, dict[str, int]]
    """query id → passage id → grade"""

    @cached_property
    def group_index(self) -> NDArray[np.int64]:
        """(queries,) int64: equal numbers for equal groups."""
        return np.asarray(np.unique(np.array(self.groups, dtype=object), return_inverse=True)[1], dtype=np.int64)

    def gains(self, ranked: NDArray[np.int64]) -> NDArray[np.float64]:
        """Relevance of ranked passages: (queries, depth), from indices into `passages`."""
        return np.array(
            [
                [self.relevance.get(query, {}).get(self.passage_ids[passage], 0) for passage in row]
                for query, row in zip(self.query_ids, ranked, strict=True)
            ],
            dtype=np.float64,
        ).reshape(ranked.shape)

    @cached_property
    def ideal(self) -> NDArray[np.float64]:
        """Relevance of every query's relevant passages, highest first: (queries, most), padded with 0."""
        grades = [sorted(self.relevance.get(query, {}).values(), reverse=True) for query in self.query_ids]
        most = max((len(row) for row in grades), default=0)
        return np.array([row + [0] * (most - len(row)) for row in grades], dtype=np.float64).reshape(len(grades), most)


def load_exam(store: Store, keys: ExamKeys) -> LoadedExam:
    """The frozen exam, verified. Raises Tampered."""
    exam = prepared.load_exam(store, keys)
    relevance: dict[str, dict[str, int]] = {}
    for qrel in exam.qrels:
        relevance.setdefault(qrel["query"], {})[qrel["passage"]] = int(qrel["relevance"])
    return LoadedExam(
        query_ids=[query["id"] for query in exam.queries],
        queries=[query["text"] for query in exam.queries],
        groups=[query["group"] for query in exam.queries],
        passage_ids=[passage["id"] for passage in exam.corpus],
        passages=[passage["text"] for passage in exam.corpus],
        relevance=relevance,
    )
