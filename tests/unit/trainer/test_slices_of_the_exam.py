"""What an exam keeps of the columns that a job wants slices by, and how evaluation divides it."""

import csv
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embtune_api.errors import InvalidInput
from embtune_api.requests import PrepareRequest
from embtune_api.slices import Slice, slice_value
from embtune_api.split import Split
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs, loaded
from embtune_trainer.evaluate.slices import make_slices
from embtune_trainer.prepare.exam import ExamSet, make_exam
from embtune_trainer.prepare.fingerprints import fingerprint, seen_queries
from embtune_trainer.prepare.rows import make_row
from support.shapes import DATA
from unit.trainer.prepare_world import World, exam_of, some_pairs, write_jsonl

REGION = Slice(column="region")


def kev() -> list[dict[str, Any]]:
    """Weaknesses that are exploited, with the year in which that became known."""
    with (DATA / "kev" / "sample.csv").open(encoding="utf-8", newline="") as file:
        return [{**row, "year": row["dateAdded"][:4]} for row in csv.DictReader(file)]


def asking(world: World, file: str, *slices: Slice, job: str = "one") -> PrepareRequest:
    return world.request(file, job=job).model_copy(update={"slices": list(slices)})


def test_the_exam_keeps_the_values_of_each_query_and_training_none(tmp_path: Path) -> None:
    world, rows = World(tmp_path), kev()
    columns = {"anchor": "vulnerabilityName", "positive": "shortDescription"}
    write_jsonl(tmp_path / "kev.jsonl", rows)
    request = world.request("kev.jsonl", columns=columns).model_copy(update={"slices": [Slice(column="year")]})
    prepared = world.prepare(request)
    years: dict[str, set[str]] = {}
    for row in rows:
        years.setdefault(" ".join(row["vulnerabilityName"].casefold().split()), set()).add(row["year"])
    queries = exam_of(world)["queries"]
    assert len(queries) > 40
    for query in queries:
        assert set(query["slices"]["year"]) <= years[" ".join(query["text"].casefold().split())]
    assert len({year for query in queries for year in query["slices"]["year"]}) >= 4
    assert all("slices" not in row for row in prepared.train)


def test_a_job_without_slices_freezes_the_exam_that_it_always_did(tmp_path: Path) -> None:
    rows = [{**row, "region": "north"} for row in some_pairs()]
    for name in ("plain", "sliced"):
        (tmp_path / name).mkdir()
        write_jsonl(tmp_path / name / "rows.jsonl", rows)
    plain, sliced = World(tmp_path / "plain"), World(tmp_path / "sliced")
    without = plain.prepare(plain.request("rows.jsonl"))
    kept = sliced.prepare(asking(sliced, "rows.jsonl", REGION))
    assert all("slices" not in query for query in exam_of(plain)["queries"])
    assert without.facts.exam != kept.facts.exam
    assert [query["id"] for query in exam_of(plain)["queries"]] == [query["id"] for query in exam_of(sliced)["queries"]]
    assert without.bytes_of(without.places.train_rows) == kept.bytes_of(kept.places.train_rows)


def test_a_row_without_a_value_is_in_no_slice_and_is_no_fault(tmp_path: Path) -> None:
    world = World(tmp_path)
    rows = [{**row, "region": value} for row, value in zip(some_pairs(), [None, " ", 7, "a [b]"] * 30, strict=True)]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    prepared = world.prepare(asking(world, "rows.jsonl", REGION))
    assert prepared.report.rows_used == len(rows)
    found = {value for query in exam_of(world)["queries"] for value in query.get("slices", {}).get("region", [])}
    assert found == {"7", slice_value("a [b]")}


def test_a_column_that_the_exam_does_not_keep_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "rows.jsonl", [{**row, "region": "north"} for row in some_pairs()])
    with pytest.raises(InvalidInput, match=r"evaluation\.slices\[0\]: no query .* 'team': name a column of the files"):
        world.prepare(asking(world, "rows.jsonl", Slice(column="team")))
    world.prepare(asking(world, "rows.jsonl", REGION, job="two"))
    with pytest.raises(InvalidInput, match=r"slices\[1\]: .* 'language'\. The first job of search froze .* values of: region"):
        world.prepare(asking(world, "rows.jsonl", REGION, Slice(by="Language"), job="three"))
    write_jsonl(tmp_path / "later.jsonl", some_pairs())
    world.prepare(asking(world, "later.jsonl", REGION, Slice(by="Length", buckets=[9]), job="four"))


def an_exam() -> ExamSet:
    """Three queries of the north, of which the shortest is of the south, too; one of the south; one of nowhere."""
    values = {"one": ["north", "south"], "three": ["north"], "thirteen": ["north"], "seventeen": ["south"], "seven": []}
    rows = [
        make_row(text, f"answer to {text}", None, None, "a", number, slices=(("region", value),) if value else ())
        for number, (text, found) in enumerate(values.items())
        for value in found or [""]
    ]
    return make_exam(rows, Split())


def test_slices_are_those_asked_for_with_the_largest_first() -> None:
    exam = loaded(an_exam())
    texts = [query for (query,) in exam.texts]

    def told(*slices: Slice) -> dict[str, set[str]]:
        return {one.ref: {texts[number] for number in one.queries} for one in make_slices(exam, slices).slices}

    found = told(REGION, Slice(by="Length", buckets=[5, 6, 7, 9, 99]))
    assert list(found) == ["region=north", "region=south", "length=0-4", "length=5-5", "length=7-8", "length=9-98"]
    assert found["region=north"] == {"one", "three", "thirteen"}
    assert found["region=south"] == {"one", "seventeen"}
    assert found["length=5-5"] == {"three", "seven"}
    assert told(Slice(column="region", values=["south", "west"])) == {"region=south": {"one", "seventeen"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(" de \n AT ", "de AT", id="white space"),
        pytest.param("  ", None, id="blank"),
        pytest.param("你好", "你好", id="another script"),
    ],
)
def test_what_a_value_is_called(text: str, value: str | None) -> None:
    assert slice_value(text) == value


def test_values_that_cannot_stand_in_a_name_stay_apart() -> None:
    odd = ["a=b", "a[b", "*", "x" * 65, "x" * 66]
    named = [slice_value(text) for text in odd]
    assert len(set(named)) == len(odd)
    for name in named:
        assert Slice(column="c", values=[str(name)]).values == [name]


def test_queries_are_divided_by_whether_an_answer_of_theirs_was_trained_on() -> None:
    """By fingerprints, which capitals and punctuation do not change; a passage that is known to be wrong is no answer."""
    queries, passages = ["q0", "q1", "q2", "q3"], ["ls -l lists files", "cat shows a file", "mv moves it", "rm removes it"]
    relevance = {"q0": {"p0": 1}, "q1": {"p1": 1, "p2": 2}, "q2": {"p3": 1, "p0": 0}}
    exam = LoadedExam(queries, queries, queries, ["p0", "p1", "p2", "p3"], passages, relevance)
    trained_on = np.unique(np.array([fingerprint(text) for text in ("LS -l lists files.", "mv moves it")], dtype=np.uint64))
    table = make_slices(exam, [Slice(by="Answer")], partial(seen_queries, trained_on))
    assert {one.ref: one.queries for one in table.slices} == {"answer=known": [0, 1], "answer=new": [2]}
    assert make_slices(exam, [Slice(by="Answer")]).slices == [], "a model from outside: nobody knows"
    pairs = LoadedPairs(["a"], [("q0", "q1")], ["a"], np.ones(1))
    assert make_slices(pairs, [Slice(by="Answer")], partial(seen_queries, trained_on)).slices == []
