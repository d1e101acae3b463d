"""The page on calibration says what the bench found, and the bench found what was promised."""

from __future__ import annotations

import numpy as np
import pytest

from bench.gate.result import CALIBRATION, Result
from bench.gate.trials import judged, swapped
from factories import noise
from support.measured import measured_by


@pytest.fixture
def measured() -> Result:
    return measured_by(CALIBRATION)


def test_every_promise_was_kept_in_enough_comparisons(measured: Result) -> None:
    assert measured.trials == 2_000
    assert measured.broken() == []
    assert measured.model_copy(update={"false_passed": 0.07}).broken() == ["false pass at most 6%"]


def test_a_swap_moves_whole_groups_and_leaves_the_sum_of_both() -> None:
    first, second, groups = noise(0.5, 60, seed=1), noise(0.6, 60, seed=2), np.arange(60) // 4
    trials = swapped(first, second, groups, 50)
    for trial in trials:
        assert trial.candidate + trial.base == pytest.approx(first + second)
        changed = (trial.candidate != first).reshape(15, 4)
        assert (changed.all(axis=1) == changed.any(axis=1)).all()
    share = np.mean([(trial.candidate != first).mean() for trial in trials])
    assert 0.4 < share < 0.6


def test_the_bench_judges_as_the_gate_does() -> None:
    first, second, groups = noise(0.5, 200, seed=1), noise(0.55, 200, seed=2), np.arange(200) // 4
    trials = swapped(first, second, groups, 3)
    [better] = judged([trials[0].better_by(0.1)], groups)
    [worse] = judged([trials[0].better_by(-0.1)], groups)
    assert (better.passed, worse.rejected) == (True, True)
    assert better.error == pytest.approx(worse.error)
