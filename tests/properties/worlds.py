"""Small random worlds: customers, what they order, what they subscribe to, and the versions of their plan.

Rows are few and awkward on purpose: nulls, duplicates, orphans, null keys, ties, times exactly on the edges of periods,
stretches that begin and end at once, and local times that occur twice or never.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from naive.build import dataset, made, world
from naive.world import World
from tallymark.definitions import ColumnDef, DatasetDef, Formula, Project, RefDef
from tallymark.formula.nodes import Duration
from tallymark.formula.parse import parse_text
from tallymark.place import Written

from .calendars import calendar, days, days_definition

CUSTOMERS = ("a", "b", "c", "d", "e")
KINDS = ("new", "old", "été", "")
PLANS = ("basic", "pro", "Pro")
COUNTRIES = ("fr", "ro", "us")
ANCHORS = (
    date(2024, 3, 31),  # clocks go forward in Paris
    date(2023, 10, 29),  # and back
    date(2024, 2, 29),
    date(2024, 1, 1),  # a Monday, and a year's start
    date(2023, 7, 1),
)


@dataclass(frozen=True)
class Kinds:
    """The types that vary from world to world."""

    time: str
    """Of an order's times: date, timestamp or instant."""
    amount: str
    valid: str


@dataclass(frozen=True)
class Sample:
    """A world, the day its rows lie around, and what its columns are."""

    world: World
    anchor: date
    kinds: Kinds
    spread: int
    """How many days before and after the anchor most rows lie."""


def sample(seed: int) -> Sample:
    """The world of a seed."""
    random = Random(seed)
    anchor = random.choice(ANCHORS)
    kinds = Kinds(
        time=random.choice(("date", "timestamp", "timestamp", "instant")),
        amount=random.choice(("integer", "decimal", "double")),
        valid=random.choice(("date", "date", "timestamp", "instant")),
    )
    project = Project(
        timezone=random.choice(("UTC", "Europe/Paris", "Europe/Paris", "America/New_York")),
        week_start=random.choice(("monday", "monday", "sunday")),
        fiscal_year_start=random.choice((1, 1, 1, 4)),
    )
    if Random(f"zone {seed}").random() < 0.15:
        # Its days in spring begin at one o'clock, and in autumn one ends an hour late.
        project = replace(project, timezone="Africa/Cairo")
        anchor = Random(f"anchor {seed}").choice((date(2024, 4, 26), date(2023, 10, 26)))
    own = calendar(seed)
    if own is not None:
        project = replace(project, fiscal_year_start=1, calendar=own)
    table = [(days_definition(), days())] if own is not None and own.dataset else []
    spread = random.choice((2, 12, 40, 90))
    maker = Rows(random, anchor, kinds, ZoneInfo(project.timezone), spread)
    versions = maker.versions()
    built = world(
        [
            (customers_definition(), maker.customers()),
            (versions_definition(), versions),
            (orders_definition(kinds), maker.orders()),
            (subs_definition(kinds), maker.subs()),
            *table,
            (visits_definition(random, spread), []),
        ],
        METRICS,
        project,
        {"kind": random.choice(KINDS[:2]), "limit": random.choice((0, 2, 5)), "gap": Duration(2, "day", (0, 0))},
    )
    return Sample(built, anchor, kinds, spread)


METRICS: dict[str, str | tuple[str, str]] = {
    "revenue": "sum(orders.amount)",
    "revenue_or_null": ("sum(orders.amount)", "null"),
    "mean_or_zero": ("avg(orders.amount)", "zero"),
    "buyers": "count_distinct(orders.customer)",
    "mrr": "sum(subs.mrr)",
    "paying": "count_distinct(subs.customer where mrr > 0)",
    "arpa": "mrr / paying",
    "gained": "sum(if(opening(mrr) = 0, closing(mrr), 0) per customer)",
    "kept": "sum(if(opening(mrr) > 0, least(opening(mrr), closing(mrr)), 0) per customer)",
}


def customers_definition() -> DatasetDef:
    """A dimension table without time: whoever may order, with a computed cohort and first order."""
    return dataset(
        "customers",
        {"id": "text", "country": "text", "rank": "integer", "joined": "date", "active": "boolean"},
        key="id",
        computed={"cohort": "month(joined)", "first_order_at": "min(orders.at)"},
    )


def versions_definition() -> DatasetDef:
    """The plan of a customer over time: the key repeats, the validities do not overlap."""
    return dataset(
        "versions",
        {"who": "text", "level": "text", "from_day": "date", "to_day": "date"},
        key="who",
        valid=("from_day", "to_day"),
    )


def orders_definition(kinds: Kinds) -> DatasetDef:
    """A flow with two times, a reference, and a second one through the same column to a dataset with validity."""
    plain = dataset(
        "orders",
        {
            "id": "integer",
            "customer": "text",
            "amount": kinds.amount,
            "quantity": "integer",
            "kind": "text",
            "done": "boolean",
            "at": kinds.time,
            "paid_at": kinds.time,
        },
        key="id",
        time="at",
        refs={"customer": "customers"},
        computed={"large": "amount > 5"},
    )
    refs = {**plain.refs, "version": RefDef("version", "versions", "customer")}
    return DatasetDef(plain.name, key="id", time="at", refs=refs, columns=plain.columns)


def subs_definition(kinds: Kinds) -> DatasetDef:
    """A stock: what a customer is subscribed to, from and to."""
    return dataset(
        "subs",
        {
            "id": "integer",
            "customer": "text",
            "mrr": "decimal",
            "seats": "integer",
            "plan": "text",
            "started": kinds.valid,
            "ended": kinds.valid,
        },
        key="id",
        valid=("started", "ended"),
        refs={"customer": "customers"},
    )


