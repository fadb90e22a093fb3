"""Retail calendars: years of 52 or 53 whole weeks, quarters of 4-4-5, 4-5-4 or 5-4-4 weeks."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

from tallymark.windows.reckoning import Reckoning, Run

PATTERNS = ("4-4-5", "4-5-4", "5-4-4")
"""The weeks of a quarter's months."""

YEAR_ENDS = "`last saturday of august`, `last friday by 26 december`, `saturday nearest the end of january` or \
`sunday nearest 31 december`"
"""How the end of a year is written."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_END = re.compile(
    r"(?:last (?P<last>[a-z]+) (?:of (?P<of>[a-z]+)|by (?P<by>[0-9]{1,2} [a-z]+))"
    r"|(?P<near>[a-z]+) nearest (?:(?:the )?end of (?P<end>[a-z]+)|(?P<day>[0-9]{1,2} [a-z]+)))"
)

FIRST, LAST = 1950, 2100
"""The years, by the day they are tied to, that a retail calendar has."""

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class YearEnd:
    """The last day of a year: a weekday (0 is Monday) by a day of the common calendar.

    `day` None is the month's last. `nearest`: the weekday up to three days before or after it; else the last one up to
    it, itself included.
    """

    weekday: int
    month: int
    day: int | None = None
    nearest: bool = False

    def anchor(self, year: int) -> date:
        """The day the year's end is tied to."""
        last = monthrange(year, self.month)[1]
        return date(year, self.month, min(self.day or last, last))

    def of(self, year: int) -> date:
        """The last day of the retail year tied to a day of `year`."""
        anchor = self.anchor(year)
        back = (anchor.weekday() - self.weekday) % 7
        return anchor - timedelta(days=back) + (_WEEK if self.nearest and back > 3 else timedelta(0))


def parse_year_end(text: str) -> YearEnd | None:
    """The year's end that a text says, see YEAR_ENDS; None for any other text, or a day that no month has."""
    found = _END.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return None
    weekday = found["last"] or found["near"]
    number, _, month = (found["by"] or found["day"] or "").rpartition(" ")
    month = month or found["of"] or found["end"]
    if weekday not in _WEEKDAYS or month not in _MONTHS:
        return None
    day = int(number) if number else None
    if day is not None and not 1 <= day <= monthrange(2024, _MONTHS.index(month) + 1)[1]:
        return None
    return YearEnd(_WEEKDAYS.index(weekday), _MONTHS.index(month) + 1, day, found["near"] is not None)


@lru_cache(maxsize=8)
def retail(pattern: tuple[int, int, int], end: YearEnd, week_53: int = 12, by_start: bool = False) -> Reckoning:
    """The calendar whose quarters have months of so many weeks.

    The 53rd week of a long year belongs to the month numbered `week_53`. A year bears the number of the common year of
    the day its end is tied to, or with `by_start` of the day after the one that the year before is tied to.
    """
    found = _Years(pattern, week_53)
    for year in range(FIRST, LAST + 1):
        number = (end.anchor(year - 1) + timedelta(days=1)).year if by_start else year
        found.add(number, end.of(year - 1) + timedelta(days=1), end.of(year) + timedelta(days=1))
    return found.reckoning()


class _Years:
    """Collects the periods year by year."""

    def __init__(self, pattern: tuple[int, int, int], week_53: int) -> None:
        self.pattern = pattern
        self.week_53 = week_53
        self.starts: dict[str, list[date]] = {"month": [], "quarter": [], "year": [], "week": []}
        self.names: dict[str, list[str]] = {unit: [] for unit in self.starts}
        self.numbers: dict[str, list[int]] = {unit: [] for unit in self.starts}
        self.end = date.min

    def add(self, number: int, start: date, end: date) -> None:
        self.end = end
        weeks = (end - start).days // 7
        months = [*self.pattern] * 4
        months[self.week_53 - 1] += weeks - 52
        begins = [0, *accumulate(months)]
        self._put("year", f"FY{number:04d}", number, start)
        for month in range(12):
            if month % 3 == 0:
                self._put("quarter", f"FY{number:04d}-Q{month // 3 + 1}", month // 3 + 1, start + begins[month] * _WEEK)
            self._put("month", f"FY{number:04d}-P{month + 1:02d}", month + 1, start + begins[month] * _WEEK)
        for week in range(weeks):
            self._put("week", f"FY{number:04d}-W{week + 1:02d}", week + 1, start + week * _WEEK)

    def _put(self, unit: str, name: str, number: int, start: date) -> None:
        self.starts[unit].append(start)
        self.names[unit].append(name)
        self.numbers[unit].append(number)

    def reckoning(self) -> Reckoning:
        runs = {
            unit: Run((*starts, self.end), tuple(self.names[unit]), tuple(self.numbers[unit]))
            for unit, starts in self.starts.items()
        }
        return Reckoning(runs, _spoken(runs))


def _spoken(runs: Mapping[str, Run]) -> dict[str, tuple[str, int]]:
    """The names that begin with `FY`, without it."""
    return {
        name[2:].upper(): (unit, i)
        for unit, run in runs.items()
        for i, name in enumerate(run.names)
        if name.startswith("FY")
    }
