"""Calendars given as rows: what they become, and what is wrong with them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tallymark.errors import FaultError
from tallymark.windows import Reckoning, Stretch, given

UNITS = ("month", "quarter", "year")
START = date(2024, 1, 1)


def rows(*names: tuple[str | int, ...], days: int = 10) -> list[Stretch]:
    """Stretches of ten days that follow each other."""
    step = timedelta(days=days)
    return [Stretch(START + i * step, START + (i + 1) * step, n) for i, n in enumerate(names)]


def codes(found: list[Stretch], units: tuple[str, ...] = UNITS) -> list[str]:
    """The codes of what is wrong with some rows."""
    with pytest.raises(FaultError) as caught:
        given(found, units)
    return [f.code for f in caught.value.faults]


def labels(made: Reckoning, unit: str) -> list[str]:
    """What the periods of a unit are called."""
    return list(made.runs[unit].names)


def test_rows_of_one_name_are_one_period() -> None:
    """Rows that follow each other and say the same are one period, whatever their order."""
    made = given(reversed(rows((1, 1, 2024), (1, 1, 2024), (2, 1, 2024), (1, 2, 2025))), UNITS)
    assert (date(2024, 1, 1), date(2024, 1, 21), date(2024, 1, 31), date(2024, 2, 10)) == made.runs["month"].starts
    assert ["FY2024-P01", "FY2024-P02", "FY2025-P01"] == labels(made, "month")
    assert ["FY2024-Q1", "FY2025-Q2"] == labels(made, "quarter")
    assert ["FY2024", "FY2025"] == labels(made, "year")
    assert (1, 2, 1) == made.runs["month"].numbers


def test_names_are_kept_and_told_apart_by_the_year() -> None:
    """A name that comes once stands for itself; one of each year bears the year's."""
    made = given(
        rows(("Jan 24", "H1", "SY24-2024"), ("Feb 24", "H2", "SY24-2024"), ("Jan 25", "H1", "SY25-2025")), UNITS
    )
    assert ["Jan 24", "Feb 24", "Jan 25"] == labels(made, "month")
    assert ["SY24-2024 H1", "SY24-2024 H2", "SY25-2025 H1"] == labels(made, "quarter")
    assert (2024, 2025) == made.runs["year"].numbers
    assert (1, 2, 1) == made.runs["month"].numbers
    assert (date(2024, 1, 11), date(2024, 1, 21), "Feb 24") == made.find("fy2024-p02")
    assert (date(2024, 1, 11), date(2024, 1, 21), "Feb 24") == made.find("feb 24")
    assert None is made.find("FY2024-P03")


def test_numbers_at_the_end_of_names_count() -> None:
    """A calendar that begins within a year has its periods' numbers all the same."""
    made = given(
        rows(("2024-M11", "2024-Q4", "2024"), ("2024-M12", "2024-Q4", "2024"), ("2025-M01", "2025-Q1", "2025")), UNITS
    )
    assert (11, 12, 1) == made.runs["month"].numbers
    assert (4, 1) == made.runs["quarter"].numbers


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (["Q576"], []),
        (["Q572"], [rows((1, 1, 2024), (2, 1, 2024), (3, 1, 2024))[i] for i in (0, 2)]),
        (["Q573"], [*rows((1, 1, 2024)), *rows((1, 1, 2024))]),
        (["Q573"], [*rows((1, 1, 2024), (2, 1, 2024)), Stretch(date(2024, 1, 10), date(2024, 1, 12), (2, 1, 2024))]),
        (["Q574"], rows((1, 1, 2024), (1, 2, 2024))),
        (["Q574"], rows(("a", 1, 2024), ("b", 1, 2024), ("a", 1, 2024), ("b", 1, 2024))),
        (["Q574"], rows((1, 1, 2024), (2, 1, 2024), (1, 1, 2024))),
        (["Q575"], rows((1, 1, "this year"))),
        (["Q575"], rows((1, 1, "2023/2024"))),
        (["Q572", "Q575"], [rows((1, 1, "x"), (2, 1, "x"), (3, 1, "x"))[i] for i in (0, 2)]),
    ],
)
def test_what_makes_no_calendar(expected: list[str], found: list[Stretch]) -> None:
    """Gaps, days twice, periods in two parts or in two larger ones, and years without a number, all in one run."""
    assert expected == codes(found)


def test_missing_days_are_named() -> None:
    """The fault of a gap says which days are missing, the first few of many."""
    one_a_month = [Stretch(date(2024, m, 1), date(2024, m, 2), (m, 1, 2024)) for m in range(1, 7)]
    with pytest.raises(FaultError) as caught:
        given(one_a_month, UNITS)
    expected = "the calendar leaves out 2024-01-02 to 2024-01-31, 2024-02-02 to 2024-02-29, 2024-03-02 to 2024-03-31 and 2 more"
    assert expected == caught.value.faults[0].message
