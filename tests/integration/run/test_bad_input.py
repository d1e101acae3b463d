"""Bad input on the command line: exit code 2 and one paragraph with place and remedy, before anything is trained."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.command import Told, embtune
from support.jobs import write_job
from support.rows import tldr_pairs

JOB = """\
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {name: faulty, namespace: team}
spec:
  model: search
  baseModel: {uri: tiny/model}
  data:
    train:
    - {uri: first.jsonl, columns: {anchor: anchor, positive: positive}}
    split: {groupBy: group}
  training: {epochs: 1}
  promotion:
    gates:
    - {metric: "test/ndcg@10", min: 0.5}
"""

# sentence: (what stands in the file, what stands there instead, what the paragraph says)
FAULTS: dict[str, tuple[str, str, list[str]]] = {
    "an unknown field": ("epochs: 1", "epoch: 1", [":11: spec.training.epoch: unknown field", "did you mean epochs?"]),
    "a wrong type": ("epochs: 1", "epochs: many", [":11: spec.training.epochs: expected a whole number, got 'many'"]),
    "a number out of range": ("epochs: 1", "epochs: 0", [":11: spec.training.epochs: 0 is below the minimum 1"]),
    "broken YAML": ("{epochs: 1}", "{epochs: 1", [":12: broken YAML", "check the indentation and quotes"]),
    "an unknown loss": (
        "epochs: 1",
        "loss: {name: MultipleNegativeRanking}",
        [":11: spec.training.loss.name: unknown loss", "did you mean MultipleNegativesRanking?"],
    ),
    "a loss that does not fit the columns": (
        "epochs: 1",
        "loss: {name: CoSENT}",
        [":9: spec.data.train[0].columns: loss CoSENT learns from scored pairs", "maps pairs", "map the columns"],
    ),
    "a gate on a metric that no suite yields": (
        "test/ndcg@10",
        "test/ndcg@7",
        [":14: spec.promotion.gates[0].metric", "test/ndcg@7 is not yielded by any suite; choose one of test/accuracy@1"],
    ),
    "a base model's folder that is not there": (
        "tiny/model",
        "tiny/modle",
        ["spec.baseModel.uri tiny/modle: there is no such folder", "hf://org/name"],
    ),
    "a data file that is not there": (
        "first.jsonl",
        "frist.jsonl",
        ["spec.data.train[0].uri frist.jsonl: there is no such file", "correct the path"],
    ),
}


def refused(job: Path, store: Path, says: list[str], env: dict[str, str] | None = None) -> Told:
    """The run, once it is clear that it was refused as it should be."""
    told = embtune("run", job, "--store", store, env=env).ended(2)
    missing = [text for text in says if text not in told.paragraph]
    assert not missing, told.paragraph
    assert told.out == ""
    assert "train started" not in told.err
    assert not [path for path in store.rglob("*") if "train" in path.parts or "versions" in path.parts or "exams" in path.parts]
    return told


@pytest.mark.parametrize(("old", "new", "says"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_of_the_job_is_told_before_anything_starts(
    bench: Path, tmp_path: Path, old: str, new: str, says: list[str]
) -> None:
    assert old in JOB
    job = bench / "faulty.yaml"
    job.write_text(JOB.replace(old, new))
    told = refused(job, tmp_path / "store", says)
    assert " started" not in told.err
    assert not (tmp_path / "store").exists()
    assert told.processor < 2


def lines(*rows: Any) -> str:
    """Two hundred good rows, and then these: a text as it is, anything else as JSON."""
    written = [row if isinstance(row, str) else json.dumps(row) for row in (*tldr_pairs(200), *rows)]
    return "\n".join(written) + "\n"


# sentence: (what the file holds, what differs in the job's data, what the paragraph says)
BAD_DATA: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "a column that is not there": (
        lines(),
        {"train": [{"uri": "bad.jsonl", "columns": {"anchor": "question", "positive": "positive"}}]},
        ["bad.jsonl: no column 'question' (columns.anchor)", "anchor, group, positive", "Name one of those"],
    ),
    "an empty row": (
        lines({"anchor": " ", "positive": "ls", "group": "ls"}, {"anchor": "list", "group": "ls"}),
        {},
        ["bad.jsonl:201: 'anchor' is blank", "bad.jsonl:202: 'positive' is missing", "data.checks.empty: Fix"],
    ),
    "a broken row": (
        lines('{"anchor": "list files", '),
        {},
        ["bad.jsonl:201: broken row: not JSON", "Correct or delete that row"],
    ),
    "fewer rows than minRows": (
        lines(),
        {"checks": {"minRows": 201}},
        ["200 rows can be used", "fewer than data.checks.minRows 201", "Add rows"],
    ),
    "two rows only": (
        "\n".join(lines().splitlines()[:2]),
        {"checks": {"minRows": 2}},
        ["data.split", "Add rows"],
    ),
}


@pytest.mark.parametrize(("text", "how", "says"), BAD_DATA.values(), ids=BAD_DATA.keys())
def test_bad_data_is_told_before_anything_is_trained(
    bench: Path, tmp_path: Path, text: str, how: dict[str, Any], says: list[str]
) -> None:
    (bench / "bad.jsonl").write_text(text)
    refused(write_job(bench, "bad-data", ["bad.jsonl"], data=how), tmp_path / "store", says)


def test_a_base_model_that_is_no_sentence_transformers_folder(bench: Path, tmp_path: Path) -> None:
    job = write_job(bench, "bad-base", ["first.jsonl"], base={"uri": "tiny/bare"})
    says = ["tiny/bare is not a sentence-transformers model", "modules.json is missing", "save_pretrained(folder)"]
    refused(job, tmp_path / "store", says)


def test_a_hub_that_cannot_be_reached(bench: Path, tmp_path: Path) -> None:
    job = write_job(bench, "no-hub", ["first.jsonl"], base={"uri": "hf://sentence-transformers/all-MiniLM-L6-v2"})
    env = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hub")}
    says = ["hf://sentence-transformers/all-MiniLM-L6-v2 cannot be had", "the hub cannot be reached", "EMBTUNE_HUB_MIRROR"]
    refused(job, tmp_path / "store", says, env)


def test_an_address_that_no_hub_can_have(bench: Path, tmp_path: Path) -> None:
    job = write_job(bench, "odd-hub", ["first.jsonl"], base={"uri": "hf://all-MiniLM-L6-v2"})
    refused(job, tmp_path / "store", ["hf://all-MiniLM-L6-v2 is not a model of the hub", "hf://org/name"])


def test_a_version_to_start_from_that_is_not_there(bench: Path, tmp_path: Path) -> None:
    job = write_job(bench, "no-base", ["first.jsonl"], base={"version": {"model": "search", "ref": "production"}})
    refused(job, tmp_path / "store", ["nothing of search is in production yet", "Start from a uri"])
