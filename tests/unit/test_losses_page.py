"""The page on losses: its YAML is good, every loss is told, and its figures are those that the bench found."""

import re
from typing import get_args

import pytest
from ruamel.yaml import YAML

from bench.losses.result import LOSSES
from embtune_api.losses import LossName
from embtune_api.spec import Recipe
from support.measured import measured_by

TEXT = LOSSES.words
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_a_good_recipe(block: str) -> None:
    assert Recipe.model_validate(YAML(typ="safe").load(block), context={"cluster": True})


def test_every_loss_is_told() -> None:
    told = {name for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told == set(get_args(LossName))


def test_what_is_promised_was_kept_with_more_than_one_seed() -> None:
    measured = measured_by(LOSSES)
    promised = [each for part in measured.parts.values() for each in part if each.at_least is not None]
    assert [each.asked for each in promised if not each.is_kept] == []
    assert len(promised) == 2 + 3 + 1 + 1
    assert len(measured.seeds) > 1
