"""What the company spends, and what it sells beside subscriptions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tallymark_plugins.samples.clock import END, MONTHS, month_start, office_time
from tallymark_plugins.samples.dice import Dice, weighted
from tallymark_plugins.samples.lives import Life

MONTHLY_COSTS = (
    # category, euros a month at the start, euros a month more in each month that follows, entries a month
    ("sales", 5000, 520, 2),
    ("marketing", 3200, 430, 4),
    ("servicing", 1500, 190, 2),
    ("cs_payroll", 2400, 230, 1),
    ("engagement", 300, 35, 1),
    ("training", 250, 25, 1),
    ("customer_marketing", 200, 30, 1),
    ("other", 9000, 480, 2),
)
PRODUCTS = weighted((("message credits", 2500), 60), (("storage pack", 6000), 25), (("training hour", 11000), 15))
"""What can be ordered, and the price of one in cents."""


class Cost(NamedTuple):
    """Money spent, in cents."""

    category: str
    cents: int
    at: datetime


class Order(NamedTuple):
    """A purchase beside the subscription, in cents; `quantity` is how many of the product."""

    customer: int
    product: str
    cents: int
    quantity: int
    at: datetime


def costs() -> list[Cost]:
    """All costs in the order of time: rising with the company, no two months alike."""
    found = []
    for month in range(MONTHS):
        dice = Dice("costs", month)
        for category, start, more, entries in MONTHLY_COSTS:
            for _ in range(entries):
                euros = (start + more * month) / entries * dice.bell(0.75, 1.25)
                at = office_time(dice, month_start(month) + timedelta(days=dice.whole(0, 25)))
                found.append(Cost(category, int(euros * 100), at))
    return sorted(found, key=lambda c: (c.at, c.category))


def orders(lives: list[Life]) -> list[Order]:
    """All orders in the order of time: in a month about one in ten paying customers buys something."""
    found = []
    for life in lives:
        dice = Dice("orders", life.account.number)
        taste = dice.skewed(0.02, 0.5)
        for month, level in sorted(life.usage.items()):
            at = office_time(dice, month_start(month) + timedelta(days=dice.whole(0, 27)))
            product, price = dice.pick(PRODUCTS)
            quantity = 1 + int(dice.skewed(0, 6))
            buys = dice.chance(taste * (0.5 + level))
            begun, over = life.started_at or END, life.churned_at or END
            if buys and begun <= at < over:
                found.append(Order(life.account.number, product, price * quantity, quantity, at))
    return sorted(found, key=lambda o: (o.at, o.customer, o.product))
