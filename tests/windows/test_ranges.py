"""The range of a question and its periods."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tallymark.errors import FaultError
from tallymark.place import Place
from tallymark.windows import Calendar, ask_periods, parse_moment, range_label

PARIS = Calendar("Europe/Paris")


def utc(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


PERIODS = [
    ("2024-01-10", "2024-03-21", "month", ["2024-01", "2024-02", "2024-03"]),
    ("2024-01-10", "2024-03-21", "quarter", ["2024-Q1"]),
    ("2024-12-28", "2025-01-07", "week", ["2024-W52", "2025-W01", "2025-W02"]),
    ("2024-02-28", "2024-03-02", "day", ["2024-02-28", "2024-02-29", "2024-03-01"]),
    ("2024-02-28 22:30", "2024-02-29 00:30", "hour", ["2024-02-28 22:00", "2024-02-28 23:00", "2024-02-29 00:00"]),
    ("2024-01-10", "2024-03-21", None, ["2024-01-10 to 2024-03-20"]),
    ("2024-04-01", "2024-07-01", None, ["2024-Q2"]),
]


@pytest.mark.parametrize(("start", "end", "grain", "labels"), PERIODS)
def test_periods(start: str, end: str, grain: str | None, labels: list[str]) -> None:
    """A grain cuts the range; without one the range is the period."""
    periods = ask_periods(utc(start), utc(end), grain, Calendar(), 10)
    assert labels == [p.label for p in periods]
    assert (utc(start), utc(end)) == (periods[0].start, periods[-1].end)


def test_too_many_periods_are_counted_at_once() -> None:
    """An hourly grain over five thousand years is refused at once, by its count."""
    begun = time.perf_counter()
    with pytest.raises(FaultError) as caught:
        ask_periods(utc("2000-01-01"), utc("7000-01-01"), "hour", PARIS, 1_000_000, Place("question"))
    (fault,) = caught.value.faults
    assert time.perf_counter() - begun < 0.5
    assert ("Q527", Place("question")) == (fault.code, fault.place)
    assert f"{1_826_213 * 24:,} periods" in fault.message


@pytest.mark.parametrize(
    ("grain", "count"), [("day", 366), ("week", 53), ("month", 12), ("quarter", 4), ("year", 1), ("hour", 8784)]
)
def test_the_limit_is_allowed(grain: str, count: int) -> None:
    """As many periods as the limit are answered, one more is not."""
    start, end = utc("2024-01-01"), utc("2025-01-01")
    assert count == len(ask_periods(start, end, grain, Calendar(), count))
    with pytest.raises(FaultError, match=f"{count:,} periods"):
        ask_periods(start, end, grain, Calendar(), count - 1)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2024-01-01", "2024-01-01", "starts and ends at 2024-01-01 01:00"),
        ("2024-02-01", "2024-01-01", "ends at 2024-01-01 01:00, before it starts at 2024-02-01 01:00"),
    ],
)
@pytest.mark.parametrize("grain", [None, "day"])
def test_ranges_without_time(start: str, end: str, said: str, grain: str | None) -> None:
    """An empty or reversed range is a fault that says which."""
    with pytest.raises(FaultError) as caught:
        ask_periods(utc(start), utc(end), grain, PARIS, 10)
    (fault,) = caught.value.faults
    assert "Q526" == fault.code
    assert said in fault.message


def test_unknown_grain() -> None:
    """An unknown grain is a fault here too."""
    with pytest.raises(FaultError) as caught:
        ask_periods(utc("2024-01-01"), utc("2024-02-01"), "minute", Calendar(), 10)
    assert ["Q521"] == [f.code for f in caught.value.faults]


RANGES = [
    (Calendar(), "2024-01-01", "2025-01-01", "2024"),
    (Calendar(), "2024-06-03", "2024-06-10", "2024-W23"),
    (Calendar(week_start=6), "2024-06-02", "2024-06-09", "2024-06-02"),
    (Calendar(), "2024-01-01", "2026-01-01", "2024-01-01 to 2025-12-31"),
    (Calendar(), "2024-06-15", "2024-06-16", "2024-06-15"),
    (Calendar(), "2024-06-15 13:00", "2024-06-15 14:00", "2024-06-15 13:00"),
    (Calendar(), "2024-06-15 13:00", "2024-06-15 15:00", "2024-06-15 13:00 to 2024-06-15 15:00"),
    (Calendar(), "2024-06-15 13:00", "2024-06-16 15:00:01", "2024-06-15 13:00 to 2024-06-16 15:00:01"),
    (Calendar(fiscal_year_start=4), "2023-04-01", "2024-04-01", "FY2024"),
    (Calendar(fiscal_year_start=4), "2024-01-01", "2025-01-01", "2024-01-01 to 2024-12-31"),
    (Calendar("America/Sao_Paulo"), "2017-10-15 03:00", "2017-10-17 02:00", "2017-10-15 to 2017-10-16"),
]


@pytest.mark.parametrize(("calendar", "start", "end", "expected"), RANGES)
def test_range_label(calendar: Calendar, start: str, end: str, expected: str) -> None:
    """A range is called by the one unit it is, else by its first and last day or time."""
    assert expected == range_label(utc(start), utc(end), calendar)


def test_three_years_of_hours_are_quick() -> None:
    """26,000 hourly periods are made in a moment."""
    start, end = (parse_moment(t, PARIS, end=e) for t, e in (("2023-01-01", False), ("2025-12-31", True)))
    begun = time.perf_counter()
    assert 26_304 == len(ask_periods(start, end, "hour", PARIS, 30_000))
    assert time.perf_counter() - begun < 5
