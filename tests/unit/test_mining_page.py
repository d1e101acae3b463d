"""The YAML of docs/mining.md is good, and every word of `data.mine` is told."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from embtune_api.data import Data
from embtune_api.mine import Mine

PAGE = (Path(__file__).parents[2] / "docs" / "mining.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_good_data(block: str) -> None:
    data = Data.model_validate(YAML(typ="safe").load(block)["data"], context={"cluster": True})
    assert data.mine


def test_every_word_is_told() -> None:
    told = {name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert {field.alias for field in Mine.model_fields.values()} <= told
