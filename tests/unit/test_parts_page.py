"""The jobs of docs/parts.md are good, every word is told, and the table is what the bench found."""

import re
from typing import get_args

import pytest
from ruamel.yaml import YAML

from bench.parts.arms import ARMS, FROZEN
from bench.parts.result import PARTS, Result
from embtune_api.encoder import Encoder, Pooling
from embtune_api.resources import FineTuneJob
from embtune_api.tune import Tune, TunedPart
from support.measured import measured_by

TEXT = PARTS.words
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def measured() -> Result:
    return measured_by(PARTS)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_a_good_job(block: str) -> None:
    job = FineTuneJob.model_validate(YAML(typ="safe").load(block), context={"cluster": True})
    assert job.spec.training.tune or job.spec.encoder


def test_every_word_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    assert {field.alias for model in (Tune, Encoder) for field in model.model_fields.values()} == told
    assert all(f"`{word}`" in TEXT for word in (*get_args(Pooling), *TunedPart.model_fields))


def test_every_arm_was_measured(measured: Result) -> None:
    assert [outcome.name for outcome in measured.outcomes] == [arm.name for arm in ARMS]


def test_the_new_encoder_of_queries_is_better_over_old_vectors(measured: Result) -> None:
    frozen = next(outcome for outcome in measured.outcomes if outcome.name == FROZEN)
    assert 0 < frozen.over_base.lower <= frozen.over_base.value <= frozen.over_base.upper
