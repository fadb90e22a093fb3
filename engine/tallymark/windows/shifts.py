"""Shifting: the period some time before another.

The start moves back and the period keeps its *shape*: as many of the largest calendar unit on whose edges it lies, else
its length in days. The shape is taken once, from the period asked, and kept through any number of moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tallymark.errors import Fault, FaultError
from tallymark.windows import clocks
from tallymark.windows.calendars import Calendar, OutsideCalendarError, Period, check_length, grain_of
from tallymark.windows.clocks import Count
from tallymark.windows.ranges import range_label
from tallymark.windows.reckoning import Reckoning

Move = tuple[Count, str | None]
"""How far back: a count and a unit of time, or None for the period's own length (`previous(m, 3)` is `(3, None)`)."""

_SHAPES: dict[str | None, tuple[str, ...]] = {
    None: ("year", "quarter", "month", "week", "day"),
    "year": ("year", "quarter", "month", "day"),
    "quarter": ("quarter", "month", "day"),
    "month": ("month", "day"),
    "week": ("week", "day"),
    "day": ("day",),
    "hour": (),
}
"""The units a period of each grain may be made of, largest first. A piece cut from a month is never made of weeks, so
that a month back from it is not refused because it happens to begin on a Monday."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How long a period is: `count` calendar units, and `rest` of elapsed time. Hours have a rest only."""

    count: int
    unit: str
    rest: timedelta = timedelta(0)


def shape_of(start: datetime, end: datetime, grain: str | None, calendar: Calendar) -> Shape:
    """The shape of `[start, end)`, a piece of `grain` (cut at the range's edge or not) or, without one, a range.

    June is one month, 10 to 31 January 22 days, 1 April to 30 September two quarters, nine to five eight hours, Monday
    noon to Wednesday one o'clock two days and an hour.
    """
    for unit in _SHAPES[grain]:
        if calendar.begins(start, unit) and calendar.begins(end, unit):
            return Shape(_units_between(start, end, unit, calendar), unit)
    if grain == "hour":
        return Shape(0, "day", end - start)
    days = max(0, _units_between(start, end, "day", calendar))
    if calendar.add(start, days, "day") > end:
        days -= 1
    return Shape(days, "day", end - calendar.add(start, days, "day"))


def _units_between(start: datetime, end: datetime, unit: str, calendar: Calendar) -> int:
    first, last = clocks.date_clock(calendar.zone, start), clocks.date_clock(calendar.zone, end)
    # Where the clock skips whole days, the period ends before them.
    skipped = clocks.first_clock(calendar.zone, end)
    if skipped < last and calendar.floor_wall(skipped, unit) == skipped:
        last = skipped
    return calendar.between(first, last, unit)


def shift(period: Period, count: Count, unit: str | None, grain: str | None, calendar: Calendar) -> Period:
    """The period `count` units before `period` (after it, if negative).

    `grain` is the grain that `period` is a piece of, or None for an asked range. The start moves back by calendar
    units, month ends clamped, or by elapsed hours; the end follows from the shape: the month before March is all of
    February. The day a month before 29, 30 or 31 March 2024 is 29 February. Without a unit a piece moves by its grain
    and a range by its own shape: 1 to 15 March back once is the fifteen days before it. A piece cut at the range's edge
    moves by its grain too and keeps its shape: of 10 January to 20 March by month, the month before the first piece (22
    days from 10 January) is 22 days from 10 December.

    A year back from a week is 52 weeks, or in a calendar with weeks of its own the week of the same number. Raises
    FaultError: Q528 for months or quarters back from a week, Q529 for an unknown unit or a fraction of a month,
    OutsideCalendarError (Q525), UncoveredError (Q570).
    """
    start, end = shifted(period, ((count, unit),), grain, calendar)
    if grain is not None and calendar.floor(max(start, end - clocks.INSTANT), grain) == calendar.floor(start, grain):
        return Period(start, end, calendar.label(start, grain))
    return Period(start, end, range_label(start, end, calendar))


def shifted(period: Period, moves: Sequence[Move], grain: str | None, calendar: Calendar) -> tuple[datetime, datetime]:
    """The edges of the period after several moves back, the first one first. Raises as `shift` does.

    The shape is that of `period` throughout, so moves by one unit add up: three months are three times a month, from
    any start but one past a shorter month's end (31 May back one month twice is 30 March, two months 31 March).
    """
    if not moves:
        return period.start, period.end
    shape = shape_of(period.start, period.end, grain, calendar)
    zone = calendar.zone
    try:
        at, wall = period.start, clocks.date_clock(zone, period.start)
        by_week = _own_weeks(shape, grain, calendar)
        for count, unit in _steps(moves, shape, grain, calendar):
            if by_week is not None and unit == "year":
                wall = by_week.step_years_by_week(wall, -int(count))
                at = clocks.instant_of(zone, wall)
            elif unit in clocks.SECONDS:
                at -= clocks.elapsed(count, unit)
                wall = clocks.date_clock(zone, at)
            elif count:
                # From clock to clock, so that a time skipped on one day is not lost on the days before it.
                wall, rest = calendar.step_wall(wall, -count, unit)
                at = clocks.instant_of(zone, wall) + rest
                wall = clocks.date_clock(zone, at) if rest else wall
        if not shape.count:
            return at, at + shape.rest
        return at, clocks.instant_of(zone, calendar.step(wall, shape.count, shape.unit)) + shape.rest
    except OverflowError:
        raise OutsideCalendarError(f"so far back from {period.label}") from None


