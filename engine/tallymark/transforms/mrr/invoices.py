"""`mrr_from_invoices`: lines of invoices as stretches of time, each with the MRR that it bills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.mrr.columns import CURRENCY, amount_field, code_column, col, one_clock, require
from tallymark.transforms.mrr.monthly import daily, double, monthly, times
from tallymark.transforms.mrr.policies import (
    ALL,
    DAY,
    EXCLUDE,
    INCLUDE,
    LIKE,
    METERED,
    NONE,
    WEEK,
    settled,
    take,
)  # fmt: skip
from tallymark.transforms.transform import (
    Arguments,
    Bench,
    Field,
    Made,
    Rows,
    Shape,
    Take,
    Trace,
    Transform,
)  # fmt: skip
from tallymark.units import COUNT

NAME = "mrr_from_invoices"
NEEDED = {"id": "key", "customer": "key", "amount": "number", "period_start": "time", "period_end": "time"}
OPTIONAL = {
    "subscription": "key", "item": "key", "plan": "key", "product": "key", "discount": "number", "quantity": "number",
    "interval": "text", "interval_count": "number", "proration": "boolean", "metered": "boolean",
    "recurring": "boolean", "status": "text",
}  # fmt: skip
TIMES = ("period_start", "period_end")
CARRIED = ("subscription", "item", "customer", "plan", "product")
OWN = {"statuses": ("open", "paid"), "discounts": ALL, "prorations": EXCLUDE, "one_off": EXCLUDE, "credits": EXCLUDE}
OPEN = "open"


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """A row a stretch that was billed, in the shape of the standard dataset `subscriptions`."""
    (rows,) = inputs
    code = code_column(rows, "amount") if "amount" in rows.fields else None
    optional = OPTIONAL | ({code: "text"} if code is not None else {})
    require(rows, NAME, NEEDED, optional)
    clock = one_clock(rows, TIMES, NAME)
    fields = [Field("id", rows.fields["id"].type, of=((0, "id"),))]
    fields += [rows.fields[c].carried() for c in CARRIED if c in rows.fields]
    fields += [Field("status", Type.TEXT, of=((0, "status"),) if "status" in rows.fields else ())]
    fields += [rows.fields[code].carried(CURRENCY)] if code is not None else []
    fields += [amount_field(rows, "amount", "mrr")]
    fields += [Field("seats", Type.INTEGER, COUNT, of=((0, "quantity"),))] if "quantity" in rows.fields else []
    fields += [Field("started_at", clock, of=((0, "period_start"),)), Field("ended_at", clock, of=((0, "period_end"),))]
    references = {n: (target, c) for n, (target, c) in rows.references.items() if c in CARRIED}
    made = Shape("", {f.name: f for f in fields}, "id", valid=("started_at", "ended_at"), references=references)
    return Made(made, (frozenset(c for c in (*NEEDED, *optional) if c in rows.fields),))


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select | exp.Union:
    """The lines that count, put together where they begin at once, each until the next one of its item begins."""
    (given,) = inputs
    rows, policies = given.shape, settled(arguments, own=OWN)
    code = code_column(rows, "amount")
    lines = bench.put("lines", _lines(given, policies, bench, code))
    billed = bench.put("billed", _billed(lines, rows, code))
    followed = bench.put("followed", _followed(billed, rows, code))
    own = {"ended_at": _ends(policies), "started_at": sql.col("begins")}
    shown = [sql.named(own.get(n, sql.col(n)), n) for n in shape([rows], arguments).shape.fields]
    return sql.select(*shown).from_(sql.source(followed), copy=False)


def _lines(given: Rows, policies: Mapping[str, Any], bench: Bench, code: str | None) -> exp.Select:
    rows = given.shape
    clock = one_clock(rows, TIMES, NAME)
    begins, until = (col(rows, t, clock) for t in TIMES)
    shown = [sql.named(sql.col(c), c) for c in ("id", *CARRIED) if c in rows.fields]
    shown += [sql.named(sql.col(code), CURRENCY)] if code is not None else []
    shown += [sql.named(col(rows, "quantity", Type.INTEGER), "quantity")] if "quantity" in rows.fields else []
    own = [sql.cast(sql.col(c), Type.TEXT) for c in ("item", "plan", "subscription", "id") if c in rows.fields]
    shown += [sql.named(exp.Coalesce(this=own[0], expressions=own[1:]), "own")]
    shown += [sql.named(_flag(rows, "proration"), "prorated")]
    waits = exp.EQ(this=col(rows, "status"), expression=sql.text(OPEN))
    shown += [sql.named(sql.case(waits, sql.number(1), sql.number(0)), "waits")]
    shown += [sql.named(begins, "begins"), sql.named(until, "until")]
    shown += [sql.named(_monthly(rows, policies, bench, begins, until, clock), "monthly")]
    kept = [sql.known(begins.copy()), exp.GT(this=until.copy(), expression=begins.copy()), *_kept(rows, policies)]
    return sql.select(*shown).from_(sql.source(given.relation), copy=False).where(sql.both(*kept), copy=False)


def _kept(rows: Shape, policies: Mapping[str, Any]) -> list[exp.Expression]:
    """The conditions on a line that the policies make."""
    kept: list[exp.Expression] = []
    if "status" in rows.fields:
        statuses = [sql.text(s) for s in policies["statuses"]]
        kept.append(exp.In(this=sql.col("status"), expressions=statuses))
    unwanted = {"metered": "metered", "prorations": "proration"}
    kept += [_not(_flag(rows, c)) for p, c in unwanted.items() if policies[p] == EXCLUDE and c in rows.fields]
    if policies["one_off"] == EXCLUDE and "recurring" in rows.fields:
        kept.append(exp.Coalesce(this=sql.col("recurring"), expressions=[exp.Boolean(this=True)]))
    if policies["credits"] == EXCLUDE:
        owed = exp.GTE(this=sql.col("amount"), expression=sql.number(0))
        kept.append(exp.Or(this=owed, expression=_flag(rows, "proration")))
    return kept


def _monthly(
    rows: Shape, policies: Mapping[str, Any], bench: Bench, begins: exp.Expression, until: exp.Expression, clock: Type
) -> exp.Expression:
    """What a line is a month: by its interval, or by its length in days where that says nothing of its price."""
    net = col(rows, "amount", Type.DOUBLE)
    if policies["discounts"] != NONE and "discount" in rows.fields:
        off = exp.Coalesce(this=col(rows, "discount", Type.DOUBLE), expressions=[double(0)])
        net = exp.Sub(this=net, expression=off)
    moment = Type.TIMESTAMP if clock is Type.DATE else clock
    later, earlier = (sql.cast(t.copy(), moment) for t in (until, begins))
    days = exp.Paren(this=exp.Div(this=bench.seconds(later, earlier, moment), expression=double(86_400)))
    by_length = daily(exp.Paren(this=net), days, policies)
    if "interval" not in rows.fields:
        return by_length
    count = times(col(rows, "interval_count", Type.DOUBLE))
    by_interval = monthly(exp.Paren(this=net.copy()), sql.col("interval"), count, policies)
    partly = exp.Or(this=sql.unknown(sql.col("interval")), expression=_flag(rows, "proration"))
    return sql.case(partly, by_length, by_interval)


def _billed(lines: str, rows: Shape, code: str | None) -> exp.Select:
    """Lines of one item that begin at once, as tiers do, put together."""
    keys = [*_item(rows, code), "begins"]
    shown: list[exp.Expression] = [sql.col(k) for k in keys]
    shown += [sql.named(exp.Min(this=sql.col("id")), "id"), sql.named(exp.Max(this=sql.col("until")), "until")]
    shown += [sql.named(exp.Max(this=sql.col(c)), c) for c in ("item", "plan", "product") if c in rows.fields]
    total = sql.cast(exp.Sum(this=sql.col("monthly")), Type.DECIMAL)
    shown += [sql.named(total, "mrr"), sql.named(exp.Max(this=sql.col("waits")), "waits")]
    if "quantity" in rows.fields:
        seats = sql.cast(exp.Sum(this=sql.col("quantity")), Type.INTEGER)
        shown.append(sql.named(seats, "seats"))
    return sql.select(*shown).from_(sql.source(lines), copy=False).group_by(*(sql.col(k) for k in keys), copy=False)


def _item(rows: Shape, code: str | None) -> list[str]:
    """Whose lines follow one another; a prorated part stands beside the whole."""
    named = ["customer", *(["subscription"] if "subscription" in rows.fields else [])]
    return [*named, *([CURRENCY] if code is not None else []), "own", "prorated"]


def _followed(billed: str, rows: Shape, code: str | None) -> exp.Select:
    parts = [sql.col(k) for k in _item(rows, code)]
    follows = sql.over(exp.Lead(this=sql.col("begins")), parts, [exp.Ordered(this=sql.col("begins"))])
    waits = exp.EQ(this=sql.col("waits"), expression=sql.number(1))
    status = sql.case(waits, sql.text("past_due"), sql.text("active"))
    shown = [exp.Star(), sql.named(follows, "follows"), sql.named(status, "status")]
    return sql.select(*shown).from_(sql.source(billed), copy=False)


def _ends(policies: Mapping[str, Any]) -> exp.Expression:
    """The period's end, or where the item's next line begins: before that, or within the grace after it."""
    reaches: exp.Expression = sql.col("until")
    if policies["grace"]:
        reaches = exp.Add(this=reaches, expression=sql.interval(policies["grace"]))
    followed = exp.LTE(this=sql.col("follows"), expression=reaches)
    return sql.case(sql.both(followed, _not(sql.col("prorated"))), sql.col("follows"), sql.col("until"))


def _flag(rows: Shape, name: str) -> exp.Expression:
    if name not in rows.fields:
        return exp.Boolean(this=False)
    return exp.Coalesce(this=sql.col(name), expressions=[exp.Boolean(this=False)])


def _not(value: exp.Expression) -> exp.Expression:
    return exp.Not(this=value)


MRR_FROM_INVOICES = Transform(
    NAME,
    "Lines of invoices as `subscriptions`: stretches of time, each with the MRR that was billed for it.",
    "mrr_from_invoices(invoice_lines, like: chartmogul)",
    shape,
    write,
    (
        LIKE,
        take("statuses", "words", "Invoices of which statuses count; [open, paid] unless said."),
        take("discounts", "word", "Whether discounts are taken off.", (ALL, NONE)),
        METERED,
        take("prorations", "word", "Whether prorated parts count, brought to a month by their length.",
             (EXCLUDE, INCLUDE)),
        take("one_off", "word", "Whether lines that do not recur count, over their period.", (EXCLUDE, INCLUDE)),
        take("credits", "word", "Whether lines below zero count.", (EXCLUDE, INCLUDE)),
        Take("grace", "duration", "How much later the next line of an item may begin without a gap.", timedelta()),
        WEEK,
        DAY,
    ),
    needs=dict.fromkeys(("period_start", "period_end"), ("bills no time", "bill no time")),
    whole=False,
    trace=lambda arguments: (
        Trace(0, same=(("customer", "customer"),), at=("started_at", ("period_start",))),
    ),
)  # fmt: skip
