"""The page on the preset says what it chooses, and what the bench found."""

import re

import pytest

from bench.auto.recipes import SETS, auto, grid
from bench.auto.result import AUTO, CLOSE, Result
from embtune_api.presets import resolve
from embtune_api.training import Training
from support.measured import measured_by


@pytest.fixture
def measured() -> Result:
    return measured_by(AUTO)


def test_every_set_was_measured_with_every_recipe_and_three_seeds(measured: Result) -> None:
    assert [outcome.data for outcome in measured.outcomes] == list(SETS)
    for outcome in measured.outcomes:
        assert list(outcome.grid) == [recipe.name for recipe in grid(64)]
    assert len(measured.seeds) == 3
    assert measured.minutes <= 60


def test_the_promise_was_kept(measured: Result) -> None:
    for outcome in measured.outcomes:
        assert outcome.over_base.lower > 0, outcome.data
        assert max(outcome.grid.values()) - outcome.auto <= CLOSE, outcome.data


def test_the_preset_chooses_what_the_job_leaves_out() -> None:
    epochs, size, rate = auto(64).explicit
    assert epochs == 2
    assert size
    assert rate
    assert len({recipe.explicit for recipe in grid(64)}) == 4


def test_the_page_tells_what_the_preset_chooses() -> None:
    told = re.findall(r"^\| (?:fewer|up|more|any).*?\| (\d) \| (.+) \| (\S+) \|$", AUTO.words, re.MULTILINE)
    few, some, many = (_chosen(rows) for rows in (4_999, 50_000, 50_001))
    assert _chosen(5_000) == some
    assert [_chosen(rows)[1] for rows in (40, 200, 640)] == [16, 20, 64]
    assert [(int(epochs), int(size.split(";")[0]), float(rate)) for epochs, size, rate in told[:3]] == [few, some, many]
    assert told[3] == (str(_chosen(4_999, goes_on=True)[0]), "as above", "1e-5")


def _chosen(rows: int, *, goes_on: bool = False) -> tuple[int | None, int | None, float | None]:
    """Epochs, batch size, learning rate."""
    recipe = resolve(Training(), rows, goes_on=goes_on)
    return recipe.epochs, recipe.batch_size, recipe.learning_rate
