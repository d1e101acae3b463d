"""The YAML of docs/augment.md is good, every word of `data.augment` is told, and the examples are what the code makes."""

import re
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from embtune_api.augment import Augment, AugmentMethod
from embtune_api.augment_report import NotMade
from embtune_api.data import Data
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.paraphrase import LIKELIEST, MOST_TOKENS
from embtune_trainer.prepare.augment.typos import FEWEST_LETTERS
from support.augmenting import SYNONYMS, methods

PAGE = (Path(__file__).parents[2] / "docs" / "augment.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_is_good_data(block: str) -> None:
    data = Data.model_validate(YAML(typ="safe").load(block)["data"], context={"cluster": True})
    assert data.augment


def test_every_word_is_told() -> None:
    told = {name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert {field.alias for field in Augment.model_fields.values()} | {*get_args(NotMade)} <= told
    assert all(f"* **{method}**" in PAGE for method in get_args(AugmentMethod))
    assert f"fewer than {FEWEST_LETTERS} letters" in PAGE
    assert f"the {LIKELIEST} likeliest words" in PAGE
    assert f"longer than {MOST_TOKENS} tokens" in PAGE


@pytest.mark.parametrize(("method", "before", "after"), EXAMPLES, ids=[" ".join(example[:2]) for example in EXAMPLES])
def test_an_example_is_what_the_code_makes(method: AugmentMethod, before: str, after: str) -> None:
    assert methods()[method](before, Chance(0, before)) == after


def test_every_method_without_a_model_has_an_example() -> None:
    assert {method for method, _, _ in EXAMPLES} == set(methods())
    shown = re.search(r"    word\tsynonyms\n((?:    .+\n)+)", PAGE)
    assert shown
    assert {row.strip() for row in shown[1].splitlines()} <= set(SYNONYMS.read_text(encoding="utf-8").splitlines())
