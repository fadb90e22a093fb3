"""Local calendar arithmetic: moments, units, periods and their shapes (language, Shifting and Time)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tallymark.definitions import Project

from .own_days import WEEKDAYS, own_days
from .world import NaiveError

LARGEST_FIRST = ("year", "quarter", "month", "week", "day", "hour")
MADE_OF = {
    "year": ("year", "quarter", "month", "day"),
    "quarter": ("quarter", "month", "day"),
    "month": ("month", "day"),
    "week": ("week", "day"),
    "day": ("day",),
    "hour": (),
}
"""What a piece of each grain may be made of: one cut from a month is days, even if they happen to be a week."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
SECONDS = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True)
class Moment:
    """A point in time, as an instant and as the project's wall clock shows it."""

    wall: datetime
    utc: datetime


BEGINNING = Moment(datetime.min, datetime.min.replace(tzinfo=UTC))
"""The beginning of time: before every row."""

NEVER = Moment(datetime(9000, 1, 1), datetime(9000, 1, 1, tzinfo=UTC))
"""A knowledge date that cuts nothing."""


@dataclass(frozen=True)
class Shape:
    """How long a period is: a number of calendar units, or (unit `span`) a number of days that may be fractional."""

    count: Decimal | int
    unit: str


@dataclass(frozen=True)
class Period:
    """A half-open stretch of time that keeps its shape when it is shifted: a piece of a grain, or a range."""

    start: Moment
    end: Moment
    shape: Shape
    grain: str | None = None