def _own_weeks(shape: Shape, grain: str | None, calendar: Calendar) -> Reckoning | None:
    """The calendar by whose weeks a period goes back a year: one with weeks of its own, for weeks, days and hours.

    A month, quarter or year, and a range made of those, goes back to the one of the same number.
    """
    months = grain in clocks.MONTHS or (grain is None and shape.unit in clocks.MONTHS)
    return None if months else calendar.owns("week")


def _steps(moves: Sequence[Move], shape: Shape, grain: str | None, calendar: Calendar) -> list[tuple[Count, str]]:
    weekly = grain == "week" or (grain is None and shape.unit == "week")
    steps: list[tuple[Count, str]] = []
    for count, unit in moves:
        if unit is not None:
            check_length(count, unit)
            steps.append(_from_week(count, unit, calendar) if weekly else (count, unit))
        elif grain is not None:
            steps.append((count, grain))
        else:
            if shape.rest:
                steps.append((count * Decimal(shape.rest // clocks.INSTANT) / 1_000_000, "second"))
            steps.append((count * shape.count, shape.unit))
    return steps


def _from_week(count: Count, unit: str, calendar: Calendar) -> tuple[Count, str]:
    if unit == "year":
        return (count, unit) if calendar.owns("week") else (count * 52, "week")
    if unit in clocks.MONTHS:
        help = "shift weeks by weeks, or by years of 52 weeks"
        raise FaultError(Fault("Q528", f"a week has no week a {unit} before it", help=help))
    return count, unit


def as_far(start: datetime, other: datetime, until: datetime, grain: str | None, calendar: Calendar) -> datetime:
    """The instant that is as far from `start` as `until` is from `other`: as many whole days, and the rest elapsed.

    Within pieces of an hour the time elapsed alone counts.
    """
    days = 0 if grain == "hour" else max(0, _units_between(other, until, "day", calendar))
    if calendar.add(other, days, "day") > until:
        days -= 1
    return calendar.add(start, days, "day") + (until - calendar.add(other, days, "day"))


def whole_steps(
    periods: Sequence[Period], count: Count, unit: str | None, grain: str | None, calendar: Calendar
) -> int | None:
    """How many periods of the grid a shift by `count` units goes back, or None when it does not land on the grid.

    The grid is that of `periods`, whole grains without a gap, and as many before them as one likes (`before`); without
    a grain it is the asked range and its like. A year at month grain is 12, at week grain 52, a month at day grain
    None. The answer holds on the whole grid: a day is 24 hours only where no clock is ever set. Pieces cut at the
    range's edges are on no grid (None), unless `count` is 0. Raises as `shift` does.
    """
    if not periods:
        return None
    shape = shape_of(periods[0].start, periods[-1].end, grain, calendar)
    ((moved, by), *more) = _steps(((count, unit),), shape, grain, calendar)
    if not count:
        return 0
    if grain is None:
        if more or shape.rest:
            return _quotient(count, 1) if unit is None and not shape.count else None
        return _ratio(moved, by, shape.count, shape.unit, calendar)
    grain_of(grain)
    return _ratio(moved, by, 1, grain, calendar) if _whole(periods, grain, calendar) else None


def _ratio(count: Count, unit: str, step: int, grain: str, calendar: Calendar) -> int | None:
    """How many times `step` grains fit into `count` units; None if not a whole number, or not everywhere the same."""
    if calendar.owns(unit) or calendar.owns(grain):
        return _quotient(count, step) if unit == grain else None
    if unit in clocks.MONTHS and grain in clocks.MONTHS:
        return _quotient(count * clocks.MONTHS[unit], step * clocks.MONTHS[grain])
    if unit in clocks.DAYS and grain in clocks.DAYS:
        return _quotient(count * clocks.DAYS[unit], step * clocks.DAYS[grain])
    sizes = clocks.SECONDS
    if calendar.zone.utcoffset(None) is not None:
        sizes = sizes | {name: days * 86_400 for name, days in clocks.DAYS.items()}
    if unit in sizes and grain in sizes:
        return _quotient(count * sizes[unit], step * sizes[grain])
    return None


def _quotient(count: Count, step: int) -> int | None:
    return int(count) // step if count == int(count) and int(count) % step == 0 else None


def _whole(periods: Sequence[Period], grain: str, calendar: Calendar) -> bool:
    """Whether the periods are whole grains, each beginning where the one before ends, none skipped by the clock."""
    first, last = periods[0], periods[-1]
    if grain == "hour":
        hour = timedelta(hours=1)
        whole = calendar.floor(first.start, grain) == first.start
        return whole and all(p.end == p.start + hour == first.start + (i + 1) * hour for i, p in enumerate(periods))
    if calendar.floor(first.start, grain) != first.start or calendar.floor(last.end, grain) != last.end:
        return False
    # Counted by the clock, which counts a skipped day too.
    return calendar.count(first.start, last.end, grain) == len(periods)


def before(periods: Sequence[Period], count: int, grain: str | None, calendar: Calendar) -> tuple[Period, ...]:
    """The `count` periods of the grid before the first of `periods`, oldest first, for grids of whole periods."""
    return tuple(shift(periods[0], back, None, grain, calendar) for back in range(count, 0, -1))
