"""Small random worlds with amounts in several currencies, and random questions to them.

Rates are few and awkward on purpose: some quoted the other way round, some empty, some long after the last one, on the
edges of periods and at the very times of rows; codes may be null, unknown or in small letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from naive.world import Metric, Question, World
from tallymark.definitions import (
    ColumnDef,
    ConvertDef,
    DatasetDef,
    Formula,
    Project,
    RatesDef,
    RefDef,
    UnitDef,
)
from tallymark.formula.parse import parse_text
from tallymark.place import Written

CODES = ("EUR", "EUR", "USD", "USD", "GBP", "JPY")
ANCHOR = date(2024, 3, 1)

CONDITIONS = (
    "",
    "",
    "",
    " where amount > 5",
    " where code = 'USD'",
    " where amount > fee",
    " where net >= 1",
    " where amount is not null",
    " where net is null",
)
AMOUNTS = ("amount", "amount", "fee", "net", "amount - fee", "amount * 2", "cost", "dear")
TAKEN = ("sum", "sum", "avg", "min", "max", "median", "first", "last", "count", "count_distinct", "stddev")

METRICS = {
    "mrr": "sum(subs.mrr)",
    "revenue": "sum(orders.amount)",
    "gained": "sum(if(opening(mrr) = 0, closing(mrr), 0) per customer)",
    "grown": "sum(if(opening(mrr) > 0 and closing(mrr) > 0, greatest(closing(mrr) - opening(mrr), 0), 0) per customer)",
    "shrunk": "sum(if(opening(mrr) > 0 and closing(mrr) > 0, greatest(opening(mrr) - closing(mrr), 0), 0) per customer)",
    "lost": "sum(if(closing(mrr) = 0, opening(mrr), 0) per customer)",
    "list_prices": "sum(orders.list_price)",
}


def world(seed: int, rule: ConvertDef | None = None, complete: bool = False) -> World:
    """The world of a seed, with a rule of conversion of its own unless one is given; `complete`: no rate is missing."""
    random = Random(seed)
    zone = random.choice(("UTC", "Europe/Paris", "America/New_York"))
    kinds = {name: random.choice(("date", "timestamp", "instant")) for name in ("rates", "orders", "subs")}
    one_way = random.random() < 0.4
    rates = RatesDef(
        "fx", to="quote", rate="rate", at="day", source=None if one_way else "base", base="EUR",
        max_age=None if complete else random.choice((None, None, 30)), missing="null",
    )  # fmt: skip
    project = Project(
        currency=random.choice(("EUR", "EUR", "USD")), timezone=zone, rates=rates, convert=rule or _rule(random)
    )
    made = _Rows(random, kinds, ZoneInfo(zone), complete)
    metrics = {name: Metric(parse_text(text)) for name, text in METRICS.items()}
    metrics["valued"] = Metric(parse_text("revenue"), convert=_rule(random))
    return World(
        project=project,
        datasets={d.name: d for d in _datasets(kinds)},
        rows={
            "fx": made.rates(one_way),
            "customers": [{"id": c, "country": random.choice(("fr", "us", None))} for c in "abc"],
            "orders": made.orders(),
            "subs": made.subs(),
        },
        metrics=metrics,
    )


def _rule(random: Random) -> ConvertDef:
    day = ANCHOR + timedelta(days=random.randint(-60, 60))
    return random.choice((ConvertDef("at_event"), ConvertDef("period_end"), ConvertDef("fixed", day)))


def _datasets(kinds: dict[str, str]) -> Iterator[DatasetDef]:
    """The datasets; `net` and `dear` are made of amounts in each row's own currency."""
    money, dollars = UnitDef("money"), UnitDef("money", "USD")
    fx = {"base": "text", "quote": "text", "rate": "decimal", "day": kinds["rates"]}
    yield DatasetDef("fx", columns={n: ColumnDef(n, type=t) for n, t in fx.items()})
    plain = {n: ColumnDef(n, type="text") for n in ("id", "country", "customer", "code")}
    yield DatasetDef("customers", key="id", columns={n: plain[n] for n in ("id", "country")})
    amounts = [ColumnDef(n, type="decimal", unit=money, currency="code") for n in ("amount", "fee", "mrr")]
    amount, fee, mrr = amounts
    computed = [
        ColumnDef(name, formula=Formula(Written(text), parse_text(text)))
        for name, text in (("net", "amount - fee"), ("dear", "if(amount > 8, amount, fee)"))
    ]
    columns = [
        plain["id"], plain["customer"], plain["code"], amount, fee, *computed, ColumnDef("at", type=kinds["orders"]),
        ColumnDef("list_price", type="decimal", unit=dollars), ColumnDef("cost", type="decimal", unit=money),
    ]  # fmt: skip
    refs = {"customer": RefDef("customer", "customers", "customer")}
    yield DatasetDef("orders", key="id", time="at", refs=refs, columns={c.name: c for c in columns})
    columns = [plain["id"], plain["customer"], plain["code"], mrr]
    columns += [ColumnDef(n, type=kinds["subs"]) for n in ("started", "ended")]
    yield DatasetDef("subs", key="id", valid=("started", "ended"), refs=refs, columns={c.name: c for c in columns})


