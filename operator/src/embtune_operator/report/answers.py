"""What candidate and rival answered, with texts: for people, from the lines that `evaluate` keeps for each query."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embtune_api.documents.evaluate import ResultManifest
from embtune_api.documents.exam import Exam
from embtune_operator.judge.diagnosis import Answered
from embtune_operator.judge.goodness import goodness, misplaced
from embtune_store import documents
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embtune_api.keys import ResultKeys
    from embtune_operator.judge.scores import Scores
    from embtune_operator.report.duel import Duel
    from embtune_store.protocol import Store

SHOWN = 3
"""Results of each model that a case shows."""
_NEAR = 0.05
"""Share of the order of pairs that counts as in place."""


@dataclass(frozen=True)
class Found:
    text: str
    right: bool


@dataclass(frozen=True)
class Answer:
    """Of one model to one query, or about one pair."""

    score: float
    note: str
    """`first right answer at rank 3`"""
    found: tuple[Found, ...] = ()
    """The first of its results; of a pair none."""


@dataclass(frozen=True)
class Case:
    """One query, or one pair."""

    asked: str
    wanted: tuple[str, ...]
    """Right answers, the best first; of a pair its second text, and its score."""
    group: str
    gained: float
    candidate: Answer
    rival: Answer


@dataclass(frozen=True)
class Answers:
    """Everything there is to make cases of, in the order of the duel's queries."""

    duel: Duel
    candidate: Sequence[Mapping[str, Any]]
    rival: Sequence[Mapping[str, Any]]
    passages: Mapping[str, str]
    """Texts by id; of an exam of pairs none."""
    relevance: Mapping[str, Mapping[str, int]]
    slices: Sequence[Mapping[str, Sequence[str]]]
    """Of each query, the values that the exam keeps, by the name of the slice."""

    def case(self, number: int) -> Case:
        """Of the number-th query of the duel."""
        mine, other = self.candidate[number], self.rival[number]
        gained = float(self.duel.gained[number])
        if self.duel.of_pairs:
            asked, second = mine["texts"]
            wanted: tuple[str, ...] = (second, f"score {self.duel.candidate_scores.values[number, 1]:g}")
            answers = [_about_pair(scores, number) for scores in (self.duel.candidate_scores, self.duel.rival_scores)]
            return Case(asked, wanted, str(mine.get("group", "")), gained, *answers)
        grades = self.relevance.get(mine["query"], {})
        best = sorted(grades, key=lambda passage: (-grades[passage], passage))
        wanted = tuple(self.passages.get(passage, passage) for passage in best if grades[passage] > 0)
        return Case(
            mine["text"], wanted, str(mine.get("group", "")), gained, self._answer(mine, grades), self._answer(other, grades)
        )

    def query(self, number: int) -> str:
        """What is asked; of a pair both texts."""
        entry = self.candidate[number]
        return str(entry["text"]) if "text" in entry else " ".join(entry["texts"])

    def length(self, number: int) -> int:
        """Characters of what is asked; of a pair of both texts."""
        entry = self.candidate[number]
        return len(entry["text"]) if "text" in entry else sum(map(len, entry["texts"]))

    def right(self, number: int) -> list[str]:
        """Texts of the right answers; of a pair none."""
        grades = self.relevance.get(self.candidate[number]["query"], {})
        return [self.passages[passage] for passage, grade in grades.items() if grade > 0 and passage in self.passages]

    def answered(self, number: int) -> Answered:
        """As `diagnose` takes it: the rival first, then the candidate."""
        duel, entry = self.duel, self.candidate[number]
        before, after = (float(goodness(duel.metric, scores)[number]) for scores in (duel.rival_scores, duel.candidate_scores))
        if duel.of_pairs:
            return Answered(self.query(number), str(entry.get("group", "")), before, after)
        tops = [
            self.passages.get(side[number]["top"][0], "") if side[number]["top"] else "" for side in (self.rival, self.candidate)
        ]
        return Answered(entry["text"], str(entry.get("group", "")), before, after, tuple(self.right(number)), *tops)

    def _answer(self, entry: Mapping[str, Any], grades: Mapping[str, int]) -> Answer:
        right = [grades.get(passage, 0) > 0 for passage in entry["top"]]
        note = f"first right answer at rank {right.index(True) + 1}" if True in right else f"no right answer in {len(right)}"
        found = zip(entry["top"][:SHOWN], right, strict=False)
        shown = tuple(Found(self.passages.get(passage, passage), is_right) for passage, is_right in found)
        return Answer(float(entry["metrics"].get(self.duel.metric) or 0.0), note, shown)


def read_answers(store: Store, duel: Duel) -> Answers | None:
    """None where the lines of one of them, or the exam's texts, have been deleted."""
    candidate, rival = (_lines(store, keys) for keys in (duel.candidate_results, duel.rival_results))
    exam = documents.read(store, duel.exam.exam, Exam)
    if candidate is None or rival is None or exam is None:
        return None
    corpus, qrels, queries, pairs = (
        _exam_file(store, duel, exam, key) for key in (duel.exam.corpus, duel.exam.qrels, duel.exam.queries, duel.exam.pairs)
    )
    relevance: dict[str, dict[str, int]] = {}
    for qrel in qrels:
        relevance.setdefault(qrel["query"], {})[qrel["passage"]] = int(qrel["relevance"])
    asked, kept = queries or pairs, [int(place) for place in duel.places]
    return Answers(
        duel=duel,
        candidate=[candidate[place] for place in kept],
        rival=[rival[place] for place in kept],
        passages={passage["id"]: passage["text"] for passage in corpus},
        relevance=relevance,
        slices=[asked[place].get("slices", {}) for place in kept],
    )


def most_different(answers: Answers, most: int) -> tuple[list[Case], list[Case]]:
    """The cases that gained most, and those that lost most; of equal ones those that come first in the exam."""
    import numpy as np

    gained = answers.duel.gained
    order = np.argsort(-gained, kind="stable")
    wins = [answers.case(int(number)) for number in order[:most] if gained[number] > 0]
    lost = np.argsort(gained, kind="stable")
    return wins, [answers.case(int(number)) for number in lost[:most] if gained[number] < 0]


def _about_pair(scores: Scores, number: int) -> Answer:
    similarity, too_alike = float(scores.values[number, 0]), float(misplaced(scores)[number])
    if abs(too_alike) <= _NEAR:
        note = "in its place among all pairs"
    else:
        note = f"{abs(too_alike):.0%} of all pairs too far {'up' if too_alike > 0 else 'down'} in the order of likeness"
    return Answer(similarity, note)


def _exam_file(store: Store, duel: Duel, exam: Exam, key: str) -> list[dict[str, Any]]:
    """One of the exam's files, verified; none where it has no such file."""
    file = next((entry.below(duel.exam.root) for entry in exam.files if entry.below(duel.exam.root).key == key), None)
    return _parsed(read_verified(store, file)) if file else []


def _lines(store: Store, keys: ResultKeys) -> list[dict[str, Any]] | None:
    manifest = documents.read(store, keys.manifest, ResultManifest)
    entries = [entry.below(keys.root) for entry in manifest.files] if manifest else []
    file = next((entry for entry in entries if entry.key == keys.per_query), None)
    return _parsed(read_verified(store, file)) if file and store.exists(file.key) else None


def _parsed(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().split("\n") if line]
