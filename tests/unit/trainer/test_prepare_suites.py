"""Suites with an exam of their own: read, verified, kept by content, and kept out of training."""

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.documents.exam import Exam
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.evaluation import Suite
from embtune_store import documents
from embtune_trainer.prepare.exam import load_exam
from support.shapes import EXAMPLES
from unit.trainer.prepare_world import Prepared, World, some_pairs, write_jsonl

PAIRS = {"anchor": "anchor", "positive": "positive"}
STSB = EXAMPLES["scored pairs"]


def a_world(folder: Path) -> World:
    world = World(folder)
    write_jsonl(folder / "train.jsonl", some_pairs())
    return world


def prepared_with(world: World, *suites: dict[str, Any], job: str = "one", **data: Any) -> Prepared:
    wanted = [Suite.model_validate(suite) for suite in suites]
    return world.prepare(world.request("train.jsonl", job=job, **data).model_copy(update={"suites": wanted}))


def own_exam(world: World, prepared: Prepared, name: str) -> Any:
    """The exam that a suite asks, verified."""
    [staged] = [staged for staged in prepared.facts.suites if staged.name == name]
    return load_exam(world.store, world.request("train.jsonl").line_keys.exam(staged.exam))


def write_beir(folder: Path, corpus: list[Any], queries: list[Any], qrels: str) -> dict[str, Any]:
    write_jsonl(folder / "corpus.jsonl", corpus)
    write_jsonl(folder / "queries.jsonl", queries)
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{qrels}", encoding="utf-8")
    return {"name": "web", "guard": True, "beir": {name: f"{name}.{end}" for name, end in ENDINGS.items()}}


ENDINGS = {"corpus": "jsonl", "queries": "jsonl", "qrels": "tsv"}
CORPUS = [{"_id": "d1", "title": "Comets", "text": "have tails"}, {"_id": "d2", "title": "", "text": "Moons have none"}]
QUERIES = [{"_id": "q1", "text": "what has a tail"}, {"_id": "q2", "text": "what has none"}, {"_id": "q3", "text": "what else"}]
QRELS = "q1\td1\t2\nq1\td2\t1\nq2\td2\t1\nq2\td1\t-1\n"


