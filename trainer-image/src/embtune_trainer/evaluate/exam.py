"""The frozen exam, as arrays to score against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embtune_api.keys import ExamKeys
from embtune_store.protocol import Store
from embtune_trainer.prepare import exam as prepared
from embtune_trainer.prepare.exam import ExamSet


class Asked(Protocol):
    """What an exam asks: queries or pairs, in its order."""

    @property
    def ids(self) -> list[str]: ...

    @property
    def groups(self) -> list[str]:
        """Of each of them."""

    @property
    def texts(self) -> Sequence[tuple[str, ...]]:
        """Of each of them: whoever was trained on one has seen it."""

    @property
    def slices(self) -> Sequence[Mapping[str, list[str]]]:
        """Of each of them: the values that the exam keeps, by the name of the slice."""


def group_index(asked: Asked) -> NDArray[np.int64]:
    """(asked,) int64: equal numbers for equal groups."""
    return np.asarray(np.unique(np.array(asked.groups, dtype=object), return_inverse=True)[1], dtype=np.int64)


@dataclass(frozen=True)
class LoadedExam:
    """Queries, which are asked for passages."""

    query_ids: list[str]
    queries: list[str]
    groups: list[str]
    passage_ids: list[str]
    passages: list[str]
    relevance: dict[str, dict[str, int]]
    """query id → passage id → grade; 0: known to be wrong"""
    slices: list[dict[str, list[str]]] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    """Of each query, where the exam is one of labelled texts."""
    reference: list[tuple[str, list[str]]] = field(default_factory=list)
    """Of such an exam: texts with their labels, to learn these from."""

    @property
    def ids(self) -> list[str]:
        return self.query_ids

    @property
    def texts(self) -> list[tuple[str, ...]]:
        return [(query,) for query in self.queries]

    def gains(self, ranked: NDArray[np.int64]) -> NDArray[np.float64]:
        """Relevance of ranked passages: (queries, depth), from indices into `passages`."""
        judged, grades = self._judged
        asked = ranked + np.arange(len(ranked))[:, None] * len(self.passages)
        at = np.minimum(np.searchsorted(judged, asked), len(judged) - 1)
        return np.where(judged[at] == asked, grades[at], 0.0)

    @cached_property
    def _judged(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """query x passages + passage, rising, and its grade; of passages with the same id only the first is the relevant one."""
        place = {passage: number for number, passage in reversed(list(enumerate(self.passage_ids)))}
        known = {
            number * len(self.passages) + place[passage]: grade
            for number, query in enumerate(self.query_ids)
            for passage, grade in self.relevance.get(query, {}).items()
            if passage in place
        } or {-1: 0}
        return np.array(sorted(known), dtype=np.int64), np.array([known[key] for key in sorted(known)], dtype=np.float64)

    @cached_property
    def ideal(self) -> NDArray[np.float64]:
        """Relevance of every query's relevant passages, highest first: (queries, most), padded with 0."""
        grades = [sorted(self.relevance.get(query, {}).values(), reverse=True) for query in self.query_ids]
        most = max((len(row) for row in grades), default=0)
        return np.array([row + [0] * (most - len(row)) for row in grades], dtype=np.float64).reshape(len(grades), most)


@dataclass(frozen=True)
class LoadedPairs:
    """Pairs of texts, with what they are said to have in common."""

    ids: list[str]
    texts: list[tuple[str, str]]
    groups: list[str]
    scores: NDArray[np.float64]
    """(pairs,), on the scale of the data."""
    slices: list[dict[str, list[str]]] = field(default_factory=list)

    @cached_property
    def distinct(self) -> list[str]:
        """Every text once."""
        return sorted({text for pair in self.texts for text in pair})


def load_exam(store: Store, keys: ExamKeys) -> LoadedExam | LoadedPairs:
    """The frozen exam, verified. Raises Tampered."""
    return loaded(prepared.load_exam(store, keys))


def loaded(exam: ExamSet) -> LoadedExam | LoadedPairs:
    """An exam, frozen or not, to score against."""
    return _pairs(exam) if exam.scored else _retrieval(exam)


def _pairs(exam: ExamSet) -> LoadedPairs:
    return LoadedPairs(
        ids=[pair["id"] for pair in exam.scored],
        texts=[(pair["sentence1"], pair["sentence2"]) for pair in exam.scored],
        groups=[pair["group"] for pair in exam.scored],
        scores=np.array([pair["score"] for pair in exam.scored], dtype=np.float64),
        slices=[pair.get("slices", {}) for pair in exam.scored],
    )


def _retrieval(exam: ExamSet) -> LoadedExam:
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
        slices=[query.get("slices", {}) for query in exam.queries],
        labels=[query["labels"] for query in exam.queries if "labels" in query],
        reference=[(entry["text"], entry["labels"]) for entry in exam.reference or exam.corpus if "labels" in entry],
    )
