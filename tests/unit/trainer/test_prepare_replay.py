"""Rows of an earlier version beside the new ones: exactly as many as asked for, the same ones whatever order they come in, and
none that matches the exam or a validation row."""

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.digest import sha256_hex
from embtune_api.documents.files import StoredFile
from embtune_api.documents.publish import VersionRef
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import LineKeys
from embtune_api.replayed import Replayed
from embtune_trainer.prepare import fingerprints
from support.dying import DiesAfter, Killed
from support.leaks import leaks
from support.shapes import EXAMPLES
from unit.trainer.prepare_world import Prepared, World, exam_of, some_pairs, write_jsonl

OLD = LineKeys("team", "older")
SPLIT = {"test": 0.2, "validation": 0.1, "groupBy": "g", "seed": 3}


def kept(world: World, rows: list[dict[str, Any]]) -> Replayed:
    """Rows as a version of another line was trained on them."""
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    key = OLD.archive(sha256_hex(data))
    world.store.create(key, data)
    rows_file = StoredFile(key=key, size=len(data), sha256=sha256_hex(data))
    return Replayed(model="older", version=VersionRef(version=3, digest="d" * 64), rows=rows_file)


def old_rows(count: int) -> list[dict[str, Any]]:
    """Pairs that have nothing to do with those of `some_pairs`."""
    return [
        {"anchor": f"{n:05} {n * n}", "positive": f"{n:05} squared", "group": f"old {n // 3}"} for n in range(1000, 1000 + count)
    ]


def prepare(world: World, replayed: Replayed | None, file: str = "new.jsonl", job: str = "one", **data: Any) -> Prepared:
    request = world.request(file, job=job, **{"split": SPLIT, "replay": {}, **data})
    return world.prepare(request.model_copy(update={"replayed": replayed}))


def of_old(prepared: Prepared) -> list[dict[str, Any]]:
    return [row for row in prepared.train if row["group"].startswith("old ")]


@pytest.fixture
def world(tmp_path: Path) -> World:
    write_jsonl(tmp_path / "new.jsonl", some_pairs())
    return World(tmp_path)


@pytest.mark.parametrize(("ratio", "times"), [(None, 1.0), (0.5, 1.0), (0.2, 0.25), (0.75, 3.0), (0.9, 9.0), (0.01, 1 / 99)])
def test_exactly_as_many_as_asked_for(world: World, ratio: float | None, times: float) -> None:
    replay = {} if ratio is None else {"ratio": ratio}
    prepared = prepare(world, kept(world, old_rows(2000)), replay=replay)
    old, new = of_old(prepared), len(prepared.train) - len(of_old(prepared))
    assert new > 60
    assert len(old) == round(new * times)
    report = prepared.report.replay
    assert report
    assert (report.source, report.kept, report.wanted, report.replayed) == ("older@3", 2000, len(old), len(old))
    assert report.share == round(len(old) / len(prepared.train), 4)
    assert prepared.facts.train_rows == prepared.report.prepared.train == len(prepared.train)
    assert [f for f in prepared.report.findings if f.check.startswith("replay")] == []


def test_the_new_rows_the_exam_and_validation_are_as_without(world: World, tmp_path: Path) -> None:
    prepared = prepare(world, kept(world, old_rows(2000)))
    other = World(tmp_path)
    without = other.prepare(other.request("new.jsonl", split=SPLIT))
    assert [row for row in prepared.train if not row["group"].startswith("old ")] == without.train
    assert prepared.validation == without.validation
    assert exam_of(world) == exam_of(other)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_bytes_whatever_order_old_and_new_rows_come_in(world: World, tmp_path: Path, seed: int) -> None:
    prepared = prepare(world, kept(world, old_rows(300)), replay={"seed": seed})
    write_jsonl(tmp_path / "turned.jsonl", some_pairs()[::-1])
    other = World(tmp_path)
    rows = old_rows(300)
    turned = prepare(other, kept(other, [*rows[150:], *rows[:150][::-1]]), file="turned.jsonl", replay={"seed": seed})
    keys = (prepared.places.train_rows, prepared.places.fingerprints)
    assert prepared.bytes_of(*keys) == turned.bytes_of(turned.places.train_rows, turned.places.fingerprints)


def test_the_ratio_is_of_the_new_rows_as_often_as_they_count(world: World) -> None:
    replayed = kept(world, old_rows(2000))
    request = world.request("new.jsonl", split=SPLIT, replay={"ratio": 0.75})
    assert request.data
    data = request.data.model_copy(update={"train": [request.data.train[0].model_copy(update={"weight": 2.5})]})
    request = request.model_copy(update={"replayed": replayed, "data": data})
    prepared = world.prepare(request)
    new = len(prepared.train) - len(of_old(prepared))
    assert new > 2 * len({row["anchor"] for row in prepared.train if not row["group"].startswith("old ")})
    assert len(of_old(prepared)) == 3 * new


