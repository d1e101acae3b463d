"""A gate on bounds: three outcomes, and the line that says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from embtune_operator.judge.gate import Exhibits, judge
from embtune_operator.judge.scores import Scores
from embtune_operator.judge.verdict import make_verdict
from factories import a_gate, noise, scores

BASE = noise(0.50)


def exhibits(candidate: float = 0.60, champion: float | None = None, **sample: Any) -> Exhibits:
    base = noise(0.50, **sample)
    rival = None if champion is None else scores(base + (champion - 0.50))
    return Exhibits(scores(base + (candidate - 0.50)), scores(base), rival, 3 if rival else None)


@pytest.mark.parametrize(
    ("rule", "shown", "outcome"),
    [
        pytest.param({"min": 0.55}, exhibits(), "Passed", id="a floor under the lower bound passes"),
        pytest.param({"min": 0.65}, exhibits(), "Rejected", id="a floor over the upper bound rejects"),
        pytest.param({"min": 0.60}, exhibits(), "Inconclusive", id="a floor between the bounds decides nothing"),
        pytest.param({"max": 0.65}, exhibits(), "Passed", id="a ceiling over the upper bound passes"),
        pytest.param({"max": 0.55}, exhibits(), "Rejected", id="a ceiling under the lower bound rejects"),
        pytest.param({"max": 0.60}, exhibits(), "Inconclusive", id="a ceiling between the bounds decides nothing"),
        pytest.param({"minDelta": 0.05, "against": "Base"}, exhibits(), "Passed", id="a difference over the base passes"),
        pytest.param({"minDelta": 0.2, "against": "Base"}, exhibits(), "Rejected", id="too small a difference rejects"),
        pytest.param(
            {"minDelta": 0.0, "against": "Production"}, exhibits(champion=0.7), "Rejected", id="a better champion stays"
        ),
        pytest.param(
            {"minDelta": -0.02, "against": "Production"}, exhibits(champion=0.61), "Passed", id="non-inferiority passes"
        ),
        pytest.param({"minDelta": 0.05, "against": "Production"}, exhibits(), "Passed", id="with no champion the base stands in"),
        pytest.param({"min": 0.0}, exhibits(queries=49), "Inconclusive", id="49 queries are too few for any verdict"),
        pytest.param({"min": 0.9}, exhibits(queries=49), "Inconclusive", id="nor do 49 queries reject"),
    ],
)
def test_outcome(rule: dict[str, Any], shown: Exhibits, outcome: str) -> None:
    assert judge(a_gate(**rule), shown).outcome == outcome


@pytest.mark.parametrize(
    ("rule", "shown", "line"),
    [
        pytest.param(
            {"minDelta": 0.01, "against": "Production"},
            exhibits(champion=0.55),
            "ndcg@10 0.600: +0.050 over production v3, 95 % bound +0.050 ≥ 0.010 ✓",
            id="passed: the lower bound",
        ),
        pytest.param(
            {"minDelta": 0.2, "against": "Base", "confidence": 0.9},
            exhibits(),
            "ndcg@10 0.600: +0.100 over base, 90 % upper bound +0.100 < 0.200 ✗",
            id="rejected: the upper bound",
        ),
        pytest.param(
            {"minDelta": 0.01, "against": "Production"},
            exhibits(),
            "ndcg@10 0.600: +0.100 over base (nothing is in production), 95 % bound +0.100 ≥ 0.010 ✓",
            id="no champion: the line says who stood in",
        ),
        pytest.param(
            {"min": 0.1},
            exhibits(queries=30),
            "ndcg@10: not judged, 30 queries are under the floor of 50: "
            "hold out more rows for the test (data.split) under a new spec.model ?",
            id="too small: the line says which floor",
        ),
    ],
)
def test_line(rule: dict[str, Any], shown: Exhibits, line: str) -> None:
    assert judge(a_gate(**rule), shown).line == line


def test_a_bound_that_rounds_to_the_threshold_is_told_apart() -> None:
    shown = exhibits(candidate=0.5096)
    result = judge(a_gate(minDelta=0.01, against="Base"), shown)
    assert result.outcome == "Rejected"
    assert "upper bound +0.0096 < 0.0100 ✗" in result.line


def test_19_groups_are_too_few_whatever_the_number_of_queries() -> None:
    few = scores(noise(0.6, 380), per_group=20)
    result = judge(a_gate(min=0.1), Exhibits(few, few, None))
    assert result.outcome == "Inconclusive"
    assert "19 groups are under the floor of 20" in result.line


def test_a_missing_metric_keeps_the_champion() -> None:
    other = scores(BASE, metric="test/mrr@10")
    assert judge(a_gate(min=0.1), Exhibits(other, other, None)).outcome == "Inconclusive"


def test_a_score_that_is_not_a_number_keeps_the_champion() -> None:
    broken = BASE.copy()
    broken[7] = np.nan
    result = judge(a_gate(min=0.1), Exhibits(scores(broken), scores(BASE), None))
    assert result.outcome == "Inconclusive"
    assert "not a number" in result.line


def test_queries_without_a_relevant_passage_count_for_nobody() -> None:
    broken, other = BASE.copy(), BASE + 0.1
    broken[:10] = other[:10] = np.nan
    result = judge(a_gate(minDelta=0.05, against="Base"), Exhibits(scores(other), scores(broken), None))
    assert result.outcome == "Passed"
    assert result.value == pytest.approx(0.1)


def test_a_verdict_without_gates_promotes_nothing() -> None:
    verdict = make_verdict([], exhibits(), 0)
    assert (verdict.outcome, verdict.reason) == ("Inconclusive", "no gates: nothing is promoted automatically")


@pytest.mark.parametrize(
    ("dropped", "outcome"),
    [
        pytest.param(4, "Passed", id="one percent of the exam dropped is still the exam"),
        pytest.param(5, "Inconclusive", id="more than one percent is not"),
    ],
)
def test_an_exam_that_was_seen(dropped: int, outcome: str) -> None:
    shown = exhibits()
    indices = list(range(dropped))
    kept = replace(shown, candidate=shown.candidate.without(indices), base=shown.base.without(indices))
    verdict = make_verdict([a_gate(min=0.1)], kept, dropped)
    assert verdict.outcome == outcome
    assert ("SawExam" in verdict.reason) == (outcome == "Inconclusive")


def test_one_rejected_gate_rejects_and_is_quoted() -> None:
    gates = [a_gate(min=0.1), a_gate(min=0.9), a_gate(min=0.6)]
    verdict = make_verdict(gates, exhibits(), 0)
    assert verdict.outcome == "Rejected"
    assert verdict.reason == f"1 of 3 gates rejected: {verdict.gates[1].line}"


def test_scores_of_different_lengths_are_not_compared() -> None:
    short = Scores(("test/ndcg@10",), BASE[:200].reshape(-1, 1), np.arange(200, dtype=np.int64))
    assert judge(a_gate(minDelta=0.0, against="Base"), Exhibits(scores(BASE), short, None)).outcome == "Inconclusive"
