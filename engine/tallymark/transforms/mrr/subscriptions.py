"""`mrr_subscriptions`: versions of subscription items as stretches of time, each with the MRR that counts in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.mrr.columns import CURRENCY, amount_field, code_column, col, one_clock, require
from tallymark.transforms.mrr.monthly import discounted, monthly, times
from tallymark.transforms.mrr.policies import (
    ALL,
    CANCELLATION,
    DAY,
    DROP,
    ENDED,
    EXCLUDE,
    FOREVER,
    INCLUDE,
    KEEP,
    LIKE,
    METERED,
    NONE,
    PAID,
    PERIOD_END,
    WEEK,
    settled,
    take,
)  # fmt: skip
from tallymark.transforms.transform import (
    Arguments,
    Bench,
    Field,
    Made,
    Misfit,
    Rows,
    Shape,
    Trace,
    Transform,
)  # fmt: skip
from tallymark.units import COUNT

NAME = "mrr_subscriptions"
NEEDED = {
    "id": "key", "customer": "key", "status": "text", "amount": "number", "interval": "text", "started_at": "time",
    "ended_at": "time",
}  # fmt: skip
OPTIONAL = {
    "subscription": "key", "item": "key", "plan": "key", "product": "key", "quantity": "number",
    "interval_count": "number", "metered": "boolean", "discount_percent": "number", "discount_amount": "number",
    "discount_duration": "text", "paused": "boolean", "canceled_at": "time", "period_end": "time",
}  # fmt: skip
TIMES = ("started_at", "ended_at", "canceled_at", "period_end")
CARRIED = ("subscription", "item", "customer", "plan", "product")
PAST_DUE, TRIALING, PAUSED, CANCELED, ACTIVE = "past_due", "trialing", "paused", "canceled", "active"


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """A row a version, in the shape of the standard dataset `subscriptions`."""
    (rows,) = inputs
    code = code_column(rows, "amount") if "amount" in rows.fields else None
    optional = OPTIONAL | ({code: "text"} if code is not None else {})
    require(rows, NAME, NEEDED, optional)
    clock = one_clock(rows, TIMES, NAME)
    policies = settled(arguments)
    if policies["churn_at"] == CANCELLATION and "canceled_at" not in rows.fields:
        raise _lacks(rows, "canceled_at")
    if policies["churn_at"] == PERIOD_END and "period_end" not in rows.fields:
        raise _lacks(rows, "period_end")
    fields = [Field("id", rows.fields["id"].type, of=((0, "id"),))]
    fields += [rows.fields[c].carried() for c in CARRIED if c in rows.fields]
    fields += [Field("status", Type.TEXT, of=((0, "status"),))]
    fields += [rows.fields[code].carried(CURRENCY)] if code is not None else []
    fields += [amount_field(rows, "amount", "mrr")]
    fields += [Field("seats", Type.INTEGER, COUNT, of=((0, "quantity"),))] if "quantity" in rows.fields else []
    fields += [Field(t, clock, of=((0, t),)) for t in ("started_at", "ended_at")]
    references = {n: (target, c) for n, (target, c) in rows.references.items() if c in CARRIED}
    made = Shape("", {f.name: f for f in fields}, "id", valid=("started_at", "ended_at"), references=references)
    read = frozenset(c for c in (*NEEDED, *optional) if c in rows.fields)
    return Made(made, (read,))


def _lacks(rows: Shape, column: str) -> Misfit:
    message = f"`{rows.name}` has no column `{column}`, by which churn is dated"
    return Misfit(message, "give it one, or date churn otherwise: `churn_at: ended`", "churn_at", code="T274")


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select | exp.Union:
    """The versions with what each needs of its neighbours, then what counts, then when it ends."""
    (given,) = inputs
    rows, policies = given.shape, settled(arguments)
    clock = one_clock(rows, TIMES, NAME)
    priced = bench.put("priced", _priced(bench.put("netted", _netted(given, policies, clock)), rows, policies))
    judged = bench.put("judged", _judged(priced, rows, policies))
    dated = bench.put("dated", _dated(judged, rows, policies))
    made = shape([rows], arguments).shape
    own = {"mrr": _mrr(), "status": _status(), "ended_at": sql.col("ends"), "seats": sql.col("quantity")}
    shown = [sql.named(own.get(name, sql.col(name)), name) for name in made.fields]
    return sql.select(*shown).from_(sql.source(dated), copy=False)


def _netted(given: Rows, policies: Mapping[str, Any], clock: Type) -> exp.Select:
    """Every version with what it costs, its discounts taken off, and how many intervals that pays for."""
    rows = given.shape
    code = code_column(rows, "amount")
    shown = [sql.named(sql.col(c), c) for c in ("id", *CARRIED, "status", "interval") if c in rows.fields]
    shown += [sql.named(sql.col(code), CURRENCY)] if code is not None else []
    shown += [sql.named(sql.cast(sql.col("quantity"), Type.INTEGER), "quantity")] if "quantity" in rows.fields else []
    shown += [sql.named(col(rows, t, clock), t) for t in TIMES if t in rows.fields]
    shown += [sql.named(_true(rows, "paused"), "held"), sql.named(_true(rows, "metered"), "by_usage")]
    shown += [sql.named(discounted(rows, policies), "net")]
    shown += [sql.named(times(col(rows, "interval_count", Type.DOUBLE)), "pays")]
    return sql.select(*shown).from_(sql.source(given.relation), copy=False)


def _priced(netted: str, rows: Shape, policies: Mapping[str, Any]) -> exp.Select:
    """Every version with its monthly amount; metered ones, unless they count, have none."""
    amount = monthly(sql.col("net"), sql.col("interval"), sql.col("pays"), policies)
    if policies["metered"] == EXCLUDE and "metered" in rows.fields:
        amount = sql.case(sql.col("by_usage"), sql.cast(sql.number(0), Type.DECIMAL), amount)
    shown: list[exp.Expression] = [exp.Star(), sql.named(amount, "monthly")]
    # What is of one subscription belongs together; where none is named, what is of one item or customer.
    whole = [sql.cast(sql.col(c), Type.TEXT) for c in ("subscription", "item", "customer", "id") if c in rows.fields]
    shown += [sql.named(exp.Coalesce(this=whole[0], expressions=whole[1:]), "whole")]
    own = [sql.cast(sql.col(c), Type.TEXT) for c in ("item", "subscription", "customer", "id") if c in rows.fields]
    shown += [sql.named(exp.Coalesce(this=own[0], expressions=own[1:]), "own")]
    return sql.select(*shown).from_(sql.source(netted), copy=False)


def _true(rows: Shape, name: str) -> exp.Expression:
    """Whether a flag is set; one that is null, or not there, is not."""
    if name not in rows.fields:
        return exp.Boolean(this=False)
    return exp.Coalesce(this=sql.col(name), expressions=[exp.Boolean(this=False)])


def _judged(priced: str, rows: Shape, policies: Mapping[str, Any]) -> exp.Select:
    """The versions with `counts`: whether, by status, trial and pause, their amount is MRR."""
    regular = _is(*policies["statuses"])
    paid = sql.both(regular.copy(), exp.GT(this=sql.col("monthly"), expression=sql.number(0)))
    first = sql.over(exp.Min(this=sql.case(paid, sql.col("started_at"))), [sql.col("whole")])
    before = exp.LT(this=first, expression=sql.col("started_at"))
    held = _any_of(sql.col("held"), _is(PAUSED))
    counts: list[exp.Expression] = [regular]
    if policies["trials"] == INCLUDE:
        counts.append(_is(TRIALING))
    if policies["trials"] == PAID:
        counts.append(sql.both(_is(TRIALING), before.copy()))
    if policies["pauses"] == KEEP:
        counts.append(sql.both(_is(PAUSED), before.copy()))
    judged = _any_of(*counts)
    if policies["pauses"] == DROP:
        judged = sql.both(judged, exp.Not(this=exp.Paren(this=held.copy())))
    judged = exp.Coalesce(this=judged, expressions=[exp.Boolean(this=False)])
    shown = [exp.Star(), sql.named(judged, "counts"), sql.named(held, "pausing")]
    if policies["past_due"] is not None:
        shown.append(sql.named(_due(), "due"))
    return sql.select(*shown).from_(sql.source(priced), copy=False)


def _due() -> exp.Expression:
    """From when an item has been past due without a break: when it last was something else, or was first seen."""
    order = sql.rising([sql.col("started_at"), sql.col("id")])
    other = exp.Not(this=exp.Paren(this=_is(PAST_DUE)))
    last = sql.over(exp.Max(this=sql.case(other, sql.col("ended_at"))), [sql.col("own")], order)
    first = sql.over(exp.Min(this=sql.col("started_at")), [sql.col("own")])
    return exp.Coalesce(this=last, expressions=[first])


def _dated(judged: str, rows: Shape, policies: Mapping[str, Any]) -> exp.Select:
    """The versions with `ends`: when each one's amount stops, and `gone`: whether it stopped before it began."""
    ends: exp.Expression = sql.col("ended_at")
    gone: exp.Expression = exp.Boolean(this=False)
    limits: list[exp.Expression] = []
    if policies["churn_at"] == CANCELLATION:
        limits.append(sql.col("canceled_at"))
    if policies["past_due"] is not None:
        until = exp.Add(this=sql.col("due"), expression=sql.interval(policies["past_due"]))
        limits.append(sql.case(_is(PAST_DUE), until))
    for limit in limits:
        gone = _any_of(gone, exp.LTE(this=limit.copy(), expression=sql.col("started_at")))
        sooner = _any_of(sql.unknown(ends.copy()), exp.LT(this=limit.copy(), expression=ends.copy()))
        cut = sql.both(sql.col("counts"), exp.GT(this=limit.copy(), expression=sql.col("started_at")), sooner)
        ends = sql.case(cut, limit, ends)
    if policies["churn_at"] == PERIOD_END:
        ends = _to_period_end(ends)
    gone = exp.Coalesce(this=gone, expressions=[exp.Boolean(this=False)])
    shown = [exp.Star(), sql.named(ends, "ends"), sql.named(gone, "gone")]
    return sql.select(*shown).from_(sql.source(judged), copy=False)


