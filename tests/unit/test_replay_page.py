"""The jobs of docs/replay.md are good, and every word of `data.replay` and of its report is told."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from embtune_api.replay import Replay
from embtune_api.replayed import ReplayReport
from embtune_api.resources import FineTuneJob

PAGE = (Path(__file__).parents[2] / "docs" / "replay.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_a_good_job(block: str) -> None:
    job = FineTuneJob.model_validate(YAML(typ="safe").load(block), context={"cluster": True})
    assert job.spec.data.replay


def test_every_word_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert {field.alias for field in Replay.model_fields.values()} == told
    assert all(f"`{name}`" in PAGE for name in ReplayReport.model_fields)


def test_the_default_is_the_one_that_is_told() -> None:
    assert f"default {Replay().ratio}" in PAGE