def test_another_seed_takes_other_rows(world: World, tmp_path: Path) -> None:
    other = World(tmp_path)
    first, second = (prepare(w, kept(w, old_rows(300)), replay={"seed": seed}) for seed, w in enumerate((world, other)))
    assert len(of_old(first)) == len(of_old(second))
    assert of_old(first) != of_old(second)


def test_fewer_than_asked_for_are_told(world: World) -> None:
    prepared = prepare(world, kept(world, old_rows(10)))
    assert len(of_old(prepared)) == 10
    report = prepared.report.replay
    assert report
    [finding] = [f for f in prepared.report.findings if f.check == "replay/too-few"]
    assert finding.rows == report.wanted - 10 > 0
    assert finding.message.startswith(
        f"are missing of the {report.wanted} that data.replay.ratio 0.5 asks for: older@3 was trained"
    )


@pytest.mark.parametrize("leakage", ["Fix", "Ignore", "Fail"])
def test_nothing_of_the_exam_or_of_validation_comes_back(world: World, tmp_path: Path, leakage: str) -> None:
    """All that the job itself holds out was learnt by that version: as it is, in capitals, as an answer, or by its group."""
    alone = World(tmp_path)
    plain = alone.prepare(alone.request("new.jsonl", split=SPLIT, checks={"leakage": "Fix"}))
    queries = exam_of(alone)["queries"]
    unseen = [
        *({"anchor": q["text"], "positive": f"{q['text']} it is", "group": "old 1"} for q in queries),
        *({"anchor": f"{q['text'].upper()}!", "positive": "aye", "group": "old 2"} for q in queries),
        *({"anchor": f"{q['id']} 44556677", "positive": q["text"], "group": "old 3"} for q in queries),
        *({"anchor": f"99 {q['id']} 888", "positive": "nay", "group": q["group"]} for q in queries),
        *({**row, "positive": "old 5 it was", "group": "old 5"} for row in plain.validation),
    ]
    prepared = prepare(world, kept(world, [*unseen, *old_rows(20)]), replay={"ratio": 0.9}, checks={"leakage": leakage})
    assert of_old(prepared) == sorted(of_old(prepared), key=prepared.train.index)
    assert {row["anchor"] for row in of_old(prepared)} == {row["anchor"] for row in old_rows(20)}
    assert leaks(prepared.train, queries) == []
    report = prepared.report.replay
    assert report
    assert (report.held_out, report.replayed) == (len(unseen), 20)


def test_what_a_new_row_says_already_or_denies_is_not_replayed(world: World, tmp_path: Path) -> None:
    new = [{**pair, "n": f"{pair['positive']} not"} for pair in some_pairs()]
    write_jsonl(tmp_path / "new.jsonl", new)
    columns = {"anchor": "anchor", "positive": "positive", "negative": "n"}
    alone = World(tmp_path)
    trained = alone.prepare(alone.request("new.jsonl", split=SPLIT, columns=columns)).train
    first, second, third = trained[:3]
    known = [
        {**first, "anchor": first["anchor"].upper(), "negatives": ["something else"], "group": "old 1"},
        {"anchor": second["anchor"], "positive": second["negatives"][0], "negatives": ["x"], "group": "old 2"},
        {"anchor": third["anchor"], "positive": "fine", "negatives": [third["positive"]], "group": "old 3"},
    ]
    others = [{**row, "negatives": [f"not {row['positive']}"]} for row in old_rows(5)]
    prepared = prepare(world, kept(world, [*known, *others]), columns=columns)
    assert len(of_old(prepared)) == 5
    assert prepared.report.replay
    assert (prepared.report.replay.known, prepared.report.replay.held_out) == (3, 0)
    assert prepared.facts.shape == "triplets"


def test_rows_that_were_made_of_others_are_not_replayed(world: World) -> None:
    rows = old_rows(60)
    made = [
        {**row, "anchor": f"{row['anchor']}!", "original": {"anchor": row["anchor"], "positive": row["positive"]}} for row in rows
    ]
    prepared = prepare(world, kept(world, [*made, *rows]), replay={"ratio": 0.9})
    assert prepared.report.replay
    assert (prepared.report.replay.kept, len(of_old(prepared))) == (60, 60)
    assert not any("original" in row for row in prepared.train)


def test_new_rows_are_made_of_the_new_ones_alone(world: World) -> None:
    prepared = prepare(world, kept(world, old_rows(2000)), augment={"methods": ["Typos"]})
    assert not any("original" in row for row in of_old(prepared))
    assert len(of_old(prepared)) == len(prepared.train) / 2
    assert any("original" in row for row in prepared.train)


def test_the_fingerprints_are_those_of_all_that_is_trained_on(world: World) -> None:
    prepared = prepare(world, kept(world, old_rows(2000)))
    found = set(fingerprints.read(world.store, prepared.facts.fingerprints).tolist())
    texts = [text for row in prepared.train for text in (row["anchor"], row["positive"])]
    assert found == {fingerprints.fingerprint(text) for text in texts}


