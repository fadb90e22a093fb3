"""Random aggregates over rows: the row-level half of formulas."""

from __future__ import annotations

from random import Random

from .worlds import Kinds

NUMBERS = {
    "orders": (
        "orders.amount", "orders.amount", "orders.quantity", "orders.amount + quantity", "orders.amount - 1",
        "orders.quantity * 2", "abs(orders.quantity)", "orders.quantity ?? 0", "if(done, orders.amount, 0)",
        "case when kind = 'new' then orders.amount when done then 1 end", "greatest(orders.quantity, 1)",
        "clamp(orders.quantity, 0, 2)", "length(orders.kind)", "orders.customer.rank", "rank + orders.quantity",
        "orders.amount * quantity", "coalesce(orders.quantity, rank, -1)", "mod(orders.quantity, 2)",
    ),
    "subs": (
        "subs.mrr", "subs.mrr", "subs.seats", "subs.mrr * 12", "subs.mrr * seats", "subs.mrr - seats", "subs.mrr ?? 0",
        "if(plan = 'pro', subs.mrr, null)", "subs.customer.rank", "least(subs.seats, 3)",
    ),
    "customers": ("customers.rank", "customers.rank - 1", "if(customers.active, rank, 0)"),
    "visits": ("round(visits.seconds / 1 second)", "visits.events", "visits.events - 1", "visits.last_quantity",
               "floor(visits.seconds / 1 minute)", "visits.customer.rank", "if(long, visits.events, 0)"),
}  # fmt: skip
"""Row-level numbers; of doubles, all are sums of quarters."""

COUNTED = {
    "orders": (
        "orders", "orders", "orders.quantity", "orders.quantity > 1", "orders.done", "not orders.done",
        "orders.amount is null", "orders.quantity in (1, 2)", "orders.amount between 0 and 5",
        "orders.kind < 'old' or done", "orders.customer", "contains(orders.kind, 'e')",
        "orders.amount / quantity > 2.3137",
        "starts_with(orders.kind, 'n')",
        "weekday(orders.at) > 5", "date_part('hour', orders.at) = 0",
        "month(orders.at) = month(orders.paid_at)", "date_part('year', orders.at) = 2024",
        "date_part('quarter', orders.at) < 2", "date_part('month', orders.at) > 3", "date_part('week', orders.at) < 10",
        "date_diff('month', orders.at, orders.paid_at) = 0", "date_diff('quarter', orders.paid_at, orders.at) > 0",
        "date_diff('year', orders.at, orders.paid_at) = 0", "year(orders.at) < date('2024-01-01')",
        "quarter(orders.at) = quarter(orders.paid_at)", "date(orders.at) >= date('2024-01-01')",
        "orders.version.level = 'low'",
        "date_diff('day', orders.at, orders.paid_at) > 3", "date_diff('week', orders.at, orders.paid_at) = 0",
        "orders.paid_at - orders.at > 36 hours", "orders.paid_at < orders.at", "week(orders.at) = week(orders.paid_at)",
        "date(orders.at) < customer.first_order_at", "orders.at = customer.first_order_at",
        "date_add(orders.at, 1 month) > orders.paid_at", "date_part('day', orders.at) = 1",
    ),
    "subs": ("subs", "subs", "subs.seats", "subs.mrr > 3", "subs.ended is null", "subs.plan = 'pro'", "subs.customer"),
    "customers": ("customers", "customers.country", "customers.active", "customers.first_order_at",
                  "rank > 0 or customers.active"),
    "visits": ("visits", "visits", "visits.seconds", "visits.seconds > 36 hours", "visits.events > 1", "visits.first_kind",
               "date(visits.started_at) < date(visits.ended_at)", "visits.long", "weekday(visits.ended_at) > 5",
               "visits.ended_at - visits.started_at > 1 day", "visits.started_at = customer.first_order_at"),
}  # fmt: skip

