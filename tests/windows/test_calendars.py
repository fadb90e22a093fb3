"""Calendars: local time, floors, moves, pieces and labels, above all where clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.errors import FaultError
from tallymark.formula.nodes import GRAINS, TIME_UNITS
from tallymark.windows import Calendar, OutsideCalendarError, grain_of

PARIS = Calendar("Europe/Paris")
SAO_PAULO = Calendar("America/Sao_Paulo")
ST_JOHNS = Calendar("America/St_Johns")
LORD_HOWE = Calendar("Australia/Lord_Howe")
APIA = Calendar("Pacific/Apia")

ZONES = (
    "UTC",
    "Europe/Paris",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
)

CHANGES = (
    datetime(2024, 3, 31, 1, tzinfo=UTC),  # Paris, Dublin, Troll
    datetime(2024, 10, 27, 1, tzinfo=UTC),
    datetime(2024, 3, 10, 7, tzinfo=UTC),  # New York
    datetime(2017, 10, 15, 3, tzinfo=UTC),  # São Paulo skips midnight
    datetime(2018, 2, 18, 2, tzinfo=UTC),
    datetime(2006, 10, 29, 2, 31, tzinfo=UTC),  # St John's sets back over midnight
    datetime(2024, 4, 25, 22, tzinfo=UTC),  # Cairo skips midnight
    datetime(2024, 4, 6, 15, tzinfo=UTC),  # Lord Howe moves by half an hour
    datetime(2024, 10, 5, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia skips a day
)

instants = st.one_of(
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(lambda w: w.replace(tzinfo=UTC)),
    st.builds(
        lambda change, minutes: change + timedelta(minutes=minutes),
        st.sampled_from(CHANGES),
        st.integers(-2000, 2000),
    ),
)
calendars = st.builds(Calendar, st.sampled_from(ZONES), st.integers(0, 6), st.integers(1, 12))
units = st.sampled_from(TIME_UNITS)


def utc(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def naive(text: str) -> datetime:
    """What a clock shows."""
    return datetime.fromisoformat(text)


INSTANTS = [
    (PARIS, "2024-06-15 12:00", "2024-06-15 10:00"),
    (PARIS, "2024-03-31 01:59", "2024-03-31 00:59"),
    (PARIS, "2024-03-31 02:00", "2024-03-31 01:00"),
    (PARIS, "2024-03-31 02:59", "2024-03-31 01:00"),
    (PARIS, "2024-03-31 03:00", "2024-03-31 01:00"),
    (PARIS, "2024-10-27 02:30", "2024-10-27 00:30"),
    (PARIS, "2024-10-27 03:00", "2024-10-27 02:00"),
    (SAO_PAULO, "2017-10-15 00:00", "2017-10-15 03:00"),
    (SAO_PAULO, "2017-10-15 00:30", "2017-10-15 03:00"),
    (SAO_PAULO, "2018-02-17 23:30", "2018-02-18 01:30"),
    (SAO_PAULO, "2018-02-18 00:00", "2018-02-18 03:00"),
    (ST_JOHNS, "2006-10-29 00:00", "2006-10-29 02:30"),
    (APIA, "2011-12-30 12:00", "2011-12-30 10:00"),
    (APIA, "2011-12-31 00:00", "2011-12-30 10:00"),
    (PARIS, "1900-01-01 00:00", "1899-12-31 23:50:39"),
]


@pytest.mark.parametrize(("calendar", "wall", "expected"), INSTANTS)
def test_instant(calendar: Calendar, wall: str, expected: str) -> None:
    """A local time is its first instant, and the instant after the gap when it never comes."""
    assert utc(expected) == calendar.instant(naive(wall))


WALLS = [
    (PARIS, "2024-06-15 10:00", "2024-06-15 12:00"),
    (PARIS, "2024-03-31 00:59", "2024-03-31 01:59"),
    (PARIS, "2024-03-31 01:00", "2024-03-31 02:00"),
    (PARIS, "2024-03-31 01:01", "2024-03-31 03:01"),
    (PARIS, "2024-10-27 00:30", "2024-10-27 02:30"),
    (PARIS, "2024-10-27 01:00", "2024-10-27 03:00"),
    (PARIS, "2024-10-27 01:30", "2024-10-27 03:00"),
    (PARIS, "2024-10-27 02:00", "2024-10-27 03:00"),
    (SAO_PAULO, "2017-10-15 03:00", "2017-10-15 00:00"),
    (APIA, "2011-12-30 10:00", "2011-12-30 00:00"),
]


@pytest.mark.parametrize(("calendar", "instant", "expected"), WALLS)
def test_wall(calendar: Calendar, instant: str, expected: str) -> None:
    """The boundary for naive times is where a gap begins and where a repeated stretch ends."""
    assert naive(expected) == calendar.wall(utc(instant))


@given(calendars, instants, st.integers(-200, 200))
def test_wall_orders_naive_times_as_instants(calendar: Calendar, instant: datetime, minutes: int) -> None:
    """A naive time is at or after a boundary on the clock exactly when its instant is."""
    wall = calendar.local(instant) + timedelta(minutes=minutes)
    assert (calendar.instant(wall) >= instant) == (wall >= calendar.wall(instant))


@given(calendars, instants)
def test_instant_is_first(calendar: Calendar, instant: datetime) -> None:
    """No instant before `instant(w)` shows `w`, and none after it unless the clock was set back."""
    wall = calendar.local(instant)
    first = calendar.instant(wall)
    assert wall == calendar.local(first)
    assert first <= instant
    assert instant - first <= timedelta(hours=3)


FLOORS = [
    (PARIS, "2024-06-15 10:20:30", "second", "2024-06-15 10:20:30"),
    (PARIS, "2024-06-15 10:20:30", "minute", "2024-06-15 10:20"),
    (PARIS, "2024-06-15 10:20", "hour", "2024-06-15 10:00"),
    (PARIS, "2024-06-15 21:59", "day", "2024-06-14 22:00"),
    (PARIS, "2024-06-15 22:00", "day", "2024-06-15 22:00"),
    (PARIS, "2024-06-16 21:59", "week", "2024-06-09 22:00"),
    (PARIS, "2024-06-15 10:00", "month", "2024-05-31 22:00"),
    (PARIS, "2024-06-15 10:00", "quarter", "2024-03-31 22:00"),
    (PARIS, "2024-06-15 10:00", "year", "2023-12-31 23:00"),
    (PARIS, "2024-10-27 00:30", "hour", "2024-10-27 00:00"),
    (PARIS, "2024-10-27 01:30", "hour", "2024-10-27 01:00"),
    (PARIS, "2024-03-31 12:00", "day", "2024-03-30 23:00"),
    (SAO_PAULO, "2017-10-15 12:00", "day", "2017-10-15 03:00"),
    (SAO_PAULO, "2017-10-15 12:00", "hour", "2017-10-15 12:00"),
    (SAO_PAULO, "2018-02-18 02:30", "day", "2018-02-17 02:00"),
    (Calendar("Africa/Cairo"), "2024-04-26 09:00", "day", "2024-04-25 22:00"),
    (ST_JOHNS, "2006-10-29 03:00", "day", "2006-10-29 02:30"),
    (ST_JOHNS, "2006-10-29 03:00", "hour", "2006-10-29 02:30"),
    (LORD_HOWE, "2024-04-06 15:10", "hour", "2024-04-06 14:00"),
    (LORD_HOWE, "2024-10-05 15:40", "hour", "2024-10-05 15:30"),
    (APIA, "2011-12-30 11:00", "day", "2011-12-30 10:00"),
    (Calendar(week_start=6), "2024-06-15 10:00", "week", "2024-06-09 00:00"),
    (Calendar(week_start=5), "2024-06-15 10:00", "week", "2024-06-15 00:00"),
    (Calendar(fiscal_year_start=4), "2024-03-15 00:00", "year", "2023-04-01 00:00"),
    (Calendar(fiscal_year_start=4), "2024-04-01 00:00", "year", "2024-04-01 00:00"),
    (Calendar(fiscal_year_start=2), "2024-01-15 00:00", "quarter", "2023-11-01 00:00"),
    (Calendar(fiscal_year_start=2), "2024-01-15 00:00", "month", "2024-01-01 00:00"),
]


@pytest.mark.parametrize(("calendar", "instant", "unit", "expected"), FLOORS)
def test_floor(calendar: Calendar, instant: str, unit: str, expected: str) -> None:
    """A unit begins where the local calendar says, a day at its first instant."""
    assert utc(expected) == calendar.floor(utc(instant), unit)


@given(calendars, instants, units)
def test_floor_holds_its_instant(calendar: Calendar, instant: datetime, unit: str) -> None:
    """A floor is not after its instant, is its own floor, and the same for every instant in between."""
    begin = calendar.floor(instant, unit)
    assert begin <= instant
    assert begin == calendar.floor(begin, unit)
    assert begin == calendar.floor(begin + (instant - begin) / 2, unit)
    if unit not in ("second", "minute"):
        assert begin > calendar.floor(begin - timedelta(microseconds=1), unit)


ADDITIONS = [
    (PARIS, "2024-03-30 11:00", 1, "day", "2024-03-31 10:00"),
    (PARIS, "2024-03-30 11:00", 24, "hour", "2024-03-31 11:00"),
    (PARIS, "2024-03-30 01:30", 1, "day", "2024-03-31 01:00"),
    (PARIS, "2024-10-26 00:30", 1, "day", "2024-10-27 00:30"),
    (PARIS, "2024-10-27 01:30", 1, "day", "2024-10-28 01:30"),
    (PARIS, "2024-10-27 01:30", 0, "day", "2024-10-27 01:30"),
    (PARIS, "2024-03-31 22:00", -1, "quarter", "2023-12-31 23:00"),
    (Calendar(), "2024-03-31 00:00", -1, "month", "2024-02-29 00:00"),
    (Calendar(), "2024-01-31 00:00", 1, "month", "2024-02-29 00:00"),
    (Calendar(), "2024-02-29 00:00", 1, "year", "2025-02-28 00:00"),
    (Calendar(), "2024-02-29 00:00", 4, "year", "2028-02-29 00:00"),
    (Calendar(), "2024-11-30 12:00", 1, "quarter", "2025-02-28 12:00"),
    (Calendar(), "2024-02-26 00:00", 1, "week", "2024-03-04 00:00"),
    (Calendar(), "2024-02-26 00:00", Decimal("1.5"), "week", "2024-03-07 12:00"),
    (Calendar(), "2024-02-26 00:00", Decimal("-0.5"), "day", "2024-02-25 12:00"),
    (Calendar(), "2024-02-26 00:00", Decimal("2"), "month", "2024-04-26 00:00"),
    (Calendar(), "2024-02-26 00:00", Decimal("0.5"), "hour", "2024-02-26 00:30"),
    (Calendar(), "2024-02-26 00:00", -90, "second", "2024-02-25 23:58:30"),
    (SAO_PAULO, "2017-10-15 03:00", 1, "day", "2017-10-16 02:00"),
    (SAO_PAULO, "2017-10-15 03:00", -1, "year", "2016-10-15 03:00"),
    (SAO_PAULO, "2017-10-16 02:00", -1, "day", "2017-10-15 03:00"),
]


@pytest.mark.parametrize(("calendar", "instant", "count", "unit", "expected"), ADDITIONS)
def test_add(calendar: Calendar, instant: str, count: int | Decimal, unit: str, expected: str) -> None:
    """Days and longer keep the clock, hours elapse, month ends clamp, skipped midnights are still midnights."""
    assert utc(expected) == calendar.add(utc(instant), count, unit)


@given(calendars, instants, st.sampled_from(GRAINS[1:]), st.integers(-40, 40))
def test_add_leads_from_edge_to_edge(calendar: Calendar, instant: datetime, unit: str, count: int) -> None:
    """A whole number of units from the beginning of one leads to the beginning of one."""
    moved = calendar.add(calendar.floor(instant, unit), count, unit)
    assert moved == calendar.floor(moved, unit)


@given(calendars, instants, st.integers(0, 30), st.sampled_from(GRAINS))
def test_pieces_cover_the_range(calendar: Calendar, start: datetime, days: int, grain: str) -> None:
    """Pieces are in order, touch, cover the range, begin on edges inside it, and are as many as counted."""
    end = start + timedelta(days=days * (1 if grain == "hour" else 40), minutes=17)
    pieces = calendar.pieces(start, end, grain)
    assert start == pieces[0].start
    assert end == pieces[-1].end
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(p.start < p.end for p in pieces)
    assert all(p.start == calendar.floor(p.start, grain) for p in pieces[1:])
    assert all(
        calendar.floor(p.start, grain) == calendar.floor(p.end - timedelta(microseconds=1), grain) for p in pieces
    )
    assert all(p.label == calendar.label(p.start, grain) for p in pieces)
    assert len(pieces) == len({p.label for p in pieces})
    if calendar.timezone not in ("Australia/Lord_Howe", "Pacific/Apia"):
        assert len(pieces) == calendar.count(start, end, grain)


DAYS = [
    (PARIS, "2024-03-31", 23, 23),
    (PARIS, "2024-10-27", 25, 25),
    (PARIS, "2024-06-15", 24, 24),
    (Calendar("America/New_York"), "2024-03-10", 23, 23),
    (Calendar("America/New_York"), "2024-11-03", 25, 25),
    (SAO_PAULO, "2017-10-15", 23, 23),
    (SAO_PAULO, "2018-02-17", 25, 25),
    (LORD_HOWE, "2024-04-07", 24.5, 24),
    (LORD_HOWE, "2024-10-06", 23.5, 24),
    (ST_JOHNS, "2006-10-29", 25, 25),
]


@pytest.mark.parametrize(("calendar", "day", "hours", "pieces"), DAYS)
def test_days_that_are_not_24_hours(calendar: Calendar, day: str, hours: float, pieces: int) -> None:
    """A local day lasts as long as its clock runs, and is cut into the hours that clock shows."""
    start = calendar.instant(naive(day))
    end = calendar.add(start, 1, "day")
    assert timedelta(hours=hours) == end - start
    assert pieces == len(calendar.pieces(start, end, "hour"))
    assert 1 == len(calendar.pieces(start, end, "day"))


def test_a_skipped_day_has_no_piece() -> None:
    """Samoa had no 30 December 2011."""
    start, end = APIA.instant(naive("2011-12-29")), APIA.instant(naive("2012-01-02"))
    assert ["2011-12-29", "2011-12-31", "2012-01-01"] == [p.label for p in APIA.pieces(start, end, "day")]


def test_pieces_are_cut_at_the_edges_and_keep_their_label() -> None:
    """10 January to 20 March by month is the rest of January, February, and the first of March."""
    pieces = Calendar().pieces(utc("2024-01-10"), utc("2024-03-21"), "month")
    expected = [
        (utc("2024-01-10"), utc("2024-02-01"), "2024-01"),
        (utc("2024-02-01"), utc("2024-03-01"), "2024-02"),
        (utc("2024-03-01"), utc("2024-03-21"), "2024-03"),
    ]
    assert expected == [(p.start, p.end, p.label) for p in pieces]
    assert () == Calendar().pieces(utc("2024-01-10"), utc("2024-01-10"), "month")


LABELS = [
    (Calendar(), "2024-06-15", "year", "2024"),
    (Calendar(), "2024-06-15", "quarter", "2024-Q2"),
    (Calendar(), "2024-06-15", "month", "2024-06"),
    (Calendar(), "2024-06-15", "week", "2024-W24"),
    (Calendar(), "2024-12-30", "week", "2025-W01"),
    (Calendar(), "2021-01-03", "week", "2020-W53"),
    (Calendar(), "2024-06-15", "day", "2024-06-15"),
    (Calendar(), "2024-06-15 13:45", "hour", "2024-06-15 13:00"),
    (Calendar(), "0987-06-15", "year", "0987"),
    (Calendar(week_start=6), "2024-06-15", "week", "2024-06-09"),
    (Calendar(fiscal_year_start=4), "2024-03-31", "year", "FY2024"),
    (Calendar(fiscal_year_start=4), "2024-04-01", "year", "FY2025"),
    (Calendar(fiscal_year_start=4), "2024-04-01", "quarter", "FY2025-Q1"),
    (Calendar(fiscal_year_start=4), "2024-02-01", "quarter", "FY2024-Q4"),
    (Calendar(fiscal_year_start=12), "2023-12-01", "year", "FY2024"),
    (Calendar(fiscal_year_start=12), "2023-11-30", "quarter", "FY2023-Q4"),
    (PARIS, "2024-06-14 22:30", "day", "2024-06-15"),
    (PARIS, "2024-10-27 00:30", "hour", "2024-10-27 02:00+02:00"),
    (PARIS, "2024-10-27 01:30", "hour", "2024-10-27 02:00+01:00"),
    (PARIS, "2024-10-27 02:30", "hour", "2024-10-27 03:00"),
    (Calendar("Europe/London"), "2024-10-27 01:30", "hour", "2024-10-27 01:00+00:00"),
    (SAO_PAULO, "2017-10-15 03:00", "day", "2017-10-15"),
    (ST_JOHNS, "2006-10-29 03:00", "day", "2006-10-29"),
]


@pytest.mark.parametrize(("calendar", "instant", "grain", "expected"), LABELS)
def test_label(calendar: Calendar, instant: str, grain: str, expected: str) -> None:
    """Each grain has its form, fiscal years the number of the year they end in, a repeated hour its offset."""
    assert expected == calendar.label(utc(instant), grain)


WRONG = [
    ({"timezone": "Europe/Pariss"}, "Q520", "did you mean `Europe/Paris`?"),
    ({"timezone": "../etc/passwd"}, "Q520", None),
    ({"timezone": "America"}, "Q520", None),
    ({"timezone": ""}, "Q520", None),
    ({"timezone": None}, "Q520", None),
    ({"week_start": 7}, "Q520", "0 is Monday, 6 is Sunday"),
    ({"fiscal_year_start": 0}, "Q520", "1 is January, 12 is December"),
]


@pytest.mark.parametrize(("settings", "code", "help"), WRONG)
def test_wrong_settings_are_faults(settings: dict[str, object], code: str, help: str | None) -> None:
    """An unknown zone, weekday or month is a fault with help."""
    with pytest.raises(FaultError) as caught:
        Calendar(**settings)  # type: ignore[arg-type]
    (fault,) = caught.value.faults
    assert code == fault.code
    assert fault.help is not None
    assert help in (None, fault.help)


def test_all_wrong_settings_are_reported_together() -> None:
    """One attempt names every setting that is wrong."""
    with pytest.raises(FaultError) as caught:
        Calendar("Mars/Olympus", 9, 13)
    assert 3 == len(caught.value.faults)


BEYOND = [
    ("add", (utc("2024-01-01"), 10_000, "year")),
    ("add", (utc("2024-01-01"), -10_000, "year")),
    ("add", (utc("2024-01-01"), 10**30, "day")),
    ("add", (utc("2024-01-01"), Decimal("1e99999"), "hour")),
    ("add", (utc("2024-01-01"), -(10**12), "second")),
    ("floor", (utc("9999-12-31 23:59"), "year")),
    ("instant", (naive("0001-01-01"),)),
    ("local", (utc("9999-12-31 23:59"),)),
]


@pytest.mark.parametrize(("method", "arguments"), BEYOND)
def test_beyond_the_calendar(method: str, arguments: tuple[object, ...]) -> None:
    """A time before year 1 or after year 9999 is a fault, not a traceback."""
    with pytest.raises(OutsideCalendarError) as caught:
        getattr(PARIS, method)(*arguments)
    assert ["Q525"] == [f.code for f in caught.value.faults]


@pytest.mark.parametrize(
    ("count", "unit", "help"),
    [(1, "fortnight", "known"), (1, "mont", "did you mean `month`?"), (Decimal("0.5"), "month", "say it in days")],
)
def test_lengths_that_are_none(count: int | Decimal, unit: str, help: str) -> None:
    """An unknown unit and a fraction of a month are faults."""
    with pytest.raises(FaultError) as caught:
        Calendar().add(utc("2024-01-01"), count, unit)
    (fault,) = caught.value.faults
    assert "Q529" == fault.code
    assert help in str(fault.help)


@pytest.mark.parametrize("grain", GRAINS)
def test_known_grains(grain: str) -> None:
    """Every grain is its own name."""
    assert grain == grain_of(grain)


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("mnth", "did you mean `month`?"),
        ("Months", "did you mean `month`?"),
        ("second", "a grain is one of hour, day, week, month, quarter, year"),
        ("", "a grain is one of hour, day, week, month, quarter, year"),
        (3, "a grain is one of hour, day, week, month, quarter, year"),
    ],
)
def test_unknown_grains_name_the_nearest(text: object, help: str) -> None:
    """A grain that is none is a fault with the nearest one or with all."""
    with pytest.raises(FaultError) as caught:
        grain_of(text)
    (fault,) = caught.value.faults
    assert ("Q521", help) == (fault.code, fault.help)
