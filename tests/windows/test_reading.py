"""Periods, dates and times as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.errors import FaultError
from tallymark.place import Place
from tallymark.windows import Calendar, parse_moment, parse_period

UTC_CALENDAR = Calendar()
PARIS = Calendar("Europe/Paris")
FISCAL = Calendar(fiscal_year_start=4)


def utc(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


PERIODS = [
    (UTC_CALENDAR, "2024", "2024-01-01", "2025-01-01", "2024"),
    (UTC_CALENDAR, "2024-Q2", "2024-04-01", "2024-07-01", "2024-Q2"),
    (UTC_CALENDAR, " 2024-q4 ", "2024-10-01", "2025-01-01", "2024-Q4"),
    (UTC_CALENDAR, "2024-06", "2024-06-01", "2024-07-01", "2024-06"),
    (UTC_CALENDAR, "2024-W23", "2024-06-03", "2024-06-10", "2024-W23"),
    (UTC_CALENDAR, "2025-W01", "2024-12-30", "2025-01-06", "2025-W01"),
    (UTC_CALENDAR, "2020-w53", "2020-12-28", "2021-01-04", "2020-W53"),
    (UTC_CALENDAR, "2024-02-29", "2024-02-29", "2024-03-01", "2024-02-29"),
    (UTC_CALENDAR, "FY2024", "2024-01-01", "2025-01-01", "FY2024"),
    (FISCAL, "FY2024", "2023-04-01", "2024-04-01", "FY2024"),
    (FISCAL, "fy2024-q1", "2023-04-01", "2023-07-01", "FY2024-Q1"),
    (FISCAL, "FY2024-Q4", "2024-01-01", "2024-04-01", "FY2024-Q4"),
    (FISCAL, "2024", "2024-01-01", "2025-01-01", "2024"),
    (FISCAL, "2024-Q2", "2024-04-01", "2024-07-01", "2024-Q2"),
    (PARIS, "2024-03-31", "2024-03-30 23:00", "2024-03-31 22:00", "2024-03-31"),
    (Calendar("America/Sao_Paulo"), "2017-10-15", "2017-10-15 03:00", "2017-10-16 02:00", "2017-10-15"),
    (UTC_CALENDAR, "9998", "9998-01-01", "9999-01-01", "9998"),
    (PARIS, "0002", "0001-12-31 23:50:39", "0002-12-31 23:50:39", "0002"),
]


@pytest.mark.parametrize(("calendar", "text", "start", "end", "label"), PERIODS)
def test_period(calendar: Calendar, text: str, start: str, end: str, label: str) -> None:
    """Each form names its stretch of the local calendar."""
    period = parse_period(text, calendar)
    assert (utc(start), utc(end), label) == (period.start, period.end, period.label)


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(("year", "quarter", "month", "week", "day")),
    st.integers(1, 12),
)
def test_labels_read_back(moment: datetime, grain: str, fiscal: int) -> None:
    """What a period is called is read as that period."""
    calendar = Calendar("Europe/Paris", 0, fiscal)
    start = calendar.floor(calendar.instant(moment), grain)
    read = parse_period(calendar.label(start, grain), calendar)
    assert (start, calendar.add(start, 1, grain)) == (read.start, read.end)


NOT_PERIODS = [
    ("last month", "Q522", "`2024-Q2`"),
    ("", "Q522", "`2024-Q2`"),
    ("24", "Q522", "`2024-Q2`"),
    ("2024-06-15 13:00", "Q522", "`2024-Q2`"),
    (None, "Q522", "`2024-Q2`"),
    (2024, "Q522", "`2024-Q2`"),
    ("٢٠٢٤", "Q522", "`2024-Q2`"),
    ("x" * 100_000, "Q522", "`2024-Q2`"),
    ("2024Q2", "Q522", "write `2024-Q2`"),
    ("q2 2024", "Q522", "write `2024-Q2`"),
    ("FY2024 Q2", "Q522", "write `FY2024-Q2`"),
    ("FY 2024", "Q522", "write `FY2024`"),
    ("2024W05", "Q522", "write `2024-W05`"),
    ("202406", "Q522", "write `2024-06`"),
    ("2024/06", "Q522", "write `2024-06`"),
    ("6/2024", "Q522", "write `2024-06`"),
    ("2024-6", "Q522", "write `2024-06`"),
    ("2024/06/15", "Q522", "write `2024-06-15`"),
    ("20240615", "Q522", "write `2024-06-15`"),
    ("2024-6-5", "Q522", "write `2024-06-05`"),
    ("2024-13", "Q524", None),
    ("2024-00", "Q524", None),
    ("2024-Q0", "Q524", None),
    ("2024-Q5", "Q524", None),
    ("FY2024-Q5", "Q524", None),
    ("2024-W00", "Q524", None),
    ("2024-W53", "Q524", None),
    ("2024-02-30", "Q524", None),
    ("2023-02-29", "Q524", None),
    ("2024-06-00", "Q524", None),
    ("0000", "Q525", "years run from 0002 to 9998"),
    ("0001-06", "Q525", "years run from 0002 to 9998"),
    ("9999", "Q525", "years run from 0002 to 9998"),
    ("10000-01-01", "Q525", "years run from 0002 to 9998"),
    ("FY10000", "Q525", "years run from 0002 to 9998"),
]


@pytest.mark.parametrize(("text", "code", "help"), NOT_PERIODS)
def test_what_is_no_period(text: object, code: str, help: str | None) -> None:
    """A text that names no period is one fault, placed, with the right form if there is one."""
    place = Place("question", 1, 8)
    with pytest.raises(FaultError) as caught:
        parse_period(text, PARIS, place)  # type: ignore[arg-type]
    (fault,) = caught.value.faults
    assert (code, place) == (fault.code, fault.place)
    assert help is None or help in str(fault.help)
    assert len(fault.message) < 120


def test_week_numbers_need_weeks_from_monday() -> None:
    """Where weeks start on Sunday an ISO week is refused, with the days of the local week."""
    with pytest.raises(FaultError) as caught:
        parse_period("2024-W23", Calendar(week_start=6))
    (fault,) = caught.value.faults
    assert ("Q522", "name its first and last day: 2024-06-02 and 2024-06-08") == (fault.code, fault.help)


MOMENTS = [
    (UTC_CALENDAR, "2024-06-15", "2024-06-15", "2024-06-16"),
    (UTC_CALENDAR, date(2024, 2, 29), "2024-02-29", "2024-03-01"),
    (UTC_CALENDAR, "2024-06", "2024-06-01", "2024-07-01"),
    (UTC_CALENDAR, "2024", "2024-01-01", "2025-01-01"),
    (PARIS, "2024-06-15", "2024-06-14 22:00", "2024-06-15 22:00"),
    (PARIS, date(2024, 3, 31), "2024-03-30 23:00", "2024-03-31 22:00"),
    (PARIS, "2024-06-15 13:00", "2024-06-15 11:00", "2024-06-15 11:00"),
    (PARIS, "2024-06-15T13:00:01.25", "2024-06-15 11:00:01.250", "2024-06-15 11:00:01.250"),
    (PARIS, "2024-06-15t13:00z", "2024-06-15 13:00", "2024-06-15 13:00"),
    (PARIS, "2024-06-15 13:00-05:30", "2024-06-15 18:30", "2024-06-15 18:30"),
    (PARIS, datetime(2024, 6, 15, 13), "2024-06-15 11:00", "2024-06-15 11:00"),
    (PARIS, datetime(2024, 6, 15), "2024-06-14 22:00", "2024-06-14 22:00"),
    (PARIS, datetime(2024, 6, 15, 13, tzinfo=timezone(timedelta(hours=2))), "2024-06-15 11:00", "2024-06-15 11:00"),
    (PARIS, "2024-03-31 02:30", "2024-03-31 01:00", "2024-03-31 01:00"),
    (PARIS, "2024-10-27 02:30", "2024-10-27 00:30", "2024-10-27 00:30"),
    (PARIS, pandas.Timestamp("2024-06-15 13:00:00.000000001"), "2024-06-15 11:00", "2024-06-15 11:00"),
]


@pytest.mark.parametrize(("calendar", "value", "start", "end"), MOMENTS)
def test_moment(calendar: Calendar, value: str | date | datetime, start: str, end: str) -> None:
    """A date as an end includes its day, a time is itself, a naive one is local."""
    found = [parse_moment(value, calendar, end=as_end) for as_end in (False, True)]
    assert [utc(start), utc(end)] == found
    assert all(type(f) is datetime and f.utcoffset() == timedelta(0) for f in found)


NOT_MOMENTS = [
    ("yesterday", "Q523"),
    ("", "Q523"),
    ("12:00", "Q523"),
    (20240615, "Q523"),
    (None, "Q523"),
    (True, "Q523"),
    (pandas.NaT, "Q523"),
    ("2024-06-15 13", "Q523"),
    ("15/06/2024", "Q523"),
    ("2024-6-5", "Q523"),
    ("2024-13", "Q524"),
    ("2024-02-30", "Q524"),
    ("2024-02-30 12:00", "Q524"),
    ("2024-06-15 24:00", "Q524"),
    ("2024-06-15 12:60", "Q524"),
    ("2024-06-15 12:00+25:00", "Q524"),
    ("0000-01-01", "Q525"),
    ("0000-01-01 00:00", "Q525"),
    ("10000-01-01", "Q525"),
    ("9999-12-31 10:00", "Q525"),
    (date.min, "Q525"),
    (date.max, "Q525"),
    (datetime.min, "Q525"),
    (datetime.max, "Q525"),
    (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), "Q525"),
]


@pytest.mark.parametrize(("value", "code"), NOT_MOMENTS)
def test_what_is_no_moment(value: object, code: str) -> None:
    """What is no date or time, or none that exists, is one fault, as start and as end."""
    for end in (False, True):
        with pytest.raises(FaultError) as caught:
            parse_moment(value, PARIS, end=end)  # type: ignore[arg-type]
        assert [code] == [f.code for f in caught.value.faults]


@given(st.text(max_size=20) | st.from_regex(r"[0-9FYQW:T -]{1,18}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything but a fault."""
    found: list[str] = []
    for read in (lambda: parse_period(text, PARIS), lambda: parse_moment(text, PARIS, end=True)):
        try:
            read()
        except FaultError as error:
            found += [f.code for f in error.faults]
    assert set(found) <= {"Q522", "Q523", "Q524", "Q525"}
