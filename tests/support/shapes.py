"""Real rows of every shape that data has, small enough to prepare in a moment."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.rows import banking77_texts

DATA = Path(__file__).parents[1] / "data"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Example:
    """Data of one shape, as a team has it."""

    rows: Callable[[], Rows]
    columns: dict[str, str]
    texts: tuple[str, ...]
    """Columns that hold what is embedded."""
    shape: str
    """Of what is made of it."""
    build: dict[str, Any] = field(default_factory=dict)
    """Of the job's data."""

    def texts_of(self, row: dict[str, Any]) -> list[str]:
        return [row[column] for column in self.texts]


def medquad() -> Rows:
    """Questions and answers, with what kind of question it is."""
    return [json.loads(line) for line in (DATA / "medquad" / "sample.jsonl").read_text(encoding="utf-8").splitlines()]


def stsb() -> Rows:
    """Pairs of sentences with scores from 0 to 5."""
    with (DATA / "stsb" / "sample.csv").open(encoding="utf-8", newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


def same_or_not() -> Rows:
    """Those of them that people are sure about, as 0/1 pairs."""
    return [{**row, "score": int(float(row["score"]) >= 4)} for row in stsb() if not 2 < float(row["score"]) < 4]


def tldr_german() -> Rows:
    """English and German descriptions of commands."""
    return [json.loads(line) for line in (DATA / "tldr-de" / "sample.jsonl").read_text(encoding="utf-8").splitlines()]


def banking77(most: int = 1000) -> Rows:
    """Texts of customers with their intent."""
    return [{"text": text, "category": category} for text, category in banking77_texts()[:most]]


def triplets() -> Rows:
    """Questions with their answer and the answer to the next question about the same thing."""
    rows = medquad()
    pairs = zip(rows, [*rows[1:], rows[0]], strict=True)
    return [{**row, "wrong": other["answer"]} for row, other in pairs if row["focus"] == other["focus"]]


_QUESTIONS = {"anchor": "question", "positive": "answer"}
_SENTENCES = ("sentence1", "sentence2")
_SCORED = {"sentence1": "sentence1", "sentence2": "sentence2", "score": "score"}
_LABELLED = {"text": "text", "label": "category"}
EXAMPLES = {
    "pairs: questions and answers": Example(medquad, _QUESTIONS, ("question", "answer"), "pairs"),
    "pairs: questions with wrong answers": Example(
        medquad, {**_QUESTIONS, "category": "qtype"}, ("question", "answer"), "pairs", {"negatives": "SameCategory"}
    ),
    "pairs: parallel texts": Example(tldr_german, {"anchor": "en", "positive": "de"}, ("en", "de"), "pairs"),
    "triplets": Example(triplets, {**_QUESTIONS, "negative": "wrong"}, ("question", "answer", "wrong"), "triplets"),
    "scored pairs": Example(stsb, _SCORED, _SENTENCES, "scored pairs"),
    "0/1 pairs": Example(same_or_not, _SCORED, _SENTENCES, "0/1 pairs"),
    "labelled texts": Example(banking77, _LABELLED, ("text",), "pairs"),
    "labelled texts as triplets": Example(banking77, _LABELLED, ("text",), "triplets", {"labelledTexts": "Triplets"}),
    "labelled texts as they are": Example(banking77, _LABELLED, ("text",), "labelled texts", {"labelledTexts": "Batches"}),
}
