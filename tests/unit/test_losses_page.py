"""The page on losses: its YAML is good, every loss is told, and its figures are those that the bench found."""

import re
from typing import get_args

import pytest
from ruamel.yaml import YAML

from bench.losses.result import PAGE, RESULT, WORDS, Result, as_page
from embtune_api.losses import LossName
from embtune_api.spec import Recipe

TEXT = WORDS.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_a_good_recipe(block: str) -> None:
    assert Recipe.model_validate(YAML(typ="safe").load(block), context={"cluster": True})


def test_every_loss_is_told() -> None:
    told = {name for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told == set(get_args(LossName))


def read_result() -> Result | None:
    """None: not measured yet."""
    return Result.model_validate_json(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else None


def test_the_page_is_what_was_measured() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_page(read_result())


def test_what_is_promised_was_kept_with_more_than_one_seed() -> None:
    measured = read_result()
    if measured is None:
        pytest.skip("not measured yet: `make bench-losses` writes the result and the page")
    promised = [each for part in measured.parts.values() for each in part if each.at_least is not None]
    assert [each.asked for each in promised if not each.is_kept] == []
    assert len(promised) == 2 + 3 + 1 + 1
    assert len(measured.seeds) > 1