def test_a_suite_asks_an_exam_of_its_own_which_every_job_of_the_line_shares(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    write_jsonl(tmp_path / "sts.jsonl", STSB.rows()[:60])
    suite = {
        "name": "general",
        "kind": "SemanticSimilarity",
        "guard": True,
        "data": {"uri": "sts.jsonl", "columns": STSB.columns},
    }
    first = prepared_with(world, suite)
    exam = own_exam(world, first, "general")
    assert (len(exam.scored), exam.shape) == (len(STSB.rows()[:60]), "scored pairs")
    assert first.facts.exam != first.facts.suites[0].exam
    (tmp_path / "sts.jsonl").write_text(
        "".join(reversed((tmp_path / "sts.jsonl").read_text(encoding="utf-8").splitlines(keepends=True))), encoding="utf-8"
    )
    again = prepared_with(world, suite, job="two")
    assert again.facts.suites == first.facts.suites, "the order of its rows is no part of it"


def test_rows_that_match_a_suite_are_not_trained_on(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    plain = world.prepare(world.request("train.jsonl", job="plain"))
    planted = [row["anchor"] for row in plain.train[:5]]
    write_jsonl(tmp_path / "own.jsonl", [{"q": text.upper() + "!", "a": "another answer"} for text in planted])
    suite = {"name": "web", "data": {"uri": "own.jsonl", "columns": {"anchor": "q", "positive": "a"}}}
    prepared = prepared_with(world, suite)
    learnt = {row["anchor"] for row in prepared.train + prepared.validation}
    assert not learnt & set(planted)
    assert len(prepared.train) == len(plain.train) - 5
    [finding] = [finding for finding in prepared.report.findings if finding.check == "suites/web/same-query"]
    assert (finding.rows, finding.action, finding.message) == (5, "removed", "ask a query of suite web")
    with pytest.raises(InvalidInput, match="5 rows ask a query of suite web"):
        prepared_with(world, suite, job="strict", checks={"leakage": "Fail"})


def test_an_exam_that_was_changed_is_not_asked(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    suite = write_beir(tmp_path, CORPUS, QUERIES, QRELS)
    prepared = prepared_with(world, suite)
    root = world.request("train.jsonl").line_keys.exam(prepared.facts.suites[0].exam).root
    world.store.put(f"{root}/corpus.jsonl", b"{}\n")
    with pytest.raises(Tampered):
        prepared_with(world, suite, job="two")


def test_beir_files_keep_their_grades_and_ask_what_has_an_answer(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    prepared = prepared_with(world, write_beir(tmp_path, CORPUS, QUERIES, QRELS))
    exam = own_exam(world, prepared, "web")
    assert [query["id"] for query in exam.queries] == ["q1", "q2"]
    assert exam.corpus[0] == {"id": "d1", "text": "Comets have tails"}
    grades = {(qrel["query"], qrel["passage"]): qrel["relevance"] for qrel in exam.qrels}
    assert grades == {("q1", "d1"): 2, ("q1", "d2"): 1, ("q2", "d2"): 1}
    findings = {finding.check: finding for finding in prepared.report.findings}
    assert findings["suites/web/not-asked"].rows == 1
    assert "gates on it will be Inconclusive" in findings["suites/web"].message


@pytest.mark.parametrize(
    ("corpus", "queries", "qrels", "says"),
    [
        pytest.param([*CORPUS, CORPUS[0]], QUERIES, QRELS, r"corpus.jsonl:3: .*the id 'd1' is there twice", id="a passage twice"),
        pytest.param(CORPUS, [*QUERIES, QUERIES[1]], QRELS, r"queries.jsonl:4: .*the id 'q2' is there twice", id="a query twice"),
        pytest.param(CORPUS, QUERIES, "q9\td1\t1\n", r"qrels.tsv:2: .*no query 'q9'", id="an unknown query"),
        pytest.param(CORPUS, QUERIES, "q1\td9\t1\n", r"qrels.tsv:2: .*no passage 'd9'", id="an unknown passage"),
        pytest.param(CORPUS, QUERIES, "q1\td1\tyes\n", r"qrels.tsv:2: .*'yes' is no whole number", id="no grade"),
        pytest.param(CORPUS, QUERIES, "q1\td1\t1\nq1\td1\t2\n", r"qrels.tsv:3: .*with another score", id="two grades"),
        pytest.param(CORPUS, QUERIES, "q1\td1\t0\n", "no query of qrels.tsv has a relevant passage", id="nothing is relevant"),
        pytest.param([{"_id": "d1"}], QUERIES, QRELS, r"corpus.jsonl:1: .*'text' is missing", id="no text"),
        pytest.param([{"text": "x"}], QUERIES, QRELS, r"corpus.jsonl:1: .*'_id' is missing", id="no id"),
    ],
)
def test_beir_files_that_do_not_fit_together_are_refused(
    tmp_path: Path, corpus: list[Any], queries: list[Any], qrels: str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        prepared_with(a_world(tmp_path), write_beir(tmp_path, corpus, queries, qrels))


def labelled(*texts: tuple[str, str]) -> list[dict[str, str]]:
    return [{"text": text, "label": label} for text, label in texts]


LABELS = {"text": "text", "label": "label"}


def classification(**settings: Any) -> dict[str, Any]:
    rows = {"uri": "asked.jsonl", "columns": LABELS}
    known = {"uri": "known.jsonl"}
    return {"name": "intents", "kind": "Classification", "data": rows, "classification": {"reference": known, **settings}}


def test_labels_are_learnt_from_the_reference_and_every_text_is_asked(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    anchor = world.prepare(world.request("train.jsonl", job="plain")).train[0]["anchor"]
    write_jsonl(tmp_path / "asked.jsonl", labelled(("pay a bill", "pay"), ("sing", "none"), ("fly", "travel"), ("jump", "leap")))
    write_jsonl(tmp_path / "known.jsonl", labelled(("pay it", "pay"), (anchor, "travel"), ("Pay a bill!", "pay")))
    prepared = prepared_with(world, classification(outOfScope="none"))
    exam = own_exam(world, prepared, "intents")
    assert {(query["text"], *query["labels"]) for query in exam.queries} == {
        ("pay a bill", "pay"),
        ("sing", "none"),
        ("fly", "travel"),
        ("jump", "leap"),
    }
    assert {entry["text"] for entry in exam.reference} == {"pay it", anchor}, "what is asked would find itself"
    assert anchor in {row["anchor"] for row in prepared.train}, "what labels are learnt from may be trained on"
    findings = {finding.check: finding for finding in prepared.report.findings}
    assert (findings["suites/intents/unknown-label"].rows, findings["suites/intents/unknown-label"].action) == (1, "kept")


def test_a_reference_without_a_label_to_learn_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "asked.jsonl", labelled(("pay a bill", "pay")))
    write_jsonl(tmp_path / "known.jsonl", labelled(("sing", "none"), ("pay a bill", "pay")))
    with pytest.raises(InvalidInput, match="no label can be learnt"):
        prepared_with(a_world(tmp_path), classification(outOfScope="none"))


@pytest.mark.parametrize(
    ("rows", "columns", "kind", "says"),
    [
        pytest.param(
            STSB.rows()[:20],
            STSB.columns,
            "PairClassification",
            "cannot be measured on scored pairs",
            id="degrees for yes and no",
        ),
        pytest.param(labelled(("a", "x"), ("b", "y")), LABELS, "Classification", "no two of its 2 rows", id="each label once"),
        pytest.param([{"anchor": " ", "positive": "x"}], PAIRS, "Retrieval", "no row with all of its columns", id="blank rows"),
        pytest.param(None, PAIRS, "Retrieval", r"evaluation.suites\[own\].data.uri: there is no file", id="no file"),
    ],
)
def test_data_that_a_suite_cannot_ask_is_refused(
    tmp_path: Path, rows: list[Any] | None, columns: dict[str, str], kind: str, says: str
) -> None:
    if rows is not None:
        write_jsonl(tmp_path / "own.jsonl", rows)
    with pytest.raises(InvalidInput, match=says):
        prepared_with(a_world(tmp_path), {"name": "own", "kind": kind, "data": {"uri": "own.jsonl", "columns": columns}})


def test_an_exam_of_triplets_remembers_what_is_wrong(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    rows = [
        {"a": "sun", "p": "day", "n": "night"},
        {"a": "sun", "p": "light", "n": "dark"},
        {"a": "moon", "p": "night", "n": "day"},
    ]
    write_jsonl(tmp_path / "own.jsonl", rows)
    columns = {"anchor": "a", "positive": "p", "negative": "n"}
    exam = own_exam(
        world, prepared_with(world, {"name": "own", "kind": "Triplet", "data": {"uri": "own.jsonl", "columns": columns}}), "own"
    )
    text = {entry["id"]: entry["text"] for entry in [*exam.queries, *exam.corpus]}
    told = {(text[qrel["query"]], text[qrel["passage"]], qrel["relevance"]) for qrel in exam.qrels}
    assert told == {
        ("sun", "day", 1),
        ("sun", "light", 1),
        ("sun", "night", 0),
        ("sun", "dark", 0),
        ("moon", "night", 1),
        ("moon", "day", 0),
    }
    assert exam.prepared_shape == "triplets"
    assert ("moon", "day") not in exam.pairs


def test_a_cross_encoder_is_kept_with_the_line(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    reader = tmp_path / "reader"
    reader.mkdir()
    (reader / "config.json").write_text(json.dumps({"id2label": {"0": "LABEL_0"}}), encoding="utf-8")
    (reader / "model.safetensors").write_bytes(b"weights")
    suite = {"name": "test", "kind": "Reranking", "reranking": {"crossEncoder": {"uri": "reader"}, "depth": 5}}
    prepared = prepared_with(world, suite)
    [staged] = prepared.facts.suites
    assert staged.exam == prepared.facts.exam, "the line's"
    assert staged.reranker
    assert staged.reranker.prefix.startswith("team/search/rerankers/")
    assert world.store.get(f"{staged.reranker.prefix}/model.safetensors") == b"weights"
    (reader / "config.json").write_text(json.dumps({"id2label": {"0": "no", "1": "yes"}}), encoding="utf-8")
    with pytest.raises(InvalidInput, match="has 2 outputs"):
        prepared_with(world, suite, job="two")


def test_a_manifest_tells_how_much_is_asked(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    prepared = prepared_with(world, write_beir(tmp_path, CORPUS, QUERIES, QRELS))
    keys = world.request("train.jsonl").line_keys.exam(prepared.facts.suites[0].exam)
    manifest = documents.read(world.store, keys.exam, Exam)
    assert manifest
    assert (manifest.queries, manifest.passages, manifest.groups) == (2, 2, 2)
