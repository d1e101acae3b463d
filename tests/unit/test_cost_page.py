"""The job of docs/cost.md is good, its file is there, and its words are those of the code."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from embtune_api.cost import COST_METRICS, CostSettings
from embtune_api.documents.cost import AskedCost
from embtune_api.resources import FineTuneJob

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")


def test_the_job_is_good_and_its_file_is_there() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    job = FineTuneJob.model_validate(YAML(typ="safe").load(block))
    assert (ROOT / job.spec.data.train[0].uri).is_file()
    gates = [gate.metric for gate in job.spec.promotion.gates]
    assert job.spec.evaluation.asked_cost(gates) == AskedCost(times=CostSettings()), "the defaults, spelled out"


def test_every_cost_is_told() -> None:
    rows = re.findall(r"^\| (`cost/.*?) \|", PAGE, re.MULTILINE)
    assert re.findall(r"`(cost/[\w-]+)`", " ".join(rows)) == list(COST_METRICS)


def test_times_are_taken_where_a_gate_asks_for_one_and_sizes_take_no_time() -> None:
    evaluation = FineTuneJob.model_validate(
        {
            "apiVersion": "embtune.dev/v1alpha1",
            "kind": "FineTuneJob",
            "metadata": {"name": "a"},
            "spec": {"model": "m", "baseModel": {"uri": "s3://b/m"}, "data": {"train": [{"uri": "s3://b/rows.jsonl"}]}},
        }
    ).spec.evaluation
    assert evaluation.asked_cost(["test/ndcg@10"]) is None
    assert evaluation.asked_cost(["test/ndcg@10", "cost/model-mb"]) == AskedCost(times=None)
    assert evaluation.asked_cost(["cost/query-p50-ms"]) == AskedCost(times=CostSettings())
