"""Exam rows that come back as training data, in other letters and under another group."""

import json
import shutil
from pathlib import Path

import pytest

from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.leaks import leaks, same_text
from support.stored import StoredLine, read_json
from support.whole_runs import Finished

PLANTED = 60


@pytest.fixture(scope="module")
def planted(bench: Path, first: Finished) -> list[dict[str, str]]:
    """Pairs of the exam under a changed group and casing, as a file beside other rows."""
    queries = {query["id"]: query["text"] for query in first.line.queries}
    passages = {passage["id"]: passage["text"] for passage in first.line.corpus}
    rows = [
        {"anchor": f"  {queries[qrel['query']].upper()}!", "positive": passages[qrel["passage"]].swapcase(), "group": f"new {n}"}
        for n, qrel in enumerate(first.line.qrels[:PLANTED])
    ]
    write_rows(bench / "planted.jsonl", rows)
    return rows


def run_with(leakage: str, bench: Path, first: Finished, folder: Path) -> tuple[Told, StoredLine]:
    store = shutil.copytree(first.store, folder / "store")
    job = write_job(
        bench,
        f"planted-{leakage.lower()}",
        ["other.jsonl", "planted.jsonl"],
        data={
            "split": {"test": 0.1, "groupBy": "group", "seed": 7},
            "checks": {"leakage": leakage},
        },
        training={"epochs": 1},
    )
    return embtune("run", job, "--store", store), StoredLine(store, NAMESPACE, MODEL)


def test_they_are_removed_and_reported(bench: Path, first: Finished, planted: list[dict[str, str]], tmp_path: Path) -> None:
    told, line = run_with("Fix", bench, first, tmp_path)
    told.ended(0)
    trained_on = line.trained_on("planted-fix")
    assert leaks(trained_on, first.line.queries) == []
    assert not {same_text(row["anchor"]) for row in planted} & {same_text(row["anchor"]) for row in trained_on}

    report = read_json(line.data("planted-fix") / "report.json")
    findings = {finding["check"]: finding for finding in report["findings"]}
    found = findings["leakage/same-pair"]
    held_out = PLANTED - found["rows"]  # some of the new groups are on the test side of the split, which nobody trains on
    assert found["action"] == "removed"
    assert 0 <= held_out <= 0.25 * PLANTED
    assert all(example.startswith("planted.jsonl:") for example in found["examples"])
    assert line.exam_digest == first.line.exam_digest, "the exam loses nothing"
    evaluation = read_json(line.version(2) / "evaluation.json")
    assert (evaluation["suites"][0]["dropped"], evaluation["exam"]) == ([], first.line.exam_digest)


def test_trained_on_all_the_same_they_settle_nothing(
    bench: Path, first: Finished, planted: list[dict[str, str]], tmp_path: Path
) -> None:
    told, line = run_with("Ignore", bench, first, tmp_path)
    told.ended(3)
    asked = [same_text(query["text"]) for query in line.queries]
    learnt = {same_text(json_row["anchor"]) for json_row in map(json.loads, train_lines(line))}
    seen = [number for number, text in enumerate(asked) if text in learnt]
    assert len(seen) > 0.01 * len(asked)
    assert {same_text(row["anchor"]) for row in planted} & learnt
    evaluation = read_json(line.version(2) / "evaluation.json")
    assert evaluation["suites"][0]["dropped"] == seen, "dropped for every compared model"
    assert evaluation["verdict"]["outcome"] == "Inconclusive"
    assert f"SawExam: {len(seen)} of {len(asked)} exam queries" in told.out
    assert line.release == first.line.release


def train_lines(line: StoredLine) -> list[str]:
    return (line.data("planted-ignore") / "train.jsonl").read_text(encoding="utf-8").splitlines()
