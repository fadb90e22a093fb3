"""The clock on the wall: arithmetic on local times, and the way from local times to instants and back.

A *wall* time is a naive datetime as a local clock shows it. An *instant* is an aware datetime in UTC. Nothing here
knows of periods. Functions raise OverflowError where Python's datetime ends (years 1 to 9999).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

Count = int | Decimal
"""How many of a unit; only elapsed units, days and weeks may have a fraction."""

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
"""Units of elapsed time, in seconds."""

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "quarter": 3, "year": 12}

INSTANT = timedelta(microseconds=1)
"""The finest step of time; `end - INSTANT` is the last instant of a half-open stretch."""

_SECOND = timedelta(seconds=1)
_MOST = 10**15


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises KeyError when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise KeyError(name) from error


def elapsed(count: Count, unit: str) -> timedelta:
    """So many seconds, minutes, hours (or days of exactly 24 hours). Raises OverflowError."""
    if not -_MOST <= count <= _MOST:
        raise OverflowError(count)
    seconds = SECONDS[unit] if unit in SECONDS else DAYS[unit] * 86_400
    return timedelta(microseconds=int(count * seconds * 1_000_000))


def step(wall: datetime, count: int, unit: str) -> datetime:
    """The wall time `count` days, weeks, months, quarters or years on; a day past its month's end becomes the last.

    Raises OverflowError.
    """
    if unit in DAYS:
        return wall + timedelta(days=count * DAYS[unit])
    months = wall.year * 12 + wall.month - 1 + count * MONTHS[unit]
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(year)
    day = wall.day if wall.day <= 28 else min(wall.day, monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day)


def floor(wall: datetime, unit: str, week_start: int, year_start: int) -> datetime:
    """The wall time at which the unit that holds `wall` begins.

    `week_start` is 0 for Monday; `year_start` is the month, 1 to 12, in which years, and so quarters, begin.
    """
    if unit in SECONDS:
        minute = 0 if unit == "hour" else wall.minute
        second = wall.second if unit == "second" else 0
        return wall.replace(minute=minute, second=second, microsecond=0, fold=0)
    day = wall.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    back = (day.month - year_start) % 12 % MONTHS[unit]
    return step(day.replace(day=1), -back, "month")


def clock_of(place: ZoneInfo, instant: datetime) -> datetime:
    """What the local clock shows at `instant`, as a naive datetime without fold."""
    return instant.astimezone(place).replace(tzinfo=None, fold=0)


def occurrences(place: ZoneInfo, wall: datetime) -> tuple[datetime, ...]:
    """The instants at which the clock shows `wall`: one, two when it is set back, none when it skips `wall`."""
    first = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if clock_of(place, first) != wall:
        return ()
    second = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    return (first,) if second == first else (first, second)


def instant_of(place: ZoneInfo, wall: datetime) -> datetime:
    """The first instant at which the clock shows `wall`; the end of the gap when the clock skips it."""
    first = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if clock_of(place, first) == wall:
        return first
    before = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    return _transition(place, before, first)


def first_clock(place: ZoneInfo, instant: datetime) -> datetime:
    """The earliest wall time whose instant (see `instant_of`) is not before `instant`.

    So a wall time `w` stands for an instant in `[a, b)` exactly when `first_clock(a) <= w < first_clock(b)`, also for
    times the clock skips or shows twice.
    """
    local = instant.astimezone(place)
    offset = _offset(local)
    if local.fold:
        before = _offset(local.replace(fold=0))
        change = _transition(place, instant - (before - offset), instant)
        return change.replace(tzinfo=None) + before
    earlier = _offset((instant - INSTANT).astimezone(place))
    if earlier < offset:
        return instant.replace(tzinfo=None) + earlier
    return local.replace(tzinfo=None)


def date_clock(place: ZoneInfo, instant: datetime) -> datetime:
    """What the clock shows at `instant`, but midnight for a day's first instant, even if the clock skipped midnight."""
    wall = clock_of(place, instant)
    if wall.time() != time.min:
        skipped = first_clock(place, instant)
        if skipped < wall and skipped.time() == time.min:
            return skipped
    return wall


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    return offset if offset is not None else timedelta(0)


def _transition(place: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between the two, on a whole second, at which the offset of `before` ends."""
    low = before.replace(microsecond=0)
    old = _offset(before.astimezone(place))
    span = -((low - after) // _SECOND)
    least, most = 0, span
    while most - least > 1:
        middle = (least + most) // 2
        if _offset((low + middle * _SECOND).astimezone(place)) == old:
            least = middle
        else:
            most = middle
    return low + most * _SECOND