def visits_definition(random: Random, spread: int) -> DatasetDef:
    """Orders of a customer that follow one another soon: a flow that a transform makes."""
    gap = random.choice(("$gap", "0 seconds", "1 hour", "90 minutes", "1 day", f"{spread} days"))
    rows = random.choice(("orders", "orders", "orders on paid_at", "orders where kind != 'old'",
                          "orders where quantity > 0 or rank > $limit"))  # fmt: skip
    more = random.choice(("", "", ", tail: 30 seconds", ", single: null", ", tail: 0.5 hours, single: 1 minute"))
    text = f"sessionize({rows}, gap: {gap}, per customer, first: [kind], last: [quantity, kind]{more})"
    plain = made(text, "visits")
    long = {"long": ColumnDef("long", formula=Formula(Written("events > 1"), parse_text("events > 1")))}
    return replace(plain, columns={**plain.columns, **long})


class Rows:
    """Draws the rows of one world."""

    def __init__(self, random: Random, anchor: date, kinds: Kinds, zone: ZoneInfo, spread: int) -> None:
        self.random = random
        self.anchor = anchor
        self.kinds = kinds
        self.zone = zone
        self.spread = spread
        self.times = [self.wall() for _ in range(6)]
        """A few times that several rows share."""

    def customers(self) -> list[dict[str, Any]]:
        present = self.random.sample(CUSTOMERS, self.random.randint(2, 4))
        return [
            {
                "id": name,
                "country": self.maybe(lambda: self.random.choice(COUNTRIES)),
                "rank": self.maybe(lambda: self.random.randint(0, 3)),
                "joined": self.maybe(lambda: self.wall().date()),
                "active": self.maybe(lambda: self.random.random() < 0.6),
            }
            for name in present
        ]

    def versions(self) -> list[dict[str, Any]]:
        rows = []
        for name in self.random.sample(CUSTOMERS, 3):
            edges = sorted({self.wall().date() for _ in range(self.random.randint(1, 4))})
            ends: list[date | None] = [*edges[1:], self.random.choice((None, edges[-1] + timedelta(days=9)))]
            rows += [
                {"who": name, "level": self.random.choice(("low", "high", None)), "from_day": start, "to_day": end}
                for start, end in zip(edges, ends, strict=True)
                if self.random.random() < 0.85
            ]
        return rows

    def orders(self) -> list[dict[str, Any]]:
        return [
            {
                "id": i,
                "customer": self.maybe(lambda: self.random.choice(CUSTOMERS)),
                "amount": self.maybe(self.amount),
                "quantity": self.maybe(lambda: self.random.randint(-1, 4), 0.2),
                "kind": self.maybe(lambda: self.random.choice(KINDS)),
                "done": self.maybe(lambda: self.random.random() < 0.5),
                "at": self.maybe(lambda: self.time(self.kinds.time), 0.06),
                "paid_at": self.maybe(lambda: self.time(self.kinds.time), 0.3),
            }
            for i in range(self.size())
        ]

    def subs(self) -> list[dict[str, Any]]:
        rows = []
        for i in range(self.size()):
            started = self.maybe(lambda: self.time(self.kinds.valid), 0.06)
            ended = self.maybe(lambda: self.time(self.kinds.valid), 0.4)
            if started is not None and ended is not None and ended < started:
                started, ended = ended, started
            if self.random.random() < 0.06:
                ended = started
            rows.append(
                {
                    "id": i,
                    "customer": self.maybe(lambda: self.random.choice(CUSTOMERS)),
                    "mrr": self.maybe(lambda: Decimal(self.random.randint(0, 900)) / 100),
                    "seats": self.maybe(lambda: self.random.randint(0, 5)),
                    "plan": self.maybe(lambda: self.random.choice(PLANS)),
                    "started": started,
                    "ended": ended,
                }
            )
        return rows

    def size(self) -> int:
        return self.random.choice((0, 6, 10, 14, 18, 22, 24, 26, 28))

    def maybe(self, draw: Callable[[], Any], missing: float = 0.12) -> Any:
        return None if self.random.random() < missing else draw()

    def amount(self) -> Any:
        whole = self.random.randint(-2, 12)
        if self.kinds.amount == "integer":
            return whole
        if self.kinds.amount == "decimal":
            return Decimal(whole) + Decimal(self.random.randint(0, 99)) / 100
        # Quarters add up exactly, whatever the order; now and then something that is no number.
        if self.random.random() < 0.05:
            return float(self.random.choice(("nan", "inf", "-inf")))
        return whole + self.random.randint(0, 3) / 4

    def wall(self) -> datetime:
        """A local time: most near the anchor, some years away, many on the edge of a day, a month or an hour."""
        most = self.spread if self.random.random() < 0.85 else 400
        day = self.anchor + timedelta(days=self.random.randint(-most, most))
        if self.random.random() < 0.25 and self.spread > 20:
            day = day.replace(day=1)
        midnight = datetime.combine(day, datetime.min.time())
        draw = self.random.random()
        if draw < 0.4:
            return midnight
        if draw < 0.7:
            return midnight + timedelta(hours=self.random.randint(0, 23))
        if draw < 0.8:
            return midnight - timedelta(microseconds=1)
        return midnight + timedelta(minutes=self.random.randint(0, 24 * 60 - 1))

    def time(self, kind: str) -> date | datetime:
        wall = self.random.choice(self.times) if self.random.random() < 0.3 else self.wall()
        if kind == "date":
            return wall.date()
        if kind == "timestamp":
            return wall
        return wall.replace(tzinfo=self.zone, fold=self.random.randint(0, 1)).astimezone(UTC)
