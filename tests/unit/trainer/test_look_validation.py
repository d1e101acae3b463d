"""Validation rows as an exam."""

import random

from embtune_api.split import Split
from embtune_trainer.look.validation import validation_exam
from embtune_trainer.prepare.rows import Row, make_row
from support.shapes import banking77, medquad


def rows_of_medquad() -> list[Row]:
    return [make_row(r["question"], r["answer"], None, None, "a.jsonl", n + 1) for n, r in enumerate(medquad()[:80])]


def test_any_order_of_the_rows_makes_the_same_exam() -> None:
    rows = rows_of_medquad()
    shuffled = random.Random(1).sample(rows, len(rows))
    exam, other = (validation_exam(some, Split(), 30) for some in (rows, shuffled))
    assert exam
    assert other
    assert len(exam.queries) == 30
    assert exam.files == other.files


def test_rows_that_ask_nothing_make_none() -> None:
    assert validation_exam([], Split()) is None
    texts = {row["category"]: row["text"] for row in banking77()}
    alone = [make_row(text, "", label, None, "a.csv", 1, shape="labelled texts", stratum=label) for label, text in texts.items()]
    assert validation_exam(alone, Split()) is None
