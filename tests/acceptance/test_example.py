"""The example on the real model, as the README has it: promoted, continued, rolled back, pulled, and trained by two processes."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.command import Told, embtune
from support.leaks import leaks
from support.rescore import possible_scores
from support.rows import EXAMPLE
from support.stored import StoredLine, read_json, snapshot
from support.whole_runs import Finished

NAMESPACE, MODEL = "search", "tldr-search"
MINUTES = 60.0


def run(job: Path, store: Path, hub_mirror: Path) -> Finished:
    told = embtune("run", job, "--store", store, env={"EMBTUNE_HUB_MIRROR": str(hub_mirror)}, threads=None, timeout=15 * MINUTES)
    return Finished(told, job, store)


def ask(line: StoredLine, *command: object) -> Told:
    return embtune(*command, "--store", line.store, "--namespace", NAMESPACE)


def evaluation(line: StoredLine, number: int) -> dict[str, Any]:
    return dict(read_json(line.version(number) / "evaluation.json"))


@pytest.fixture(scope="module")
def first(hub_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The example's first job, on an empty store."""
    return run(EXAMPLE / "job.yaml", tmp_path_factory.mktemp("one") / "store", hub_mirror)


@pytest.fixture(scope="module")
def one(first: Finished) -> StoredLine:
    """The line after the first job."""
    return StoredLine(first.store, NAMESPACE, MODEL)


@pytest.fixture(scope="module")
def two(one: StoredLine, hub_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The example's second job, after the first."""
    store = shutil.copytree(one.store, tmp_path_factory.mktemp("two") / "store")
    return run(EXAMPLE / "job-2.yaml", store, hub_mirror)


def test_the_first_job_ends_in_production_within_4_minutes_and_shows_why(first: Finished) -> None:
    out = first.told.ended(0).out
    header = next(row for row in out.splitlines() if row.split()[:1] == ["metric"])
    assert [word in header for word in ("base", "candidate v1", "champion")] == [True] * 3
    shown = next(row for row in out.splitlines() if "test/ndcg@10" in row)
    assert shown.count("(") == 2, "base and candidate with their bounds"
    assert out.count("✓") == 2, "a line for each gate"
    assert "Verdict: Passed – 2 of 2 gates passed" in out
    assert f"{MODEL} v1 is in production" in out
    assert first.told.seconds < 4 * MINUTES, "on two cores that nobody else uses"


def test_the_first_job_raises_ndcg_by_0_03_on_a_large_exam(one: StoredLine) -> None:
    judged = evaluation(one, 1)
    assert len(one.queries) >= 1_000
    assert judged["candidate"]["test/ndcg@10"] >= judged["base"]["test/ndcg@10"] + 0.03
    assert read_json(one.root / "release.json")["production"]["version"] == 1


def test_the_second_time_it_is_instant_and_says_why(one: StoredLine, hub_mirror: Path) -> None:
    before = snapshot(one.store)
    again = run(EXAMPLE / "job.yaml", one.store, hub_mirror).told.ended(0)
    assert again.processor < 2
    assert again.err.startswith("Nothing to do: tldr-search-1 finished on ")
    assert snapshot(one.store) == before


def test_the_second_job_is_judged_against_version_1_on_the_same_exam(one: StoredLine, two: Finished) -> None:
    line = StoredLine(two.store, NAMESPACE, MODEL)
    judged, champion = evaluation(line, 2), evaluation(one, 1)
    assert judged["exam"] == champion["exam"] == line.exam_digest == one.exam_digest
    assert judged["champion_version"] == 1
    assert judged["champion"] == champion["candidate"]
    assert len(line.trained_on("tldr-search-2")) > 1.5 * len(line.trained_on("tldr-search-1"))
    verdict = judged["verdict"]
    for gate in verdict["gates"]:
        rejected, passed = gate["upper"] < gate["threshold"], gate["lower"] >= gate["threshold"]
        honest = "Passed" if passed else "Rejected" if rejected else "Inconclusive"
        assert gate["outcome"] == honest
    assert "over production v1" in verdict["gates"][0]["line"]
    promoted = {gate["outcome"] for gate in verdict["gates"]} == {"Passed"}
    two.told.ended(0 if promoted else 3)
    assert read_json(line.root / "release.json")["production"]["version"] == (2 if promoted else 1)


def test_nothing_of_the_exam_is_in_what_either_version_was_trained_on(two: Finished) -> None:
    line = StoredLine(two.store, NAMESPACE, MODEL)
    assert leaks(line.trained_on("tldr-search-1", "tldr-search-2"), line.queries) == []


def test_rollback_returns_to_version_1_and_history_tells_both(two: Finished, tmp_path: Path) -> None:
    line = StoredLine(shutil.copytree(two.store, tmp_path / "store"), NAMESPACE, MODEL)
    ask(line, "promote", f"{MODEL}@2", "--force", "--reason", "whatever the gates said").ended(0)
    assert ask(line, "rollback", MODEL).ended(0).out == f"{MODEL} v1 is in production again, v2 is rolled back\n"
    history = ask(line, "history", MODEL, "--json").ended(0).json
    moves = [(h["transition"]["kind"], h["transition"]["from_version"], h["transition"]["to_version"]) for h in history]
    assert moves == [("Promote", None, 1), ("Promote", 1, 2), ("Rollback", 2, 1)]


def test_what_is_pulled_scores_as_it_was_evaluated(one: StoredLine, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    ask(one, "pull", f"{MODEL}@production", tmp_path / "pulled").ended(0)
    pulled = SentenceTransformer(str(tmp_path / "pulled"), device="cpu", local_files_only=True)
    texts = [query["text"] for query in one.queries]
    queries = pulled.encode(texts)
    stored = SentenceTransformer(str(one.version(1) / "model"), device="cpu", local_files_only=True)
    np.testing.assert_allclose(queries, stored.encode(texts, batch_size=16), atol=1e-5)

    places = {entry["id"]: place for part in (one.queries, one.corpus) for place, entry in enumerate(part)}
    qrels = [(places[qrel["query"]], places[qrel["passage"]]) for qrel in one.qrels]
    possible = possible_scores(queries, pulled.encode([passage["text"] for passage in one.corpus]), qrels)
    with np.load(one.results(evaluation(one, 1)["model_digest"]) / "scores.npz") as kept:
        names, values = [str(name) for name in kept["columns"]], kept["values"]
    for name, column in zip(names, values.T, strict=True):
        low, high = possible[name.removeprefix("test/")]
        assert (low - 1e-9 <= column).all(), name
        assert (column <= high + 1e-9).all(), name
        assert (high - low).mean() < 0.002, "the second opinion is a narrow one"


def test_two_processes_train_as_well_as_one(one: StoredLine, hub_mirror: Path, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "train.jsonl", tmp_path)
    text = (EXAMPLE / "job.yaml").read_text(encoding="utf-8").replace("tldr-search", "tldr-two")
    (tmp_path / "job.yaml").write_text(f"{text}  runtime: {{processesPerNode: 2}}\n", encoding="utf-8")
    run(tmp_path / "job.yaml", tmp_path / "store", hub_mirror).told.ended(0)
    line = StoredLine(tmp_path / "store", NAMESPACE, "tldr-two")
    assert read_json(line.step("tldr-two-1", "train") / "report.json")["processes"] == 2
    assert line.exam_digest == one.exam_digest
    difference = evaluation(line, 1)["candidate"]["test/ndcg@10"] - evaluation(one, 1)["candidate"]["test/ndcg@10"]
    assert abs(difference) <= 0.01
