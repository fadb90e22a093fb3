"""Calendars of one's own for random worlds: retail ones, and one of thirteen months given as a table."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from naive.build import dataset
from tallymark.definitions import CalendarDef, DatasetDef

RETAIL = (
    CalendarDef("4-5-4", "saturday nearest the end of january", named_by="start"),
    CalendarDef("4-4-5", "last saturday of december", week_53=6),
    CalendarDef("5-4-4", "sunday nearest 31 march"),
    CalendarDef("4-4-5", "last friday by 26 february", week_53=1, named_by="start"),
)
TABLE = CalendarDef(dataset="days", day="day", month="p", quarter="q", year="y")
WEEKLY = CalendarDef(dataset="days", day="day", month="p", quarter="q", year="y", week="w")

QUARTERS = (1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4)
"""Of the thirteen months of four weeks."""


def calendar(seed: int) -> CalendarDef | None:
    """A world's calendar: mostly the common one. Drawn apart, so that the rest of the world does not depend on it."""
    random = Random(f"calendar {seed}")
    return random.choice((*RETAIL, TABLE, WEEKLY)) if random.random() < 0.35 else None


def days_definition() -> DatasetDef:
    """The calendar's table: a row a day."""
    return dataset("days", {"day": "date", "p": "integer", "q": "integer", "y": "integer", "w": "integer"})


def days() -> list[dict[str, Any]]:
    """Years of thirteen months of four weeks from 1 January 2018 on, each fifth one with a week more at its end."""
    rows = []
    day, year = date(2018, 1, 1), 2018
    while year < 2028:
        for week in range(53 if year % 5 == 3 else 52):
            month = min(week // 4, 12)
            for _ in range(7):
                rows.append({"day": day, "p": month + 1, "q": QUARTERS[month], "y": year, "w": week + 1})
                day += timedelta(days=1)
        year += 1
    return rows