def _to_period_end(ends: exp.Expression) -> exp.Expression:
    """The last that counts of a subscription lasts until its paid period ends, unless the money stayed away."""
    whole = [sql.col("whole")]
    lasting = sql.both(sql.col("counts"), sql.unknown(sql.col("ended_at")))
    still = sql.over(exp.Max(this=sql.case(lasting, sql.number(1), sql.number(0))), whole)
    last = sql.over(exp.Max(this=sql.case(sql.col("counts"), sql.col("ended_at"))), [w.copy() for w in whole])
    other = sql.both(exp.Not(this=sql.col("counts")), exp.Not(this=exp.Paren(this=_is(CANCELED))))
    after = sql.over(exp.Max(this=sql.case(other, sql.col("started_at"))), [w.copy() for w in whole])
    unpaid = exp.Coalesce(this=exp.GTE(this=after, expression=last.copy()), expressions=[exp.Boolean(this=False)])
    extended = sql.both(
        sql.col("counts"),
        exp.EQ(this=still, expression=sql.number(0)),
        exp.EQ(this=sql.col("ended_at"), expression=last),
        exp.Not(this=unpaid),
        exp.GT(this=sql.col("period_end"), expression=sql.col("ended_at")),
    )
    return sql.case(extended, sql.col("period_end"), ends)


