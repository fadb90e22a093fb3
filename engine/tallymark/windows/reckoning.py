"""Months, quarters, years, and maybe weeks, that are not the common calendar's: a list of days on which they begin."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from tallymark.errors import Fault, FaultError

_DAY = timedelta(days=1)


class UncoveredError(FaultError):
    """A day before or after those the project's calendar has (fault Q570)."""

    def __init__(self, what: str, first: date, last: date) -> None:
        message = f"the project's calendar has no {what}: its days are {first} to {last}"
        super().__init__(Fault("Q570", message, help="add the days to the calendar, or ask for others"))


@dataclass(frozen=True, slots=True)
class Run:
    """The periods of one unit, each beginning where the one before ends.

    `starts` are their first days and, last of all, the day after the end. `names` are what readers call them, `numbers`
    what `date_part` gives: the number within the year, or of the year itself.
    """

    starts: tuple[date, ...]
    names: tuple[str, ...]
    numbers: tuple[int, ...]

    def index(self, day: date) -> int:
        """The period that holds a day; that of the day after the end is one past the last. Raises UncoveredError."""
        found = bisect_right(self.starts, day) - 1
        if found < 0 or day > self.starts[-1]:
            raise UncoveredError(str(day), self.starts[0], self.starts[-1] - _DAY)
        return found

    def start(self, index: int, back_from: date) -> date:
        """The first day of a period; the day after the end is one too. Raises UncoveredError."""
        if not 0 <= index < len(self.starts):
            side = "earlier" if index < 0 else "later"
            what = f"period so much {side} than {back_from}"
            raise UncoveredError(what, self.starts[0], self.starts[-1] - _DAY)
        return self.starts[index]

    def length(self, index: int) -> int:
        """How many days a period has; 1 after the end."""
        return (self.starts[index + 1] - self.starts[index]).days if index + 1 < len(self.starts) else 1


@dataclass(frozen=True, eq=False)
class Reckoning:
    """A calendar of one's own: its runs by unit (month, quarter, year, and week if it has weeks of its own).

    Quarters are whole months, years whole quarters, and own weeks never lie in two years. `spoken` are other names of
    periods, in capitals, each with its unit and index.
    """

    runs: Mapping[str, Run]
    spoken: Mapping[str, tuple[str, int]]

    def floor(self, day: date, unit: str) -> date:
        """The first day of the period that holds `day`."""
        run = self.runs[unit]
        return run.starts[run.index(day)]

    def ordinal(self, day: date, unit: str) -> int:
        """The place of the period that holds `day` among all of its unit."""
        return self.runs[unit].index(day)

    def label(self, day: date, unit: str) -> str:
        """What the period that holds `day` is called; nothing after the calendar's end."""
        run = self.runs[unit]
        found = run.index(day)
        return run.names[found] if found < len(run.names) else ""

    def find(self, text: str) -> tuple[date, date, str] | None:
        """The period of that name: its first day, the day after its last, and its proper name."""
        found = self._named.get(text.upper())
        if found is None:
            return None
        unit, index = found
        run = self.runs[unit]
        return run.starts[index], run.starts[index + 1], run.names[index]

    @cached_property
    def _named(self) -> Mapping[str, tuple[str, int]]:
        own = {name.upper(): (unit, i) for unit, run in self.runs.items() for i, name in enumerate(run.names)}
        return {**self.spoken, **own}

    def step(self, wall: datetime, count: int, unit: str) -> datetime:
        """The local time `count` units on, as far into its period as before; past the period's end, on its last day.

        A month or week goes to the one so many on. A quarter or year goes to the month of the same number in it, or its
        last month when it has fewer.
        """
        day = wall.date()
        if unit in ("month", "week"):
            at = self._within(unit, self.runs[unit].index(day) + count, day)
        else:
            at = self._within("month", self._same_number("month", unit, day, count), day)
        return datetime.combine(at, wall.time())

    def step_years_by_week(self, wall: datetime, count: int) -> datetime:
        """The same day of the week of the same number, `count` years on; 52 weeks on for each year where that has no
        such week.
        """
        day = wall.date()
        weeks, years = self.runs["week"], self.runs["year"]
        target = self._same_number("week", "year", day, count)
        year = years.index(day) + count
        if weeks.numbers[target : target + 1] != weeks.numbers[weeks.index(day) : weeks.index(day) + 1]:
            return wall + timedelta(weeks=52 * count)
        assert years.start(year, day) <= weeks.starts[target]
        return datetime.combine(self._within("week", target, day), wall.time())

    def _within(self, unit: str, index: int, day: date) -> date:
        """The day of a period that is as far into it as `day` is into its own."""
        run = self.runs[unit]
        into = (day - run.starts[run.index(day)]).days
        return run.start(index, day) + timedelta(days=min(into, run.length(index) - 1))

    def _same_number(self, small: str, large: str, day: date, count: int) -> int:
        """The index of the small period with the number of the day's, in the large one `count` on; else its last."""
        smalls, larges = self.runs[small], self.runs[large]
        here, there = larges.index(day), larges.index(day) + count
        begin = larges.start(there, day)
        if there == len(larges.names):
            # Only the very end of the calendar lies there.
            if day == larges.starts[here]:
                return len(smalls.names)
            larges.start(there + 1, day)
        first, last = smalls.index(begin), smalls.index(larges.starts[there + 1]) - 1
        if large == "quarter":
            place = smalls.index(day) - smalls.index(larges.starts[here])
            return min(first + place, last)
        number = smalls.numbers[smalls.index(day)] if smalls.index(day) < len(smalls.numbers) else 1
        same = [i for i in range(first, last + 1) if smalls.numbers[i] == number]
        if not same and number < smalls.numbers[first]:
            what = f"{small} {number} of {larges.names[there]}"
            raise UncoveredError(what, smalls.starts[0], smalls.starts[-1] - _DAY)
        return same[0] if same else last


def midnight(day: date) -> datetime:
    """The local time at which a day begins."""
    return datetime.combine(day, time.min)
