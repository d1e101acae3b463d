"""What a learning curve says, on scores whose law is known."""

import numpy as np
import pytest

from embtune_operator.advice.curve import CurveScores, Point
from embtune_operator.advice.forecast import doubled, read_curve
from embtune_operator.judge.scores import Scores

METRIC = "validation/ndcg@10"
ROWS = np.array([125.0, 250.0, 500.0, 1000.0] * 2)


def scores_of(values: np.ndarray) -> Scores:
    return Scores((METRIC,), np.asarray(values, dtype=np.float64)[:, None], np.arange(len(values)))


def draws_about(values: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    return values + noise * rng.standard_normal((2000, 1)) + noise / 10 * rng.standard_normal((2000, len(values)))


def test_a_power_law_without_noise_is_continued_exactly() -> None:
    losses = 0.8 * ROWS**-0.1
    gain = doubled(ROWS, 1 - losses, np.tile(1 - losses, (10, 1)))
    expected = 0.8 * 1000**-0.1 - 0.8 * 2000**-0.1
    assert gain.value == pytest.approx(expected)
    assert gain.lower == pytest.approx(expected)
    assert gain.upper == pytest.approx(expected)


def test_the_forecast_holds_the_truth_as_often_as_it_says() -> None:
    """Chance in training alone, at which the bounds of 95 % on each side should fail in a tenth of the cases."""
    rng, truth, held = np.random.default_rng(0), 0.8 * (1000**-0.1 - 2000**-0.1), 0
    for _ in range(300):
        values = 1 - 0.8 * ROWS**-0.1 * np.exp(0.01 * rng.standard_normal(len(ROWS)))
        gain = doubled(ROWS, values, np.tile(values, (2000, 1)))
        held += gain.lower <= truth <= gain.upper
    assert 0.85 <= held / 300 <= 0.95


def test_points_that_do_not_rise_promise_nothing() -> None:
    rng = np.random.default_rng(3)
    values = 0.5 + 0.01 * rng.standard_normal(len(ROWS))
    gain = doubled(ROWS, values, draws_about(values, 0.02, rng))
    assert gain.lower < 0 < gain.upper


def test_what_tuning_won_is_the_mean_of_the_seeds_over_the_base() -> None:
    base = np.tile([0.2, 0.6], 50)
    points = [Point(int(rows), number // 4, scores_of(base + rows / 10_000)) for number, rows in enumerate(ROWS)]
    curve = read_curve(CurveScores(scores_of(base), points), METRIC)
    assert curve
    assert curve.metric == "ndcg@10"
    assert curve.won.value == pytest.approx(0.1)
    assert curve.won_error == pytest.approx(0, abs=1e-9), "every query won the same"
    assert curve.rows == 1000
    assert curve.doubled.lower > 0


def test_too_few_points_say_nothing() -> None:
    base = scores_of(np.tile([0.2, 0.6], 50))
    assert read_curve(CurveScores(base, [Point(100, 0, base), Point(200, 0, base)]), METRIC) is None
