"""The exam is frozen by the line's first job, stays as it was, and nothing of it is ever trained on."""

import json
import random
import string
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embtune_api.documents.exam import LineExam
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import LineKeys
from embtune_api.requests import PrepareRequest
from embtune_api.split import Split
from embtune_store import documents, folders
from embtune_store.folders import read_verified
from embtune_trainer.prepare import fingerprints
from embtune_trainer.prepare.exam import ExamSet, freeze_exam, make_exam
from embtune_trainer.prepare.rows import make_row
from support.dying import DiesAfter, Killed
from unit.trainer.prepare_world import OWNER, Prepared, World, as_csv, exam_of, some_pairs, write_jsonl

LINE_EXAM = "team/search/exams/line.json"


def plain(text: str) -> str:
    """An independent normaliser: letters and digits only."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum()) or text


def jaccard(one: str, other: str) -> float:
    def grams(text: str) -> set[str]:
        text = " ".join("".join(c for c in text.casefold() if c not in string.punctuation).split())
        return {text[i : i + 4] for i in range(len(text) - 3)} or {text}

    return len(grams(one) & grams(other)) / len(grams(one) | grams(other))


def assert_unseen(world: World, rows: list[dict[str, Any]]) -> None:
    """By comparing everything with everything, without embtune's own search."""
    exam = exam_of(world)
    queries = [query["text"] for query in exam["queries"]]
    asked = {plain(query) for query in queries}
    groups = {group for query in exam["queries"] for group in query["groups"]}
    for row in rows:
        assert plain(row["anchor"]) not in asked
        assert row["group"] not in groups
        assert max(jaccard(row["anchor"], query) for query in queries) < 0.8


def test_the_exam_of_a_multi_answer_question() -> None:
    rows = [
        make_row("Show help", "ls --help", None, "b", "a", 1),
        make_row("show help!", "cp --help", None, "a", "a", 2),
        make_row("Show files", "ls", None, "b", "a", 3),
        make_row("Show files", "LS", None, "b", "a", 4),
    ]
    exam = make_exam(rows, Split())
    assert sorted((query["text"].casefold(), query["group"], query["groups"]) for query in exam.queries) == [
        ("show files", "b", ["b"]),
        (next(q["text"] for q in exam.queries if "elp" in q["text"]).casefold(), "a", ["a", "b"]),
    ]
    assert {passage["text"] for passage in exam.corpus} == {"ls --help", "cp --help", "ls", "LS"}
    assert len(exam.qrels) == 4
    assert {qrel["relevance"] for qrel in exam.qrels} == {1}
    assert [q["id"] for q in exam.queries] == sorted(q["id"] for q in exam.queries)
    assert make_exam(rows[::-1], Split()).manifest == exam.manifest


def test_the_first_job_freezes_and_the_second_is_judged_on_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    pairs = some_pairs()
    write_jsonl(tmp_path / "half.jsonl", pairs[:60])
    write_jsonl(tmp_path / "all.jsonl", pairs)
    first = world.prepare(world.request("half.jsonl", split={"groupBy": "g"}))
    frozen = exam_of(world)
    second = world.prepare(world.request("all.jsonl", job="two", split={"groupBy": "g", "seed": 5}))
    assert exam_of(world) == frozen
    assert first.report.exam_frozen_by_this_job
    assert not second.report.exam_frozen_by_this_job
    assert first.facts.exam == second.facts.exam == second.report.exam
    assert second.facts.train_rows > first.facts.train_rows
    for prepared in (first, second):
        assert_unseen(world, prepared.train + prepared.validation)
        assert len(prepared.train) == prepared.facts.train_rows == prepared.report.split.sides["train"].rows
        assert prepared.facts.exam_queries == len(frozen["queries"])


