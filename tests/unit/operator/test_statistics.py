"""Statistics of pairs, against scipy and scikit-learn over each resample written out."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

from embtune_api.metrics import PairMetric
from embtune_operator.judge.gate import Exhibits, judge
from embtune_operator.judge.measure import measure
from embtune_operator.judge.scores import Scores
from embtune_operator.judge.statistics import STATISTICS
from factories import a_gate

Values = NDArray[np.float64]


def named(metric: PairMetric, similarities: Values, scores: Values) -> float:
    """By the libraries."""
    if metric == "spearman":
        return float(stats.spearmanr(similarities, scores).statistic)
    if metric == "pearson":
        return float(stats.pearsonr(similarities, scores).statistic)
    if metric == "ap":
        return float(average_precision_score(scores == 1, similarities))
    precision, recall, _ = precision_recall_curve(scores == 1, similarities)
    return float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from([-0.5, 0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.sampled_from([0.0, 1.0]), st.integers(0, 3)),
        min_size=4,
        max_size=40,
    ),
    metric=st.sampled_from(["spearman", "pearson", "ap", "f1"]),
)
def test_a_resample_has_the_statistic_of_its_pairs_written_out(pairs: list[tuple[float, float, int]], metric: PairMetric) -> None:
    similarities, scores, times = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    written = np.repeat(np.arange(len(pairs)), times.astype(int))
    assume(len(set(scores[written])) == 2)
    assume(len(set(similarities[written])) > 1)
    [found] = STATISTICS[metric](similarities, scores, times[None, :])
    assert found == pytest.approx(named(metric, similarities[written], scores[written]), abs=1e-9)


@pytest.mark.parametrize("metric", ["spearman", "pearson"])
def test_graded_scores_are_ranked_with_their_ties(metric: PairMetric) -> None:
    generator = np.random.default_rng(1)
    scores = generator.integers(0, 11, 400) / 2
    similarities = scores / 5 + generator.normal(0, 0.4, 400)
    [found] = STATISTICS[metric](similarities, scores, np.ones((1, 400)))
    assert found == pytest.approx(named(metric, similarities, scores), abs=1e-12)


@given(texts=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=30))
def test_a_resample_has_the_macro_f1_of_its_texts_written_out(texts: list[tuple[int, int, int]]) -> None:
    labels, predicted, times = (np.array(column, dtype=np.float64) for column in zip(*texts, strict=True))
    written = np.repeat(np.arange(len(texts)), times.astype(int))
    assume(len(written))
    both = np.stack([times, np.ones(len(texts))])
    found = STATISTICS["macro-f1"](labels, predicted, both)
    assert found[0] == pytest.approx(f1_score(labels[written], predicted[written], average="macro", zero_division=0.0))
    assert found[1] == pytest.approx(f1_score(labels, predicted, average="macro", zero_division=0.0))


@pytest.mark.parametrize(
    ("metric", "scores"),
    [
        pytest.param("spearman", np.full(8, 3.0), id="scores that are all alike have no rank"),
        pytest.param("pearson", np.full(8, 3.0), id="nor a correlation"),
        pytest.param("ap", np.zeros(8), id="without a right pair there is no precision"),
        pytest.param("f1", np.zeros(8), id="nor an F1"),
    ],
)
def test_what_has_no_meaning_is_not_a_number(metric: PairMetric, scores: Values) -> None:
    [found] = STATISTICS[metric](np.linspace(0, 1, 8), scores, np.ones((1, 8)))
    assert np.isnan(found)


def pairs_of(noise: float, graded: bool = True, count: int = 400, seed: int = 0) -> Scores:
    scores = np.random.default_rng(5).integers(0, 6 if graded else 2, count).astype(np.float64)
    similarities = scores / scores.max() + np.random.default_rng(seed).normal(0, noise, count)
    return Scores(("test/similarity", "test/score"), np.column_stack([similarities, scores]), np.arange(count) // 2)


def test_a_better_model_passes_and_a_worse_one_is_rejected_by_its_correlation() -> None:
    better, worse = Exhibits(pairs_of(0.2), pairs_of(0.6), None), Exhibits(pairs_of(0.6), pairs_of(0.2), None)
    gate = a_gate(minDelta=0.01, against="Base").model_copy(update={"metric": "test/spearman"})
    passed = judge(gate, better)
    assert (passed.outcome, judge(gate, worse).outcome) == ("Passed", "Rejected")
    assert passed.line.startswith("spearman 0.8")
    assert "over base, 95 % bound +0." in passed.line


def test_bounds_of_a_correlation_are_those_of_the_theory() -> None:
    """Fisher's z has a standard error of 1/√(n-3) where pairs are independent and normal."""
    generator = np.random.default_rng(3)
    first = generator.normal(size=900)
    second = 0.6 * first + 0.8 * generator.normal(size=900)
    sample = Scores(("test/similarity", "test/score"), np.column_stack([first, second]), np.arange(900))
    found = measure(["test/pearson"], [sample])["test/pearson"].bounds(0, 0.95)
    z = np.arctanh(found.value)
    assert found.lower == pytest.approx(np.tanh(z - 1.645 / np.sqrt(897)), abs=0.006)
    assert found.upper == pytest.approx(np.tanh(z + 1.645 / np.sqrt(897)), abs=0.006)


def test_a_few_right_pairs_that_some_draws_lack_settle_nothing() -> None:
    sample = pairs_of(0.2, graded=False)
    sample.values[:, 1] = 0.0
    sample.values[:2, 1] = 1.0
    result = judge(a_gate(min=0.1).model_copy(update={"metric": "test/ap"}), Exhibits(sample, sample, None))
    assert result.outcome == "Inconclusive"
    assert "too few pairs are alike" in result.line


@pytest.mark.parametrize("metric", get_args(PairMetric))
def test_a_model_that_gives_no_number_for_a_pair_settles_nothing(metric: PairMetric) -> None:
    broken, base = pairs_of(0.2, graded=False), pairs_of(0.2, graded=False)
    broken.values[7, 0] = np.nan
    result = judge(a_gate(min=0.1).model_copy(update={"metric": f"test/{metric}"}), Exhibits(broken, base, None))
    assert result.outcome == "Inconclusive"
    assert "not a number" in result.line
