"""A job that learns its own field well and forgets the rest: the average rises, the guard suite says no, and why."""

from pathlib import Path

from support.command import embtune
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.real_model import NAME, real_model_mirror
from support.rows import tldr_pairs
from support.shapes import EXAMPLES
from support.stored import StoredLine, read_json

STSB = EXAMPLES["scored pairs"]
SUITES = [
    {"name": "test", "kind": "Retrieval", "cutoffs": [10]},
    {"name": "general", "kind": "SemanticSimilarity", "guard": True, "data": {"uri": "sts.jsonl", "columns": STSB.columns}},
]
GATES = [
    {"metric": "test/ndcg@10", "min": 0.2},
    {"metric": "general/spearman", "minDelta": -0.02, "against": "Base"},
]


def test_a_model_that_forgot_is_rejected_by_its_guard_and_told_so(tmp_path: Path) -> None:
    """The learning rate is a hundred times the usual one: what a model knew is gone in a few steps."""
    write_rows(tmp_path / "rows.jsonl", tldr_pairs(240))
    write_rows(tmp_path / "sts.jsonl", STSB.rows()[:150])
    hub = {"EMBTUNE_HUB_MIRROR": str(real_model_mirror(tmp_path / "hub"))}
    job = write_job(
        tmp_path,
        "forgets",
        ["rows.jsonl"],
        base={"uri": f"hf://{NAME}"},
        gates=GATES,
        evaluation={"suites": SUITES},
        data={"checks": {"minRows": 50}},
        training={"epochs": 1, "batchSize": 16, "learningRate": 2e-3, "maxSeqLength": 24},
    )
    ran = embtune("run", job, "--store", tmp_path / "store", "--json", env=hub).ended(3)
    status = ran.json["status"]
    verdict = {gate["metric"]: gate for gate in status["verdict"]["gates"]}
    assert verdict["general/spearman"]["outcome"] == "Rejected"
    assert status["verdict"]["outcome"] == "Rejected"
    assert "general/spearman" in status["verdict"]["reason"]
    assert "over base, 95 % upper bound" in verdict["general/spearman"]["line"]
    for role in ("candidate", "base"):
        assert {"test/ndcg@10", "general/spearman", "general/pearson"} <= status["evaluation"][role].keys()
    assert status["evaluation"]["candidate"]["general/spearman"] < status["evaluation"]["base"]["general/spearman"] - 0.02

    line = StoredLine(tmp_path / "store", NAMESPACE, MODEL)
    suites = read_json(line.version(1) / "evaluation.json")["suites"]
    assert [suite["suite"]["name"] for suite in suites] == ["test", "general"]
    assert suites[0]["exam"] == line.exam_digest != suites[1]["exam"]
    assert suites[1]["queries"] > 100
    shown = embtune("show", f"{MODEL}@1", "--store", tmp_path / "store", "--namespace", NAMESPACE).ended(0)
    assert "general/spearman" in shown.out
    assert "test/ndcg@10" in shown.out
