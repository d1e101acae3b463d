"""What a split may say: fields that go with its method, and moments that there are."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from embtune_api.data import Data
from embtune_api.moments import MOMENT, moment
from embtune_api.split import GOES_WITH, Split

BY_TIME = {"method": "Time", "timeColumn": "sent", "testFrom": "2026-03-01"}
VALUES: dict[str, Any] = {
    "validation": 0.0,
    "test": 0.5,
    "stratifyBy": "language",
    "timeColumn": "sent",
    "testFrom": "2026-03-01",
    "validationFrom": "2026-02-01",
    "splitColumn": "side",
}
WHOLE: dict[str, dict[str, Any]] = {
    "Hash": {"method": "Hash"},
    "Stratified": {"method": "Stratified"},
    "Time": BY_TIME,
    "Given": {"method": "Given", "splitColumn": "side"},
}


def refusal(split: dict[str, Any]) -> str:
    """Empty: it is good."""
    try:
        Split.model_validate(split)
    except ValidationError as error:
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return ""


@pytest.mark.parametrize("method", WHOLE)
@pytest.mark.parametrize("name", VALUES)
def test_a_field_of_another_method_is_refused_and_the_remedy_told(method: str, name: str) -> None:
    told = refusal({**WHOLE[method], name: VALUES[name]})
    assert bool(told) == (method not in GOES_WITH[name])
    assert not told or f"remove {name}, or set method: {GOES_WITH[name][0]}" in told


def test_every_field_is_tried() -> None:
    names = {field.alias for field in Split.model_fields.values()}
    assert names - {"method", "groupBy", "seed"} == set(VALUES) == set(GOES_WITH)


@pytest.mark.parametrize(
    ("split", "told"),
    [
        pytest.param({"method": "Time"}, "method Time needs timeColumn and testFrom", id="time without anything"),
        pytest.param({"method": "Time", "timeColumn": "sent"}, "method Time needs testFrom", id="time without a time"),
        pytest.param({"method": "Given"}, "method Given needs splitColumn", id="given by nothing"),
        pytest.param({**BY_TIME, "testFrom": "March"}, "'March' is none: give a date such as 2026-01-31", id="a month"),
        pytest.param(
            {**BY_TIME, "validationFrom": "2026-03-02"},
            "validationFrom 2026-03-02 must be before testFrom 2026-03-01: the latest rows are the test",
            id="validation after the test",
        ),
    ],
)
def test_what_is_wrong_is_told(split: dict[str, Any], told: str) -> None:
    assert refusal(split).startswith(told)


def test_strata_are_a_column_or_the_labels() -> None:
    def data(columns: dict[str, str], **split: Any) -> Data:
        sources = [{"uri": "a.csv", "columns": {"anchor": "q", "positive": "a", **columns}}]
        return Data.model_validate({"train": sources, "split": {"method": "Stratified", **split}})

    assert data({}, stratifyBy="language").split.stratify_by == "language"
    assert data({"label": "topic"}).split.stratify_by is None
    with pytest.raises(ValidationError, match=r"split.method Stratified needs split.stratifyBy"):
        data({})


@given(st.dates(date(1000, 1, 1), date(2999, 12, 31)))
def test_every_day_that_there_is_has_the_form_of_one(day: date) -> None:
    assert re.fullmatch(MOMENT, day.isoformat())
    assert moment(day.isoformat()) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(st.integers(0, 2999), st.integers(0, 13), st.integers(0, 32))
def test_what_has_the_form_of_a_day_is_one(year: int, month: int, day: int) -> None:
    text = f"{year:04}-{month:02}-{day:02}"
    try:
        there_is = date.fromisoformat(text).year >= 1000
    except ValueError:
        there_is = False
    assert bool(re.fullmatch(MOMENT, text)) == there_is


@given(
    st.datetimes(datetime(1000, 1, 2), datetime(2999, 12, 30), timezones=st.sampled_from([UTC])), st.integers(-23 * 60, 23 * 60)
)
def test_a_date_time_is_read_in_its_own_zone(time: datetime, offset: int) -> None:
    sign, (hours, minutes) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    local = (time + timedelta(minutes=offset)).replace(tzinfo=None)
    text = f"{local.isoformat(timespec='microseconds')}{sign}{hours:02}:{minutes:02}"
    assert re.fullmatch(MOMENT, text)
    assert moment(text) == time


def test_shares_that_are_left_out_are_told() -> None:
    assert Split().explicit() == Split(test=0.2, validation=0.1)
    assert Split.model_validate(BY_TIME).explicit() == Split.model_validate(BY_TIME)
