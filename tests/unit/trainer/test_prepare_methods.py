"""Every method of splitting: no row moves, nothing that must stay unseen is trained on, whatever the order of the source."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embtune_api.checks import Checks
from embtune_api.data import Data
from embtune_api.keys import LineKeys
from embtune_api.split import Side, Split
from embtune_store import Store, open_store
from embtune_trainer.prepare.checks import check_rows
from embtune_trainer.prepare.divide import Divided, divide
from embtune_trainer.prepare.ledger import read_ledger, remember
from embtune_trainer.prepare.own_side import own_side
from embtune_trainer.prepare.rows import Row, by_content, make_row
from embtune_trainer.prepare.sources import ReadData
from embtune_trainer.prepare.split import SIDES, Division, make_division

METHODS: dict[str, dict[str, Any]] = {
    "Hash": {"test": 0.3, "validation": 0.2, "seed": 3},
    "Stratified": {"method": "Stratified", "stratifyBy": "topic", "test": 0.3, "validation": 0.2, "seed": 3},
    "Time": {"method": "Time", "timeColumn": "sent", "testFrom": "2026-03-01", "validationFrom": "2026-02-01"},
    "Given": {"method": "Given", "splitColumn": "side"},
}
NOW = datetime(2026, 6, 1, tzinfo=UTC)
LINE = LineKeys("team", "search")
MONTHS = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04")
WORDS = ("train", "TRAIN", "Val", "test", "Test")

Values = tuple[str, str, str, int]
"""query, answer, group, and a number that says month and side"""
TEXTS = st.sampled_from(["a", "A!", "b", "c", "d", "e", "f"])
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from(["g1", "g2", "g3", "g4", "g5"]), st.integers(0, 4)), max_size=14)
METHOD = st.sampled_from([*METHODS])


def split_by(method: str) -> Split:
    return Split.model_validate({**METHODS[method], "groupBy": "g"})


def rows_of(values: list[Values], split: Split, source: str = "a.jsonl") -> list[Row]:
    return [
        make_row(
            query, answer, None, group, source, number, stratum=f"topic {place % 2}",
            side=own_side({"sent": f"{MONTHS[place]}-01", "side": WORDS[place]}, split),
        )
        for number, (query, answer, group, place) in enumerate(values)
    ]  # fmt: skip


def filler(split: Split) -> list[Row]:
    """Enough for every side."""
    return rows_of([(f"filler {number}", f"text {number}", f"h{number}", number % 5) for number in range(30)], split, "c.jsonl")


def division_of(rows: list[Row], split: Split, store: Store) -> Division:
    """As a job of the line makes it, which remembers what it must."""
    ledger = read_ledger(store, LINE, split)
    division = make_division(rows, split, ledger.sides)
    assert remember(store, ledger, division.placed, "uid")
    return division


def places(rows: list[Row], division: Division) -> dict[str, Side]:
    return {row.where: division.side(row) for row in rows}


def cleaned(rows: list[Row], division: Division) -> Divided:
    data = Data.model_validate({"train": [{"uri": "a"}], "split": division.split.model_dump(by_alias=True)})
    checked = check_rows(ReadData(rows=rows), Checks(min_rows=2), division.side, NOW)
    return divide(checked.rows, division.side, None, data)


@given(METHOD, ROWS, ROWS)
def test_appending_moves_no_row(method: str, first: list[Values], more: list[Values]) -> None:
    split, store = split_by(method), open_store("memory://")
    rows, appended = rows_of(first, split), rows_of(more, split, "b.jsonl")
    before = places(rows, division_of(rows, split, store))
    both = [*appended, *rows]
    assert before.items() <= places(both, division_of(both, split, store)).items()


@given(METHOD, ROWS, ROWS)
def test_a_copy_that_is_appended_elsewhere_takes_no_row_out_of_the_test(
    method: str, first: list[Values], more: list[Values]
) -> None:
    split, store = split_by(method), open_store("memory://")
    rows, appended = [*rows_of(first, split), *filler(split)], rows_of(more, split, "b.jsonl")

    def held_out(now: list[Row]) -> set[tuple[str, str]]:
        return {(row.query, row.answer) for row in cleaned(now, division_of(now, split, store)).sides["test"]}

    assert held_out(rows) <= held_out([*appended, *rows])


@given(METHOD, ROWS, st.data())
def test_the_order_of_the_source_leaves_no_trace(method: str, values: list[Values], data: st.DataObject) -> None:
    split = split_by(method)
    rows = [*rows_of(values, split), *filler(split)]
    shuffled = data.draw(st.permutations(rows))
    one, other = (division_of(in_order, split, open_store("memory://")) for in_order in (rows, shuffled))
    assert places(rows, one) == places(rows, other)
    ends = [cleaned(in_order, division) for in_order, division in ((rows, one), (shuffled, other))]
    assert [_contents(end) for end in ends] == [_contents(ends[0])] * 2


@given(st.sampled_from(["Hash", "Stratified"]), ROWS)
def test_a_group_is_on_one_side(method: str, values: list[Values]) -> None:
    split = split_by(method)
    rows = rows_of(values, split)
    division = division_of(rows, split, open_store("memory://"))
    sides = {(row.group, division.side(row)) for row in rows}
    assert len(sides) == len({row.group for row in rows})


@given(METHOD, ROWS)
def test_queries_pairs_and_groups_of_one_side_are_not_on_another(method: str, values: list[Values]) -> None:
    """Time and Given tear groups apart: what is left of them on the lesser side is removed."""
    split = split_by(method)
    rows = [*rows_of(values, split), *filler(split)]
    divided = cleaned(rows, division_of(rows, split, open_store("memory://")))
    for higher, lower in (("test", "validation"), ("test", "train"), ("validation", "train")):
        above, below = divided.sides[higher], divided.sides[lower]  # type: ignore[index]
        assert not {row.query for row in above} & {row.query for row in below}
        assert not {row.query for row in above} & {row.answer for row in below}
        assert not {row.group for row in above} & {row.group for row in below}


@pytest.mark.parametrize("method", METHODS)
def test_queries_that_share_a_text_are_one_query_with_many_answers(method: str) -> None:
    split = split_by(method)
    twins = [
        ("Reset my PIN?", "go to settings"),
        ("reset my pin", "call us"),
        ("RESET MY PIN!", "go to settings"),
        ("other", "x"),
    ]
    values = [(query, answer, "g1", 4) for query, answer in twins]
    rows = [*rows_of(values, split), *filler(split)]
    division = Division(split, {row.group: "test" if row.group == "g1" else "train" for row in rows})  # Stratified
    if method == "Hash":  # a seed whose test has the group
        seed = next(s for s in range(99) if Division(split.model_copy(update={"seed": s})).side(rows[0]) == "test")
        division = Division(split.model_copy(update={"seed": seed}))
    divided = cleaned(rows, division)
    exam = divided.exam
    asked = [query for query in exam.queries if "pin" in query["text"].casefold()]
    assert len(asked) == 1
    relevant = {qrel["passage"] for qrel in exam.qrels if qrel["query"] == asked[0]["id"]}
    assert {passage["text"] for passage in exam.corpus if passage["id"] in relevant} == {"go to settings", "call us"}
    assert sum("pin" in row.query for side in SIDES if side != "test" for row in divided.sides[side]) == 0


def _contents(divided: Divided) -> Any:
    sides = {side: [row.content for row in by_content(rows)] for side, rows in divided.sides.items()}
    return divided.exam.manifest, sides, [(finding.check, finding.rows) for finding in divided.findings]
