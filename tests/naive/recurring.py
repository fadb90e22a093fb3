"""Recurring revenue made of versions or of invoices, customer by customer and instant by instant (MRR.md)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from tallymark.formula import nodes

from .clock import Clock
from .transforms import Arguments, Input, Made, session_key

VENDORS: dict[str, dict[str, Any]] = {
    "standard": {},
    "stripe": {"trials": "exclude", "churn_at": "cancellation", "reactivation_window": None},
    "chartmogul": {"trials": "exclude", "discounts": "all", "reactivation_window": None},
    "profitwell": {
        "pauses": "drop", "churn_at": "period_end", "discounts": "all", "metered": "include", "credits": "include",
        "reactivation_window": None,
    },
    "baremetrics": {"past_due": timedelta(days=30), "trials": "exclude", "discounts": "all"},
}  # fmt: skip
NAMES = ("statuses",)
LENGTHS = ("past_due", "reactivation_window", "grace")
NUMBERS = ("week", "day")


def policies(said: Arguments, **otherwise: Any) -> dict[str, Any]:
    """What is said, what the vendor's bundle says, or what holds otherwise."""
    own: dict[str, Any] = {}
    for name, argument in said.call.arguments.items():
        if name in LENGTHS:
            own[name] = said.length(name)
        elif name in NUMBERS:
            own[name] = _number(argument.values[0].node)
        elif name in NAMES:
            own[name] = tuple(str(v.node) for v in argument.values)
        else:
            own[name] = str(argument.values[0].node)
    held = {"week": Fraction(52, 12), "day": Fraction(36525, 1200), "metered": "exclude", **otherwise}
    return {**held, **VENDORS[own.get("like", "standard")], **own}


def _number(node: Any) -> Fraction:
    if isinstance(node, nodes.Binary):
        return _number(node.left) / _number(node.right)
    return Fraction(node.value)


def monthly(amount: Fraction, interval: str | None, count: Any, held: dict[str, Any]) -> Decimal | None:
    """What an amount for a number of intervals is a month, to six digits."""
    number = Fraction(1) if count is None else Fraction(count)
    months = {"day": 1 / held["day"], "week": 1 / held["week"], "month": Fraction(1), "year": Fraction(12)}
    if interval not in months or number <= 0:
        return None
    exact = amount / (months[interval] * number)
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def stamp(value: date) -> datetime:
    """A time as something to compare and to add to."""
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def like(value: datetime, example: date) -> date:
    """A time of the type that another one has."""
    return value if isinstance(example, datetime) else value.date()


# --- mrr_subscriptions -----------------------------------------------------------------------------------------------


