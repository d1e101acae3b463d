"""The YAML of docs/shapes.md is good, and its words are those of the models."""

import re
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from embtune_api.data import Data
from embtune_api.losses import FITTING, SHAPE_COLUMNS, LabelledTexts, LossName
from embtune_api.metrics import PAIR_METRICS
from embtune_trainer.prepare.questions import MOST_OF_A_LABEL

PAGE = (Path(__file__).parents[2] / "docs" / "shapes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_good_data(block: str) -> None:
    assert Data.model_validate(YAML(typ="safe").load(block)["data"], context={"cluster": True})


def test_every_shape_and_every_word_is_told() -> None:
    for shape, columns in SHAPE_COLUMNS.items():
        assert f"| {shape} | {', '.join(f'`{name}`' for name in _in_order(columns))}" in PAGE
    for word in get_args(LabelledTexts):
        assert re.search(rf"^\| `{word}`", PAGE, re.MULTILINE)
    for loss in get_args(LossName):
        assert f"`{loss.removeprefix('Cached')}`" in PAGE
    for loss in FITTING.values():
        assert re.search(rf"^\|[^|]*\| `{loss}` \|", PAGE, re.MULTILINE)
    for kind, metrics in PAIR_METRICS.items():
        assert re.search(rf"^\|[^|]*\| `{kind}`.*{'.*'.join(f'`{metric}`' for metric in metrics)}", PAGE, re.MULTILINE)
    assert f"At most {MOST_OF_A_LABEL} texts of a label" in PAGE


def _in_order(columns: frozenset[str]) -> list[str]:
    """As people say them."""
    order = ("anchor", "positive", "negative", "sentence1", "sentence2", "score", "text", "label")
    return [name for name in order if name in columns]
