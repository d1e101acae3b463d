"""docs/checks.md tells every check with its default, and its numbers are those of the code."""

import re
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from embtune_api.checks import Checks
from embtune_api.data import Data
from embtune_trainer.prepare.checks import enough, languages, tokens

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", PAGE, re.MULTILINE))


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_good_data(block: str) -> None:
    assert Data.model_validate(YAML(typ="safe").load(block)["data"], context={"cluster": True})


def test_every_check_is_told_with_its_default() -> None:
    actions = {field.alias: field.default for field in Checks.model_fields.values() if "Fail" in get_args(field.annotation)}
    assert {**actions, "minRows": str(Checks().min_rows)} == ROWS
    for field in Checks.model_fields.values():
        assert f"`{field.alias}`" in PAGE
    assert f"`maxAgeDays`, {Checks().max_age_days}" in PAGE
    assert f"`maxImbalance`, {Checks().max_imbalance:g}," in PAGE


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"at a probability of {languages.CONFIDENCE} or more" in PAGE
    assert f"fewer than {enough.FEWEST_TO_LEARN} rows are left" in PAGE
    assert f"of more than {tokens.MOST_ROWS:,} rows" in PAGE
    assert f"more than {tokens.MOST_TOKENS_PER_WORD} tokens per word, and where more than {tokens.MOST_UNKNOWN:.0%} of" in PAGE
    assert tokens.TOLERATED == 1 / 20
