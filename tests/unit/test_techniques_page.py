"""The page on techniques says what the bench found."""

from bench.techniques.arms import ARMS
from bench.techniques.result import BEGIN, END, PAGE, RESULT, Result, as_markdown


def measured() -> Result:
    return Result.model_validate_json(RESULT.read_text(encoding="utf-8"))


def test_the_table_is_what_was_measured() -> None:
    told = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert told.strip() == as_markdown(measured()).strip()


def test_every_technique_was_measured_on_two_sets_with_three_seeds() -> None:
    result = measured()
    assert {(outcome.technique, outcome.data) for outcome in result.outcomes} == {(arm.technique, arm.real.name) for arm in ARMS}
    techniques = [outcome.technique for outcome in result.outcomes]
    assert {techniques.count(technique) for technique in techniques} == {2}
    assert len(result.seeds) == 3
    assert result.minutes <= 75


def test_what_is_said_of_a_difference_follows_from_its_interval() -> None:
    for outcome in measured().outcomes:
        assert outcome.lower <= outcome.difference <= outcome.upper
        helps, harms = outcome.lower > 0, outcome.upper < 0
        assert outcome.tells == ("helps" if helps else "harms" if harms else "no difference shown")