def subscriptions(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """Each version with what counts of it, looking at the other versions of its subscription."""
    (given,) = inputs
    held = policies(
        said, statuses=("active", "past_due"), past_due=None, trials="paid", pauses="keep", churn_at="ended",
        discounts="forever",
    )  # fmt: skip
    carried = [c for c in ("subscription", "item", "customer", "plan", "product") if c in given.columns]
    coded = [c for c in ("currency",) if c in given.columns]
    seated = [c for c in ("quantity",) if c in given.columns]
    seats = ["seats" for _ in seated]
    columns = ("id", *carried, "status", *coded, "mrr", *seats, "started_at", "ended_at")
    rows = []
    for row in given.rows:
        counts = _counts(row, given.rows, held)
        until, kept = _until(row, given.rows, held) if counts else (row["ended_at"], False)
        amount = _amount(row, held) if kept else Decimal(0)
        rows.append(
            {
                "id": row["id"],
                **{c: row[c] for c in (*carried, *coded)},
                "status": _status(row, kept) if kept else "canceled" if counts else row["status"],
                "mrr": amount,
                **{s: row[c] for s, c in zip(seats, seated, strict=True)},
                "started_at": row["started_at"],
                "ended_at": until,
            }
        )
    refs = {r.name: (r.dataset, r.column) for r in given.definition.refs.values() if r.column in carried}
    return Made(columns, rows, "id", valid=("started_at", "ended_at"), refs=refs)


def _amount(row: dict[str, Any], held: dict[str, Any]) -> Decimal | None:
    """The monthly amount less discounts; nothing for metered usage."""
    amount = Fraction(row["amount"]) if row["amount"] is not None else None
    percent, fixed = row.get("discount_percent"), row.get("discount_amount")
    lasts = held["discounts"] == "all" or (held["discounts"] == "forever" and row.get("discount_duration") == "forever")
    if amount is not None and lasts and (percent is not None or fixed is not None):
        amount = max(amount * (1 - Fraction(percent or 0) / 100) - Fraction(fixed or 0), Fraction(0))
    if held["metered"] == "exclude" and row.get("metered") is True:
        return Decimal(0)
    return None if amount is None else monthly(amount, row["interval"], row.get("interval_count"), held)


def _whole(row: dict[str, Any]) -> Any:
    return next(v for c in ("subscription", "item", "customer", "id") if (v := row.get(c)) is not None)


def _own(row: dict[str, Any]) -> Any:
    return next(v for c in ("item", "subscription", "customer", "id") if (v := row.get(c)) is not None)


def _paid_before(row: dict[str, Any], rows: list[dict[str, Any]], held: dict[str, Any]) -> bool:
    return row["started_at"] is not None and any(
        other["status"] in held["statuses"] and (_amount(other, held) or 0) > 0
        and other["started_at"] is not None and stamp(other["started_at"]) < stamp(row["started_at"])
        for other in rows if _whole(other) == _whole(row)
    )  # fmt: skip


def _counts(row: dict[str, Any], rows: list[dict[str, Any]], held: dict[str, Any]) -> bool:
    if held["pauses"] == "drop" and (row.get("paused") is True or row["status"] == "paused"):
        return False
    if row["status"] in held["statuses"]:
        return True
    if row["status"] == "trialing":
        return held["trials"] == "include" or (held["trials"] == "paid" and _paid_before(row, rows, held))
    return row["status"] == "paused" and _paid_before(row, rows, held)


def _status(row: dict[str, Any], kept: bool) -> str:
    if row.get("paused") is True or row["status"] == "paused":
        return "paused"
    return "past_due" if row["status"] == "past_due" else "active"


def _until(row: dict[str, Any], rows: list[dict[str, Any]], held: dict[str, Any]) -> tuple[date | None, bool]:
    """When the amount of a version that counts stops, and whether it does so after it began."""
    start, end = row["started_at"], row["ended_at"]
    limits = []
    if held["churn_at"] == "cancellation" and row["canceled_at"] is not None:
        limits.append(stamp(row["canceled_at"]))
    if held["past_due"] is not None and row["status"] == "past_due":
        limits.append(_due(row, rows) + held["past_due"])
    if start is not None and any(limit <= stamp(start) for limit in limits):
        # It stopped before it began; when it ends is of no matter, but another limit may still cut it.
        later = [limit for limit in limits if limit > stamp(start)]
        return _sooner(row, later), False
    if held["churn_at"] == "period_end":
        return _paid_until(row, rows, held), True
    return (end if start is None else _sooner(row, limits)), True


def _sooner(row: dict[str, Any], limits: list[datetime]) -> date | None:
    end: date | None = row["ended_at"]
    cut = [limit for limit in limits if end is None or limit < stamp(end)]
    return like(min(cut), row["started_at"]) if cut else end


def _due(row: dict[str, Any], rows: list[dict[str, Any]]) -> datetime:
    """From when an item is past due: when it last was something else, or was first seen."""
    mine = [r for r in rows if _own(r) == _own(row) and r["started_at"] is not None]
    order = (stamp(row["started_at"]), row["id"])
    before = [
        stamp(r["ended_at"])
        for r in mine
        if r["status"] not in (None, "past_due") and r["ended_at"] is not None
        and (stamp(r["started_at"]), r["id"]) <= order
    ]  # fmt: skip
    return max(before) if before else min(stamp(r["started_at"]) for r in mine)


def _paid_until(row: dict[str, Any], rows: list[dict[str, Any]], held: dict[str, Any]) -> date | None:
    """The end of the paid period, for the last that counts of a subscription that was cancelled."""
    end: date | None = row["ended_at"]
    mine = [r for r in rows if _whole(r) == _whole(row)]
    counting = [r for r in mine if _counts(r, rows, held)]
    if end is None or row["period_end"] is None or any(r["ended_at"] is None for r in counting):
        return end
    last = max(stamp(r["ended_at"]) for r in counting)
    unpaid = [
        r for r in mine
        if r not in counting and r["status"] not in (None, "canceled") and r["started_at"] is not None
        and stamp(r["started_at"]) >= last
    ]  # fmt: skip
    extends = stamp(end) == last and not unpaid and stamp(row["period_end"]) > stamp(end)
    return row["period_end"] if extends else end


# --- mrr_from_invoices -----------------------------------------------------------------------------------------------


def from_invoices(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """Lines of one item that begin at once, until the item's next line begins or their period is over."""
    (given,) = inputs
    held = policies(
        said, statuses=("open", "paid"), discounts="all", prorations="exclude", one_off="exclude", credits="exclude",
        grace=timedelta(),
    )  # fmt: skip
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in given.rows:
        if _billed(row, held):
            found.setdefault((*_item(row), stamp(row["period_start"])), []).append(row)
    rows = []
    for (*item, begins), lines in found.items():
        until: date = max((line["period_end"] for line in lines), key=stamp)
        later = [other[-1] for other in found if other[:-1] == tuple(item) and other[-1] > begins]
        if later and not lines[0]["proration"] and min(later) <= stamp(until) + held["grace"]:
            until = like(min(later), until)
        rows.append(_stretch(lines, until, held))
    columns = ("id", "subscription", "item", "customer", "plan", "status", "currency", "mrr", "seats", "started_at",
               "ended_at")  # fmt: skip
    refs = {r.name: (r.dataset, r.column) for r in given.definition.refs.values() if r.column in columns}
    return Made(columns, rows, "id", valid=("started_at", "ended_at"), refs=refs)


def _item(row: dict[str, Any]) -> tuple[Any, ...]:
    own = next(v for c in ("item", "plan", "subscription", "id") if (v := row[c]) is not None)
    return row["customer"], row["subscription"], row["currency"], own, row["proration"] is True


def _billed(row: dict[str, Any], held: dict[str, Any]) -> bool:
    start, end, amount = row["period_start"], row["period_end"], row["amount"]
    if start is None or end is None or stamp(end) <= stamp(start) or row["status"] not in held["statuses"]:
        return False
    if (held["metered"] == "exclude" and row["metered"]) or (held["prorations"] == "exclude" and row["proration"]):
        return False
    if held["one_off"] == "exclude" and row["recurring"] is False:
        return False
    return held["credits"] == "include" or bool(row["proration"]) or (amount is not None and amount >= 0)


def _stretch(lines: list[dict[str, Any]], until: date, held: dict[str, Any]) -> dict[str, Any]:
    amounts = [a for line in lines if (a := _line(line, held)) is not None]
    seats = [line["quantity"] for line in lines if line["quantity"] is not None]
    first = min(lines, key=lambda line: str(line["id"]))

    def most(column: str) -> Any:
        return max((line[column] for line in lines if line[column] is not None), default=None)

    return {
        "id": first["id"], "subscription": first["subscription"], "item": most("item"), "customer": first["customer"],
        "plan": most("plan"), "status": "past_due" if any(x["status"] == "open" for x in lines) else "active",
        "currency": first["currency"], "mrr": sum(amounts) if amounts else None,
        "seats": sum(seats) if seats else None, "started_at": first["period_start"], "ended_at": until,
    }  # fmt: skip


def _line(row: dict[str, Any], held: dict[str, Any]) -> Decimal | None:
    if row["amount"] is None:
        return None
    net = Fraction(row["amount"]) - (Fraction(row["discount"] or 0) if held["discounts"] != "none" else 0)
    if row["interval"] is None or row["proration"]:
        seconds = (stamp(row["period_end"]) - stamp(row["period_start"])) / timedelta(microseconds=1)
        return monthly(net, "day", Fraction(int(seconds), 86_400_000_000), held)
    return monthly(net, row["interval"], row["interval_count"], held)


# --- mrr_movements ---------------------------------------------------------------------------------------------------


def movements(inputs: list[Input], said: Arguments, clock: Clock) -> Made:
    """At each instant the MRR of a customer in a currency just before and from then on: the difference has a name."""
    (given,) = inputs
    held = policies(said, statuses=("active", "past_due", "paused"), reactivation_window=timedelta(days=365))
    coded = "currency" in given.columns
    planned = "plan" in given.columns
    people: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in given.rows:
        start, end = row["started_at"], row["ended_at"]
        lasts = start is not None and (end is None or stamp(end) > stamp(start))
        stands = "status" not in given.columns or row["status"] in held["statuses"]
        if row["customer"] is not None and lasts and stands and row["mrr"]:
            people.setdefault((row["customer"], row["currency"] if coded else None), []).append(row)
    rows = []
    for (customer, currency), stretches in people.items():
        times = {t for r in stretches for t in (r["started_at"], r["ended_at"]) if t is not None}
        gone: datetime | None = None
        for at in sorted(times, key=stamp):
            before, after = _level(stretches, at, strictly=True), _level(stretches, at, strictly=False)
            if before == after:
                continue
            kind, amount = _kind(before, after, stamp(at), gone, held["reactivation_window"])
            gone = stamp(at) if after == 0 else gone
            key = (customer,) if not coded else (currency or "", customer)
            ended = {r["plan"] for r in stretches if planned and r["ended_at"] == at} - {None}
            begun = {r["plan"] for r in stretches if planned and r["started_at"] == at} - {None}
            rows.append(
                {
                    "id": session_key(key, at), "customer": customer, "currency": currency, "kind": kind,
                    "amount": amount, "before": before, "after": after,
                    "plan_before": ended.pop() if len(ended) == 1 else None,
                    "plan": begun.pop() if len(begun) == 1 else None, "at": at,
                }
            )  # fmt: skip
    plans = ("plan_before", "plan") if planned else ()
    codes = ("currency",) if coded else ()
    columns = ("id", "customer", *codes, "kind", "amount", "before", "after", *plans, "at")
    refs = {r.name: (r.dataset, r.column) for r in given.definition.refs.values() if r.column == "customer"}
    return Made(columns, [{c: r[c] for c in columns} for r in rows], "id", "at", refs=refs)


def _level(stretches: list[dict[str, Any]], at: date, strictly: bool) -> Decimal:
    """The MRR of the stretches that hold an instant, or the moment before it."""
    total = Decimal(0)
    for row in stretches:
        start, end, now = stamp(row["started_at"]), row["ended_at"], stamp(at)
        begun = start < now if strictly else start <= now
        over = end is not None and (stamp(end) < now if strictly else stamp(end) <= now)
        total += row["mrr"] if begun and not over else 0
    return total


def _kind(
    before: Decimal, after: Decimal, at: datetime, gone: datetime | None, window: timedelta | None
) -> tuple[str, Decimal]:
    if before == 0:
        again = gone is not None and (window is None or at - gone <= window)
        return ("reactivation" if again else "new"), after
    if after == 0:
        return "churn", before
    return ("expansion" if after > before else "contraction"), abs(after - before)


RECURRING = {
    "mrr_subscriptions": subscriptions,
    "mrr_from_invoices": from_invoices,
    "mrr_movements": movements,
}
