"""Random subscriptions and invoices: MRR and its movements are those of the naive evaluator, and add up.

`TALLY_CASES` sets how many questions are asked in all (200 unless set), `TALLY_SEED` the first world.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from naive.build import dataset, made, world
from naive.world import Question, World
from tallymark.formula.nodes import Duration

from .engine_side import opened
from .verdict import complaints, report

CASES = int(os.environ.get("TALLY_CASES", "200"))
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 20

START = date(2024, 1, 1)
STATUSES = ("active", "active", "active", "past_due", "trialing", "paused", "unpaid", "canceled", None)
POLICIES = {
    "like": ("stripe", "chartmogul", "profitwell", "baremetrics", "standard"),
    "statuses": ("[active]", "[active, past_due, unpaid]", "[past_due, trialing]"),
    "past_due": ("null", "3 days", "10 days"),
    "trials": ("exclude", "paid", "include"),
    "pauses": ("keep", "drop"),
    "churn_at": ("ended", "cancellation", "period_end"),
    "discounts": ("forever", "all", "none"),
    "metered": ("exclude", "include"),
    "week": ("4", "13 / 3"),
    "day": ("30", "365.25 / 12"),
}
OF_INVOICES = {
    "like": POLICIES["like"],
    "statuses": ("[paid]", "[draft, open, paid]"),
    "discounts": ("all", "none"),
    "metered": POLICIES["metered"],
    "prorations": ("exclude", "include"),
    "one_off": ("exclude", "include"),
    "credits": ("exclude", "include"),
    "grace": ("0 seconds", "1 day", "5 days"),
}


class Maker:
    """Draws the rows of one world, and what is made of them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.kind = self.random.choice(("date", "timestamp"))

    def time(self, start: int = 0, end: int = 60) -> Any:
        """A day, and in some worlds an hour of it."""
        day = START + timedelta(days=self.random.randint(start, end))
        if self.kind == "date":
            return day
        return datetime.combine(day, time(self.random.choice((0, 0, 6))))

    def maybe(self, draw: Callable[[], Any], missing: float = 0.15) -> Any:
        return None if self.random.random() < missing else draw()

    def amount(self) -> Decimal:
        return Decimal(self.random.choice((0, 10, 10, 10, 20, 30, 120)))

    def interval(self) -> dict[str, Any]:
        unit = self.random.choice(
            ("month", "month", "month", "month", "year", "year", "week", "day", "fortnight", None)
        )
        return {"interval": unit, "interval_count": self.random.choice((1, 1, 1, 1, 2, 3, None, 0))}

    def versions(self) -> list[dict[str, Any]]:
        """Stretches of a few items, one after the other, some with a gap between them."""
        rows: list[dict[str, Any]] = []
        for item in range(self.random.choice((1, 3, 5))):
            customer = self.maybe(lambda: self.random.choice(("a", "b", "c@d")), 0.05)
            money = {"amount": self.amount(), "currency": self.random.choice(("EUR", "EUR", "USD")), **self.interval()}
            edges = sorted({self.time() for _ in range(self.random.choice((2, 3, 5)))})
            for number, (start, end) in enumerate(zip(edges, [*edges[1:], None], strict=True)):
                if self.random.random() < 0.15:
                    continue
                if self.random.random() < 0.4:
                    money |= {"amount": self.amount()}
                rows.append(
                    {
                        "id": f"{item}.{number}",
                        "subscription": self.random.choice((f"s{item // 2}", f"s{item // 2}", None)),
                        "item": f"i{item}",
                        "customer": customer,
                        "plan": self.maybe(lambda: self.random.choice(("p", "q"))),
                        "status": self.random.choice(STATUSES),
                        **money,
                        "quantity": self.maybe(lambda: self.random.randint(1, 3)),
                        "metered": self.random.choice((False, False, False, False, False, None, True)),
                        **self.discount(),
                        "paused": self.random.choice((False, False, None, True)),
                        "canceled_at": self.maybe(self.time, 0.6),
                        "period_end": self.maybe(self.time, 0.3),
                        "started_at": start,
                        "ended_at": end if self.random.random() < 0.95 else None,
                    }
                )
        return rows

    def discount(self) -> dict[str, Any]:
        duration = self.random.choice(("forever", "once", "repeating", None))
        percent = self.maybe(lambda: Decimal(self.random.choice((10, 50, 100))), 0.7)
        return {
            "discount_percent": percent,
            "discount_amount": self.maybe(lambda: Decimal(self.random.choice((1, 5, 50))), 0.7),
            "discount_duration": duration,
        }

    def lines(self) -> list[dict[str, Any]]:
        """Lines of invoices, some of them beginning at once or one within the other."""
        return [
            {
                "id": str(n),
                "subscription": self.maybe(lambda: self.random.choice(("s", "t"))),
                "item": self.maybe(lambda: self.random.choice(("i", "j"))),
                "customer": self.maybe(lambda: self.random.choice(("a", "b")), 0.05),
                "plan": self.maybe(lambda: self.random.choice(("p", "q"))),
                "currency": self.random.choice(("EUR", "EUR", "USD")),
                "amount": self.amount() * self.random.choice((1, 1, 1, 1, 1, -1)),
                "discount": self.maybe(lambda: Decimal(self.random.choice((1, 5))), 0.6),
                "quantity": self.maybe(lambda: self.random.randint(1, 3)),
                **self.interval(),
                "proration": self.random.choice((False, False, False, None, True)),
                "metered": self.random.choice((False, False, False, False, None, True)),
                "recurring": self.random.choice((True, True, True, None, False)),
                "status": self.random.choice(("paid", "paid", "paid", "paid", "open", "draft", None)),
                "period_start": self.maybe(lambda: self.time(0, 40), 0.05),
                "period_end": self.maybe(lambda: self.time(20, 60), 0.05),
                "at": self.time(),
            }
            for n in range(self.random.choice((2, 8, 14)))
        ]

    # --- definitions -----------------------------------------------------------------------------------------------

    def said(self, policies: dict[str, tuple[str, ...]]) -> str:
        """Some of the arguments."""
        chosen = self.random.sample(sorted(policies), self.random.choice((0, 1, 2, 4)))
        return "".join(f", {name}: {self.random.choice(policies[name])}" for name in chosen)

    def moves(self, rows: str) -> str:
        window = self.random.choice(
            ("", ", reactivation_window: 5 days", ", reactivation_window: $gap", ", like: stripe",
             ", statuses: [active, canceled]", ", reactivation_window: null")
        )  # fmt: skip
        where = self.random.choice(("", "", " where plan = 'p'"))
        return f"mrr_movements({rows}{where}{window})"

    def world(self) -> World:
        kinds = {"quantity": "integer", "interval_count": "integer"}
        kinds |= dict.fromkeys(("amount", "discount", "discount_percent", "discount_amount"), "decimal")
        kinds |= dict.fromkeys(("metered", "paused", "proration", "recurring"), "boolean")
        times = ("canceled_at", "period_end", "started_at", "ended_at", "period_start", "at")
        kinds |= dict.fromkeys(times, self.kind)
        versions = "id subscription item customer plan status amount currency interval interval_count quantity metered"
        versions += (
            " discount_percent discount_amount discount_duration paused canceled_at period_end started_at ended_at"
        )
        lines = "id subscription item customer plan currency amount discount quantity interval interval_count proration"
        lines += " metered recurring status period_start period_end at"

        def columns(names: str) -> dict[str, str]:
            return {name: kinds.get(name, "text") for name in names.split()}

        valid = ("started_at", "ended_at")
        return world(
            [
                (dataset("versions", columns(versions), key="id", valid=valid), self.versions()),
                (dataset("lines", columns(lines), key="id", time="at"), self.lines()),
                (made(f"mrr_subscriptions(versions{self.said(POLICIES)})", "subscribed"), []),
                (made(f"mrr_from_invoices(lines{self.said(OF_INVOICES)})", "invoiced"), []),
                (made(self.moves("subscribed"), "moved"), []),
                (made(self.moves("invoiced"), "billed"), []),
            ],
            {},
            None,
            {"gap": Duration(7, "day", (0, 0))},
        )

    # --- questions -------------------------------------------------------------------------------------------------

    def question(self) -> Question:
        """Every row of one of the datasets, or its sums by something."""
        name = self.random.choice(("subscribed", "invoiced", "moved", "billed"))
        start = START - timedelta(days=self.random.choice((1, 0)))
        end = START + timedelta(days=self.random.choice((20, 61, 61)))
        as_of = self.random.choice((None, None, START + timedelta(days=30)))
        if name in ("moved", "billed"):
            metrics: tuple[str, ...] = (
                f"count({name})", f"sum({name}.amount)", f"sum({name}.before)", f"sum({name}.after)",
                f"sum({name}.amount where kind = 'churn')",
            )  # fmt: skip
            every = ("id", "customer", "currency", "kind", "plan_before", "plan", "at")
            by = self.random.choice((every, every, ("kind",), ("customer", "kind"), ()))
            return Question(metrics, by, self.random.choice((None, None, "month")), start, end, None, as_of)
        metrics = (f"count({name} on started_at)", f"sum({name}.mrr on started_at)", f"sum({name}.mrr)",
                   f"sum({name}.seats)")  # fmt: skip
        every = ("id", "subscription", "customer", "plan", "status", "currency", "started_at", "ended_at")
        by = self.random.choice((every, every, ("customer", "currency"), ("status",), ()))
        return Question(metrics, by, self.random.choice((None, None, "month")), start, end, None, as_of)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_the_engine_makes_what_the_naive_evaluator_makes(seed: int) -> None:
    """Subscriptions and movements are the same from both, under every policy and at every knowledge date."""
    maker = Maker(seed)
    known = maker.world()
    ask = opened(known)
    questions = [maker.question() for _ in range(min(EACH, CASES))]
    failing = [q for q in questions if complaints(known, q, ask)]
    if failing:
        texts = [f"{d.name}: {d.transform.text}" for d in known.datasets.values() if d.transform is not None]
        shown = [report(known, q, f"seed {seed}, made smaller:", opened) for q in failing[:2]]
        pytest.fail("\n".join([f"{len(failing)} questions differ", *texts, *shown]), pytrace=False)


GAINS = "kind in ('new', 'reactivation', 'expansion')"


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_start_and_movements_make_the_end(seed: int) -> None:
    """In every cell start + new + reactivation + expansion - contraction - churn is the MRR at the end, exactly."""
    maker = Maker(seed)
    known = maker.world()
    ask = opened(known)
    call = known.datasets["moved"].transform
    assert call is not None
    if "where" in call.text or "statuses" in call.text:
        pytest.skip("the movements are of other rows than the MRR")
    held = "status in ('active', 'past_due', 'paused')"
    mrr = f"sum(subscribed.mrr where {held})"
    moved = f"sum(moved.amount where {GAINS}) - sum(moved.amount where not {GAINS})"
    metrics = (f"opening({mrr}) + {moved} - {mrr}",)
    for by, grain in (((), "day"), (("customer", "currency"), "month"), (("currency",), None)):
        asked = Question(metrics, by, grain, START, START + timedelta(days=60), None, None)
        cells = [c for c in ask(asked) if c.get("customer", "") is not None]
        if "customer" in by or all(r["customer"] is not None for r in known.rows["versions"]):
            assert [] == [c for c in cells if c[metrics[0]] not in (0, None)]
