"""The page on techniques says what the bench found."""

import pytest

from bench.techniques.arms import ARMS
from bench.techniques.result import TECHNIQUES, Result
from support.measured import measured_by


@pytest.fixture
def measured() -> Result:
    return measured_by(TECHNIQUES)


def test_every_technique_was_measured_on_two_sets_with_three_seeds(measured: Result) -> None:
    assert [(outcome.technique, outcome.data) for outcome in measured.outcomes] == [(a.technique, a.real.name) for a in ARMS]
    techniques = [outcome.technique for outcome in measured.outcomes]
    assert {techniques.count(technique) for technique in techniques} == {2}
    assert len(measured.seeds) == 3
    assert measured.minutes <= 75


def test_what_is_said_of_a_difference_follows_from_its_interval(measured: Result) -> None:
    for outcome in measured.outcomes:
        assert outcome.lower <= outcome.difference <= outcome.upper
        helps, harms = outcome.lower > 0, outcome.upper < 0
        assert outcome.tells == ("helps" if helps else "harms" if harms else "no difference shown")