class Clock:
    """The calendar of one project: its zone, its first day of the week, its first month of the year; maybe its own."""

    def __init__(self, project: Project, rows: Mapping[str, list[dict[str, Any]]] | None = None) -> None:
        self.own = own_days(project.calendar, rows or {})
        self.zone = ZoneInfo(project.timezone)
        self.first_weekday = WEEKDAYS.index(project.week_start)
        if self.own is not None and project.calendar is not None and project.calendar.pattern is not None:
            self.first_weekday = next(d for d, n in self.own.days.items() if n["week"][1] == 1).weekday()
        self.first_month = project.fiscal_year_start

    # Moments

    def at_wall(self, wall: datetime) -> Moment:
        """The moment the wall clock first shows `wall`; the end of the gap when it never does."""
        return self.at_instant(self.instant(wall))

    def instant(self, wall: datetime) -> datetime:
        """The instant of a local time."""
        found = wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        if self.shows(found) == wall.replace(fold=0):
            return found
        found = found.replace(second=0, microsecond=0)
        while self.shows(found - timedelta(minutes=1)) >= wall:
            found -= timedelta(minutes=1)
        return found

    def shows(self, instant: datetime) -> datetime:
        """What the wall clock shows at an instant."""
        return instant.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def at_instant(self, instant: datetime) -> Moment:
        """The moment of an aware datetime."""
        utc = instant.astimezone(UTC)
        return Moment(self.shows(utc), utc)

    def moment(self, value: date | datetime) -> Moment:
        """The moment of a value of a row; a date is its midnight. A local time keeps its reading of the clock."""
        if not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if value.tzinfo is not None:
            return self.at_instant(value)
        return Moment(value, self.instant(value))

    def boundary(self, value: date | datetime, *, closes: bool = False) -> Moment:
        """The moment a question means by a date or time; with `closes`, a plain date includes its day."""
        if not isinstance(value, datetime):
            value = datetime.combine(value + timedelta(days=1 if closes else 0), time())
        return self.at_wall(value) if value.tzinfo is None else self.at_instant(value)

    def dated(self, moment: Moment) -> datetime:
        """What the wall clock shows, but midnight at a day's first instant, even if the clock skipped midnight."""
        midnight = datetime.combine(moment.wall.date(), time())
        return midnight if moment.wall != midnight and self.instant(midnight) == moment.utc else moment.wall

    # Arithmetic

    def add(self, moment: Moment, count: Decimal | int, unit: str) -> Moment:
        """The moment `count` units later: days and longer by the local calendar, hours and shorter as elapsed time."""
        if moment.wall.year <= 2:
            return BEGINNING
        if unit in SECONDS:
            return self.at_instant(moment.utc + timedelta(microseconds=int(count * SECONDS[unit] * 1_000_000)))
        if self.own is not None and self.own.has(unit) and count == int(count):
            return self.at_wall(
                datetime.combine(self.own.moved(moment.wall.date(), int(count), unit), self.dated(moment).time())
            )
        if unit not in DAYS or count == int(count):
            return self.at_wall(add_to_wall(self.dated(moment), count, unit))
        days = count * DAYS[unit]
        there = self.at_wall(add_to_wall(self.dated(moment), int(days), "day"))
        return self.at_instant(there.utc + timedelta(microseconds=int((days - int(days)) * 86_400_000_000)))

    def floor(self, moment: Moment, unit: str) -> Moment:
        """The start of the unit that holds the moment."""
        if moment == BEGINNING:
            return moment
        if unit == "hour":
            past = timedelta(minutes=moment.wall.minute, seconds=moment.wall.second)
            return self.at_instant(moment.utc - past - timedelta(microseconds=moment.wall.microsecond))
        return self.at_wall(datetime.combine(self.floor_date(moment.wall.date(), unit), time()))

    def floor_date(self, day: date, unit: str) -> date:
        """The first day of the unit that holds the day."""
        if self.own is not None and self.own.has(unit):
            return self.own.first(day, unit)
        if unit == "day":
            return day
        if unit == "week":
            return day - timedelta(days=(day.weekday() - self.first_weekday) % 7)
        if unit == "month":
            return day.replace(day=1)
        into = (day.month - self.first_month) % MONTHS[unit]
        first = day.year * 12 + day.month - 1 - into
        return date(first // 12, first % 12 + 1, 1)

    def before(self, moment: Moment) -> Moment:
        """The last instant before the moment."""
        return moment if moment == BEGINNING else self.at_instant(moment.utc - timedelta(microseconds=1))

    def cut(self, start: Moment, end: Moment, unit: str) -> Iterator[Period]:
        """The units of `[start, end)`, the first and last cut at its edges."""
        if start.utc >= end.utc:
            return
        if start == BEGINNING:
            raise NaiveError(f"the beginning of time cannot be cut into {unit}s")
        left = self.floor(start, unit)
        while left.utc < end.utc:
            right = self.add(left, 1, unit)
            yield self.period(max(left, start, key=_utc), min(right, end, key=_utc), unit)
            left = right

    # Periods

    def period(self, start: Moment, end: Moment, grain: str | None = None) -> Period:
        """The stretch with its shape: as many of the largest unit on whose edges it lies, else its length in days."""
        for unit in LARGEST_FIRST if grain is None else (*MADE_OF[grain], "hour"):
            if self.floor(start, unit) == start and self.floor(end, unit) == end:
                return Period(start, end, Shape(self.steps(start, end, unit), unit), grain)
        length = self.dated(end) - self.dated(start)
        return Period(start, end, Shape(Decimal(length // timedelta(microseconds=1)) / 86_400_000_000, "span"), grain)

    def steps(self, start: Moment, end: Moment, unit: str) -> int:
        """How many units lie between two of the unit's edges."""
        count, reached = 0, start
        while reached.utc < end.utc:
            count, reached = count + 1, self.add(reached, 1, unit)
        return count

    def shift(self, period: Period, count: Decimal | int, unit: str | None) -> Period:
        """The period moved back: by `count` of its grain (a range by its own length), or by a duration of a unit."""
        shape = period.shape
        if unit is None:
            count, unit = (count, period.grain) if period.grain else (count * shape.count, shape.unit)
        elif unit == "year" and self.own is not None and self.own.weekly and (period.grain or shape.unit) not in MONTHS:
            moved = self.own.moved_by_week(period.start.wall.date(), -int(count))
            return self.shaped(self.at_wall(datetime.combine(moved, self.dated(period.start).time())), period)
        elif (period.grain or shape.unit) == "week" and unit in MONTHS:
            if unit != "year":
                raise NaiveError(f"a {unit} back from a week has no meaning")
            count, unit = count * 52, "week"
        return self.shaped(self.add(period.start, -count, "day" if unit == "span" else unit), period)

    def shaped(self, start: Moment, period: Period) -> Period:
        """A period from this start, of the shape of another."""
        shape = period.shape
        end = self.add(start, shape.count, "day" if shape.unit == "span" else shape.unit)
        return Period(start, end, shape, period.grain)


def add_to_wall(wall: datetime, count: Decimal | int, unit: str) -> datetime:
    """What a wall clock shows `count` units later; month ends clamp; hours pass as the clock shows them."""
    if unit in MONTHS:
        months = wall.year * 12 + wall.month - 1 + int(count) * MONTHS[unit]
        year, month = months // 12, months % 12 + 1
        return wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))
    seconds = SECONDS.get(unit) or DAYS[unit] * 86_400
    return wall + timedelta(microseconds=int(count * seconds * 1_000_000))


def _utc(moment: Moment) -> datetime:
    return moment.utc
