"""The uptime probe: one look at the service an hour, day and night, and the times the service was down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tallymark_plugins.samples.clock import MONTHS, hours, month_start, office_time
from tallymark_plugins.samples.dice import Dice


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which the service did not answer: since when, and for how many hours."""

    started_at: datetime
    hours: int


class Check(NamedTuple):
    """One look: whether the service answered, and after how many milliseconds (None: not at all)."""

    at: datetime
    ok: bool
    milliseconds: int | None


def outages() -> list[Outage]:
    """One outage every other month or so, in working hours, for they come with releases."""
    dice = Dice("outages")
    found = []
    for month in range(MONTHS):
        if dice.chance(0.45 if month < 18 else 0.25):
            started = office_time(dice, month_start(month) + timedelta(days=dice.whole(0, 26)))
            found.append(Outage(started.replace(minute=0, second=0), 1 + int(dice.skewed(0, 5))))
    return found


def checks(down: list[Outage]) -> list[Check]:
    """Every look of the three years."""
    dice = Dice("checks")
    silent = {outage.started_at + timedelta(hours=n) for outage in down for n in range(outage.hours)}
    found = []
    for hour in hours():
        # More customers, more load; twice it was brought down by work on the database.
        base = 95 + 2.2 * ((hour.year - 2022) * 12 + hour.month) - (30 if hour.year >= 2023 else 0)
        busy = 1.5 if 8 <= hour.hour < 18 and hour.weekday() < 5 else 1.0
        milliseconds = int(base * busy * (0.8 + dice.skewed(0, 2.2)))
        ok = hour not in silent and not dice.chance(0.0004)
        found.append(Check(hour, ok, milliseconds if ok else None))
    return found
