"""Metrics over a synced help desk, against figures worked out by hand (the table in `desk.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tallymark

HOUR = 3600

FIGURES = {
    # Solved in January: 1 and 2. Solved in February: 3 (the last time), 4, 5 and 8 (merged).
    "solved_tickets": {"2026-01": 2, "2026-02": 4, "2026-03": 0},
    # One agent reply and no reopening: 1 of 2; 4 of 4.
    "fcr": {"2026-01": 50, "2026-02": 25, "2026-03": None},
    # 3 of the 4.
    "reopen_rate": {"2026-01": 0, "2026-02": 25, "2026-03": None},
    # 3 h and 48 h; 10 min, 2 h, 6 h and 312 h.
    "time_to_resolution_median": {"2026-01": 25.5 * HOUR, "2026-02": 4 * HOUR, "2026-03": None},
    # 60, 60 and 60 minutes; 30 and 60.
    "first_response_time_median": {"2026-01": HOUR, "2026-02": 0.75 * HOUR, "2026-03": None},
    # 3 is open when January ends, 6 from then on. 7 and 9 are deleted.
    "backlog": {"2026-01": 1, "2026-02": 1, "2026-03": 1},
    "ticket_volume": {"2026-01": 3, "2026-02": 4, "2026-03": 0},
    # Good and bad; 3 of 5 and 5 of 5. What is offered, what 804 replaced, and what 01R4 is shown as, are no ratings.
    "csat": {"2026-01": 50, "2026-02": 50, "2026-03": None},
    "csat_responses": {"2026-01": 2, "2026-02": 2, "2026-03": 0},
}


@pytest.fixture(scope="module")
def book(project: Path) -> Iterator[tallymark.Book]:
    """The synced project, opened."""
    with tallymark.open(project) as book:
        yield book


def by_month(book: tallymark.Book, metric: str, **more: Any) -> dict[str, Any]:
    """The metric in the first quarter of 2026, by month."""
    answer = book.ask(metric, grain="month", start="2026-01-01", end="2026-03-31", **more)
    return {f"{row['period']:%Y-%m}": row[metric] for row in answer.to_dicts()}


@pytest.mark.parametrize("metric", FIGURES)
def test_figures_are_those_worked_out_by_hand(book: tallymark.Book, metric: str) -> None:
    """Every figure of every month is the one in the table."""
    assert FIGURES[metric] == by_month(book, metric)
