"""Shifts inside shifts cost what they differ in, not what they are written in."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

import tallymark
from tallymark.errors import FaultError

from ..engine.books import opened

LINKS = 40


def chained(*steps: str) -> tallymark.Book:
    """A book over a single 1 on 15 January 2023, with `m40`: changes of changes, the steps taken in turn."""
    metrics = [f"  m{n}: change(m{n - 1}, {steps[n % len(steps)]})" for n in range(1, LINKS + 1)]
    text = "\n".join(("datasets: {marks: {time: at, columns: {at: date, x: integer}}}", "metrics:",
                      "  m0: sum(marks.x)", *metrics))  # fmt: skip
    return opened(text, {"marks": pa.table({"at": [date(2023, 1, 15)], "x": [1]})})


def test_months_and_years_by_turns_are_so_many_months() -> None:
    """Twenty changes over a month and twenty over a year are (1 - s)^20 (1 - s^12)^20 of the shift s by a month: 1, -20
    a month later, and 125,970 - 20 twelve months later, of which the plan has one window each.
    """
    with chained("1 month", "1 year") as book:
        found = book.ask(f"m{LINKS}", grain="month", start="2023-01-01", end="2024-01-31").to_dicts()
    values = {row["period"]: row[f"m{LINKS}"] for row in found}
    assert 1 == values[date(2023, 1, 1)]
    assert -20 == values[date(2023, 2, 1)]
    assert 125_950 == values[date(2024, 1, 1)]


def test_shifts_that_land_nowhere_are_capped() -> None:
    """By day a month and a day come in an order that matters: so many windows are a fault, and soon."""
    with chained("1 month", "1 day") as book, pytest.raises(FaultError) as caught:
        book.ask(f"m{LINKS}", grain="day", period="2023-01")
    assert ["Q595"] == [f.code for f in caught.value.faults]
