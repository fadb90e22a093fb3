"""A calendar of one's own, day by day: which month, quarter, year and week each day belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

from tallymark.definitions import CalendarDef

from .world import NaiveError

DAY = timedelta(days=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
YEARS = range(2018, 2029)
"""Those written out, which all rows and windows of the tests lie in."""

Numbers = Mapping[str, tuple[int, ...]]
"""What a day belongs to: `year` its number, the others that and their number within it."""


class OwnDays:
    """Every day of a calendar."""

    def __init__(self, days: Mapping[date, Numbers]) -> None:
        self.days = days
        self.weekly = all("week" in numbers for numbers in days.values())
        self.listed: dict[str, dict[tuple[int, ...], list[date]]] = {}
        for day in sorted(days):
            for unit, key in days[day].items():
                self.listed.setdefault(unit, {}).setdefault(key, []).append(day)
        self.order = {unit: list(found) for unit, found in self.listed.items()}

    def has(self, unit: str) -> bool:
        """Whether the calendar, and not the common one, says what a unit is."""
        return unit in self.listed

    def first(self, day: date, unit: str) -> date:
        """The first day of the unit that holds a day."""
        return self.listed[unit][self.numbers(day)[unit]][0]

    def place(self, day: date, unit: str) -> int:
        """The place of the unit that holds a day among all."""
        return self.order[unit].index(self.numbers(day)[unit])

    def numbers(self, day: date) -> Numbers:
        """What a day belongs to."""
        try:
            return self.days[day]
        except KeyError:
            raise NaiveError(f"the calendar has no {day}") from None

    def moved(self, day: date, count: int, unit: str) -> date:
        """As far into the month (or week) that lies so many units on; past its end, its last day."""
        if unit in ("month", "week"):
            return self._as_far(day, unit, self.order[unit][self.place(day, unit) + count])
        year, number = self.numbers(day)["month"]
        if unit == "year":
            months = [key for key in self.order["month"] if key[0] == year + count]
            return self._as_far(
                day, "month", (year + count, number) if (year + count, number) in months else months[-1]
            )
        quarters = self.order["quarter"]
        there = quarters[self.place(day, "quarter") + count]
        place = self._months_of(self.numbers(day)["quarter"]).index((year, number))
        months = self._months_of(there)
        return self._as_far(day, "month", months[min(place, len(months) - 1)])

    def moved_by_week(self, day: date, years: int) -> date:
        """The same day of the week of the same number some years on; where there is none, 52 weeks on for each."""
        year, number = self.numbers(day)["week"]
        if (year + years, number) not in self.listed["week"]:
            return day + years * 52 * 7 * DAY
        return self._as_far(day, "week", (year + years, number))

    def _as_far(self, day: date, unit: str, key: tuple[int, ...]) -> date:
        here, there = self.listed[unit][self.numbers(day)[unit]], self.listed[unit][key]
        return there[min(here.index(day), len(there) - 1)]

    def _months_of(self, quarter: tuple[int, ...]) -> list[tuple[int, ...]]:
        return list(dict.fromkeys(self.days[d]["month"] for d in self.listed["quarter"][quarter]))


def own_days(definition: CalendarDef | None, rows: Mapping[str, list[dict[str, Any]]]) -> OwnDays | None:
    """The calendar that a project's settings give it, and its table's rows."""
    if definition is None:
        return None
    if definition.dataset is not None:
        return OwnDays(_of_table(definition, rows[definition.dataset]))
    return OwnDays(_of_rule(definition))


def _of_table(definition: CalendarDef, rows: list[dict[str, Any]]) -> dict[date, Numbers]:
    """A table with a row for each day, whose names are numbers."""
    assert definition.day is not None
    found = {}
    for row in rows:
        year = row[str(definition.year)]
        numbers = {"year": (year,), "quarter": (year, row[str(definition.quarter)])}
        numbers["month"] = (year, row[str(definition.month)])
        if definition.week is not None:
            numbers["week"] = (year, row[definition.week])
        found[row[definition.day]] = numbers
    return found


@cache
def _of_rule(definition: CalendarDef) -> dict[date, Numbers]:
    """Weeks one after the other: months of the pattern's weeks, the odd one in the month that has the 53rd."""
    found: dict[date, Numbers] = {}
    pattern = [int(weeks) for weeks in str(definition.pattern).split("-")] * 4
    for year in YEARS:
        day, end = _year_end(str(definition.ends), year - 1) + DAY, _year_end(str(definition.ends), year)
        months = list(pattern)
        if (end - day).days + 1 == 53 * 7:
            months[definition.week_53 - 1] += 1
        number = (_anchor(str(definition.ends), year - 1) + DAY).year if definition.named_by == "start" else year
        week = 0
        for month, weeks in enumerate(months, 1):
            for _ in range(weeks):
                week += 1
                for _ in range(7):
                    found[day] = {
                        "year": (number,), "quarter": (number, (month + 2) // 3), "month": (number, month),
                        "week": (number, week),
                    }  # fmt: skip
                    day += DAY
    return found


def _anchor(ends: str, year: int) -> date:
    """The day a year's end is tied to: `… of august` and `… end of august` its last, `… 26 december` that day."""
    *before, month = ends.split()
    if before[-1].isdigit():
        return date(year, MONTHS.index(month) + 1, int(before[-1]))
    following = MONTHS.index(month) + 2
    return (date(year, following, 1) if following <= 12 else date(year + 1, 1, 1)) - DAY


def _year_end(ends: str, year: int) -> date:
    weekday = WEEKDAYS.index(next(word for word in ends.split() if word in WEEKDAYS))
    anchor = _anchor(ends, year)
    reach = range(-3, 4) if "nearest" in ends else range(-6, 1)
    return next(anchor + n * DAY for n in reach if (anchor + n * DAY).weekday() == weekday)
