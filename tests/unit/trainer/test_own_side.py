"""What rows say of their own side, in the forms in which times and words come."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embtune_api.split import Side, Split
from embtune_trainer.prepare.own_side import own_side, read_time

BY_TIME = Split.model_validate(
    {"method": "Time", "timeColumn": "t", "testFrom": "2026-03-01", "validationFrom": "2026-02-01T12:00:00+01:00"}
)
GIVEN = Split.model_validate({"method": "Given", "splitColumn": "s"})
EIGHT = datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        pytest.param("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC), id="a date"),
        pytest.param("2026-01-31 08:00", EIGHT, id="without seconds"),
        pytest.param("2026-01-31T08:00:00Z", EIGHT, id="RFC 3339"),
        pytest.param("2026-01-31 08:00:00.000", EIGHT, id="as databases write it"),
        pytest.param("2026-01-31T09:00:00+01:00", EIGHT, id="with an offset"),
        pytest.param("2026-01-31 09:00:00+01", EIGHT, id="with an offset as PostgreSQL writes it"),
        pytest.param("2026-01-31 09:00:00 +0100", EIGHT, id="with an offset as Git writes it"),
        pytest.param("2026-01-31 08:00:00 UTC", EIGHT, id="as BigQuery writes it"),
        pytest.param("2026-01-31T08:00:00.000000000Z", EIGHT, id="in nanoseconds"),
        pytest.param(" 2026-01-31T08:00:00 ", EIGHT, id="with spaces around it"),
        pytest.param("1769846400", EIGHT, id="seconds since 1970"),
        pytest.param("1769846400.0", EIGHT, id="seconds since 1970 with a fraction"),
        pytest.param("1769846400000", EIGHT, id="milliseconds since 1970"),
        *(
            pytest.param(text, None, id=f"no time: {text!a}")
            for text in (
                "2026", "20260131", "2026-1-31", "2026-02-30", "31.01.2026", "01/31/2026", "2026-01-31 25:00", "2026-01-31_08:00",
                "2026-01-31\n08:00", "٢٠٢٦-٠١-٣١", "1.769e9", "yesterday", "true", "nan",
            )
        ),
    ],
)  # fmt: skip
def test_a_time_is_read(text: str, time: datetime | None) -> None:
    assert read_time(text) == time


@given(st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_every_time_that_is_written_is_read(time: datetime, offset: int) -> None:
    aware = time.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert read_time(aware.isoformat()) == aware
    assert read_time(time.isoformat(sep=" ")) == time.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        pytest.param("2026-03-01", "test", id="the first moment of the test"),
        pytest.param("2031-01-01", "test", id="years later"),
        pytest.param("2026-02-28T23:59:59.999999Z", "validation", id="the last moment before the test"),
        pytest.param("2026-03-01T00:30:00+01:00", "validation", id="before the test, though not by the local calendar"),
        pytest.param("2026-02-01T11:00:00Z", "validation", id="the first moment of validation, in another zone"),
        pytest.param("2026-02-01T10:59:59Z", "train", id="just before validation"),
        pytest.param("1970-01-01", "train", id="long ago"),
    ],
)
def test_a_time_puts_a_row_on_its_side(text: str, side: Side) -> None:
    assert own_side({"t": text}, BY_TIME) == side


@pytest.mark.parametrize(
    ("text", "side"),
    [("train", "train"), ("Train ", "train"), ("TEST", "test"), ("validation", "validation"), ("Valid", "validation"),
     ("val", "validation"), (" DEV", "validation")],
)  # fmt: skip
def test_a_word_puts_a_row_on_its_side(text: str, side: Side) -> None:
    assert own_side({"s": text}, GIVEN) == side


@pytest.mark.parametrize("text", ["tset", "training", "0", "holdout", "train,test"])
def test_another_word_is_refused_with_those_that_are_understood(text: str) -> None:
    with pytest.raises(
        ValueError, match=rf"'s' says '{text}', .*: train, validation \(dev, val, valid\) and test are understood"
    ):
        own_side({"s": text}, GIVEN)


def test_a_group_decides_where_the_row_says_nothing() -> None:
    assert own_side({"t": "2026-03-01", "s": "test"}, Split()) is None
