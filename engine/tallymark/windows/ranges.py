"""The range of a question, and the periods a grain cuts it into."""

from __future__ import annotations

from datetime import datetime, time

from tallymark.errors import Fault, FaultError
from tallymark.place import Place
from tallymark.windows.calendars import Calendar, Period
from tallymark.windows.clocks import INSTANT, date_clock

NAMED = ("year", "quarter", "month", "week", "day", "hour")
"""The units a range may be called by when it is exactly one of them, largest first."""


def range_label(start: datetime, end: datetime, calendar: Calendar) -> str:
    """What the range `[start, end)` is called: `2024-Q2` if it is exactly that, else its first and last day or time.

    `2024-03-01 to 2024-03-15` has both days whole; `2024-03-01 09:00 to 2024-03-01 17:30` ends at, not after, the
    second time.
    """
    if start >= end:
        return f"nothing, at {_minute(calendar.local(start))}"
    for unit in NAMED:
        if _is_one(start, end, unit, calendar):
            return calendar.label(start, unit)
    first, last = (date_clock(calendar.zone, i) for i in (start, end))
    if first.time() == last.time() == time.min:
        return f"{first.date()} to {calendar.local(calendar.floor(end - INSTANT, 'day')).date()}"
    return f"{_minute(first)} to {_minute(last)}"


def _is_one(start: datetime, end: datetime, unit: str, calendar: Calendar) -> bool:
    """Whether the range is exactly one unit. One's own calendar need not reach further than the range."""
    if not calendar.begins(start, unit) or (calendar.owns(unit) and not calendar.begins(end, unit)):
        return False
    return calendar.add(start, 1, unit) == end


def _minute(wall: datetime) -> str:
    precise = wall.second or wall.microsecond
    return wall.isoformat(" ") if precise else wall.isoformat(" ", "minutes")


def ask_periods(
    start: datetime,
    end: datetime,
    grain: str | None,
    calendar: Calendar,
    limit: int,
    place: Place | None = None,
) -> tuple[Period, ...]:
    """The periods of a question over `[start, end)`: the range cut by the grain, or the range itself without one.

    The first and last period are cut at the range's edges: 10 January to 20 March by month is 10 to 31 January,
    February, and 1 to 20 March, each labelled as its month. Raises FaultError: Q526 for a range without an instant,
    Q527 for more than `limit` periods (counted, not made), Q521 for an unknown grain.
    """
    if start >= end:
        raise FaultError(_empty(start, end, calendar, place))
    if grain is None:
        return (Period(start, end, range_label(start, end, calendar)),)
    count = calendar.count(start, end, grain)
    if count > limit:
        message = f"the range has {count:,} periods of one {grain}; at most {limit:,} can be asked"
        raise FaultError(Fault("Q527", message, place, "ask a coarser grain or a shorter range"))
    return calendar.pieces(start, end, grain)


def _empty(start: datetime, end: datetime, calendar: Calendar, place: Place | None) -> Fault:
    first, last = (_minute(date_clock(calendar.zone, i)) for i in (start, end))
    if start == end:
        return Fault("Q526", f"the range is empty: it starts and ends at {first}", place, "give an end after the start")
    return Fault("Q526", f"the range ends at {last}, before it starts at {first}", place, "swap start and end")
