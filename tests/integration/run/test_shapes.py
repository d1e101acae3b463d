"""Data of one shape and nothing else said about the recipe: the real command goes to a verdict, and tells what Auto was."""

from pathlib import Path
from typing import Any

import pytest

from support.command import embtune
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.shapes import EXAMPLES
from support.stored import StoredLine, read_json
from support.tiny_model import make_tiny_model


def a_job(folder: Path, name: str, gates: list[dict[str, Any]], suite: str) -> Path:
    """One that names its columns alone, over an example's rows; `suite`: its kind."""
    example = EXAMPLES[name]
    rows = example.rows()
    write_rows(folder / "rows.jsonl", rows)
    make_tiny_model(folder / "tiny", [text for row in rows for text in example.texts_of(row)])
    source = {"uri": "rows.jsonl", "columns": example.columns}
    return write_job(
        folder,
        "shape",
        [],
        gates=gates,
        data={"train": [source], "split": {"test": 0.3}, "build": example.build, "checks": {"minRows": 100}},
        training={"epochs": 1},
        evaluation={"suites": [{"kind": suite}]},
    )


@pytest.mark.parametrize(
    ("name", "loss", "made", "suite", "metric"),
    [
        pytest.param("labelled texts", "MultipleNegativesRanking", "pairs", "Retrieval", "ndcg@10", id="tickets with categories"),
        pytest.param(
            "labelled texts as they are",
            "BatchHardSoftMarginTriplet",
            "labelled texts",
            "Retrieval",
            "ndcg@10",
            id="tickets that stay as they are",
        ),
        pytest.param("pairs: parallel texts", "MultipleNegativesRanking", "pairs", "Retrieval", "ndcg@10", id="translations"),
        pytest.param("triplets", "MultipleNegativesRanking", "triplets", "Retrieval", "ndcg@10", id="triplets"),
        pytest.param("scored pairs", "CoSENT", "scored pairs", "SemanticSimilarity", "spearman", id="scored pairs"),
        pytest.param("0/1 pairs", "OnlineContrastive", "0/1 pairs", "PairClassification", "ap", id="pairs that are or are not"),
    ],
)
def test_a_job_that_names_its_columns_alone(tmp_path: Path, name: str, loss: str, made: str, suite: str, metric: str) -> None:
    gates = [{"metric": f"test/{metric}", "min": 0.001}]
    told = embtune("run", a_job(tmp_path, name, gates, suite), "--store", tmp_path / "store").ended(0)
    assert f"{made} to train on" in told.out
    assert f"Recipe {loss}, 1 epoch, batch size 64" in told.out
    assert f"{metric} 0." in told.out
    line = StoredLine(tmp_path / "store", NAMESPACE, MODEL)
    metadata = read_json(line.version(1) / "metadata.json")
    assert metadata["training_config"]["loss"]["name"] == loss
    assert metadata["training_data"]["train_rows"] > 50
    assert 0 < metadata["metrics"][f"test/{metric}"] <= 1


@pytest.mark.parametrize(
    ("name", "suite", "says"),
    [
        pytest.param("scored pairs", "Retrieval", "Take SemanticSimilarity", id="passages where there are pairs"),
        pytest.param(
            "scored pairs", "PairClassification", "Take SemanticSimilarity", id="right or wrong where there are degrees"
        ),
        pytest.param("pairs: parallel texts", "SemanticSimilarity", "Take Retrieval", id="similarities where there are none"),
    ],
)
def test_a_suite_that_cannot_be_measured_is_refused_before_anything_is_trained(
    tmp_path: Path, name: str, suite: str, says: str
) -> None:
    ended = embtune("run", a_job(tmp_path, name, [], suite), "--store", tmp_path / "store").ended(2)
    assert f"evaluation.suites[0].kind: {suite} cannot be measured on the line's exam" in ended.err + ended.out
    assert says in ended.err + ended.out
    assert not list((tmp_path / "store").rglob("train/*/manifest.json"))
