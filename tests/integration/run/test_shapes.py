"""Data of one shape and nothing else said about the recipe: the real command goes to a verdict, and tells what Auto was."""

from pathlib import Path

import pytest

from support.command import embtune
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.shapes import EXAMPLES
from support.stored import StoredLine, read_json
from support.tiny_model import make_tiny_model


@pytest.mark.parametrize(
    ("name", "loss", "made"),
    [
        pytest.param("labelled texts", "MultipleNegativesRanking", "pairs", id="tickets with categories"),
        pytest.param("pairs: parallel texts", "MultipleNegativesRanking", "pairs", id="translations"),
    ],
)
def test_a_job_that_names_its_columns_alone(tmp_path: Path, name: str, loss: str, made: str) -> None:
    example = EXAMPLES[name]
    rows = example.rows()
    write_rows(tmp_path / "rows.jsonl", rows)
    make_tiny_model(tmp_path / "tiny", [text for row in rows for text in example.texts_of(row)])
    source = {"uri": "rows.jsonl", "columns": example.columns}
    job = write_job(tmp_path, "shape", [], data={"train": [source], "split": {"test": 0.3}}, training={"epochs": 1})
    told = embtune("run", job, "--store", tmp_path / "store").ended(0)
    assert f"{made} to train on" in told.out
    assert f"Recipe {loss}, 1 epoch, batch size 64" in told.out
    metadata = read_json(StoredLine(tmp_path / "store", NAMESPACE, MODEL).version(1) / "metadata.json")
    assert metadata["training_config"]["loss"]["name"] == loss
    assert metadata["training_data"]["train_rows"] > 200
