"""The report tells what is on each side of the split, and at once when a side is too small to judge or to choose by."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from embtune_api.reports import DataReport, Finding
from unit.trainer.prepare_world import World, exam_of, some_pairs, write_jsonl

STRATIFIED = {"method": "Stratified", "stratifyBy": "topic", "test": 0.3, "validation": 0.2}
BY_TIME = {"method": "Time", "timeColumn": "sent", "testFrom": "2026-03-01", "validationFrom": "2026-02-01"}
GIVEN = {"method": "Given", "splitColumn": "side"}
METHODS: dict[str, dict[str, Any]] = {
    "Hash": {"test": 0.3, "validation": 0.2},
    "Stratified": STRATIFIED,
    "Time": BY_TIME,
    "Given": GIVEN,
}


def pairs_with_everything(count: int = 120) -> list[dict[str, Any]]:
    """By time and by side, of ten rows six are for training, two for validation, two for the test; four topics."""
    months, sides = ("2026-01-05", "2026-02-05T08:00:00Z", "2026-03-05 08:00"), ("train", "dev", "Test")
    places = (0, 0, 0, 1, 0, 2, 0, 1, 0, 2)
    return [
        {**pair, "topic": f"topic {number % 4}", "sent": months[places[number % 10]], "side": sides[places[number % 10]]}
        for number, pair in enumerate(some_pairs(count))
    ]


def told(report: DataReport, check: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.check == check]


@pytest.mark.parametrize("method", METHODS)
def test_each_side_is_counted(tmp_path: Path, method: str) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", pairs_with_everything())
    prepared = world.prepare(world.request("a.jsonl", split=METHODS[method]))
    split = prepared.report.split
    assert split.method == method
    for side, rows in (("train", prepared.train), ("validation", prepared.validation)):
        counted = split.sides[side]  # type: ignore[index]
        assert counted.rows == len(rows)
        assert counted.queries == len({row["anchor"] for row in rows})
        assert counted.groups == len({row["group"] for row in rows})
    assert split.sides["test"].queries == len(exam_of(world)["queries"]) == prepared.report.exam_queries
    assert split.sides["test"].groups == prepared.report.exam_groups
    assert sum(side.rows for side in split.sides.values()) == 120
    if method in ("Time", "Given"):
        assert [split.sides[side].rows for side in ("train", "validation", "test")] == [72, 24, 24]


def test_shares_of_strata_are_told_of_the_fifty_largest(tmp_path: Path) -> None:
    world = World(tmp_path)
    pairs = [{**pair, "topic": "big" * 50 if n < 50 else f"small {n}"} for n, pair in enumerate(some_pairs())]
    write_jsonl(tmp_path / "a.jsonl", pairs)
    split = world.prepare(world.request("a.jsonl", split=STRATIFIED)).report.split
    assert split.strata_in_all == 71
    assert len(split.strata) == 50
    largest = split.strata[0]
    assert (largest.rows, largest.shares) == (50, {"train": 0.5, "validation": 0.2, "test": 0.3})
    assert (largest.value[:4], len(largest.value)) == ("bigb", 100)
    assert {tuple(sorted(stratum.shares.values())) for stratum in split.strata[1:]} == {(0, 0, 1)}
    rare = Counter(side for stratum in split.strata[1:] for side, share in stratum.shares.items() if share)
    assert rare["test"] > 5, "rare values are divided together, or all of them would be on one side"


@pytest.mark.parametrize("method", ["Hash", "Time", "Given"])
def test_other_methods_have_no_strata(tmp_path: Path, method: str) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", pairs_with_everything())
    split = world.prepare(world.request("a.jsonl", split=METHODS[method])).report.split
    assert (split.strata, split.strata_in_all, split.placing) == ([], 0, None)


@pytest.mark.parametrize(
    ("split", "small", "remedy"),
    [
        pytest.param({"test": 0.5, "validation": 0.1}, {"validation"}, "raise data.split.validation", id="few to validate"),
        pytest.param({"test": 0.5, "validation": 0.0}, set(), "", id="none to validate, as asked"),
        pytest.param({"test": 0.1, "validation": 0.1}, {"exam", "validation"}, "raise data.split.validation", id="few of both"),
        pytest.param(BY_TIME, {"exam", "validation"}, "set data.split.validationFrom to an earlier time", id="few by time"),
        pytest.param({**BY_TIME, "validationFrom": "2026-02-28"}, {"exam", "validation"}, "earlier time", id="none at that time"),
        pytest.param(
            {"method": "Time", "timeColumn": "sent", "testFrom": "2026-02-01"}, {"exam"}, "", id="no time for validation"
        ),
        pytest.param(GIVEN, {"exam", "validation"}, "say validation in more rows of the column 'side'", id="few are given"),
    ],
)
def test_a_side_that_is_too_small_is_named(tmp_path: Path, split: dict[str, Any], small: set[str], remedy: str) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", pairs_with_everything())
    report = world.prepare(world.request("a.jsonl", split=split)).report
    assert {finding.check for finding in report.findings} & {"exam", "validation"} == small
    for finding in told(report, "validation"):
        side = report.split.sides["validation"]
        assert f"validation has {side.queries} queries in {side.groups} groups" in finding.message
        assert finding.message.endswith(remedy) or remedy in finding.message
        assert "No verdict depends on it" in finding.message
    for finding in told(report, "exam"):
        assert "every verdict on it will be Inconclusive" in finding.message


@pytest.mark.parametrize("later", ["Stratified", "Time", "Given"])
def test_a_later_job_may_split_in_another_way_and_the_exam_stays_unseen(tmp_path: Path, later: str) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", pairs_with_everything())
    first = world.prepare(world.request("a.jsonl", split={"groupBy": "g", "test": 0.4}))
    frozen = exam_of(world)
    second = world.prepare(world.request("a.jsonl", job="two", split={**METHODS[later], "groupBy": "g"}))
    assert exam_of(world) == frozen
    assert second.facts.exam == first.facts.exam
    asked = {query["text"] for query in frozen["queries"]}
    groups = {group for query in frozen["queries"] for group in query["groups"]}
    assert second.train
    for row in second.train + second.validation:
        assert row["anchor"] not in asked
        assert row["group"] not in groups


@pytest.mark.parametrize("split", [BY_TIME, GIVEN], ids=["Time", "Given"])
def test_a_group_that_is_torn_apart_is_held_out_of_training(tmp_path: Path, split: dict[str, Any]) -> None:
    """A customer who wrote before and after the cut-off counts for the exam; what is left of him is no training row."""
    world = World(tmp_path)
    pairs = [{**pair, "customer": f"customer {number % 30}"} for number, pair in enumerate(pairs_with_everything())]
    for number, pair in enumerate(pairs):
        if number % 30 in (3, 5):  # these wrote in January, too
            pair |= {"sent": "2026-01-01", "side": "train"} if number > 60 else {}
    write_jsonl(tmp_path / "a.jsonl", pairs)
    grouped = {**split, "groupBy": "customer"}
    prepared = world.prepare(world.request("a.jsonl", split=grouped))
    torn = {number: sum(n % 30 == number and n > 60 for n in range(120)) for number in (3, 5)}
    [of_exam], [of_validation] = told(prepared.report, "leakage/group"), told(prepared.report, "validation/group")
    assert (of_exam.rows, of_validation.rows) == (torn[5], torn[3])
    assert not {"customer 3", "customer 5"} & {row["group"] for row in prepared.train}
    warned = World(tmp_path)
    kept = warned.prepare(warned.request("a.jsonl", split=grouped, checks={"leakage": "Warn"}))
    assert told(kept.report, "leakage/group")[0].action == "kept"
    assert {"customer 3", "customer 5"} <= {row["group"] for row in kept.train}