def test_the_rows_are_kept_for_the_next_job(world: World) -> None:
    prepared = prepare(world, kept(world, old_rows(200)))
    assert prepared.facts.archived_train
    assert world.store.get(prepared.facts.archived_train.key) == world.store.get(prepared.places.train_rows)
    assert [source.archived for source in prepared.facts.sources] == [None], "sources are kept where data.archive says so"


@pytest.mark.parametrize(
    ("replayed", "says"),
    [
        (Replayed(model="search"), "are replayed (data.replay): nothing of search is in production yet"),
        (
            Replayed(model="search", version=VersionRef(version=2, digest="d")),
            "are replayed (data.replay): the rows that search@2 was trained on were not kept",
        ),
    ],
)
def test_nothing_to_replay_is_told_and_no_fault(world: World, replayed: Replayed, says: str) -> None:
    prepared = prepare(world, replayed)
    assert of_old(prepared) == []
    [finding] = [f for f in prepared.report.findings if f.check.startswith("replay/")]
    assert (finding.check, finding.rows, finding.message) == ("replay/nothing", 0, says)
    assert prepared.facts.archived_train, "the next job has something to replay"


def test_rows_that_were_changed_are_not_trained_on(world: World) -> None:
    replayed = kept(world, old_rows(200))
    assert replayed.rows
    world.store.put(replayed.rows.key, world.store.get(replayed.rows.key).replace(b"squared", b"cubed"))
    with pytest.raises(Tampered, match=replayed.rows.sha256):
        prepare(world, replayed)


RECORDS: dict[str, dict[str, Any]] = {
    "pairs": {"anchor": "old", "positive": "older"},
    "labelled pairs": {"anchor": "old", "positive": "older", "label": "age"},
    "triplets": {"anchor": "old", "positive": "older", "negatives": ["new"]},
    "scored pairs": {"sentence1": "old", "sentence2": "older", "score": 3.5},
    "0/1 pairs": {"sentence1": "old", "sentence2": "older", "score": 1.0},
    "labelled texts": {"text": "old", "label": "age"},
    "triplets in a language": {"anchor": "old", "positive": "older", "negatives": ["new"], "language": "en"},
}


def one_of(shape: str) -> dict[str, Any]:
    return {**RECORDS[shape], "group": "old 1"}


def an_example(folder: Path, name: str) -> dict[str, Any]:
    example = EXAMPLES[name]
    write_jsonl(folder / "new.jsonl", example.rows()[:300])
    return {"columns": example.columns, "build": example.build, "split": {"test": 0.2}, "checks": {"leakage": "Fix"}}


@pytest.mark.parametrize(
    ("name", "was", "says"),
    [
        ("pairs: questions and answers", "triplets", ""),
        ("triplets", "pairs", ""),
        ("triplets", "triplets in a language", ""),
        ("labelled texts as they are", "labelled texts", ""),
        ("scored pairs", "scored pairs", ""),
        ("scored pairs", "0/1 pairs", "older@3 was trained on 0/1 pairs, and the rows of this job are scored pairs: no loss"),
        ("0/1 pairs", "scored pairs", "older@3 was trained on scored pairs, and the rows of this job are 0/1 pairs"),
        ("scored pairs", "pairs", "older@3 was trained on pairs, and the rows of this job are scored pairs"),
        ("labelled texts as they are", "pairs", "older@3 was trained on pairs, and the rows of this job are labelled texts"),
        ("pairs: questions and answers", "labelled pairs", "was trained on have labels, and those of this job have none"),
        ("labelled texts", "pairs", "was trained on have no labels, and those of this job have labels"),
    ],
)
def test_shapes_must_fit(tmp_path: Path, name: str, was: str, says: str) -> None:
    data = an_example(tmp_path, name)
    world = World(tmp_path)
    replayed = kept(world, [one_of(was)])
    if says:
        with pytest.raises(InvalidInput, match=says):
            prepare(world, replayed, **data)
        assert "fetching the base model" not in world.progress, "told before anything slow"
        return
    prepared = prepare(world, replayed, **data)
    assert len(of_old(prepared)) == 1
    assert of_old(prepared) == [one_of(was)]


def test_pairs_among_triplets_make_pairs(tmp_path: Path) -> None:
    data = an_example(tmp_path, "triplets")
    world = World(tmp_path)
    assert prepare(world, kept(world, [one_of("pairs")]), **data).facts.shape == "pairs"


def test_killed_after_any_write_the_same_rows_are_replayed(world: World, tmp_path: Path) -> None:
    expected = prepare(world, kept(world, old_rows(300)))
    writes = 0
    while True:
        writes += 1
        other = World(tmp_path)
        replayed = kept(other, old_rows(300))
        other.store, patient = DiesAfter(other.store, writes), other.store
        try:
            prepare(other, replayed)
        except Killed:
            other.store = patient
            again = prepare(other, replayed)
            assert (again.manifest.digest, again.facts, again.report) == (
                expected.manifest.digest,
                expected.facts,
                expected.report,
            )
        else:
            break
    assert writes > 15
