"""Auxiliary sets: read, checked and kept away from the exam, by the door that they come through."""

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare import fingerprints
from unit.trainer.prepare_world import Prepared, World, some_pairs, write_jsonl

SPLIT = {"test": 0.3, "validation": 0.2, "groupBy": "g"}
SCORED = {"sentence1": "a", "sentence2": "b", "score": "s"}


def a_set(name: str, columns: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"name": name, "train": {"uri": f"{name}.jsonl", "columns": columns, **more.pop("train", {})}, **more}


@pytest.fixture
def world(tmp_path: Path) -> World:
    write_jsonl(tmp_path / "main.jsonl", some_pairs())
    return World(tmp_path)


def scored(count: int = 120) -> list[dict[str, Any]]:
    """Pairs that no other test data has."""
    return [{"a": f"a {n} zebra {n * 7919}", "b": f"the {n * 104729} okapi", "s": n % 6} for n in range(count)]


def prepared(world: World, *sets: dict[str, Any], **data: Any) -> Prepared:
    return world.prepare(world.request("main.jsonl", split=SPLIT, auxiliary=list(sets), **data))


def rows_of(made: Prepared, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in made.store.get(made.places.auxiliary_rows(name)).splitlines()]


def test_a_set_is_told_and_written_beside_the_main_rows(world: World) -> None:
    rows = scored()
    write_jsonl(world.folder / "sts.jsonl", [*rows, rows[3], {"a": "", "b": "blank", "s": 1}])
    made = prepared(world, a_set("sts", SCORED, train={"weight": 2.5}), checks={"empty": "Fix"})
    alone = World(world.folder).prepare(World(world.folder).request("main.jsonl", split=SPLIT))
    (told,) = made.report.auxiliary
    assert (told.name, told.shape, told.loss, told.weight) == ("sts", "scored pairs", "CoSENT", 2.5)
    assert (told.read, told.removed, told.matching, told.train) == (122, 1, 0, 120)
    assert {f.check: f.rows for f in made.report.findings if f.check.startswith("auxiliary/")} == {
        "auxiliary/sts/empty": 1,
        "auxiliary/sts/duplicates": 1,
    }
    (one,) = made.facts.auxiliary
    assert (one.rows, one.weight, one.loss.name) == (120, 2.5, "CoSENT")
    assert one.source.sha256
    assert len(rows_of(made, "sts")) == 120
    assert made.train == alone.train, "the main rows, their validation rows and the exam are what they would be without"
    assert made.validation == alone.validation
    assert made.facts.exam == alone.facts.exam


def test_its_texts_are_among_the_fingerprints(world: World) -> None:
    write_jsonl(world.folder / "sts.jsonl", scored())
    made = prepared(world, a_set("sts", SCORED))
    seen = fingerprints.read(made.store, made.facts.fingerprints)
    assert fingerprints.seen_queries(seen, [scored()[5]["a"], scored()[5]["b"], "never seen"]).tolist() == [True, True, False]


def test_no_text_of_the_exam_or_of_the_validation_rows_comes_through_this_door(world: World) -> None:
    write_jsonl(world.folder / "sts.jsonl", scored())
    first = prepared(world, a_set("sts", SCORED))
    trained = {row["anchor"] for row in first.train}
    validated = {row["anchor"] for row in first.validation}
    asked = {row["anchor"] for row in some_pairs()} - trained - validated
    assert asked
    assert validated
    as_scored = [{"a": f"filler {n} {n * 7919}", "b": text.upper(), "s": 1} for n, text in enumerate(sorted(asked | validated))]
    write_jsonl(world.folder / "sts.jsonl", [*scored(), *as_scored])
    write_jsonl(world.folder / "named.jsonl", [{"t": text, "l": text[:4]} for text in sorted(asked | validated | trained)])
    second = world.prepare(
        world.request(
            "main.jsonl",
            job="two",
            split=SPLIT,
            auxiliary=[a_set("sts", SCORED), a_set("named", {"text": "t", "label": "l"})],
        )
    )
    assert second.facts.exam == first.facts.exam
    sts, named = second.report.auxiliary
    assert (sts.matching, sts.train) == (len(asked | validated), 120)
    assert {row["text"] for row in rows_of(second, "named")} == trained
    assert named.matching == len(asked | validated)
    checks = {finding.check for finding in second.report.findings}
    assert {"auxiliary/sts/leakage/answer", "auxiliary/sts/validation/answer", "auxiliary/named/leakage/same-query"} <= checks


def test_another_auxiliary_set_is_another_output(world: World) -> None:
    write_jsonl(world.folder / "sts.jsonl", scored())
    first = prepared(world, a_set("sts", SCORED))
    again = World(world.folder)
    assert prepared(again, a_set("sts", SCORED)).places == first.places, "a retry writes the same place"
    write_jsonl(world.folder / "sts.jsonl", scored(119))
    assert prepared(World(world.folder), a_set("sts", SCORED)).places != first.places


def test_the_line_keeps_its_rows_where_it_keeps_those_of_the_job(world: World) -> None:
    write_jsonl(world.folder / "sts.jsonl", scored())
    (kept,) = prepared(world, a_set("sts", SCORED), archive=True).facts.auxiliary
    assert kept.archived
    assert world.store.get(kept.archived.key) == world.store.get(kept.file.key)
    assert kept.source.archived


@pytest.mark.parametrize(
    ("rows", "wanted", "told"),
    [
        pytest.param(
            [{"a": "x", "b": "y", "s": 1}],
            a_set("sts", SCORED),
            r"data.auxiliary\[0\].train: 1 row would be left to train on, of 1 read",
            id="too few rows",
        ),
        pytest.param(
            scored(),
            a_set("sts", SCORED, loss={"name": "Contrastive"}),
            r"data.auxiliary\[0\].loss: Contrastive learns from scores of 0 and 1",
            id="scores that the loss does not learn from",
        ),
        pytest.param(
            scored(), a_set("sts", {**SCORED, "score": "grade"}), "sts.jsonl: no column 'grade'", id="a column that is not there"
        ),
        pytest.param(
            scored(),
            a_set("sts", SCORED, train={"uri": "gone.jsonl"}),
            r"data.auxiliary\[0\].train.uri",
            id="a file that is not there",
        ),
        pytest.param(
            [{"a": f"a {n}", "b": f"b {n}", "l": n % 2} for n in range(9)],
            a_set("sts", {"anchor": "a", "positive": "b", "label": "l"}),
            r"data.auxiliary\[0\].train: 5 of 9 rows say 0 in the column of the label",
            id="labels that are judgements",
        ),
    ],
)
def test_bad_sets_are_told_by_their_place(world: World, rows: list[Any], wanted: dict[str, Any], told: str) -> None:
    write_jsonl(world.folder / "sts.jsonl", rows)
    with pytest.raises(InvalidInput, match=told):
        prepared(world, wanted)
    assert not [stored.key for stored in world.store.list("team/search/exams")], "no exam is frozen"
