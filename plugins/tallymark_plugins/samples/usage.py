"""What people do in the product: one sitting on most active days, and what was done in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tallymark_plugins.samples.clock import END, days, month_index, waking_time
from tallymark_plugins.samples.dice import Dice, weighted
from tallymark_plugins.samples.people import User

FEATURES = {
    "basic": weighted(("board", 40), ("calendar", 25), ("quotes", 20), ("timesheets", 15)),
    "pro": weighted(
        ("board", 32), ("calendar", 18), ("quotes", 14), ("timesheets", 12), ("reports", 14), ("inventory", 10)
    ),
    "business": weighted(
        ("board", 26),
        ("calendar", 14),
        ("quotes", 10),
        ("timesheets", 10),
        ("reports", 15),
        ("inventory", 10),
        ("automations", 10),
        ("api", 5),
    ),
}
KEY_FEATURES = ("board", "reports", "automations")

WEEKDAY = (1.05, 1.1, 1.1, 1.05, 0.9, 0.12, 0.08)
"""How much is done on each day of the week, Monday first."""

NAMES = weighted(("feature_used", 80), ("item_created", 12), ("file_exported", 4), ("comment_added", 4))


class Event(NamedTuple):
    """Something a user did, or (`heartbeat`, `email_open`) something that only looks like it."""

    at: datetime
    user: User
    name: str
    feature: str | None


class Session(NamedTuple):
    """A sitting: how long, and since when."""

    started_at: datetime
    user: User
    seconds: int


def usage(everyone: list[User]) -> tuple[list[Event], list[Session]]:
    """All events and sessions, in the order of time."""
    events: list[Event] = []
    sessions: list[Session] = []
    for user in everyone:
        _of_user(user, events, sessions)
    events.sort(key=lambda e: (e.at, e.user.number))
    sessions.sort(key=lambda s: (s.started_at, s.user.number))
    return events, sessions


def _of_user(user: User, events: list[Event], sessions: list[Session]) -> None:
    dice = Dice("usage", user.number)
    life = user.life
    leaves = user.removed_at or END
    for opened, closed in life.spans():
        start, end = max(opened, user.created_at), min(closed, leaves)
        for day in days(start, end):
            month = month_index(day)
            likely = 0.36 * life.usage.get(month, 0.0) * user.keenness * WEEKDAY[day.weekday()]
            if dice.roll() >= likely:
                if dice.chance(0.012):
                    _passive(dice, user, day, start, end, events)
                continue
            at = waking_time(dice, day)
            if start <= at < end:
                _sitting(dice, user, at, life.plans[month], end, events, sessions)


def _passive(dice: Dice, user: User, day: datetime, start: datetime, end: datetime, events: list[Event]) -> None:
    at = waking_time(dice, day)
    if start <= at < end:
        events.append(Event(at, user, "email_open" if dice.chance(0.6) else "heartbeat", None))


def _sitting(
    dice: Dice, user: User, at: datetime, plan: str, end: datetime, events: list[Event], sessions: list[Session]
) -> None:
    """A session and what was done in it: mostly one thing, at times two or three."""
    seconds = 40 + int(dice.skewed(0, 5200))
    sessions.append(Session(at, user, seconds))
    offset = 0
    for _ in range(1 if dice.chance(0.8) else dice.whole(2, 3)):
        moment = at + timedelta(seconds=offset)
        if moment < end:
            events.append(Event(moment, user, dice.pick(NAMES), dice.pick(FEATURES[plan])))
        offset += dice.whole(5, 5 + seconds // 4)
