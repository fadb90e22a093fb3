"""Windows, before and after their period is known.

A `Window` is data: two edges over the asked period, and how far the period is moved. Walking down a formula, each form
changes the window of its context (`PERIOD` at the top), so the outermost form is applied first. `resolve` turns a
window and one period into two instants.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from tallymark.windows.calendars import Calendar, OutsideCalendarError, Period
from tallymark.windows.clocks import INSTANT, Count
from tallymark.windows.shifts import Move, as_far, shifted

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
"""The instant a window ends at that ends at the beginning of time; edges before it are the beginning of time too."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """An edge of the period: 0 its start, 1 its end, or `as_of` if that comes first."""

    number: Literal[0, 1]


@dataclass(frozen=True, slots=True)
class Minus:
    """So long before another edge."""

    edge: Edge
    count: Count
    unit: str


@dataclass(frozen=True, slots=True)
class Floor:
    """The beginning of the unit that holds the last instant before another edge."""

    edge: Edge
    unit: str


@dataclass(frozen=True, slots=True)
class Beginning:
    """The beginning of time."""


Edge = Boundary | Minus | Floor | Beginning

BEGINNING = Beginning()


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch `[start, end)`, or for a stock the moment before `end`, of a period moved by its `shifts` in turn.

    `like`: a period that `as_of` cuts is cut after the same time where it is moved to, at its end at the latest.
    """

    start: Edge
    end: Edge
    shifts: tuple[Move, ...] = ()
    like: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the window is empty over every period, because both edges are one."""
        return self.start == self.end

    def trailing(self, count: Count, unit: str) -> Window:
        """`[end - d, end)`.

        `end` is exclusive and months are counted back from it: a month trailing the day 30 March 2024 begins a month
        before 31 March, on 29 February; a month trailing March begins on 1 March.
        """
        return replace(self, start=Minus(self.end, count, unit))

    def to_date(self, unit: str) -> Window:
        """From the beginning of the unit that holds the window's last instant."""
        return replace(self, start=Floor(self.end, unit))

    def cumulative(self) -> Window:
        """From the beginning of time."""
        return replace(self, start=BEGINNING)

    def opening(self) -> Window:
        """The empty window at the start: what has been reached by then."""
        return replace(self, end=self.start)

    def closing(self) -> Window:
        """The empty window at the end."""
        return replace(self, start=self.end)

    def shifted(self, count: Count, unit: str | None) -> Window:
        """The same window of the period `count` units back; None is the period's own length.

        Shifts are kept apart and applied in the order given, so that of an outer form first. They move the period, from
        which the edges derive, and so it does not matter whether the other forms come before or after.
        """
        return replace(self, shifts=(*self.shifts, (count, unit)))


PERIOD = Window(Boundary(0), Boundary(1))
"""The asked period itself: the window of a context before any form changes it."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A window over one period: the instants `[start, end)`; a start of None is the beginning of time.

    `void`: the period starts at or after `as_of`, so that the value is null; both edges are then `as_of`. `partial`:
    `as_of` cuts the period.
    """

    start: datetime | None
    end: datetime
    void: bool = False
    partial: bool = False


def resolve(window: Window, period: Period, grain: str | None, calendar: Calendar, as_of: datetime) -> Resolved:
    """The instants of `window` over `period`, a piece of `grain` or, when that is None, the asked range.

    The period is moved first, whole, and then cut by `as_of`, the instant from which on nothing is known. One that is
    moved `like` for like has no value before the asked period has begun. Raises FaultError as `shift` does; an edge too
    early for the calendar is the beginning of time.
    """
    start, end = shifted(period, window.shifts, grain, calendar)
    if start >= as_of or (window.like and period.start >= as_of):
        return Resolved(as_of, as_of, void=True)
    if window.like and as_of < period.end:
        end = min(end, as_far(start, period.start, as_of, grain, calendar))
    boundaries = (start, min(end, as_of))
    last = _instant(window.end, boundaries, calendar)
    first = _instant(window.start, boundaries, calendar)
    partial = as_of < end
    if last is None:
        return Resolved(None, EARLIEST, partial=partial)
    return Resolved(first if first is None else min(first, last), last, partial=partial)


def _instant(edge: Edge, boundaries: tuple[datetime, datetime], calendar: Calendar) -> datetime | None:
    match edge:
        case Boundary(number):
            return boundaries[number]
        case Beginning():
            return None
    inner = _instant(edge.edge, boundaries, calendar)
    if inner is None:
        return None
    try:
        if isinstance(edge, Minus):
            found = calendar.add(inner, -edge.count, edge.unit)
        else:
            found = calendar.floor(inner - INSTANT, edge.unit)
    except OutsideCalendarError:
        return None
    return found if found >= EARLIEST else None
