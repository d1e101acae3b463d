"""Hash: a row's side depends on its group and the seed alone."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embtune_api.checks import Checks
from embtune_api.split import Split
from embtune_trainer.prepare.checks import Checked, check_rows
from embtune_trainer.prepare.rows import Row, by_content, make_row
from embtune_trainer.prepare.sources import ReadData
from embtune_trainer.prepare.split import Division, side_by_hash, split_rows

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GROUPS = [f"group {number}" for number in range(4000)]
WORDS = st.sampled_from(["a", "A!", "b", "c", "d"])
ROWS = st.lists(st.tuples(WORDS, WORDS, st.sampled_from("xyz"), st.sampled_from(["g1", "g2", "g3", "g4", "g5"])), max_size=12)


def test_shares_are_as_asked() -> None:
    sides = Counter(side_by_hash(group, Split(validation=0.1, test=0.2, seed=7)) for group in GROUPS)
    assert sides["test"] == pytest.approx(800, abs=80)
    assert sides["validation"] == pytest.approx(400, abs=60)


def test_a_larger_test_only_takes_rows_in() -> None:
    small = {group for group in GROUPS if side_by_hash(group, Split(test=0.1)) == "test"}
    large = {group for group in GROUPS if side_by_hash(group, Split(test=0.3)) == "test"}
    assert small < large


def test_another_seed_is_another_split() -> None:
    sides = [[side_by_hash(group, Split(seed=seed)) for group in GROUPS] for seed in (1, 2)]
    assert sides[0] != sides[1]


def test_the_split_is_the_same_for_ever() -> None:
    """Lines live for years: a change of the formula would send exam rows of frozen lines into training."""
    split = Split(validation=0.1, test=0.2, seed=7)
    sides = {group: side_by_hash(group, split) for group in ("git", "tar", "am", "find", "ssh")}
    assert sides == {"git": "train", "tar": "train", "am": "validation", "find": "test", "ssh": "validation"}


@given(ROWS, ROWS)
def test_appending_moves_no_row(first: list[tuple[str, ...]], more: list[tuple[str, ...]]) -> None:
    split = Split(test=0.4, validation=0.2, seed=3, group_by="g")
    before, after = (
        {(side, row.content) for side, rows in split_rows(_rows(values), Division(split).side).items() for row in rows}
        for values in (first, [*more, *first])
    )
    assert before <= after


@given(ROWS, st.data())
def test_the_order_of_the_source_leaves_no_trace(values: list[tuple[str, ...]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(values))
    split = Split(test=0.4, validation=0.2, seed=3, group_by="g")
    for checks in (Checks(min_rows=2), Checks(min_rows=2, conflicts="Fix", duplicates="Warn")):
        assert _kept(values, checks, split) == _kept(shuffled, checks, split)


@given(ROWS, ROWS)
def test_held_out_rows_stay_when_data_is_appended(first: list[tuple[str, ...]], more: list[tuple[str, ...]]) -> None:
    """A copy under another group must not take a row out of the test and leave its text to training."""
    split = Split(test=0.4, validation=0.2, seed=3, group_by="g")

    def held_out(values: list[tuple[str, ...]]) -> set[tuple[str, str, str | None]]:
        kept = split_rows(_checked(values, Checks(min_rows=2), split).rows, Division(split).side)["test"]
        return {(row.query, row.answer, row.label) for row in kept}

    assert held_out(first) <= held_out([*first, *more])


def _rows(values: list[tuple[str, ...]]) -> list[Row]:
    return [make_row(anchor, positive, label, group, "a", n) for n, (anchor, positive, label, group) in enumerate(values)]


def _checked(values: list[tuple[str, ...]], checks: Checks, split: Split) -> Checked:
    lots = [make_row(f"filler {n}", f"text {n}", "l", "filler", "b", n) for n in range(2)]
    return check_rows(ReadData(rows=[*_rows(values), *lots]), checks, Division(split).side, NOW)


def _kept(values: list[tuple[str, ...]], checks: Checks, split: Split) -> list[str]:
    return [row.content for row in by_content(_checked(values, checks, split).rows)]
