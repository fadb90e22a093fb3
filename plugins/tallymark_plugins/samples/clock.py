"""The company's calendar: local Paris times without a zone, office hours, month arithmetic.

People act between six in the morning and eleven at night, so the hour that the clocks skip in March and the one they
repeat in October hold no human act. The uptime probe never sleeps: it shows both.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tallymark_plugins.samples.dice import Dice, weighted

START = datetime(2022, 1, 1)
END = datetime(2025, 1, 1)
"""The instant at which the company is looked at: nothing that happens at or after it is known."""

MONTHS = 36

OPENS, CLOSES = 9, 18
"""The support desk's hours, Monday to Friday."""

OFFICE_HOURS = weighted((8, 5), (9, 14), (10, 16), (11, 13), (12, 6), (13, 7), (14, 14), (15, 12), (16, 10), (17, 6))
WAKING_HOURS = weighted((7, 3), (8, 6), (9, 10), (10, 9), (12, 7), (14, 9), (16, 8), (18, 7), (20, 8), (21, 6), (22, 3))

DAY = timedelta(days=1)


def month_start(index: int) -> datetime:
    """The first instant of the month `index` months after January 2022."""
    return datetime(2022 + index // 12, index % 12 + 1, 1)


def month_index(moment: date) -> int:
    """How many months after January 2022 the moment's month is."""
    return (moment.year - 2022) * 12 + moment.month - 1


def add_months(moment: datetime, count: int) -> datetime:
    """The same day and time `count` months later; the last day of a month too short for it."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def days(start: datetime, end: datetime) -> Iterator[datetime]:
    """Midnight of every day from the one that holds `start` to before `end`."""
    day = datetime(start.year, start.month, start.day)
    while day < end:
        yield day
        day += DAY


def office_time(dice: Dice, day: datetime) -> datetime:
    """A time in office hours of that day, or of the Monday after when it falls on a weekend."""
    if day.weekday() >= 5:
        day += (7 - day.weekday()) * DAY
    return _within(dice, day, dice.pick(OFFICE_HOURS))


def waking_time(dice: Dice, day: datetime) -> datetime:
    """A time of that day at which somebody may be awake and at a screen."""
    return _within(dice, day, dice.pick(WAKING_HOURS))


def _within(dice: Dice, day: datetime, hour: int) -> datetime:
    second = int(dice.roll() * 3600)
    return datetime(day.year, day.month, day.day, hour, second // 60, second % 60)


def after_desk_time(moment: datetime, minutes: int) -> datetime:
    """The moment after `minutes` of the support desk's open hours."""
    moment = _desk_opens(moment)
    while True:
        closing = moment.replace(hour=CLOSES, minute=0, second=0)
        left = int((closing - moment).total_seconds()) // 60
        if minutes < left:
            return moment + timedelta(minutes=minutes)
        minutes -= left
        moment = _desk_opens(closing)


def _desk_opens(moment: datetime) -> datetime:
    if moment.hour >= CLOSES:
        moment = (moment + DAY).replace(hour=OPENS, minute=0, second=0)
    elif moment.hour < OPENS:
        moment = moment.replace(hour=OPENS, minute=0, second=0)
    if moment.weekday() >= 5:
        moment = (moment + (7 - moment.weekday()) * DAY).replace(hour=OPENS, minute=0, second=0)
    return moment


def clock_change(year: int, month: int) -> datetime:
    """Two o'clock on the month's last Sunday: the hour that is skipped in March and the one that repeats in October."""
    last = datetime(year, month, monthrange(year, month)[1], 2)
    return last - ((last.weekday() + 1) % 7) * DAY


def hours() -> Iterator[datetime]:
    """Every hour of the three years that a Paris clock shows, the one of late October twice."""
    skipped = {clock_change(year, 3) for year in (2022, 2023, 2024)}
    doubled = {clock_change(year, 10) for year in (2022, 2023, 2024)}
    hour = START
    while hour < END:
        if hour not in skipped:
            yield hour
        if hour in doubled:
            yield hour
        hour += timedelta(hours=1)
