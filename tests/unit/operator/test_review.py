"""Sheets for people: what is in them, what a spreadsheet may do to them, what comes back."""

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from embtune_api.errors import InvalidInput
from embtune_operator.labelling.pairs import PairRow, read_pairs
from embtune_operator.labelling.review import Review, review, wilson
from embtune_operator.labelling.sheet import COLUMNS, CUT, LONGEST_CELL, read_sheet, sheet_of

Cells = list[dict[str, str]]
TEXTS = [
    "how to reset it",
    "=cmd|' /C calc'!A0",
    "+1 555",
    "-v prints the version",
    "@home",
    "'=quoted",
    "'plain",
    'two\nlines, one "cell"',
]


def rows(count: int = 8) -> list[dict[str, Any]]:
    return [
        {
            "query": TEXTS[number % len(TEXTS)],
            "passage": f"passage {number}",
            "score": (number * 7 % 10) / 10,
            "passage_id": str(number),
        }
        for number in range(count)
    ]


def pairs_of(folder: Path, some: list[dict[str, Any]]) -> dict[str, PairRow]:
    (folder / "pairs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in some), encoding="utf-8")
    return read_pairs(folder / "pairs.jsonl")


def cells(sheet: bytes) -> Cells:
    return list(csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))


def saved(folder: Path, some: Cells, encoding: str = "utf-8-sig", **how: Any) -> Path:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(some[0]) if some else list(COLUMNS), **how)
    writer.writeheader()
    writer.writerows(some)
    (folder / "sheet.csv").write_bytes(out.getvalue().encode(encoding))
    return folder / "sheet.csv"


def read_back(folder: Path, pairs: dict[str, PairRow], some: Cells, keep_open: bool = False, **how: Any) -> Review:
    file = saved(folder, some, **how)
    return review(file, pairs, read_sheet(file), keep_open=keep_open)


def test_a_sheet_is_for_spreadsheets_and_begins_with_the_doubtful(tmp_path: Path) -> None:
    sheet = sheet_of(pairs_of(tmp_path, rows()).values(), None)
    assert sheet.startswith(b"\xef\xbb\xbfquery,passage,score,accept,note,row\r\n")
    found = cells(sheet)
    assert [float(row["score"]) for row in found] == sorted(row["score"] for row in rows())
    assert {row["accept"] + row["note"] for row in found} == {""}
    assert not [row for row in found for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_pairs_that_nobody_scored_come_first_and_in_any_order(tmp_path: Path) -> None:
    some = [{**row, "score": None} if number < 3 else row for number, row in enumerate(rows())]
    sheet = sheet_of(pairs_of(tmp_path, some).values(), None)
    assert [row["score"] for row in cells(sheet)][:3] == ["", "", ""]
    assert sheet_of(pairs_of(tmp_path, random.Random(1).sample(some, len(some))).values(), None) == sheet


def test_a_sample_is_by_chance_not_by_doubt(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, [{"query": f"query {number}", "passage": "p", "score": number / 1000} for number in range(1000)])
    scores = [float(row["score"]) for row in cells(sheet_of(pairs.values(), 200))]
    assert len(scores) == 200
    assert scores == sorted(scores)
    assert 0.43 < sum(scores) / 200 < 0.57


def nothing(found: Cells) -> Cells:
    return found


def with_words(found: Cells) -> Cells:
    words = ["yes", "X", " 1 ", "TRUE", "no", "N", "0", "false"]
    return [{**row, "accept": word} for row, word in zip(found, words, strict=True)]


def turned(found: Cells) -> Cells:
    return [{"mine": "!", **{name: row[name] for name in reversed(COLUMNS)}} for row in reversed(with_words(found))]


def respaced(found: Cells) -> Cells:
    return [{**row, "query": f"{row['query']} ".replace("\n", "\r\n")} for row in with_words(found)]


@pytest.mark.parametrize(
    ("changed", "how"),
    [
        pytest.param(with_words, {}, id="yes and no in many words"),
        pytest.param(turned, {}, id="sorted, with a column more"),
        pytest.param(with_words, {"delimiter": ";"}, id="semicolons"),
        pytest.param(
            with_words, {"delimiter": "\t", "quoting": csv.QUOTE_ALL, "encoding": "utf-8"}, id="tabs, no byte order mark"
        ),
        pytest.param(respaced, {"lineterminator": "\n"}, id="other line breaks"),
    ],
)
def test_what_a_spreadsheet_does_to_a_sheet_changes_nothing(tmp_path: Path, changed: Callable[[Cells], Cells], how: Any) -> None:
    pairs = pairs_of(tmp_path, rows())
    found = cells(sheet_of(pairs.values(), None))
    said = read_back(tmp_path, pairs, changed(found), **how)
    assert (said.accepted, said.rejected, said.edited, said.open, said.passed_over) == (4, 4, 0, 0, 0)
    accepted = {row["row"] for row in found[:4]}
    assert said.rows == [{**pair.values, "review": "accepted", "note": ""} for name, pair in pairs.items() if name in accepted]


def test_edits_are_taken_over_and_have_no_score(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, rows(3))
    found = [{**row, "accept": "yes"} for row in cells(sheet_of(pairs.values(), None))]
    found[0] |= {"query": "=SUM(A1) is what?", "note": "clearer"}
    found[1] |= {"passage": "another passage"}
    said = read_back(tmp_path, pairs, found)
    assert said.edited == 2
    by_name = dict(zip(pairs, said.rows, strict=True))
    first, second, third = (by_name[row["row"]] for row in found)
    assert (first["query"], first["score"], first["review"], first["note"]) == ("=SUM(A1) is what?", None, "edited", "clearer")
    assert (second["passage"], second["score"], second["passage_id"]) == (
        "another passage",
        None,
        pairs[found[1]["row"]].values["passage_id"],
    )
    assert (third["review"], third["score"] is None) == ("accepted", False)


@pytest.mark.parametrize("keep_open", [False, True], ids=["left", "kept"])
def test_what_nobody_looked_at(tmp_path: Path, keep_open: bool) -> None:
    pairs = pairs_of(tmp_path, rows())
    found = cells(sheet_of(pairs.values(), 5))
    found[0]["accept"], found[1]["accept"], found[2]["note"] = "yes", "no", "what is it?"
    said = read_back(tmp_path, pairs, found, keep_open=keep_open)
    assert (said.accepted, said.rejected, said.open, said.passed_over) == (1, 1, 6, 3)
    kinds = [row["review"] for row in said.rows]
    assert sorted(kinds) == ["accepted", *["not looked at"] * (6 if keep_open else 0)]
    assert ("what is it?" in [row["note"] for row in said.rows]) == keep_open


def unknown(found: Cells) -> Cells:
    return [found[0], {**found[1], "row": "abc"}]


def said_twice(found: Cells) -> Cells:
    return [found[0], found[0]]


def mumbled(found: Cells) -> Cells:
    return [found[0], {**found[1], "accept": "perhaps"}]


def emptied(found: Cells) -> Cells:
    return [found[0], {**found[1], "accept": "yes", "query": " "}]


def without_names(found: Cells) -> Cells:
    return [{name: cell for name, cell in row.items() if name != "row"} for row in found]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param(unknown, "sheet.csv:3: row 'abc' is none of the pairs", id="an unknown row"),
        pytest.param(said_twice, "is in line 2, too", id="a row twice"),
        pytest.param(mumbled, "sheet.csv:3: accept is 'perhaps'", id="neither yes nor no"),
        pytest.param(emptied, "sheet.csv:3: accepted, but a text of it is empty", id="an empty text"),
        pytest.param(without_names, "sheet.csv:1: the sheet has no column row", id="no column of names"),
    ],
)
def test_a_sheet_that_cannot_be_meant(tmp_path: Path, changed: Callable[[Cells], Cells], says: str) -> None:
    pairs = pairs_of(tmp_path, [{"query": f"query {number}", "passage": "p"} for number in range(4)])
    with pytest.raises(InvalidInput) as refused:
        read_back(tmp_path, pairs, changed(cells(sheet_of(pairs.values(), None))))
    assert says in str(refused.value)


