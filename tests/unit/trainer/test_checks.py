"""Age, languages, sizes of classes, and enough rows for the method: counted a second time, on real data."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from math import log2
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from embtune_api.checks import Checks
from embtune_api.data import Data
from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding
from embtune_api.sources import Columns
from embtune_api.training import Training
from unit.trainer.prepare_world import Prepared, World, as_csv

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2025, 9, 1, tzinfo=UTC)
ALERTS = {"anchor": "vulnerabilityName", "positive": "shortDescription", "time": "dateAdded"}
QUERIES = {"text": "sentence", "label": "label_v2"}


def read(*path: str) -> list[dict[str, str]]:
    with DATA.joinpath(*path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pairs(language: str) -> list[dict[str, str]]:
    lines = (DATA / f"tldr-{language}" / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def prepared(
    folder: Path, rows: list[dict[str, str]], columns: dict[str, str], training: Training | None = None, **data: Any
) -> Prepared:
    world = World(folder)
    (folder / "rows.csv").write_bytes(as_csv(rows))
    request = world.request("rows.csv", columns=columns, **data)
    return world.prepare(request.model_copy(update={"training": training or Training()}), NOW)


def found(done: Prepared, check: str) -> Finding | None:
    return next((finding for finding in done.report.findings if finding.check == check), None)


def old(rows: list[dict[str, str]], days: int) -> set[tuple[str, str]]:
    """Pairs whose latest copy is older."""
    latest: dict[tuple[str, str], str] = {}
    for row in rows:
        pair = (row["vulnerabilityName"], row["shortDescription"])
        latest[pair] = max(latest.get(pair, ""), row["dateAdded"])
    limit = (NOW - timedelta(days)).date().isoformat()
    return {pair for pair, day in latest.items() if day < limit}


def pair(record: dict[str, Any]) -> tuple[str, str]:
    return record["anchor"], record["positive"]


@pytest.mark.parametrize("days", [730, 400])
def test_rows_to_train_on_that_are_too_old_are_found_and_left_out(tmp_path: Path, days: int) -> None:
    rows = read("kev", "sample.csv")
    plain = prepared(tmp_path, rows, ALERTS, checks={"age": "Ignore"})
    limit = {} if days == 730 else {"maxAgeDays": days}
    (tmp_path / "warned").mkdir()
    (tmp_path / "fixed").mkdir()
    warned = prepared(tmp_path / "warned", rows, ALERTS, checks=limit)
    fixed = prepared(tmp_path / "fixed", rows, ALERTS, checks={"age": "Fix", **limit})
    expected = sum(pair(record) in old(rows, days) for record in plain.train)
    finding = found(warned, "age")
    assert finding is not None
    assert found(plain, "age") is None
    assert 0 < expected < len(plain.train)
    assert finding.rows >= expected, "some of them leak, too, and are left out by that"
    assert f"are older than {days} days" in finding.message
    assert warned.train == plain.train
    assert fixed.train == [record for record in plain.train if pair(record) not in old(rows, days)]
    assert fixed.facts.exam == plain.facts.exam
    assert any(pair(record) in old(rows, days) for record in fixed.validation)


def test_the_time_of_a_split_tells_the_age_and_can_refuse_a_job(tmp_path: Path) -> None:
    columns = {name: column for name, column in ALERTS.items() if name != "time"}
    split = {"method": "Time", "timeColumn": "dateAdded", "testFrom": "2024-06-01"}
    with pytest.raises(
        InvalidInput, match=r"rows to train on are older than 730 days .*: the first are rows.csv:\d+: .* \(of 20"
    ):
        prepared(tmp_path, read("kev", "sample.csv"), columns, split=split, checks={"age": "Fail"})


def test_of_two_copies_of_a_row_the_younger_is_kept_in_any_order(tmp_path: Path) -> None:
    rows = read("kev", "sample.csv")[:150]
    again = [{**row, "dateAdded": "2025-08-30"} for row in rows]
    for number, both in enumerate(([*rows, *again], [*again, *rows])):
        (tmp_path / str(number)).mkdir()
        assert found(prepared(tmp_path / str(number), both, ALERTS), "age") is None


def test_texts_in_other_languages_are_found_and_left_out(tmp_path: Path) -> None:
    rows = [{"a": row["en"], "b": row["id"], "l": "en"} for row in pairs("de")[:300]]
    rows += [{"a": row["de"], "b": row["id"], "l": "de"} for row in pairs("de")[300:340]]
    columns = {"anchor": "a", "positive": "b"}
    warned = prepared(tmp_path, rows, columns, checks={"languages": ["en-GB"]})
    finding = found(warned, "language")
    assert finding is not None
    assert 32 <= finding.rows <= 40, "most of forty; of the others nobody can tell"
    german = {row["a"] for row in rows if row["l"] == "de"}
    english = {row["a"] for row in rows if row["l"] == "en"}
    (tmp_path / "fixed").mkdir()
    fixed = prepared(tmp_path / "fixed", rows, columns, checks={"languages": ["en"], "languageMix": "Fix"})
    assert fixed.report.rows_used == warned.report.rows_used - finding.rows
    left = {record["anchor"] for record in fixed.train}
    assert len(left & german) <= 8
    assert {record["anchor"] for record in warned.train} & english <= left
    report = fixed.report.languages
    assert report is not None
    assert report.shares["en"] > 5 * report.shares["de"] > 0
    assert report.texts == 2 * (warned.report.rows_used)
    (tmp_path / "both").mkdir()
    wrong = found(prepared(tmp_path / "both", rows, columns, checks={"languages": ["de", "en"]}), "language")
    assert wrong is None or wrong.rows <= 2, "one in some hundred short texts is taken for another language"


def test_a_source_that_is_in_another_language_than_it_says(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(as_csv([{"a": row["de"], "b": row["id"]} for row in pairs("de")[:200]]))
    source = {"uri": "rows.csv", "columns": {"anchor": "a", "positive": "b"}}
    world = World(tmp_path)
    request = world.request("rows.csv")
    for number, (language, told) in enumerate((("en", True), ("de", False), ("tlh", False))):
        data = Data.model_validate({"train": [{**source, "language": language}], "checks": {"minRows": 2}})
        again = request.model_copy(update={"data": data, "job_uid": f"uid-{number}"})
        finding = found(world.prepare(again), "language/declared")
        rows = finding.rows if finding else 0
        assert rows > 150 if told else rows <= 1


def test_languages_are_not_looked_at_where_nobody_names_any(tmp_path: Path) -> None:
    rows = [{"a": row["de"], "b": row["id"]} for row in pairs("de")[:100]]
    done = prepared(tmp_path, rows, {"anchor": "a", "positive": "b"})
    assert done.report.languages is None
    assert not [finding for finding in done.report.findings if finding.check.startswith("language")]


def test_a_language_that_cannot_be_told_and_one_that_must_be_listed(tmp_path: Path) -> None:
    rows = [{"a": row["de"], "b": row["id"]} for row in pairs("de")[:100]]
    with pytest.raises(
        InvalidInput, match=r"data.checks.languages: tlh is none of the 134 languages that can be told apart: ace, af,"
    ):
        prepared(tmp_path, rows, {"anchor": "a", "positive": "b"}, checks={"languages": ["de", "tlh"]})
    with pytest.raises(ValidationError, match="languageMix: Fix needs languages"):
        Checks(language_mix="Fix")


def test_labels_of_very_different_sizes_are_told_unless_they_are_balanced(tmp_path: Path) -> None:
    rows, build = read("hint3", "curekart_v1_v2.csv"), {"labelledTexts": "Batches"}
    done = prepared(tmp_path, rows, QUERIES, build=build)
    sizes = Counter(record["label"] for record in done.train)
    largest = max(sizes.values())
    small = {label: size for label, size in sizes.items() if size * 10 < largest}
    finding, report = found(done, "imbalance"), done.report.classes
    assert finding is not None
    assert report is not None
    assert finding.rows == sum(small.values())
    assert f"{len(small)} of {len(sizes)}; the largest has {largest} rows, the smallest {min(sizes.values())}" in finding.message
    assert [int(example.rsplit(" ", 1)[1]) for example in finding.examples] == sorted(small.values())[:5]
    entropy = -sum(size / sizes.total() * log2(size / sizes.total()) for size in sizes.values())
    assert report.effective == pytest.approx(2**entropy, abs=0.01)
    otherwise: dict[str, dict[str, Any]] = {
        "balanced": {"balance": {"method": "Undersample", "rowsPerClass": 20}},
        "tolerated": {"checks": {"maxImbalance": 1000}},
        "ignored": {"checks": {"imbalance": "Ignore"}},
    }
    for name, data in otherwise.items():
        (tmp_path / name).mkdir()
        assert found(prepared(tmp_path / name, rows, QUERIES, build=build, **data), "imbalance") is None
    with pytest.raises(InvalidInput, match=r"Or set data.checks.imbalance: Warn to go on with them."):
        prepared(tmp_path, rows, QUERIES, build=build, checks={"imbalance": "Fail"})


TICKETS = {"text": "text", "label": "category"}


def few(folder: Path, rows: list[dict[str, str]], training: Training, **data: Any) -> dict[str, int]:
    folder.mkdir(exist_ok=True)
    done = prepared(folder, rows, TICKETS, training, **data)
    return {finding.check: finding.rows for finding in done.report.findings if finding.check.startswith("too-few/")}


def test_too_few_rows_for_the_method_are_told(tmp_path: Path) -> None:
    rows = read("banking77", "sample.csv")
    one = [row for row in rows if row["category"] == rows[0]["category"]]
    batches: dict[str, Any] = {"build": {"labelledTexts": "Batches"}}
    assert few(tmp_path / "enough", rows[:600], Training()) == {}
    assert few(tmp_path / "batch", rows[:600], Training(batch_size=65536)).keys() == {"too-few/batch"}
    assert few(tmp_path / "pairs", one[:40], Training()).keys() == {"too-few/rows"}
    alone = few(tmp_path / "label", one[:40], Training(), **batches)
    assert alone.keys() == {"too-few/rows", "too-few/labels"}
    assert alone["too-few/labels"] == alone["too-few/rows"], "all of them have one label"
    told = few(tmp_path / "lonely", rows[:200], Training(), **batches)
    world = prepared(tmp_path, rows[:200], TICKETS, **batches)
    sizes = Counter(record["label"] for record in world.train)
    assert told == {"too-few/labels": sum(size == 1 for size in sizes.values())}
    assert few(tmp_path / "silent", one[:40], Training(), checks={"tooFew": "Ignore"}, **batches) == {}
    with pytest.raises(
        InvalidInput, match=r"rows \(pairs\) are left for MultipleNegativesRanking to learn from: .* fewer than 100"
    ):
        few(tmp_path / "refused", one[:40], Training(), checks={"tooFew": "Fail"})


def test_a_time_goes_with_every_shape() -> None:
    assert Columns(text="t", label="l", time="sent").shape == "labelled texts"
    with pytest.raises(ValidationError, match="make no known data shape"):
        Columns(time="sent")
