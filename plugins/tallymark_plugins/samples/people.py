"""The people at the accounts: when each joins and goes, and how far each gets with setting up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallymark_plugins.samples.clock import DAY, END, month_start, office_time
from tallymark_plugins.samples.dice import Dice
from tallymark_plugins.samples.lives import Life

STEPS = (
    ("account_opened", 0.86),
    ("profile_completed", 0.83),
    ("first_board", 0.78),
    ("colleague_invited", 0.7),
)
"""The steps of setting up, and how likely an average person goes on from each to the next. What follows the last step
is the first report, with which setting up is over: it is no step to drop out from."""


@dataclass(slots=True, eq=False)
class User:
    """A person with a login. `keenness` (around 1) multiplies the account's usage."""

    life: Life
    created_at: datetime
    removed_at: datetime | None
    keenness: float
    number: int = 0

    @property
    def id(self) -> str:
        return f"U{self.number:05d}"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of setting up that a user reached; `next_reached_at` is None when it went no further."""

    user: User
    name: str
    reached_at: datetime
    next_reached_at: datetime | None


def users(lives: list[Life]) -> list[User]:
    """All users of all accounts, numbered in the order of their coming."""
    found = [user for life in lives for user in _of_life(life)]
    found.sort(key=lambda user: (user.created_at, user.life.account.number))
    for number, user in enumerate(found, 1):
        user.number = number
    return found


def _of_life(life: Life) -> list[User]:
    dice = Dice("users", life.account.number)
    fill = dice.bell(0.5, 1.05)
    closes = life.spans()[-1][1]
    here = [User(life, life.account.signed_up_at, None, dice.between(0.8, 1.5))]
    gone: list[User] = []
    for month in sorted(life.seats):
        wanted = max(1, min(life.seats[month], int(life.seats[month] * fill + 0.5)))
        for user in here[1:]:
            if len(here) > wanted or dice.chance(0.007):
                goes = office_time(dice, month_start(month) + DAY * dice.whole(0, 26))
                user.removed_at = max(goes, user.created_at + DAY)
                here.remove(user)
                gone.append(user)
        while len(here) < wanted:
            joined = office_time(dice, max(month_start(month), life.account.signed_up_at) + DAY * dice.whole(1, 24))
            here.append(User(life, joined, None, dice.between(0.3, 1.5)))
    # Who would have joined after the account was closed never did; who is still there goes with it.
    found = [user for user in gone + here if user.created_at < closes]
    for user in found:
        if closes < END and (user.removed_at is None or user.removed_at > closes):
            user.removed_at = closes
        if user.removed_at is not None and user.removed_at >= END:
            user.removed_at = None
    return found


def steps(everyone: list[User]) -> list[Step]:
    """The steps each user reached, in the order of time."""
    return sorted((step for user in everyone for step in _of_user(user)), key=lambda s: (s.reached_at, s.user.number))


def _of_user(user: User) -> list[Step]:
    dice = Dice("steps", user.number)
    until = min(user.removed_at or END, END)
    found = []
    at: datetime | None = user.created_at
    for name, likely in STEPS:
        if at is None:
            break
        goes_on = dice.chance(min(0.98, likely + 0.25 * (user.life.account.fit - 0.55)))
        following = _later(dice, at) if goes_on else None
        if following is not None and following >= until:
            following = None
        found.append(Step(user, name, at, following))
        at = following
    return found


def _later(dice: Dice, at: datetime) -> datetime:
    """Minutes later for most, days later for some, always at an hour at which people are awake."""
    if dice.chance(0.55):
        return at + timedelta(minutes=dice.whole(2, 170))
    return office_time(dice, at + timedelta(days=1 + int(dice.skewed(0, 25))))
