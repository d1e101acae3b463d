"""The page on bad candidates says what the bench found, and the bench found what was promised."""

import pytest

from bench.candidates.jobs import CANDIDATES, Candidate
from bench.candidates.result import BAD_CANDIDATES, Result
from support.measured import measured_by

GOOD = "Passed – 2 of 2 gates passed"
WORSE = "Rejected – 1 of 2 gates rejected: ndcg@10 0.724: -0.043 over production v1, 95 % upper bound -0.031 < -0.010 ✗"
UNSURE = "Inconclusive – 1 of 2 gates inconclusive: ndcg@10 0.745: -0.022 over production v1, 95 % bound -0.038 < -0.010 ?"
SEEN = "Inconclusive – SawExam: 21 of 571 exam queries (3.7%) were trained on by a compared model; the limit is 1%"
RIGHT = {
    "good": {GOOD},
    "shuffled-labels": {WORSE},
    "a-tenth": {WORSE, UNSURE},
    "many-epochs": {WORSE, UNSURE},
    "wrong-prompt": {WORSE},
    "exam-in-train": {SEEN},
}


@pytest.fixture
def measured() -> Result:
    return measured_by(BAD_CANDIDATES)


def test_every_candidate_was_judged_as_it_should_be(measured: Result) -> None:
    assert [(outcome.name, outcome.told) for outcome in measured.outcomes] == [(each.name, each.told) for each in CANDIDATES]
    wrong = [
        o.verdict for o, candidate in zip(measured.outcomes, CANDIDATES, strict=True) if not candidate.is_judged_right(o.verdict)
    ]
    assert wrong == []
    assert measured.is_right
    assert measured.champion.startswith("Passed")


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_a_candidate_is_judged_right_by_the_right_outcome_for_the_right_reason(candidate: Candidate) -> None:
    assert {line for line in (GOOD, WORSE, UNSURE, SEEN) if candidate.is_judged_right(line)} == RIGHT[candidate.name]
