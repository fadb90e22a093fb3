"""Shifting: the period some time before another, and when that is a number of steps on the grid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.errors import FaultError
from tallymark.windows import (
    Calendar,
    OutsideCalendarError,
    Period,
    Shape,
    ask_periods,
    before,
    parse_moment,
    shape_of,
    shift,
    shifted,
    whole_steps,
)

PARIS = Calendar("Europe/Paris")
PLAIN = Calendar()
APRIL = Calendar(fiscal_year_start=4)
SAO_PAULO = Calendar("America/Sao_Paulo")
APIA = Calendar("Pacific/Apia")


def period(start: str, end: str, calendar: Calendar) -> Period:
    """The period from the beginning of `start` to the end of `end`, both local dates, or between two local times."""
    first, last = parse_moment(start, calendar, end=False), parse_moment(end, calendar, end=True)
    return Period(first, last, "")


SHAPES = [
    (PLAIN, "2024-01-01", "2024-12-31", None, Shape(1, "year")),
    (PLAIN, "2023-04-01", "2024-03-31", None, Shape(4, "quarter")),
    (APRIL, "2023-04-01", "2024-03-31", None, Shape(1, "year")),
    (PLAIN, "2024-01-01", "2024-06-30", None, Shape(2, "quarter")),
    (PLAIN, "2024-02-01", "2024-04-30", None, Shape(3, "month")),
    (Calendar(fiscal_year_start=2), "2024-02-01", "2024-04-30", None, Shape(1, "quarter")),
    (PLAIN, "2024-03-01", "2024-03-15", None, Shape(15, "day")),
    (PLAIN, "2024-06-03", "2024-06-16", None, Shape(2, "week")),
    (PLAIN, "2024-06-04", "2024-06-17", None, Shape(14, "day")),
    (PLAIN, "2021-02-01", "2021-02-28", None, Shape(1, "month")),
    (PLAIN, "2021-02-01", "2021-02-28", "week", Shape(4, "week")),
    (PLAIN, "2021-01-11", "2021-01-31", "month", Shape(21, "day")),
    (PLAIN, "2024-02-01", "2024-03-31", "quarter", Shape(2, "month")),
    (PLAIN, "2024-06-15", "2024-06-15", "day", Shape(1, "day")),
    (PARIS, "2024-03-31", "2024-03-31", "day", Shape(1, "day")),
    (SAO_PAULO, "2017-10-15", "2017-10-15", "day", Shape(1, "day")),
    (PLAIN, "2024-06-15 09:00", "2024-06-15 17:00", None, Shape(0, "day", timedelta(hours=8))),
    (PLAIN, "2024-06-03 12:00", "2024-06-05 13:00", None, Shape(2, "day", timedelta(hours=1))),
    (PARIS, "2024-03-30 12:00", "2024-03-31 12:00", None, Shape(1, "day")),
    (PARIS, "2024-03-30 12:00", "2024-03-31 11:00", None, Shape(0, "day", timedelta(hours=22))),
    (PLAIN, "2024-06-15 13:00", "2024-06-15 14:00", "hour", Shape(0, "day", timedelta(hours=1))),
]


@pytest.mark.parametrize(("calendar", "start", "end", "grain", "expected"), SHAPES)
def test_shape(calendar: Calendar, start: str, end: str, grain: str | None, expected: Shape) -> None:
    """A period is as many of the largest unit on whose edges it lies, else so many days and a rest."""
    asked = period(start, end, calendar)
    assert expected == shape_of(asked.start, asked.end, grain, calendar)


SHIFTS = [
    # Whole periods of a grain, and of the asked range.
    (PLAIN, "2024-03-01", "2024-03-31", "month", 1, None, "2024-02-01", "2024-02-29"),
    (PLAIN, "2024-03-01", "2024-03-31", "month", 3, None, "2023-12-01", "2023-12-31"),
    (PLAIN, "2024-03-01", "2024-03-31", "month", -1, None, "2024-04-01", "2024-04-30"),
    (PLAIN, "2024-03-01", "2024-03-31", "month", 0, None, "2024-03-01", "2024-03-31"),
    (PLAIN, "2024-03-01", "2024-03-31", "month", 1, "year", "2023-03-01", "2023-03-31"),
    (PLAIN, "2024-02-01", "2024-02-29", "month", 1, "year", "2023-02-01", "2023-02-28"),
    (PLAIN, "2024-03-01", "2024-03-31", None, 1, None, "2024-02-01", "2024-02-29"),
    (PLAIN, "2023-04-01", "2023-06-30", None, 1, None, "2023-01-01", "2023-03-31"),
    (PLAIN, "2023-04-01", "2023-06-30", "quarter", 1, None, "2023-01-01", "2023-03-31"),
    (PLAIN, "2023-04-01", "2023-06-30", "quarter", 1, "month", "2023-03-01", "2023-05-31"),
    (PLAIN, "2024-01-01", "2024-06-30", None, 1, None, "2023-07-01", "2023-12-31"),
    (PLAIN, "2024-01-01", "2024-06-30", None, 1, "year", "2023-01-01", "2023-06-30"),
    (PLAIN, "2024-01-01", "2024-12-31", "year", 2, None, "2022-01-01", "2022-12-31"),
    (APRIL, "2023-04-01", "2024-03-31", "year", 1, None, "2022-04-01", "2023-03-31"),
    # Ranges that are no unit: their own days.
    (PLAIN, "2024-03-01", "2024-03-15", None, 1, None, "2024-02-15", "2024-02-29"),
    (PLAIN, "2024-03-01", "2024-03-15", None, 2, None, "2024-01-31", "2024-02-14"),
    (PLAIN, "2024-03-01", "2024-03-15", None, 1, "month", "2024-02-01", "2024-02-15"),
    (PLAIN, "2024-03-01", "2024-03-31", None, 10, "day", "2024-02-20", "2024-03-19"),
    # Days: month ends clamp.
    (PLAIN, "2024-03-29", "2024-03-29", "day", 1, "month", "2024-02-29", "2024-02-29"),
    (PLAIN, "2024-03-30", "2024-03-30", "day", 1, "month", "2024-02-29", "2024-02-29"),
    (PLAIN, "2024-03-31", "2024-03-31", "day", 1, "month", "2024-02-29", "2024-02-29"),
    (PLAIN, "2024-03-31", "2024-03-31", None, 1, "month", "2024-02-29", "2024-02-29"),
    (PLAIN, "2024-02-29", "2024-02-29", "day", 1, "year", "2023-02-28", "2023-02-28"),
    (PLAIN, "2024-03-01", "2024-03-01", "day", 1, None, "2024-02-29", "2024-02-29"),
    # Weeks: a year is 52 of them.
    (PLAIN, "2024-06-03", "2024-06-09", "week", 1, "year", "2023-06-05", "2023-06-11"),
    (PLAIN, "2024-06-03", "2024-06-09", None, 1, "year", "2023-06-05", "2023-06-11"),
    (PLAIN, "2020-12-28", "2021-01-03", "week", 1, "year", "2019-12-30", "2020-01-05"),
    (PLAIN, "2024-06-03", "2024-06-09", "week", 2, None, "2024-05-20", "2024-05-26"),
    (PLAIN, "2024-06-03", "2024-06-09", "week", 3, "day", "2024-05-31", "2024-06-06"),
    (Calendar(week_start=6), "2024-06-02", "2024-06-08", None, 1, "year", "2023-06-04", "2023-06-10"),
    # Pieces cut at the range's edge: the grain moves them, their days stay.
    (PLAIN, "2024-01-10", "2024-01-31", "month", 1, None, "2023-12-10", "2023-12-31"),
    (PLAIN, "2024-03-01", "2024-03-20", "month", 1, None, "2024-02-01", "2024-02-20"),
    (PLAIN, "2021-01-11", "2021-01-31", "month", 1, "month", "2020-12-11", "2020-12-31"),
    (PLAIN, "2024-06-05", "2024-06-09", "week", 1, "year", "2023-06-07", "2023-06-11"),
    (PLAIN, "2024-02-01", "2024-03-31", "quarter", 1, None, "2023-11-01", "2023-12-31"),
    # Hours elapse, unless days move them.
    (PARIS, "2024-03-31 03:00", "2024-03-31 04:00", "hour", 1, None, "2024-03-31 01:00", "2024-03-31 03:00"),
    (PARIS, "2024-03-31 12:00", "2024-03-31 13:00", "hour", 1, "day", "2024-03-30 12:00", "2024-03-30 13:00"),
    (PARIS, "2024-03-31 12:00", "2024-03-31 13:00", "hour", 24, None, "2024-03-30 11:00", "2024-03-30 12:00"),
    (PARIS, "2024-04-01 02:30", "2024-04-01 03:30", "hour", 1, "day", "2024-03-31 03:00", "2024-03-31 04:00"),
    (PARIS, "2024-04-01 02:30", "2024-04-01 03:30", "hour", 2, "day", "2024-03-30 02:30", "2024-03-30 03:30"),
    (PLAIN, "2024-06-15 09:00", "2024-06-15 17:00", None, 1, None, "2024-06-15 01:00", "2024-06-15 09:00"),
    (PLAIN, "2024-06-15 09:00", "2024-06-15 17:00", None, 1, "week", "2024-06-08 09:00", "2024-06-08 17:00"),
    (PLAIN, "2024-06-03 12:00", "2024-06-05 13:00", None, 1, None, "2024-06-01 11:00", "2024-06-03 12:00"),
    (PLAIN, "2024-06-03", "2024-06-03", "day", 6, "hour", "2024-06-02 18:00", "2024-06-03 18:00"),
    (PLAIN, "2024-06-03", "2024-06-03", "day", Decimal("1.5"), "day", "2024-06-01 12:00", "2024-06-02 12:00"),
    # Days of 23 and 25 hours are days.
    (PARIS, "2024-04-01", "2024-04-01", "day", 1, None, "2024-03-31", "2024-03-31"),
    (PARIS, "2024-10-28", "2024-10-28", "day", 1, None, "2024-10-27", "2024-10-27"),
    (SAO_PAULO, "2017-10-16", "2017-10-16", "day", 1, None, "2017-10-15", "2017-10-15"),
    (SAO_PAULO, "2017-10-15", "2017-10-15", "day", 1, None, "2017-10-14", "2017-10-14"),
    (SAO_PAULO, "2018-10-15", "2018-10-15", "day", 1, "year", "2017-10-15", "2017-10-15"),
]


@pytest.mark.parametrize(("calendar", "start", "end", "grain", "count", "unit", "first", "last"), SHIFTS)
def test_shift(
    calendar: Calendar,
    start: str,
    end: str,
    grain: str | None,
    count: int | Decimal,
    unit: str | None,
    first: str,
    last: str,
) -> None:
    """The start moves back, month ends clamped, and the period keeps its shape."""
    expected = period(first, last, calendar)
    moved = shift(period(start, end, calendar), count, unit, grain, calendar)
    assert (expected.start, expected.end) == (moved.start, moved.end)


LABELS = [
    ("2024-03-01", "2024-03-31", "month", 1, None, "2024-02"),
    ("2024-01-10", "2024-01-31", "month", 1, None, "2023-12"),
    ("2024-03-01", "2024-03-31", None, 1, None, "2024-02"),
    ("2024-03-01", "2024-03-15", None, 1, None, "2024-02-15 to 2024-02-29"),
    ("2024-06-03", "2024-06-09", "week", 3, "day", "2024-05-31 to 2024-06-06"),
]


@pytest.mark.parametrize(("start", "end", "grain", "count", "unit", "expected"), LABELS)
def test_shifted_periods_are_called(
    start: str, end: str, grain: str | None, count: int, unit: str | None, expected: str
) -> None:
    """A shifted period is called by the grain that holds it, else by its days."""
    assert expected == shift(period(start, end, PLAIN), count, unit, grain, PLAIN).label


def test_the_day_before_a_day_after_a_skipped_one_is_empty() -> None:
    """The day before 31 December 2011 has no instant in Samoa, and the day before that is the 29th."""
    last = period("2011-12-31", "2011-12-31", APIA)
    skipped = shift(last, 1, None, "day", APIA)
    assert (last.start, last.start) == (skipped.start, skipped.end)
    expected = period("2011-12-29", "2011-12-29", APIA)
    before_it = shift(last, 2, None, "day", APIA)
    assert (expected.start, expected.end) == (before_it.start, before_it.end)


@pytest.mark.parametrize("unit", ["month", "quarter"])
@pytest.mark.parametrize("grain", ["week", None])
def test_a_month_back_from_a_week_is_a_fault(unit: str, grain: str | None) -> None:
    """Weeks have no months or quarters before them, whether asked by grain or as the range."""
    with pytest.raises(FaultError) as caught:
        shift(period("2024-06-03", "2024-06-09", PLAIN), 1, unit, grain, PLAIN)
    (fault,) = caught.value.faults
    assert "Q528" == fault.code
    assert fault.help is not None


FAULTS = [(1, "fortnight", "Q529"), (Decimal("0.5"), "month", "Q529"), (9999, "year", "Q525"), (10**18, None, "Q525")]


@pytest.mark.parametrize(("count", "unit", "code"), FAULTS)
def test_shifts_that_are_faults(count: int, unit: str | None, code: str) -> None:
    """Unknown units, broken months and shifts out of the calendar are faults."""
    with pytest.raises(FaultError) as caught:
        shift(period("2024-06-03", "2024-06-03", PLAIN), count, unit, "day", PLAIN)
    assert [code] == [f.code for f in caught.value.faults]
    assert (code == "Q525") == isinstance(caught.value, OutsideCalendarError)


days = st.dates(datetime(1995, 1, 1).date(), datetime(2035, 1, 1).date())
zones = st.sampled_from(("UTC", "Europe/Paris", "America/New_York", "America/Sao_Paulo", "Africa/Cairo"))
calendars = st.builds(Calendar, zones, st.integers(0, 6), st.integers(1, 12))
grains = st.sampled_from(("day", "week", "month", "quarter", "year"))


def whole(calendar: Calendar, day: object, grain: str) -> Period:
    """The whole grain that holds a local date."""
    start = calendar.floor(parse_moment(str(day), calendar, end=False), grain)
    return Period(start, calendar.add(start, 1, grain), calendar.label(start, grain))


@given(calendars, days, grains, st.integers(0, 40), st.integers(0, 40))
def test_grain_shifts_add_up(calendar: Calendar, day: object, grain: str, one: int, two: int) -> None:
    """Whole periods: one grain back and two back are three back, and shifting forward again returns."""
    asked = whole(calendar, day, grain)
    there = shift(shift(asked, one, None, grain, calendar), two, None, grain, calendar)
    assert shift(asked, one + two, None, grain, calendar) == there
    assert asked == shift(there, -one - two, None, grain, calendar)


@given(calendars, days, st.integers(1, 60), st.integers(1, 5))
def test_twelve_months_are_a_year(calendar: Calendar, day: object, length: int, years: int) -> None:
    """12 months are a year, 3 a quarter, 7 days a week, also for a range that is no unit, unless it is weeks."""
    start = parse_moment(str(day), calendar, end=False)
    asked = Period(start, calendar.add(start, length, "day"), "")
    assert shift(asked, years, "week", None, calendar) == shift(asked, 7 * years, "day", None, calendar)
    if shape_of(asked.start, asked.end, None, calendar).unit != "week":
        assert shift(asked, years, "year", None, calendar) == shift(asked, 12 * years, "month", None, calendar)
        assert shift(asked, years, "quarter", None, calendar) == shift(asked, 3 * years, "month", None, calendar)


def test_months_past_a_short_month_do_not_add_up() -> None:
    """31 May two months back is 31 March; a month back twice is 30 March, since 30 April lies between."""
    asked = period("2024-05-31", "2024-05-31", PLAIN)
    once = shifted(asked, ((2, "month"),), "day", PLAIN)
    twice = shifted(asked, ((1, "month"), (1, "month")), "day", PLAIN)
    assert (datetime(2024, 3, 31, tzinfo=UTC), datetime(2024, 3, 30, tzinfo=UTC)) == (once[0], twice[0])


def test_the_shape_is_kept_through_several_moves() -> None:
    """28 days of March 2023 a length back happen to be February, and yet another length back are 28 days again."""
    asked = period("2023-03-01", "2023-03-28", PLAIN)
    start, end = shifted(asked, ((1, None), (1, None)), None, PLAIN)
    assert (datetime(2023, 1, 4, tzinfo=UTC), datetime(2023, 2, 1, tzinfo=UTC)) == (start, end)


@given(calendars, days, st.integers(1, 400), st.integers(1, 4))
def test_a_range_back_by_itself_touches(calendar: Calendar, day: object, length: int, count: int) -> None:
    """The range before a range of whole days ends where it starts, and so on back."""
    start = parse_moment(str(day), calendar, end=False)
    asked = Period(start, calendar.add(start, length, "day"), "")
    later, earlier = (shift(asked, k, None, None, calendar) for k in (count - 1, count))
    assert earlier.end == later.start


STEPS = [
    ("month", "2024-01-01", "2024-06-30", 1, None, 1),
    ("month", "2024-01-01", "2024-06-30", 1, "month", 1),
    ("month", "2024-01-01", "2024-06-30", 1, "quarter", 3),
    ("month", "2024-01-01", "2024-06-30", 2, "year", 24),
    ("month", "2024-01-01", "2024-06-30", -1, "year", -12),
    ("month", "2024-01-01", "2024-06-30", 28, "day", None),
    ("month", "2024-01-10", "2024-06-30", 1, "month", None),
    ("month", "2024-01-01", "2024-06-20", 1, "month", None),
    ("month", "2024-01-10", "2024-06-20", 0, None, 0),
    ("quarter", "2024-01-01", "2024-06-30", 1, "year", 4),
    ("quarter", "2024-01-01", "2024-06-30", 1, "month", None),
    ("quarter", "2024-01-01", "2024-06-30", 6, "month", 2),
    ("year", "2023-01-01", "2024-12-31", 4, "quarter", 1),
    ("week", "2024-06-03", "2024-06-30", 1, "year", 52),
    ("week", "2024-06-03", "2024-06-30", 14, "day", 2),
    ("week", "2024-06-03", "2024-06-30", 3, "day", None),
    ("day", "2024-03-01", "2024-03-31", 1, "month", None),
    ("day", "2024-03-01", "2024-03-31", 1, "year", None),
    ("day", "2024-04-01", "2024-04-10", 1, "month", None),
    ("day", "2024-03-01", "2024-03-31", 1, "week", 7),
    ("day", "2024-03-01", "2024-03-31", 24, "hour", None),
    ("day", "2024-03-01", "2024-03-31", Decimal("1.5"), "day", None),
    ("day", "2024-03-01", "2024-03-31", Decimal("1.5"), "week", None),
    ("hour", "2024-06-01", "2024-06-03", 5, None, 5),
    ("hour", "2024-06-01", "2024-06-03", 120, "minute", 2),
    ("hour", "2024-06-01", "2024-06-03", 90, "minute", None),
    ("hour", "2024-06-01", "2024-06-03", 1, "day", None),
    (None, "2023-04-01", "2023-06-30", 1, None, 1),
    (None, "2023-04-01", "2023-06-30", 3, None, 3),
    (None, "2023-04-01", "2023-06-30", 1, "year", 4),
    (None, "2023-01-01", "2023-06-30", 1, "year", 2),
    (None, "2023-01-01", "2023-06-30", 1, "quarter", None),
    (None, "2024-06-03", "2024-06-16", 1, "year", 26),
    (None, "2024-03-01", "2024-03-15", 30, "day", 2),
    (None, "2024-03-01", "2024-03-15", 1, "month", None),
    (None, "2024-06-15 09:00", "2024-06-15 17:00", 2, None, 2),
    (None, "2024-06-15 09:00", "2024-06-15 17:00", 8, "hour", None),
    (None, "2024-06-03 12:00", "2024-06-05 13:00", 1, None, None),
]


@pytest.mark.parametrize(("grain", "start", "end", "count", "unit", "expected"), STEPS)
def test_whole_steps(
    grain: str | None, start: str, end: str, count: int | Decimal, unit: str | None, expected: int | None
) -> None:
    """Shifts that land on the grid everywhere are so many steps, all others none."""
    asked = period(start, end, PARIS)
    periods = ask_periods(asked.start, asked.end, grain, PARIS, 10_000)
    assert expected == whole_steps(periods, count, unit, grain, PARIS)


def test_days_are_24_hours_where_no_clock_is_set() -> None:
    """In UTC a day is 24 steps of an hour, and 24 hours one step of a day."""
    asked = period("2024-06-01", "2024-06-03", PLAIN)
    hours, days = (ask_periods(asked.start, asked.end, grain, PLAIN, 100) for grain in ("hour", "day"))
    assert 24 == whole_steps(hours, 1, "day", "hour", PLAIN)
    assert 12 == whole_steps(hours, Decimal("0.5"), "day", "hour", PLAIN)
    assert 2 == whole_steps(days, 48, "hour", "day", PLAIN)
    assert None is whole_steps(days, 12, "hour", "day", PLAIN)


def test_no_steps_over_a_skipped_day_or_a_half_hour() -> None:
    """A grid with a day missing, or an hour of ninety minutes, has no even steps; neither has no grid at all."""
    skipping = period("2011-12-28", "2012-01-02", APIA)
    assert None is whole_steps(ask_periods(skipping.start, skipping.end, "day", APIA, 9), 1, None, "day", APIA)
    lord_howe = Calendar("Australia/Lord_Howe")
    halving = period("2024-04-06", "2024-04-08", lord_howe)
    hours = ask_periods(halving.start, halving.end, "hour", lord_howe, 100)
    assert None is whole_steps(hours, 1, None, "hour", lord_howe)
    assert None is whole_steps((), 1, None, "day", PLAIN)


def test_months_from_weeks_have_no_steps_but_a_fault() -> None:
    """What cannot be shifted is refused here too."""
    asked = period("2024-06-03", "2024-06-16", PLAIN)
    weeks = ask_periods(asked.start, asked.end, "week", PLAIN, 9)
    with pytest.raises(FaultError) as caught:
        whole_steps(weeks, 1, "month", "week", PLAIN)
    assert ["Q528"] == [f.code for f in caught.value.faults]


@given(
    calendars,
    days,
    grains,
    st.integers(1, 6),
    st.integers(1, 5),
    st.sampled_from((None, "day", "week", "month", "quarter", "year")),
)
def test_steps_are_the_shift(
    calendar: Calendar, day: object, grain: str, length: int, count: int, unit: str | None
) -> None:
    """Where there are k steps, each period shifted is the one k before it on the grid with k earlier periods."""
    first = whole(calendar, day, grain)
    periods = calendar.pieces(first.start, calendar.add(first.start, length, grain), grain)
    if grain == "week" and unit in ("month", "quarter"):
        return
    steps = whole_steps(periods, count, unit, grain, calendar)
    if steps is not None:
        grid = before(periods, steps, grain, calendar) + periods
        assert list(grid[:length]) == [shift(p, count, unit, grain, calendar) for p in periods]
        assert all(a.end == b.start for a, b in pairwise(grid))
