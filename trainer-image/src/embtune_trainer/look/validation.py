"""The validation rows as an exam: what may be looked at before the real one, which is kept for the verdict."""

import hashlib

from embtune_api.split import Split
from embtune_trainer.prepare.exam import ExamSet, make_exam
from embtune_trainer.prepare.rows import Row

Question = str | tuple[str, str]

MOST_QUESTIONS = 2000
"""That are asked: bounds barely move beyond, and a look should take minutes"""


def validation_exam(rows: list[Row], split: Split, most: int = MOST_QUESTIONS) -> ExamSet | None:
    """What the validation rows ask, of a bounded number of them; None where there are none, or they ask nothing.

    Which questions are left out is decided by hash: any order of the rows makes the same exam.
    """
    chosen = first_by_hash(rows, most)
    asked = [row for row in rows if row.question in chosen]
    labels = [row.label for row in asked]
    alone = bool(asked) and asked[0].shape == "labelled texts" and len(set(labels)) == len(labels)
    return None if not asked or alone else make_exam(asked, split)


def first_by_hash(rows: list[Row], most: int) -> set[Question]:
    """So many of the questions of these rows."""
    return set(sorted({row.question for row in rows}, key=_place)[:most])


def _place(question: Question) -> bytes:
    return hashlib.sha256(repr(question).encode()).digest()