class _Rows:
    def __init__(self, random: Random, kinds: dict[str, str], zone: ZoneInfo, complete: bool) -> None:
        self.random = random
        self.complete = complete
        self.kinds = kinds
        self.zone = zone
        self.times = [self.wall() for _ in range(5)]

    def wall(self) -> datetime:
        """A local time: many at midnight, some at the first of a month."""
        day = ANCHOR + timedelta(days=self.random.randint(-70, 45))
        if self.random.random() < 0.2:
            day = day.replace(day=1)
        minutes = self.random.choice((0, 0, self.random.randint(0, 1439)))
        return datetime.combine(day, time()) + timedelta(minutes=minutes)

    def time(self, kind: str) -> date | datetime:
        wall = self.random.choice((self.wall(), self.random.choice(self.times)))
        if kind == "date":
            return wall.date()
        return wall if kind == "timestamp" else wall.replace(tzinfo=self.zone).astimezone(UTC)

    def rates(self, one_way: bool) -> list[dict[str, Any]]:
        """At most one rate of each pair at each time: two would be a fault."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for code, near in (("USD", 1.1), ("GBP", 0.85), ("JPY", 160.0)):
            for _ in range(self.random.randint(0, 9)):
                worth = near * self.random.uniform(0.7, 1.4)
                pair, rate = ("EUR", code), worth
                if not one_way and self.random.random() < 0.3:
                    pair, rate = (code, "EUR"), 1 / worth
                day = self.time(self.kinds["rates"])
                exact = None if self.random.random() < 0.1 else Decimal(f"{rate:.6f}")
                found[(*pair, day)] = {"base": pair[0], "quote": pair[1], "rate": exact, "day": day}
        for code in ("USD", "GBP", "JPY") if self.complete else ("USD", "GBP"):
            # Something of before all else, so that most amounts have a rate.
            first = datetime.combine(ANCHOR - timedelta(days=120), time())
            day = {"date": first.date(), "timestamp": first}.get(self.kinds["rates"], first.replace(tzinfo=UTC))
            found["EUR", code, day] = {"base": "EUR", "quote": code, "rate": Decimal("1.234567"), "day": day}
        return list(found.values())

    def code(self) -> str | None:
        known = self.complete or self.random.random() < 0.93
        return self.random.choice(CODES) if known else self.random.choice((None, "usd", "CHF"))

    def amount(self) -> Decimal | None:
        return None if self.random.random() < 0.1 else Decimal(self.random.randint(0, 2000)) / 100

    def orders(self) -> list[dict[str, Any]]:
        return [
            {
                "id": str(i),
                "customer": self.random.choice(("a", "b", "c", None)),
                "code": self.code(),
                "amount": self.amount(),
                "fee": self.amount(),
                "list_price": self.amount(),
                "cost": self.amount(),
                "at": self.time(self.kinds["orders"]) if self.random.random() < 0.95 else None,
            }
            for i in range(self.random.choice((0, 8, 20)))
        ]

    def subs(self) -> list[dict[str, Any]]:
        rows = []
        for i in range(self.random.choice((0, 8, 16))):
            started, ended = sorted((self.time(self.kinds["subs"]) for _ in range(2)), key=str)
            rows.append(
                {
                    "id": str(i),
                    "customer": self.random.choice(("a", "b", "c", None)),
                    "code": self.code(),
                    "mrr": self.amount(),
                    "started": started,
                    "ended": ended if self.random.random() < 0.6 else None,
                }
            )
        return rows


# --- questions -------------------------------------------------------------------------------------------------------


def question(seed: int) -> Question:
    """The question of a seed."""
    random = Random(seed)
    start = date(2024, random.choice((1, 2, 3)), 1)
    end = random.choice((date(2024, 3, 31), date(2024, 4, 15), date(2024, 3, 10)))
    grain = random.choice((None, "month", "month", "week"))
    where = random.choice((None, None, None, "customer = 'a'", "country = 'fr'"))
    return Question(
        tuple(dict.fromkeys(_formula(random, grain) for _ in range(random.choice((1, 2))))),
        by=random.choice(((), (), ("customer",), ("country",), ("customer", "country"))),
        grain=grain,
        start=start,
        end=end,
        where=None if where is None else parse_text(where),
        as_of=random.choice((None, None, None, date(2024, 3, 20), datetime(2024, 3, 5, 13))),
        currency=random.choice((None, None, "USD", "EUR", "GBP")),
    )


def _formula(random: Random, grain: str | None) -> str:
    """A formula of any form that has to do with amounts."""
    leaf = f"{random.choice(TAKEN)}(orders.{random.choice(AMOUNTS)}{random.choice(CONDITIONS)})"
    flow = random.choice(
        (leaf, leaf, "revenue", "valued", "in_currency(list_prices)", "in_currency(sum(orders.list_price))")
    )
    taken = random.choice(("sum", "max", "median", "avg", "count"))
    stock = random.choice(("mrr", "mrr", f"{taken}(subs.mrr)", f"{taken}(subs.mrr where subs.mrr > 4)"))
    movement = random.choice(("gained", "grown", "shrunk", "lost"))
    any_ = random.choice((flow, flow, stock, stock, movement))
    back = "previous" if grain != "week" else "change"
    forms = [
        any_, flow, stock, movement, f"at_opening_rates({any_})", f"at_closing_rates({any_})", f"{back}({any_})",
        f"at_opening_rates({back}({any_}))", f"trailing({flow}, 20 days)", f"cumulative({flow})",
        f"at_opening_rates(cumulative({flow}))", f"opening({stock})", f"at_opening_rates(closing({stock}))",
        f"max({any_} per customer)", f"count({any_} > 6 per customer)", f"if({any_} > 9, {stock}, 0)",
        f"{stock} / count(orders)", f"at_opening_rates(avg({any_} per week))", f"avg({any_} per day)",
        f"({any_}) where country = 'fr'", f"total({any_})", "fx_drift(mrr)", "fx_drift(revenue)",
        "fx_drift(sum(orders.net))", "in_currency(list_prices, 'GBP')", "list_prices",
        f"at_opening_rates(max({stock} per customer))", f"coalesce({stock}, 0)",
    ]  # fmt: skip
    return random.choice(forms)
