"""Retail calendars: which days end their years, and what lies between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from tallymark.errors import FaultError
from tallymark.windows import (
    PATTERNS,
    YEAR_ENDS,
    Calendar,
    Period,
    UncoveredError,
    YearEnd,
    ask_periods,
    parse_period,
    parse_year_end,
    retail,
    shift,
)

NRF = retail((4, 5, 4), YearEnd(5, 1, None, nearest=True), by_start=True)
SHOPS = Calendar(week_start=6, own=NRF)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (YearEnd(5, 8), "last saturday of august"),
        (YearEnd(5, 8), " Last  Saturday of August "),
        (YearEnd(4, 12, 26), "last friday by 26 december"),
        (YearEnd(5, 1, None, True), "saturday nearest the end of january"),
        (YearEnd(5, 1, None, True), "saturday nearest end of january"),
        (YearEnd(6, 12, 31, True), "sunday nearest 31 december"),
        (YearEnd(6, 2, 29), "last sunday by 29 february"),
        (None, "saturday"),
        (None, "last saturday"),
        (None, "last saturday of"),
        (None, "last saturday nearest 31 december"),
        (None, "saturday nearest 32 december"),
        (None, "saturday nearest 0 december"),
        (None, "last sat of august"),
        (None, "last saturday of aug"),
        (None, ""),
    ],
)
def test_year_ends_are_read(expected: YearEnd | None, text: str) -> None:
    """A year's end is a weekday by a day of the common calendar, and no other text is one."""
    assert expected == parse_year_end(text)


def test_every_form_of_year_end_that_help_shows_is_read() -> None:
    """The help shows no form that is not understood."""
    shown = YEAR_ENDS.split("`")[1::2]
    assert 4 == len(shown)
    assert None not in [parse_year_end(text) for text in shown]


@pytest.mark.parametrize(
    ("expected", "end", "year"),
    [
        ("2024-08-31", YearEnd(5, 8), 2024),  # itself a Saturday
        ("2023-08-26", YearEnd(5, 8), 2023),
        ("2024-02-03", YearEnd(5, 1, None, True), 2024),  # three days after a Wednesday
        ("2025-02-01", YearEnd(5, 1, None, True), 2025),
        ("2023-01-28", YearEnd(5, 1, None, True), 2023),  # three days before a Tuesday
        ("2022-01-01", YearEnd(5, 12, 31, True), 2021),  # in the next common year
        ("2023-02-26", YearEnd(6, 2, 29), 2023),  # no 29 February: its last day
        ("2024-02-25", YearEnd(6, 2, 29), 2024),
    ],
)
def test_years_end_on_their_weekday(expected: str, end: YearEnd, year: int) -> None:
    """The last weekday up to a day, or the nearest to it, before or after."""
    assert date.fromisoformat(expected) == end.of(year)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("end", [YearEnd(5, 1, None, True), YearEnd(4, 9), YearEnd(0, 12, 24)])
@pytest.mark.parametrize("week_53", [1, 6, 12])
def test_the_periods_fit_into_each_other(pattern: str, end: YearEnd, week_53: int) -> None:
    """Of every calendar: years of 52 or 53 weeks, four quarters of three months; a quarter has 13 weeks or the 14th."""
    one, two, three = (int(weeks) for weeks in pattern.split("-"))
    made = retail((one, two, three), end, week_53)
    lengths = {unit: [(b - a).days for a, b in pairwise(run.starts)] for unit, run in made.runs.items()}
    assert {364, 371} == set(lengths["year"])
    assert {91, 98} == set(lengths["quarter"])
    assert {7} == set(lengths["week"])
    assert 4 * len(lengths["year"]) == len(lengths["quarter"]) == len(lengths["month"]) / 3
    assert {"month", "quarter", "year", "week"} == made.runs.keys()
    for unit in ("month", "quarter", "week"):
        assert set(made.runs["year"].starts) <= set(made.runs[unit].starts)
    assert set(made.runs["quarter"].starts) <= set(made.runs["month"].starts)
    longer = {
        made.runs["month"].numbers[i] for i, days in enumerate(lengths["month"]) if days > 7 * max(one, two, three)
    }
    normal = (one, two, three)[(week_53 - 1) % 3]
    assert longer == ({week_53} if normal + 1 > max(one, two, three) else set())


def test_a_month_back_goes_to_the_month_before_as_far_into_it() -> None:
    """A day in the fifth week of a month goes to the last day of a month of four."""
    assert datetime(2024, 3, 2, 9) == NRF.step(datetime(2024, 3, 31, 9), -1, "month")
    assert datetime(2024, 3, 10) == NRF.step(datetime(2024, 4, 14), -1, "month")
    assert datetime(2023, 11, 26) == NRF.step(datetime(2024, 3, 3), -1, "quarter")
    assert datetime(2024, 1, 27) == NRF.step(datetime(2024, 2, 3), 0, "month") - timedelta(days=7)


def test_a_year_back_from_a_day_is_its_week_and_weekday() -> None:
    """Of the 53rd week, 52 weeks back; of those after it, 53: the week of the same number."""
    assert datetime(2023, 2, 4) == NRF.step_years_by_week(datetime(2024, 2, 3), -1)
    assert datetime(2023, 1, 29) == NRF.step_years_by_week(datetime(2024, 2, 4), -1)
    assert datetime(2024, 1, 27) == NRF.step_years_by_week(datetime(2025, 2, 1), -1)
    assert datetime(2022, 2, 4) == NRF.step_years_by_week(datetime(2024, 2, 2), -2)


def test_pieces_and_counts_agree() -> None:
    """The periods of a range are counted without being made."""
    start, end = at("2021-03-04"), at("2025-06-17")
    for grain in ("year", "quarter", "month", "week", "day"):
        pieces = SHOPS.pieces(start, end, grain)
        assert SHOPS.count(start, end, grain) == len(pieces)
        assert start == pieces[0].start
        assert end == pieces[-1].end
        assert all(a.end == b.start for a, b in pairwise(pieces))


def test_a_range_of_whole_months_keeps_to_them() -> None:
    """Two months, nine weeks, go two months back, and not nine weeks."""
    found = shift(Period(at("2024-03-03"), at("2024-05-05"), ""), 1, None, None, SHOPS)
    assert (at("2023-12-31"), at("2024-03-03")) == (found.start, found.end)


def test_labels_and_names_are_each_other() -> None:
    """What a period is called asks for it, with or without `FY`, in any case."""
    for grain in ("year", "quarter", "month", "week"):
        for period in ask_periods(at("2023-01-29"), at("2025-02-02"), grain, SHOPS, 1000):
            for text in (period.label, period.label.lower(), period.label.removeprefix("FY"), f" {period.label} "):
                assert period == parse_period(text, SHOPS)


def test_a_calendar_has_an_end() -> None:
    """Beyond the years it has, a fault that says so."""
    with pytest.raises(UncoveredError) as caught:
        SHOPS.floor(at("2150-01-01"), "month")
    assert "Q570" == caught.value.faults[0].code
    with pytest.raises(UncoveredError):
        NRF.step(datetime(1950, 3, 1), -2, "year")
    with pytest.raises(FaultError):
        parse_period("FY2300", SHOPS)
    assert at("2150-01-01") == SHOPS.floor(at("2150-01-01"), "day")
