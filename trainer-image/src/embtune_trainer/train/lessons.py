"""What a teacher says of the rows, asked once for each distinct text or pair, and looked up for each batch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.train.batches import Rows
from embtune_trainer.train.rows import Record

Side = Literal["query", "document"]
Embed = Callable[[Sequence[str], Side], NDArray[np.float32]]
"""Texts and their side → vectors (texts, dim)."""
Score = Callable[[Sequence[tuple[str, str]]], NDArray[np.float32]]
"""(anchor, text) pairs → scores (pairs,)."""
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Lessons:
    """Numbers for each text of the rows, in the order in which the rows have their texts.

    Memory: 4 × width bytes for each distinct one, in each process.
    """

    values: NDArray[np.float32]
    """(distinct, width)"""
    places: NDArray[np.int64]
    """(texts,): where the numbers of each text are in `values`; row after row."""
    first: NDArray[np.int64]
    """(rows + 1,): where the texts of each row begin."""

    @classmethod
    def looked_up(cls, asked: Sequence[Sequence[K]], answer: Callable[[list[K]], NDArray[np.float32]]) -> Lessons:
        """
        Args:
            asked: what is asked for each text of each row
            answer: distinct questions → (questions, width)
        """
        numbers: dict[K, int] = {}
        places = [numbers.setdefault(question, len(numbers)) for row in asked for question in row]
        first = np.concatenate([[0], np.cumsum([len(row) for row in asked])])
        return cls(answer(list(numbers)), np.array(places, dtype=np.int64), first.astype(np.int64))

    def of(self, rows: Rows) -> NDArray[np.float32]:
        """(texts of these rows, width): row after row, as the embeddings of a batch are."""
        places = [self.places[self.first[row] : self.first[row + 1]] for row in rows]
        return self.values[np.concatenate(places)]


def guide_of(records: Sequence[Record], embed: Embed) -> Lessons:
    """The vector of each text, encoded for its side."""
    return Lessons.looked_up([_sided(record) for record in records], lambda asked: _embedded(asked, embed))


def targets_of(records: Sequence[Record], embed: Embed) -> Lessons:
    """For each text the vector of its row's anchor, encoded for the side of that text."""
    anchors = [[(side, record["anchor"]) for side, _ in _sided(record)] for record in records]
    return Lessons.looked_up(anchors, lambda asked: _embedded(asked, embed))


def scores_of(records: Sequence[Record], score: Score) -> Lessons:
    """For each positive and each negative one number: how well it answers its row's anchor; for anchors 0."""
    asked = [[None, *((record["anchor"], text) for _, text in _sided(record)[1:])] for record in records]

    def answer(questions: list[tuple[str, str] | None]) -> NDArray[np.float32]:
        values = np.zeros((len(questions), 1), dtype=np.float32)
        pairs = [(at, pair) for at, pair in enumerate(questions) if pair is not None]
        values[[at for at, _ in pairs], 0] = score([pair for _, pair in pairs])
        return values

    return Lessons.looked_up(asked, answer)


def _sided(record: Record) -> list[tuple[Side, str]]:
    """Its texts, in the order in which they are tokenized."""
    return [("query", record["anchor"]), *(("document", text) for text in (record["positive"], *record.get("negatives", ())))]


def _embedded(asked: list[tuple[Side, str]], embed: Embed) -> NDArray[np.float32]:
    by_side: list[tuple[Side, list[int]]] = [
        (side, [at for at, (own, _) in enumerate(asked) if own == side]) for side in ("query", "document")
    ]
    parts = [(places, embed([asked[at][1] for at in places], side)) for side, places in by_side if places]
    values = np.empty((len(asked), parts[0][1].shape[1]), dtype=np.float32)
    for places, vectors in parts:
        values[places] = vectors
    return values
