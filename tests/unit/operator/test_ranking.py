"""The ranking of candidates: who is picked, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from embtune_api.documents.train import Trial
from embtune_operator.judge.ranking import Entrant, rank
from embtune_operator.judge.scores import Scores
from factories import VALIDATED, a_file, noise, scores

if TYPE_CHECKING:
    from numpy.typing import NDArray


def entrant(name: str, values: NDArray[np.float64], parameters: int = 100) -> Entrant:
    trial = Trial(
        metric=VALIDATED,
        score=float(values.mean()),
        scores=a_file("somewhere"),
        parameters=parameters,
        dimension=32,
        size=4 * parameters,
        texts_a_second=1000,
    )
    return Entrant(name, trial, scores(values, metric=VALIDATED))


def around(mean: float, questions: int = 400, seed: int = 0) -> NDArray[np.float64]:
    return noise(mean, questions, spread=0.1, seed=seed)


@pytest.mark.parametrize(
    ("entrants", "picked", "reason", "said"),
    [
        pytest.param(
            [entrant("one", around(0.50)), entrant("other", around(0.60, seed=1))],
            "other",
            "Best",
            "other is picked: ndcg@10 0.600 (0.593 to 0.607) on 400 validation questions, 0.100 more than one, 95 % bound +0.089",
            id="the best is picked",
        ),
        pytest.param(
            [entrant("large", around(0.60), 1000), entrant("small", around(0.50, seed=1), 10)],
            "large",
            "Best",
            "0.100 more than small, 95 % bound +0.089",
            id="a smaller one that is worse is not",
        ),
        pytest.param(
            [entrant("large", around(0.601), 1000), entrant("small", around(0.600, seed=1), 100)],
            "small",
            "Smaller",
            "small is picked: ndcg@10 0.600 (0.593 to 0.607) on 400 validation questions; large has 0.001 more, 95 % bound "
            "-0.010, which does not tell them apart, and 10.0 times the parameters",
            id="of those that are not told apart the smaller is picked",
        ),
        pytest.param(
            [entrant("one", around(0.600)), entrant("other", around(0.601, seed=1))],
            "other",
            "Best",
            "0.001 more than one, 95 % bound -0.010, which does not tell them apart",
            id="of equally large ones the better is picked, and it is said that they are not told apart",
        ),
        pytest.param(
            [entrant("one", around(0.6)), entrant("other", around(0.6))],
            "one",
            "Best",
            "0.000 more than other",
            id="of equal ones the first",
        ),
        pytest.param(
            [entrant("large", around(0.601, 40), 1000), entrant("small", around(0.600, 40, seed=1), 100)],
            "large",
            "Best",
            "which does not tell them apart; fewer than 50 questions in 20 groups settle nothing",
            id="few questions pick no smaller one",
        ),
        pytest.param([entrant("one", around(0.6))], "one", "OnlyOne", "no other candidate was trained", id="one alone"),
    ],
)
def test_who_is_picked(entrants: list[Entrant], picked: str, reason: str, said: str) -> None:
    ranking = rank(entrants)
    assert (ranking.picked, ranking.reason) == (picked, reason)
    assert said in ranking.line


def test_the_best_comes_first_with_what_the_others_are_behind_it() -> None:
    middle, worst, best = around(0.55, seed=1), around(0.5), around(0.6, seed=2)
    ranking = rank([entrant("middle", middle), entrant("worst", worst), entrant("best", best)])
    assert [one.name for one in ranking.candidates] == ["best", "middle", "worst"]
    first, second, third = ranking.candidates
    assert (first.behind, first.behind_lower, first.behind_upper) == (0, 0, 0)
    assert 0 < second.behind_lower < second.behind < second.behind_upper
    assert second.behind == pytest.approx(0.05)
    assert third.behind == pytest.approx(0.1)
    assert (ranking.questions, ranking.groups) == (400, 200)


def test_differences_are_paired() -> None:
    """Both vary by 0.1 from question to question, together: a difference of 0.002 is told apart."""
    values = around(0.6)
    ranking = rank([entrant("large", values + 0.002, 1000), entrant("small", values, 10)])
    assert ranking.picked == "large"
    assert ranking.candidates[1].behind_lower == pytest.approx(0.002)


def test_questions_that_nobody_can_be_scored_on_do_not_count_and_no_number_is_0() -> None:
    values, broken = around(0.6), np.full(400, np.nan)
    values[:100] = np.nan
    broken[200:] = 0.9
    ranking = rank([entrant("broken", broken), entrant("whole", values)])
    assert ranking.questions == 300
    assert {one.name: one.score for one in ranking.candidates}["broken"] == pytest.approx(0.6)


def test_vectors_that_are_all_alike_are_not_picked() -> None:
    """Their rank correlation has no meaning."""
    rng = np.random.default_rng(0)
    truth = rng.random(400)
    groups = np.arange(400) // 2

    def of(name: str, similarities: NDArray[np.float64]) -> Entrant:
        values = np.column_stack([similarities, truth])
        known = entrant(name, truth, parameters=1)
        trial = known.trial.model_copy(update={"metric": "validation/spearman"})
        return Entrant(name, trial, Scores(("validation/similarity", "validation/score"), values, groups))

    ranking = rank([of("alike", np.ones(400)), of("weak", truth + rng.normal(0, 3, 400))])
    assert ranking.picked == "weak"
    assert [one.score for one in ranking.candidates][-1] == 0
