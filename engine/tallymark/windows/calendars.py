"""Calendars: where local units of time begin, how one moves along them, and what their periods are called.

Days, weeks, months, quarters and years are local calendar units: a day may last 23 or 25 hours, and a move by days or
months keeps the time on the clock. Hours, minutes and seconds are elapsed time. A local time that does not exist stands
for the first instant after the gap, one that occurs twice for its first occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NoReturn
from zoneinfo import ZoneInfo, available_timezones

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula.nodes import GRAINS, TIME_UNITS
from tallymark.place import Place
from tallymark.windows import clocks
from tallymark.windows.clocks import INSTANT, Count
from tallymark.windows.reckoning import Reckoning, UncoveredError, midnight

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The days a week may start with; a calendar's `week_start` is the index."""

FIRST_YEAR, LAST_YEAR = 2, 9998
"""The years a question may name. Python's dates end a year further, which leaves room for every edge."""


class OutsideCalendarError(FaultError):
    """A time before or after all that can be reckoned with (fault Q525)."""

    def __init__(self, what: str = "the time asked for", place: Place | None = None) -> None:
        help = f"years run from {FIRST_YEAR:04d} to {LAST_YEAR}"
        super().__init__(Fault("Q525", f"{what} lies outside the calendar", place, help))


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of time `[start, end)` between two instants (UTC), and what readers call it."""

    start: datetime
    end: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """A time zone, the weekday weeks start with (0 is Monday), and the month (1 to 12) fiscal years start in.

    `fiscal_year_start` moves the beginning of years and quarters; `own` replaces months, quarters and years, and weeks
    if it has some. All instants are aware datetimes in UTC. Every method raises OutsideCalendarError beyond the years 1
    to 9999, UncoveredError (Q570) beyond the days of `own` where it decides, and FaultError (Q529) for an unknown unit.

    Raises FaultError (Q520) when made of an unknown zone, weekday or month.
    """

    timezone: str = "UTC"
    week_start: int = 0
    fiscal_year_start: int = 1
    own: Reckoning | None = None

    def __post_init__(self) -> None:
        faults = []
        try:
            clocks.zone(self.timezone)
        except (KeyError, TypeError):
            help = did_you_mean(str(self.timezone), available_timezones())
            faults.append(Fault("Q520", f"unknown time zone `{self.timezone}`", help=help))
        if self.week_start not in range(7):
            help = "0 is Monday, 6 is Sunday"
            faults.append(Fault("Q520", f"a week cannot start with weekday {self.week_start}", help=help))
        if self.fiscal_year_start not in range(1, 13):
            help = "1 is January, 12 is December"
            faults.append(Fault("Q520", f"a fiscal year cannot start in month {self.fiscal_year_start}", help=help))
        if faults:
            raise FaultError(faults)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return clocks.zone(self.timezone)

    def local(self, instant: datetime) -> datetime:
        """What the local clock shows at `instant`, as a naive datetime."""
        try:
            return clocks.clock_of(self.zone, instant)
        except OverflowError:
            _outside(instant)

    def instant(self, wall: datetime) -> datetime:
        """The instant at which the local clock first shows `wall`; the instant after the gap if it never does."""
        try:
            return clocks.instant_of(self.zone, wall)
        except OverflowError:
            _outside(wall)

    def wall(self, instant: datetime) -> datetime:
        """The boundary, on the clock, that parts naive times before `instant` from those at or after it.

        A naive time `w` is in `[a, b)` when `wall(a) <= w < wall(b)`; this holds for every `w`, as `instant(w)` says.
        It is `local(instant)` except at the end of a gap (where the gap begins) and in a repeated stretch (where it
        ends, since naive times stand for the first occurrence).
        """
        try:
            return clocks.first_clock(self.zone, instant)
        except OverflowError:
            _outside(instant)

    def floor(self, instant: datetime, unit: str) -> datetime:
        """The last beginning of a `unit` that is not after `instant`.

        Hours (minutes, seconds) begin whenever the clock shows a whole one, both times if it does so twice; a day
        begins at its first instant, even if the clock skipped midnight.
        """
        check_length(1, unit)
        try:
            return self._floor(instant, unit)
        except OverflowError:
            _outside(instant)

    def _floor(self, instant: datetime, unit: str) -> datetime:
        zone = self.zone
        local = instant.astimezone(zone)
        wall = local.replace(tzinfo=None, fold=0)
        begin = self.floor_wall(wall, unit)
        if unit not in clocks.SECONDS:
            found = clocks.instant_of(zone, begin)
            if not local.fold:
                return found
            # A clock set back over midnight shows the old day again after the new one has begun.
            later = clocks.instant_of(zone, self.step(begin, 1, unit))
            return later if later <= instant else found
        found = instant - (wall - begin)
        if clocks.clock_of(zone, found) == begin:
            return found
        candidates = [clocks.instant_of(zone, begin)]
        for whole in (begin, begin + clocks.elapsed(1, unit)):
            candidates += clocks.occurrences(zone, whole)
        return max(c for c in candidates if c <= instant)

    def owns(self, unit: str | None) -> Reckoning | None:
        """The reckoning of one's own that decides where this unit begins; None where it is the common calendar."""
        return self.own if self.own is not None and unit in self.own.runs else None

    def begins(self, instant: datetime, unit: str) -> bool:
        """Whether a unit begins at `instant`; beyond the days of one's own calendar none does."""
        try:
            return self.floor(instant, unit) == instant
        except UncoveredError:
            return False

    def step(self, wall: datetime, count: int, unit: str) -> datetime:
        """The naive local time `count` days, weeks, months, quarters or years on."""
        own = self.owns(unit)
        return own.step(wall, count, unit) if own is not None else clocks.step(wall, count, unit)

    def floor_wall(self, wall: datetime, unit: str) -> datetime:
        """The naive local time at which the unit that holds the naive local time `wall` begins."""
        own = self.owns(unit)
        if own is not None:
            return midnight(own.floor(wall.date(), unit))
        return clocks.floor(wall, unit, self.week_start, self.fiscal_year_start)

    def add(self, instant: datetime, count: Count, unit: str) -> datetime:
        """The instant `count` units on (back, if negative).

        Calendar units keep the time on the clock, and a day past its month's end becomes the month's last. Of a
        fractional number of days or weeks the whole days are calendar days and the rest elapsed, 24 hours to the day.
        """
        check_length(count, unit)
        if not count:
            return instant
        try:
            if unit in clocks.SECONDS:
                return instant + clocks.elapsed(count, unit)
            wall, rest = self.step_wall(clocks.date_clock(self.zone, instant), count, unit)
            return clocks.instant_of(self.zone, wall) + rest
        except OverflowError:
            raise OutsideCalendarError(f"{count} {unit}s from {instant:%Y-%m-%d}") from None

    def step_wall(self, wall: datetime, count: Count, unit: str) -> tuple[datetime, timedelta]:
        """The naive local time `count` calendar units on, and the elapsed time that a fraction leaves to add."""
        if isinstance(count, int) or (count == int(count) and self.owns(unit)):
            return self.step(wall, int(count), unit), timedelta(0)
        if unit in clocks.DAYS:
            days = count * clocks.DAYS[unit]
            return clocks.step(wall, int(days), "day"), clocks.elapsed(days - int(days), "day")
        return self.step(wall, int(count), unit), timedelta(0)

    def pieces(self, start: datetime, end: datetime, grain: str) -> tuple[Period, ...]:
        """The grains that overlap `[start, end)`, in order, the first and last cut at its edges; none if it is empty.

        A cut piece keeps the label of its grain.
        """
        grain_of(grain)
        if start >= end:
            return ()
        try:
            walk = self._hours(start, end) if grain == "hour" else self._days(start, end, grain)
            return tuple(
                Period(max(start, this), min(end, following), label) for (this, label), (following, _) in pairwise(walk)
            )
        except OverflowError:
            _outside(end)

    def _hours(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
        hour = timedelta(hours=1)
        now = self._floor(start, "hour")
        while True:
            yield now, self._hour_label(now)
            if now >= end:
                return
            # An hour lasts longer than sixty minutes where the clock is set back by less than that.
            ahead = now + hour
            while (following := self._floor(ahead, "hour")) <= now:
                ahead += hour
            now = following

    def _days(self, start: datetime, end: datetime, grain: str) -> Iterator[tuple[datetime, str]]:
        zone = self.zone
        now = self._floor(start, grain)
        while True:
            # From what the clock shows, so that a day that it skipped as a whole has no piece.
            wall = self.floor_wall(clocks.clock_of(zone, now), grain)
            yield now, self._label(wall, grain)
            if now >= end:
                return
            now = clocks.instant_of(zone, self.step(wall, 1, grain))

    def count(self, start: datetime, end: datetime, grain: str) -> int:
        """How many pieces `pieces` gives, reckoned without making them.

        Exact but where the clock skips whole days or moves by parts of an hour, where it can differ by one for each.
        """
        grain_of(grain)
        if start >= end:
            return 0
        first = self.floor(start, grain)
        if grain == "hour":
            return -((first - end) // timedelta(hours=1))
        one, last = (self.floor_wall(self.local(self.floor(i, grain)), grain) for i in (first, end - INSTANT))
        return self.between(one, last, grain) + 1

    def between(self, first: datetime, last: datetime, unit: str) -> int:
        """How many units lie between two naive local times at which one begins."""
        own = self.owns(unit)
        if own is not None:
            return own.ordinal(last.date(), unit) - own.ordinal(first.date(), unit)
        if unit in clocks.DAYS:
            return (last.date() - first.date()).days // clocks.DAYS[unit]
        return ((last.year - first.year) * 12 + last.month - first.month) // clocks.MONTHS[unit]

    def label(self, instant: datetime, grain: str) -> str:
        """What the grain that holds `instant` is called: `2024`, `2024-Q2`, `2024-06`, `2024-W23`, `2024-06-15`.

        A fiscal year bears the number of the calendar year in which it ends: from April 2023 to March 2024 is `FY2024`,
        its quarters `FY2024-Q1` to `FY2024-Q4`. Weeks are ISO weeks when they start on Monday, else named by their
        first day. A calendar of one's own has names of its own. An hour is `2024-06-15 13:00`, with its offset from UTC
        when the clock shows it twice.
        """
        grain_of(grain)
        begin = self.floor(instant, grain)
        if grain == "hour":
            return self._hour_label(begin)
        return self._label(self.floor_wall(self.local(begin), grain), grain)

    def _hour_label(self, instant: datetime) -> str:
        local = instant.astimezone(self.zone)
        wall = self.floor_wall(local.replace(tzinfo=None), "hour")
        text = f"{wall.year:04d}{wall:-%m-%d %H}:00"
        twice = len(clocks.occurrences(self.zone, wall)) == 2
        return text + local.isoformat(timespec="hours")[13:] if twice else text

    def _label(self, wall: datetime, grain: str) -> str:
        own = self.owns(grain)
        if own is not None:
            return own.label(wall.date(), grain)
        year = wall.year
        if grain == "week" and self.week_start == 0:
            year, week, _ = wall.isocalendar()
            return f"{year:04d}-W{week:02d}"
        if grain in clocks.DAYS:
            return f"{year:04d}-{wall.month:02d}-{wall.day:02d}"
        if grain == "month":
            return f"{year:04d}-{wall.month:02d}"
        begin = self.fiscal_year_start
        number = f"{year:04d}" if begin == 1 else f"FY{year + (wall.month >= begin):04d}"
        return number if grain == "year" else f"{number}-Q{(wall.month - begin) % 12 // 3 + 1}"


def check_length(count: Count, unit: str) -> None:
    """Raises FaultError (Q529) unless `unit` is a unit of time and `count` of it a length: months are never broken."""
    if unit not in TIME_UNITS:
        raise FaultError(Fault("Q529", f"unknown unit of time `{unit}`", help=did_you_mean(unit, TIME_UNITS)))
    if unit in clocks.MONTHS and count != int(count):
        raise FaultError(Fault("Q529", f"a {unit} cannot be broken into parts: {count} {unit}s", help="say it in days"))


def grain_of(text: object, place: Place | None = None) -> str:
    """The grain of that name. Raises FaultError (Q521) when there is none."""
    if isinstance(text, str) and text in GRAINS:
        return text
    near = did_you_mean(text, GRAINS) if isinstance(text, str) else None
    help = near if near and near.startswith("did") else f"a grain is one of {', '.join(GRAINS)}"
    raise FaultError(Fault("Q521", f"unknown grain `{text}`", place, help))


def _outside(time: datetime) -> NoReturn:
    raise OutsideCalendarError(f"{time.year:04d}-{time.month:02d}-{time.day:02d}") from None
