"""Bounds from a cluster bootstrap, against theory and against a slow one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from embtune_operator.judge.bootstrap import Bounds, bounds_of, effective, resampled, resampled_means
from factories import noise


def bounds(values: NDArray[np.float64], groups: NDArray[np.int64], confidence: float) -> list[Bounds]:
    """Of the mean of each column."""
    draws = resampled_means(values, groups)
    return [bounds_of(draws[:, n], values[:, n].mean(), confidence) for n in range(values.shape[1])]


def test_a_statistic_of_each_draw_is_computed_from_its_weights() -> None:
    values, groups = noise(0.5, 120), np.arange(120) // 3
    slow = resampled(lambda weights: (weights * values).sum(axis=1) / weights.sum(axis=1), groups)
    assert slow == pytest.approx(resampled_means(values.reshape(-1, 1), groups)[:, 0])


def test_independent_queries_have_the_bounds_of_the_normal_theory() -> None:
    values = noise(0.6, 1000, spread=0.3)
    [found] = bounds(values.reshape(-1, 1), np.arange(1000), 0.95)
    error = values.std() / np.sqrt(1000)
    assert found.value == pytest.approx(0.6)
    assert found.lower == pytest.approx(0.6 - 1.645 * error, abs=0.05 * error)
    assert found.upper == pytest.approx(0.6 + 1.645 * error, abs=0.05 * error)


def test_copies_of_a_query_in_its_group_do_not_narrow_the_bounds() -> None:
    values = noise(0.6, 100)
    [single] = bounds(values.reshape(-1, 1), np.arange(100), 0.95)
    [copied] = bounds(np.repeat(values, 50).reshape(-1, 1), np.repeat(np.arange(100), 50), 0.95)
    assert (copied.lower, copied.upper) == pytest.approx((single.lower, single.upper))


def test_groups_of_different_sizes_weigh_by_their_queries() -> None:
    groups = np.repeat(np.arange(30), np.arange(1, 31))
    values = noise(0.5, len(groups)) + 0.01 * groups
    means = resampled_means(values.reshape(-1, 1), groups)[:, 0]
    generator = np.random.default_rng(1)
    slow = []
    for _ in range(4000):
        drawn = np.concatenate([values[groups == group] for group in generator.integers(0, 30, 30)])
        slow.append(drawn.mean())
    assert means.mean() == pytest.approx(np.mean(slow), abs=0.004)
    assert np.quantile(means, [0.05, 0.95]) == pytest.approx(np.quantile(slow, [0.05, 0.95]), abs=0.006)


def test_a_difference_is_paired() -> None:
    before = noise(0.5, 200, spread=0.3)
    columns = np.column_stack([before, before + 0.02])
    means = resampled_means(columns, np.arange(200))
    assert means[:, 1] - means[:, 0] == pytest.approx(0.02)


def test_the_same_question_has_the_same_answer() -> None:
    values, groups = noise(0.5).reshape(-1, 1), np.arange(400)
    assert bounds(values, groups, 0.95) == bounds(values, groups, 0.95)


def test_a_few_large_groups_count_as_few() -> None:
    assert effective(np.arange(100) // 4) == pytest.approx(25)
    assert effective(np.concatenate([np.zeros(50, dtype=np.int64), np.arange(1, 51)])) < 4


@pytest.mark.parametrize(("groups", "t"), [(10, 1.8331), (20, 1.7291), (61, 1.6706)])
def test_bounds_over_few_groups_are_those_of_student(groups: int, t: float) -> None:
    draws = np.random.default_rng(2).normal(0, 1, 400_000)
    found = bounds_of(draws, 0.0, 0.95, groups)
    assert -found.lower == pytest.approx(t * np.sqrt(groups / (groups - 1)), rel=0.02)
