"""The YAML of docs/balance.md is good, and its words and numbers are those of the models."""

import re
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from embtune_api.balance import DEFAULT_ALPHA, DEFAULT_MAX_COPIES, GOES_WITH, BalanceMethod
from embtune_api.data import Data

PAGE = (Path(__file__).parents[2] / "docs" / "balance.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_good_data(block: str) -> None:
    assert Data.model_validate(YAML(typ="safe").load(block)["data"], context={"cluster": True})


def test_every_method_is_told_with_its_fields() -> None:
    for method in get_args(BalanceMethod):
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{method}`"))
        fields = line.split("|")[3]
        assert {name for name in GOES_WITH if f"`{name}`" in fields} == {name for name in GOES_WITH if method in GOES_WITH[name]}
    assert f"`alpha`, by default {DEFAULT_ALPHA}" in PAGE
    assert f"`maxCopies`, by default {DEFAULT_MAX_COPIES}," in PAGE