def test_lines_are_counted_as_in_the_file(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, [{"query": "two\nlines", "passage": "p"}, {"query": "q", "passage": "three\nlines\nof it"}])
    found = cells(sheet_of(pairs.values(), None))
    file = saved(tmp_path, [*found, {**found[0], "accept": "hm"}], lineterminator="\n")
    line = 1 + file.read_bytes().split(b"hm")[0].count(b"\n") - found[0]["query"].count("\n") - found[0]["passage"].count("\n")
    with pytest.raises(InvalidInput, match=rf"sheet\.csv:{line}: accept"):
        read_sheet(file)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfeq\0", b'query,passage,score,accept,note,row\r\n"open,p,,,,1\r\n', b"a,b\r\n1,2\r\n"]
)
def test_other_files_are_refused_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "sheet.csv").write_bytes(data)
    with pytest.raises(InvalidInput, match=r"sheet\.csv"):
        read_sheet(tmp_path / "sheet.csv")


@pytest.mark.parametrize(
    "line", ["[1]", "{", '{"query": "a"}', '{"query": "a", "passage": " "}', '{"query": 1, "passage": "b"}', "\n"]
)
def test_pairs_that_are_none_are_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "pairs.jsonl").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"pairs\.jsonl"):
        read_pairs(tmp_path / "pairs.jsonl")


def test_a_long_passage_is_shown_cut_kept_whole_and_not_edited(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, [{"query": "q", "passage": "word " * LONGEST_CELL}])
    found = [{**row, "accept": "x"} for row in cells(sheet_of(pairs.values(), None))]
    assert found[0]["passage"].endswith(CUT)
    assert read_back(tmp_path, pairs, found).rows[0]["passage"] == "word " * LONGEST_CELL
    found[0]["passage"] = f"more {found[0]['passage']}"
    with pytest.raises(InvalidInput, match="only its beginning"):
        read_back(tmp_path, pairs, found)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip), min_size=2, max_size=2)
)
def test_any_text_comes_back_as_it_went(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    row = PairRow({"query": texts[0], "passage": texts[1]})
    folder = tmp_path_factory.mktemp("sheet")
    (folder / "sheet.csv").write_bytes(sheet_of([row], None))
    found = cells((folder / "sheet.csv").read_bytes())
    said = read_back(folder, {row.name: row}, [{**found[0], "accept": "yes"}])
    assert said.edited == 0
    assert said.rows[0]["query"] == texts[0]


@pytest.mark.parametrize(("accepted", "of"), [(0, 1), (1, 1), (0, 30), (30, 30), (7, 10), (180, 200)])
def test_the_interval_is_that_of_scipy(accepted: int, of: int) -> None:
    other = binomtest(accepted, of).proportion_ci(0.95, method="wilson")
    assert wilson(accepted, of, 0.95) == pytest.approx((other.low, other.high))
