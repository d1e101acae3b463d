"""The frozen exam, read back."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embtune_api.keys import ExamKeys
from embtune_store.protocol import Store


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
    """Read the exam's three files. Raises NotFound."""
    queries = [json.loads(line) for line in store.get(keys.queries).splitlines()]
    corpus = [json.loads(line) for line in store.get(keys.corpus).splitlines()]
    relevance: dict[str, dict[str, int]] = {}
    for line in store.get(keys.qrels).splitlines():
        qrel = json.loads(line)
        relevance.setdefault(qrel["query"], {})[qrel["passage"]] = int(qrel["relevance"])
    return LoadedExam(
        query_ids=[row["id"] for row in queries],
        queries=[row["text"] for row in queries],
        groups=[row["group"] for row in queries],
        passage_ids=[row["id"] for row in corpus],
        passages=[row["text"] for row in corpus],
        relevance=relevance,
    )