DISTINCT = {
    "orders": ("orders.customer", "orders.customer", "orders.kind", "orders.quantity", "orders.amount",
               "date(orders.at)", "month(orders.at)", "week(orders.at)", "quarter(orders.at)",
               "date_part('month', orders.at)", "orders.customer.country", "lower(orders.kind)"),
    "subs": ("subs.customer", "subs.plan", "subs.seats", "lower(subs.plan)"),
    "customers": ("customers.country", "customers.rank", "customers.id", "customers.cohort"),
    "visits": ("visits.customer", "visits.id", "visits.last_quantity", "month(visits.ended_at)"),
}  # fmt: skip

WHERE = {
    "orders": ("kind = 'new'", "kind != 'old'", "done", "done is null", "amount > 3", "orders.amount > $limit",
               "customer.country = 'fr'", "country is not null", "quantity > 0 and not done", "large", "level = 'low'",
               "kind in ('new', '')", "kind = $kind", "customer = 'a' or quantity = 1", "customer is null"),
    "subs": ("plan = 'pro'", "plan != 'basic'", "mrr > 3", "seats is not null", "customer.country = 'fr'",
             "mrr between 1 and 6"),
    "customers": ("active", "country = 'fr'", "rank >= 1"),
    "visits": ("events > 1", "first_kind = 'new'", "customer.country = 'fr'", "seconds > 0 seconds", "long",
               "last_quantity is null"),
}  # fmt: skip


class RowFormulas:
    """Draws aggregates over the rows of one world."""

    def __init__(self, random: Random, kinds: Kinds) -> None:
        self.random = random
        self.kinds = kinds

    def aggregate(self, dataset: str, *, empty: bool, opened: bool) -> tuple[str, int]:
        """An aggregate over rows and how exact it is. `empty`: only what an empty window has; `opened`: no start."""
        name = self.random.choice(
            ("sum",) * 6 + ("count",) * 6 + ("avg", "avg", "min", "max", "count_distinct", "count_distinct", "first",
             "last", "last", "median", "percentile", "stddev", "variance", "days")
        )  # fmt: skip
        if name == "days":
            return self.between_first_and_last(dataset, empty=empty)
        if name == "count":
            body, exact = self.random.choice(COUNTED[dataset]), 0
        elif name == "count_distinct":
            body, exact = self.random.choice(DISTINCT[dataset]), 0
        else:
            body = self.random.choice(NUMBERS[dataset])
            exact = {"avg": 1, "median": 1, "percentile": 2, "stddev": 2, "variance": 2}.get(name, 0)
        postfix = self.postfix(dataset, empty=empty, opened=opened)
        rest = f", {self.random.choice((0, 25, 50, 90))}" if name == "percentile" else ""
        return f"{name}({body}{postfix}{rest})", exact

    def between_first_and_last(self, dataset: str, *, empty: bool) -> tuple[str, int]:
        """How many days lie between the earliest and the latest time of the rows."""
        if dataset == "orders":
            return "date_diff('day', min(orders.at), max(orders.at))", 0
        if dataset == "subs":
            return "date_diff('day', min(subs.started), max(subs.started))", 0
        if dataset == "visits":
            return "date_diff('day', min(visits.started_at), max(visits.ended_at))", 0
        return "count(customers)", 0

    def postfix(self, dataset: str, *, empty: bool, opened: bool) -> str:
        """`on`, `at` and `where`, some of the time."""
        parts = []
        draw = self.random.random()
        if dataset == "orders" and draw < 0.2:
            parts.append("on paid_at")
        elif dataset == "subs" and draw < 0.3 and not empty:
            parts.append(self.random.choice(("on started", "on ended")))
        elif dataset == "subs" and 0.3 <= draw < 0.45:
            parts.append("at end" if opened else self.random.choice(("at start", "at end")))
        elif dataset == "visits" and draw < 0.3:
            parts.append("on ended_at")
        elif dataset == "customers" and draw < 0.3 and not empty:
            parts.append(self.random.choice(("on joined", "on first_order_at")))
        if self.random.random() < 0.35:
            parts.append(f"where {self.random.choice(WHERE[dataset])}")
        return "".join(f" {p}" for p in parts)
