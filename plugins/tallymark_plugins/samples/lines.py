"""A subscription line: the stretches of constant plan, status, price and seats that it goes through. Money in cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tallymark_plugins.samples.clock import END

PLANS = ("basic", "pro", "business")

SEAT_PRICES = {"basic": (1900, 2100), "pro": (3900, 4200), "business": (6900, 7400)}
"""Cents a seat and month: on the price list of 2022, and on the one that replaced it."""

PRICE_RISE = datetime(2024, 2, 1)
"""From here on new terms are sold, and old ones renewed, at the second price list."""

COUNTED = ("active", "past_due")
"""The statuses whose price counts as recurring revenue."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed. `percent_off` is a discount for as long as the subscription lasts; a year costs ten months."""

    plan: str
    seats: int
    yearly: bool
    percent_off: int = 0
    price_list: int = 0

    def period_cents(self) -> int:
        """The price of one billing period, a month or a year, to the nearest cent."""
        months = 10 if self.yearly else 1
        return (self.seats * SEAT_PRICES[self.plan][self.price_list] * months * (100 - self.percent_off) + 50) // 100

    def monthly_cents(self) -> int:
        """The price normalised to a month, to the nearest cent, halves upwards."""
        return (self.period_cents() * 2 + 12) // 24 if self.yearly else self.period_cents()


class Stretch(NamedTuple):
    """A time in which nothing about a line changes. `ended_at` is None while it lasts."""

    customer: int
    line: int
    plan: str
    status: str
    cents: int
    seats: int
    started_at: datetime
    ended_at: datetime | None

    @property
    def counted(self) -> bool:
        """Whether its price is recurring revenue."""
        return self.status in COUNTED and self.cents > 0


class Line:
    """One subscription of a customer while it is being lived. Nothing from `END` on is recorded."""

    def __init__(self, customer: int, number: int) -> None:
        self.customer = customer
        self.number = number
        self._past: list[Stretch] = []
        self._now: Stretch | None = None

    @property
    def stretches(self) -> list[Stretch]:
        """All stretches so far, in order; each ends at the instant the next one starts."""
        return [*self._past, self._now] if self._now else list(self._past)

    def enter(self, at: datetime, status: str, terms: Terms) -> None:
        """From `at` on the line has this status and these terms. Trials and pauses cost nothing."""
        if at >= END:
            return
        cents = 0 if status in ("trialing", "paused") else terms.monthly_cents()
        fresh = Stretch(self.customer, self.number, terms.plan, status, cents, terms.seats, at, None)
        if self._now is not None:
            if self._now._replace(started_at=at) == fresh:
                return
            if self._now.started_at < at:
                self._past.append(self._now._replace(ended_at=at))
        self._now = fresh

    def leave(self, at: datetime) -> None:
        """The line ends at `at`, for good."""
        if self._now is not None and at < END:
            self._past.append(self._now._replace(ended_at=at))
            self._now = None
