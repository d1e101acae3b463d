"""Comparisons: from contestants to what is told of them."""

from __future__ import annotations

import numpy as np
import pytest

from embtune_api.errors import InvalidInput
from embtune_operator.judge.goodness import gained, goodness
from embtune_operator.judge.scores import Scores
from embtune_operator.models.named import is_outside
from embtune_operator.registry.comparison import Contestant, Cost, compare
from embtune_operator.view.comparison import moved, print_comparison
from factories import METRIC, noise, scores

COST = Cost(91_600_000, 384, 51.0)


def contestant(name: str, mean: float, queries: int = 400) -> Contestant:
    return Contestant(name, scores(noise(mean, queries)), COST)


def test_everyone_is_compared_with_the_first() -> None:
    comparison = compare([contestant("a", 0.5), contestant("b", 0.52), contestant("c", 0.45)])
    differences = [model.metrics[0].difference.value for model in comparison.models]
    assert differences == pytest.approx([0.0, 0.02, -0.05])
    assert [(model.better, model.alike, model.worse) for model in comparison.models] == [(0, 400, 0), (400, 0, 0), (0, 0, 400)]
    assert comparison.judged_by == METRIC


def test_a_query_that_one_cannot_be_scored_on_is_left_out_for_all() -> None:
    holed = noise(0.5)
    holed[3] = np.nan
    comparison = compare([contestant("a", 0.5), Contestant("b", scores(holed), COST)])
    assert comparison.queries == 399


def test_models_without_a_metric_in_common_are_refused() -> None:
    other = Contestant("b", scores(noise(0.5), metric="test/mrr@10"), COST)
    with pytest.raises(InvalidInput, match="a and b share no metric"):
        compare([contestant("a", 0.5), other])


@pytest.mark.parametrize(
    ("mean", "queries", "told"),
    [
        pytest.param(0.52, 400, "b is better than a: ndcg@10 by at least 0.020", id="better"),
        pytest.param(0.45, 400, "b is worse than a: ndcg@10 by at least 0.050", id="worse"),
        pytest.param(0.50, 400, "b and a cannot be told apart: ndcg@10 +0.000 to +0.000", id="alike"),
        pytest.param(0.52, 40, "but fewer than 50 questions in 20 groups settle nothing", id="too few"),
    ],
)
def test_what_is_said_of_two(capsys: pytest.CaptureFixture[str], mean: float, queries: int, told: str) -> None:
    print_comparison(compare([contestant("a", 0.5, queries), contestant("b", mean, queries)]))
    out = capsys.readouterr().out
    assert told in out
    assert "91.6 MB" in out


def test_long_names_get_letters(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(compare([contestant("/a/very/long/path/to/a/model/folder", 0.5), contestant("b", 0.52)]))
    out = capsys.readouterr().out
    assert "B is better than A" in out
    assert "/a/very/long/path/to/a/model/folder" in out


def test_pairs_are_better_where_they_come_nearer_to_their_place() -> None:
    columns, groups = ("test/similarity", "test/score"), np.arange(4)
    gold = np.array([0.0, 1.0, 2.0, 3.0])
    right = Scores(columns, np.column_stack([gold, gold]), groups)
    swapped = Scores(columns, np.column_stack([[3.0, 1.0, 2.0, 0.0], gold]), groups)
    assert goodness("test/spearman", right).tolist() == [1.0, 1.0, 1.0, 1.0]
    assert gained("test/spearman", swapped, right).tolist() == [1.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("shop@3", False),
        ("shop", False),
        ("shop@best:test/ndcg@10", False),
        ("./shop", True),
        ("/models/shop", True),
        ("models/shop", True),
        ("hf://a/b", True),
        ("s3://a/b", True),
    ],
)
def test_a_version_is_told_from_a_folder(text: str, outside: bool) -> None:
    assert is_outside(text) == outside


def test_moved_ranks() -> None:
    assert [moved(1, "b", "abc"), moved(2, "a", "abc"), moved(3, "c", "abc"), moved(4, "d", "abc")] == ["↑1", "↓1", "", "new"]
