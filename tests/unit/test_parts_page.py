"""The jobs of docs/parts.md are good, every word is told, and the table is what the bench found."""

import re
from typing import get_args

import pytest
from ruamel.yaml import YAML

from bench.parts.arms import ARMS, FROZEN
from bench.parts.result import PAGE, RESULT, WORDS, Result, as_page
from embtune_api.encoder import Encoder, Pooling
from embtune_api.resources import FineTuneJob
from embtune_api.tune import Tune, TunedPart

TEXT = WORDS.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def measured() -> Result:
    if not RESULT.exists():
        pytest.skip("not measured yet: `make bench-parts` writes the result and the page, in half an hour")
    return Result.model_validate_json(RESULT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_a_good_job(block: str) -> None:
    job = FineTuneJob.model_validate(YAML(typ="safe").load(block), context={"cluster": True})
    assert job.spec.training.tune or job.spec.encoder


def test_every_word_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    assert {field.alias for model in (Tune, Encoder) for field in model.model_fields.values()} == told
    assert all(f"`{word}`" in TEXT for word in (*get_args(Pooling), *TunedPart.model_fields))


def test_the_page_is_what_was_measured(measured: Result) -> None:
    assert PAGE.read_text(encoding="utf-8") == as_page(measured)
    assert [outcome.name for outcome in measured.outcomes] == [arm.name for arm in ARMS]


def test_the_new_encoder_of_queries_is_better_over_old_vectors(measured: Result) -> None:
    frozen = next(outcome for outcome in measured.outcomes if outcome.name == FROZEN)
    assert 0 < frozen.over_base.lower <= frozen.over_base.value <= frozen.over_base.upper
