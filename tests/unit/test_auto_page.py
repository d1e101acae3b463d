"""The page on the preset says what the bench found."""

import pytest

from bench.auto.recipes import SETS, auto, grid
from bench.auto.result import AUTO, CLOSE, Result
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
