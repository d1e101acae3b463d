"""Runs whose verdict is not Passed: exit code 3, the version is kept, production stays as it was."""

from pathlib import Path

from support.command import embtune
from support.jobs import MODEL, NAMESPACE, OPEN_GATE, write_job, write_rows
from support.rows import tldr_pairs
from support.stored import StoredLine, read_json
from support.whole_runs import CopyOf, Finished


def stages(line: StoredLine) -> list[tuple[int, str, str]]:
    told = embtune("versions", MODEL, "--store", line.store, "--namespace", NAMESPACE, "--json").ended(0)
    return [(version["version"], version["stage"], version["verdict"]) for version in told.json]


def test_an_impossible_gate_rejects_and_leaves_production_alone(bench: Path, first: Finished, copy_of: CopyOf) -> None:
    line = copy_of(first)
    before = line.release
    impossible = {"metric": "test/ndcg@10", "min": 0.999}
    job = write_job(bench, "impossible", ["first.jsonl"], gates=[OPEN_GATE, impossible], training={"seed": 3, "epochs": 1})
    told = embtune("run", job, "--store", line.store).ended(3)
    assert "Verdict: Rejected – 1 of 2 gates rejected" in told.out
    assert "< 0.999 ✗" in told.out
    assert "v2 is kept; production is unchanged" in told.out
    assert line.release == before
    assert stages(line) == [(1, "Production", "Passed"), (2, "Rejected", "Rejected")]
    assert read_json(line.version(2) / "evaluation.json")["verdict"]["outcome"] == "Rejected"

    again = embtune("run", job, "--store", line.store, "--json").ended(3)
    assert again.json["status"]["phase"] == "Succeeded", "the job has done its work; its verdict says no"
    assert again.json["status"]["verdict"]["outcome"] == "Rejected"

    refused = embtune("promote", f"{MODEL}@2", "--store", line.store, "--namespace", NAMESPACE).ended(2)
    assert "v2 was rejected" in refused.paragraph
    assert line.release == before
    forced = ("--force", "--reason", "for the demo on Monday")
    told = embtune("promote", f"{MODEL}@2", *forced, "--store", line.store, "--namespace", NAMESPACE).ended(0)
    assert told.out == f"{MODEL} v2 is in production, before it v1\n"


def test_a_tiny_exam_settles_nothing(bench: Path, tmp_path: Path) -> None:
    write_rows(bench / "few.jsonl", tldr_pairs(220))
    job = write_job(bench, "few", ["few.jsonl"], data={"split": {"test": 0.1}})
    told = embtune("run", job, "--store", tmp_path / "store").ended(3)
    line = StoredLine(tmp_path / "store", NAMESPACE, MODEL)
    assert len(line.queries) < 50
    assert f"{len(line.queries)} queries are under the floor of 50" in told.out
    assert "Verdict: Inconclusive" in told.out
    assert line.release is None
    assert stages(line) == [(1, "Candidate", "Inconclusive")]