@pytest.mark.parametrize(
    ("split", "small"),
    [
        pytest.param({"test": 0.1}, True, id="too few queries"),
        pytest.param({"test": 0.5, "groupBy": "g"}, True, id="too few groups"),
        pytest.param({"test": 0.5}, False, id="enough of both"),
    ],
)
def test_an_exam_that_is_too_small_to_judge_by_is_told_at_once(tmp_path: Path, split: dict[str, Any], small: bool) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", [{**pair, "g": f"group {n // 8}"} for n, pair in enumerate(some_pairs())])
    for job in ("one", "two"):
        report = world.prepare(world.request("a.jsonl", job=job, split=split)).report
        assert (report.exam_queries < 50 or report.exam_groups < 20) == small
        told = [finding.message for finding in report.findings if finding.check == "exam"]
        assert len(told) == small
        assert not small or f"the exam has {report.exam_queries} queries in {report.exam_groups} groups" in told[0]


@pytest.mark.parametrize(
    ("first", "later", "says"),
    [
        pytest.param({"groupBy": "g"}, {}, "Set data.split.groupBy: g,", id="no groups any more"),
        pytest.param({"groupBy": "g"}, {"groupBy": "h"}, "Set data.split.groupBy: g,", id="another column"),
        pytest.param({}, {"groupBy": "g"}, "Remove data.split.groupBy,", id="groups all of a sudden"),
    ],
)
def test_a_job_that_groups_in_another_way_than_the_exam_is_refused(
    tmp_path: Path, first: dict[str, str], later: dict[str, str], says: str
) -> None:
    world = World(tmp_path)
    pairs = [{**pair, "h": "other"} for pair in some_pairs()]
    write_jsonl(tmp_path / "a.jsonl", pairs)
    write_jsonl(tmp_path / "b.jsonl", [{**pair, "anchor": f"{n}: {pair['anchor']}", "h": str(n)} for n, pair in enumerate(pairs)])
    world.prepare(world.request("a.jsonl", split=first))
    with pytest.raises(InvalidInput, match=r"^data\.split\.groupBy: this job .* the exam of search.* new line") as refused:
        world.prepare(world.request("b.jsonl", job="two", split=later))
    assert says in str(refused.value)
    world.prepare(world.request("b.jsonl", job="two", split=first))


DISGUISES = {
    "under another group": lambda text: text,
    "in capitals": str.upper,
    "with other punctuation": lambda text: f"«{text.replace(' ', ' - ')}»!",
    "with spaces lost": lambda text: text.replace(" ", "-"),
    "with invisible characters": lambda text: "\u200b".join(text),
    "with one letter more": lambda text: f"{text}s",
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
@pytest.mark.parametrize("answer", ["the same", "another"])
@pytest.mark.parametrize("first", [True, False], ids=["in the line's first job", "in a later job"])
def test_planted_exam_rows_are_never_trained_on(tmp_path: Path, disguise: Any, answer: str, first: bool) -> None:
    world = World(tmp_path)
    pairs = [{**pair, "anchor": f"how do I {pair['anchor']} quickly"} for pair in some_pairs()]
    write_jsonl(tmp_path / "clean.jsonl", pairs)
    split = {"groupBy": "g", "seed": 2}
    probe = World(tmp_path) if first else world
    probe.prepare(probe.request("clean.jsonl", split=split))
    asked = {query["text"] for query in exam_of(probe)["queries"]}
    planted = [
        {**pair, "anchor": disguise(pair["anchor"]), "g": f"new {n}", **({} if answer == "the same" else {"positive": f"p{n}"})}
        for n, pair in enumerate(pairs)
        if pair["anchor"] in asked
    ]
    write_jsonl(tmp_path / "planted.jsonl", planted)
    prepared = world.prepare(world.request("clean.jsonl", "planted.jsonl", job="two", split=split))
    assert_unseen(world, prepared.train + prepared.validation)


def test_a_pair_turned_round_is_the_same_pair(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    world.prepare(world.request("a.jsonl"))
    exam = exam_of(world)
    texts = {entry["id"]: entry["text"] for entry in exam["queries"] + exam["corpus"]}
    turned = [{"anchor": texts[qrel["passage"]], "positive": texts[qrel["query"]]} for qrel in exam["qrels"]]
    write_jsonl(tmp_path / "turned.jsonl", turned)
    prepared = world.prepare(world.request("a.jsonl", "turned.jsonl", job="two"))
    assert not {row["anchor"] for row in prepared.train + prepared.validation} & {row["anchor"] for row in turned}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
def test_an_exam_query_is_not_learnt_as_an_answer_either(tmp_path: Path, disguise: Any) -> None:
    world = World(tmp_path)
    pairs = [{**pair, "anchor": f"how do I {pair['anchor']} quickly"} for pair in some_pairs()]
    write_jsonl(tmp_path / "clean.jsonl", pairs)
    split = {"groupBy": "g", "seed": 2, "validation": 0}
    first = world.prepare(world.request("clean.jsonl", split=split))
    exam = exam_of(world)
    queries = [query["text"] for query in exam["queries"]]
    planted = [{"anchor": f"{n} {n} {n}", "positive": disguise(text), "g": f"new {n}"} for n, text in enumerate(queries)]
    public = [{"anchor": f"{n}, {n}", "positive": text["text"], "g": f"public {n}"} for n, text in enumerate(exam["corpus"])]
    write_jsonl(tmp_path / "planted.jsonl", planted)
    write_jsonl(tmp_path / "public.jsonl", public)
    second = world.prepare(world.request("clean.jsonl", "planted.jsonl", "public.jsonl", job="two", split=split))
    learnt = [row["positive"] for row in second.train]
    assert not {plain(text) for text in learnt} & {plain(query) for query in queries}
    assert max(jaccard(text, query) for text in learnt for query in queries) < 0.8
    assert {text["text"] for text in exam["corpus"]} & set(learnt), "a passage of the corpus may be learnt"
    findings = {finding.check: finding for finding in second.report.findings}
    assert findings["leakage/answer"].rows > 0.5 * len(planted)
    assert findings["leakage/shared-document"].action == "kept"
    assert second.facts.train_rows > first.facts.train_rows

    careless = world.prepare(
        world.request("clean.jsonl", "planted.jsonl", job="three", split=split, checks={"leakage": "Ignore"})
    )
    seen = fingerprints.seen_queries(fingerprints.read(world.store, careless.facts.fingerprints), queries)
    exact = [plain(query) in {plain(row["positive"]) for row in careless.train} for query in queries]
    assert seen.tolist() == exact
    assert any(exact) == (plain(disguise(queries[0])) == plain(queries[0]))


def test_leakage_that_is_to_fail_names_the_rows_and_freezes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    pairs = some_pairs()
    again = [{**pair, "g": f"new {n}", "positive": f"other {n}"} for n, pair in enumerate(pairs)]
    write_jsonl(tmp_path / "a.jsonl", pairs + again)
    with pytest.raises(InvalidInput, match=r"ask a query of the exam: the first are a\.jsonl:\d+: .*data\.checks\.leakage: Fix"):
        world.prepare(world.request("a.jsonl", split={"groupBy": "g"}, checks={"leakage": "Fail"}))
    assert not world.store.exists(LINE_EXAM)


@pytest.mark.parametrize(("action", "reported"), [("Warn", True), ("Ignore", False)])
def test_leakage_that_is_tolerated_stays_and_is_reported(tmp_path: Path, action: str, reported: bool) -> None:
    world = World(tmp_path)
    pairs = some_pairs()
    write_jsonl(tmp_path / "a.jsonl", pairs + [{**pair, "g": f"new {n}", "positive": f"p{n}"} for n, pair in enumerate(pairs)])
    prepared = world.prepare(world.request("a.jsonl", split={"groupBy": "g"}, checks={"leakage": action}))
    findings = {finding.check: finding for finding in prepared.report.findings}
    assert sum(side.rows for side in prepared.report.split.sides.values()) == 240
    assert ("leakage/same-query" in findings) == reported
    assert not reported or findings["leakage/same-query"].action == "kept"


def test_nothing_is_trained_on_that_validates(tmp_path: Path) -> None:
    world = World(tmp_path)
    pairs = some_pairs()
    write_jsonl(tmp_path / "a.jsonl", pairs + [{**pair, "g": f"new {n}", "positive": f"p{n}"} for n, pair in enumerate(pairs)])
    prepared = world.prepare(world.request("a.jsonl", split={"groupBy": "g", "validation": 0.3}))
    assert prepared.validation
    assert not {row["anchor"] for row in prepared.train} & {row["anchor"] for row in prepared.validation}
    assert not {row["group"] for row in prepared.train} & {row["group"] for row in prepared.validation}


def test_formats_and_orders_of_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    pairs = [{**pair, "anchor": f'{pair["anchor"]}, "quoted"\nand more'} for pair in some_pairs()]
    shuffled = random.Random(1).sample(pairs, len(pairs))
    (tmp_path / "a.csv").write_bytes(as_csv(pairs))
    (tmp_path / "b.tsv").write_bytes(b"\xef\xbb\xbf" + as_csv(shuffled, delimiter="\t", lineterminator="\n"))
    write_jsonl(tmp_path / "c.jsonl", shuffled)
    (tmp_path / "d.jsonl").write_bytes(
        b"\xef\xbb\xbf" + (tmp_path / "c.jsonl").read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n"
    )
    results = []
    for file in ("a.csv", "b.tsv", "c.jsonl", "d.jsonl"):
        world = World(tmp_path)
        prepared = world.prepare(world.request(file, split={"groupBy": "g"}))
        keys = prepared.places
        results.append([prepared.facts.exam, *prepared.bytes_of(keys.train_rows, keys.validation_rows, keys.fingerprints)])
    assert all(result == results[0] for result in results)


def test_a_race_for_the_exam_has_one_winner_and_the_loser_keeps_it_unseen(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    rows = [make_row(pair["anchor"].upper(), "x", None, f"r{n}", "r", n) for n, pair in enumerate(some_pairs(30))]
    rival = make_exam(rows, Split())
    world.store, fast = _FreezesFirst(world.store, rival), world.store
    prepared = world.prepare(world.request("a.jsonl"))
    world.store = fast
    assert prepared.facts.exam == rival.manifest.digest
    assert not prepared.report.exam_frozen_by_this_job
    assert_unseen(world, prepared.train + prepared.validation)


class _FreezesFirst:
    """A real store in which a rival freezes its exam just before anybody else can."""

    def __init__(self, store: Any, rival: ExamSet) -> None:
        self._store = store
        self._rival = rival

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def create(self, key: str, data: bytes) -> Any:
        if key == LINE_EXAM:
            freeze_exam(self._store, LineKeys("team", "search"), self._rival, "rival")
        return self._store.create(key, data)


def test_an_exam_that_was_changed_is_not_used(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    first = world.prepare(world.request("a.jsonl"))
    world.store.put(f"team/search/exams/{first.facts.exam[:20]}/queries.jsonl", b"")
    with pytest.raises(Tampered, match=r"queries\.jsonl"):
        world.prepare(world.request("a.jsonl", job="two"))


@pytest.mark.parametrize("split", [{}, {"method": "Stratified", "stratifyBy": "g"}], ids=["Hash", "Stratified"])
def test_killed_after_any_write_the_step_ends_up_the_same(tmp_path: Path, split: dict[str, Any]) -> None:
    write_jsonl(tmp_path / "a.jsonl", some_pairs())

    def projection(world: World, prepared: Prepared) -> Any:
        pointer = documents.read(world.store, LINE_EXAM, LineExam)
        return prepared.manifest.digest, prepared.facts, prepared.report, pointer, exam_of(world)

    undisturbed = World(tmp_path)
    expected = projection(undisturbed, undisturbed.prepare(undisturbed.request("a.jsonl", split=split)))
    writes = 0
    while True:
        writes += 1
        world = World(tmp_path)
        world.store, patient = DiesAfter(world.store, writes), world.store
        try:
            world.prepare(world.request("a.jsonl", split=split))
        except Killed:
            world.store = patient
            assert projection(world, world.prepare(world.request("a.jsonl", split=split))) == expected
        else:
            break
    assert writes > 15


def test_a_step_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    request = world.request("a.jsonl", owner=OWNER)
    first = world.prepare(request)
    (tmp_path / "a.jsonl").unlink()
    world.progress.clear()
    assert world.prepare(request).manifest == first.manifest
    assert world.progress == []


def test_a_source_that_changes_between_two_machines_leaves_one_sound_output(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    request = world.request("a.jsonl")
    store = world.store
    world.store = _JustBeforeTheManifest(store, lambda: _changed_meanwhile(World(tmp_path, store), request))
    loser = world.prepare(request)
    assert loser.facts.sources[0].rows == 100
    folders.verify(store, loser.keys.root, loser.manifest.files)
    assert len(loser.train) == loser.facts.train_rows
    assert read_verified(store, loser.facts.train) == store.get(loser.places.train_rows)


def _changed_meanwhile(world: World, request: PrepareRequest) -> None:
    write_jsonl(world.folder / "a.jsonl", some_pairs(100))
    (world.folder / "base" / "config.json").write_bytes(b'{"newer": true}')
    world.prepare(request)


class _JustBeforeTheManifest:
    """A real store in which another machine does the whole step just before this one writes its manifest."""

    def __init__(self, store: Any, rival: Callable[[], None]) -> None:
        self._store = store
        self._rival: Callable[[], None] | None = rival

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def create(self, key: str, data: bytes) -> bool:
        if "/prepare/" in key and self._rival:
            rival, self._rival = self._rival, None
            rival()
        return bool(self._store.create(key, data))


def test_every_output_is_listed_with_its_digest(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    prepared = world.prepare(world.request("a.jsonl"))
    root = prepared.keys.root
    listed = {f"{root}/{file.path}" for file in prepared.manifest.files}
    assert {stored.key for stored in world.store.list(root)} == listed | {prepared.keys.manifest}
    assert json.loads(world.store.get(prepared.places.resolved)) == prepared.manifest.facts
