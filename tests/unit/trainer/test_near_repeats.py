"""Rows that nearly repeat another: those that comparing everything with everything finds, in any order of the source."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from embtune_api.checks import CheckAction
from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.near_repeats import drop_near_repeats
from embtune_trainer.prepare.rows import Row, by_content, make_row
from support.counts import Said, nearly_repeated
from support.rows import banking77_texts

MEDQUAD = Path(__file__).parents[2] / "data" / "medquad" / "sample.jsonl"
LONG = "the quick brown fox jumps over the lazy dog near the river bank"


def texts() -> list[Row]:
    return [
        make_row(text, "", label, None, "b", n, shape="labelled texts") for n, (text, label) in enumerate(banking77_texts(), 2)
    ]


def questions() -> list[Row]:
    """Real pairs, some of them edited on one side or on both."""
    entries = [json.loads(line) for line in MEDQUAD.read_text(encoding="utf-8").splitlines()]
    pairs = [(entry["question"], entry["answer"]) for entry in entries]
    pairs += [(f"{question}s", f"So {answer}") for question, answer in pairs[::7]]
    pairs += [(f"{question} now", pairs[0][1]) for question, _ in pairs[1::11]]
    return [make_row(question, answer, None, None, "m", n) for n, (question, answer) in enumerate(pairs, 1)]


def one_prompt() -> list[Row]:
    """All rows ask the same: they are looked for by their answers."""
    return [make_row("Summarise.", row.positive, None, None, "p", row.line) for row in questions()]


def said(rows: Sequence[Row]) -> list[Said]:
    return [Said(row.anchor, row.positive, row.label or "") for row in rows]


@pytest.mark.parametrize(("make", "least"), [(texts, 15), (questions, 30), (one_prompt, 30)])
def test_of_rows_that_are_nearly_the_same_the_first_by_content_stays(make, least) -> None:  # type: ignore[no-untyped-def]
    rows = by_content(make())
    gone = {later for _, later in nearly_repeated(said(rows))}
    assert len(gone) >= least
    shuffled = random.Random(7).sample(rows, len(rows))
    kept, found = drop_near_repeats(shuffled, "Fix")
    assert [row.record for row in by_content(kept)] == [row.record for place, row in enumerate(rows) if place not in gone]
    assert [(finding.check, finding.rows, finding.action) for finding in found] == [("near-duplicates", len(gone), "removed")]
    assert not nearly_repeated(said(kept))
    assert found == drop_near_repeats(shuffled, "Fix")[1]


def test_another_label_score_or_answer_is_no_repetition() -> None:
    different = [
        make_row(LONG, "yes", "a", None, "r", 1),
        make_row(f"{LONG}s", "yes", "b", None, "r", 2),
        make_row(f"{LONG}!!", "no, never", "a", None, "r", 3),
    ]
    assert drop_near_repeats(different, "Fix") == (different, [])
    scored = [make_row(LONG, LONG, None, None, "s", n, shape="scored pairs", score=score) for n, score in enumerate((0.1, 0.9))]
    assert drop_near_repeats(scored, "Fix") == (scored, [])


def test_negatives_count_as_well() -> None:
    rows = [
        make_row(f"{LONG}{end}", "yes", None, None, "t", n, shape="triplets", negatives=(negative,))
        for n, (end, negative) in enumerate([("", "no"), ("s", "no"), ("t", "something else")])
    ]
    kept, (finding,) = drop_near_repeats(rows, "Fix")
    assert finding.rows == 1
    assert {row.negatives for row in kept} == {("no",), ("something else",)}


def test_a_chain_is_told_as_one_cluster() -> None:
    rows = [make_row(LONG + "x" * count, "", None, None, "c", count, shape="labelled texts") for count in range(5)]
    kept, (finding,) = drop_near_repeats(rows, "Fix")
    assert len(kept) == 1
    assert "1 row would do" in finding.message
    assert "≈ c:" in finding.examples[0]


@pytest.mark.parametrize("action", ["Warn", "Ignore"])
def test_nothing_is_removed_unless_asked(action: CheckAction) -> None:
    rows = questions()
    kept, found = drop_near_repeats(rows, action)
    assert kept == rows
    assert [finding.action for finding in found] == (["kept"] if action == "Warn" else [])


def test_fail_says_where() -> None:
    with pytest.raises(InvalidInput, match=r"nearly repeat .* m:\d+: .*data\.checks\.nearDuplicates: Fix"):
        drop_near_repeats(questions(), "Fail")
