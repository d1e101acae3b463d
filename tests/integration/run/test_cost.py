"""A larger model that is no better: rejected by what it costs; a gate that is a dry run is told, and decides nothing."""

from pathlib import Path
from typing import Any

import pytest

from support.command import embtune
from support.jobs import MODEL, NAMESPACE, write_job
from support.rows import tldr_pairs
from support.stored import StoredLine, read_json
from support.tiny_model import make_tiny_model
from support.whole_runs import FIRST_ROWS, CopyOf, Finished

GATES: list[dict[str, Any]] = [
    {"metric": "test/ndcg@10", "min": 0.01},
    {"metric": "test@8-int8/ndcg@10", "minDelta": -0.9, "against": "Production"},
    {"metric": "cost/documents-per-second", "minDelta": -0.3, "against": "Production"},
    {"metric": "cost/model-mb", "minDelta": -0.5, "against": "Production"},
    {"metric": "cost/dimension", "max": 8, "dryRun": True},
]
TIMES = {"rounds": 5, "queries": 20, "documents": 64}


@pytest.fixture
def larger(bench: Path) -> dict[str, Any]:
    """A base of the same vocabulary that computes a few hundred times as much."""
    folder = bench / "larger"
    if not folder.exists():
        texts = [text for row in tldr_pairs(FIRST_ROWS) for text in (row["anchor"], row["positive"])]
        make_tiny_model(folder, texts, hidden=256, layers=5)
    return {"uri": "larger/model"}


def test_a_model_that_costs_too_much_is_rejected_by_name(
    bench: Path, first: Finished, larger: dict[str, Any], copy_of: CopyOf
) -> None:
    line = copy_of(first)
    job = write_job(
        bench,
        "larger",
        ["first.jsonl"],
        base=larger,
        gates=GATES,
        training={"epochs": 1},
        evaluation={
            "suites": [{"name": "test", "cutoffs": [10], "compressed": [{"dimension": 8, "precision": "int8"}]}],
            "cost": TIMES,
        },
    )
    ran = embtune("run", job, "--store", line.store).ended(3)
    evaluation = read_json(line.version(2) / "evaluation.json")
    quality, small, fast, size, dimension = evaluation["verdict"]["gates"]
    assert (quality["outcome"], small["outcome"]) == ("Passed", "Passed")
    assert small["line"].startswith("test@8-int8/ndcg@10 ")
    assert (fast["outcome"], size["outcome"]) == ("Rejected", "Rejected")
    assert "slower than production v1, 95 % upper bound -" in fast["line"]
    assert "larger than production v1, -" in size["line"]
    assert (dimension["outcome"], dimension["dryRun"]) == ("Rejected", True)
    assert evaluation["verdict"]["reason"].startswith("2 of 4 gates rejected: cost/documents-per-second ")
    for gate in (small, fast, size, dimension):
        assert gate["line"] in ran.out
    for row in ("test@8-int8/ndcg@10", "cost/query-p95-ms", "cost/model-mb"):
        assert any(line.split()[:1] == [row] for line in ran.out.splitlines()), row

    for role in ("candidate", "base", "champion"):
        found = evaluation[role]
        assert found["cost/query-p50-ms"] <= found["cost/query-p95-ms"]
        bounds = evaluation["bounds"][role]
        assert bounds["cost/query-p95-ms"]["lower"] <= found["cost/query-p95-ms"] <= bounds["cost/query-p95-ms"]["upper"]
        assert bounds["test@8-int8/ndcg@10"]["lower"] <= found["test@8-int8/ndcg@10"]
    assert evaluation["candidate"]["cost/dimension"] == 256
    assert evaluation["champion"]["cost/dimension"] == 32
    files = read_json(line.version(2) / "manifest.json")["files"]
    models = [file["size"] for file in files if file["path"].startswith("model/") and file["path"] != "model/README.md"]
    assert evaluation["candidate"]["cost/model-mb"] == pytest.approx(sum(models) / 1e6)

    _the_page_tells_it(line, fast["line"])


def _the_page_tells_it(line: StoredLine, gate: str) -> None:
    page = line.store / "page.html"
    embtune("report", f"{MODEL}@2", "--store", line.store, "--namespace", NAMESPACE, "--out", page).ended(0)
    told = page.read_text(encoding="utf-8")
    assert gate.split(" ✗")[0].replace("<", "&lt;") in told
    assert "it costs more than a gate allows" in told
    assert " MB</td>" in told
    assert " ms (" in told


def test_more_numbers_than_a_vector_has_are_refused_before_anything_is_trained(bench: Path, tmp_path: Path) -> None:
    job = write_job(bench, "too-many", ["first.jsonl"], evaluation={"suites": [{"compressed": [{"dimension": 33}]}]})
    refused = embtune("run", job, "--store", tmp_path / "store").ended(2)
    assert (
        "evaluation.suites[0].compressed[0].dimension: 33 numbers of each vector are to be kept, and those of baseModel have 32"
    ) in refused.paragraph
    assert not list((tmp_path / "store").rglob("train/*"))