def _mrr() -> exp.Expression:
    counting = sql.both(sql.col("counts"), exp.Not(this=sql.col("gone")))
    return sql.case(counting, sql.col("monthly"), sql.cast(sql.number(0), Type.DECIMAL))


def _status() -> exp.Expression:
    """The status by the words of the standard dataset: what counts is active, past due or paused."""
    standing = sql.case(_is(PAST_DUE), sql.text(PAST_DUE), sql.text(ACTIVE))
    standing = sql.case(sql.col("pausing"), sql.text(PAUSED), standing)
    left = sql.case(sql.col("counts"), sql.text(CANCELED), sql.col("status"))
    counting = sql.both(sql.col("counts"), exp.Not(this=sql.col("gone")))
    return sql.case(counting, standing, left)


def _is(*statuses: str) -> exp.Expression:
    return exp.In(this=sql.col("status"), expressions=[sql.text(s) for s in statuses])


def _any_of(*tests: exp.Expression) -> exp.Expression:
    result: exp.Expression = exp.Paren(this=tests[0])
    for test in tests[1:]:
        result = exp.Or(this=result, expression=exp.Paren(this=test))
    return exp.Paren(this=result)


MRR_SUBSCRIPTIONS = Transform(
    NAME,
    "Versions of subscription items as `subscriptions`: stretches of time, each with the MRR that counts in it.",
    "mrr_subscriptions(subscription_versions, like: stripe)",
    shape,
    write,
    (
        LIKE,
        take("statuses", "words", "Which statuses count; [active, past_due] unless said."),
        take("past_due", "duration or null", "How long what is past due counts; null, as long as it is so."),
        take("trials", "word", "Which trials count: none, those of a subscription that has paid before, all.",
             (EXCLUDE, PAID, INCLUDE)),
        take("pauses", "word", "Whether a pause of what was paid keeps its MRR.", (KEEP, DROP)),
        take("churn_at", "word", "When MRR goes: when the subscription ends, when that is asked for, or with the "
             "paid period.", (ENDED, CANCELLATION, PERIOD_END)),
        take("discounts", "word", "Which discounts are taken off.", (FOREVER, ALL, NONE)),
        METERED,
        WEEK,
        DAY,
    ),
    needs=dict.fromkeys(("interval", "started_at"), ("counts for nothing", "count for nothing")),
    whole=False,
    trace=lambda arguments: (Trace(0, same=(("id", "id"),)),),
)  # fmt: skip
