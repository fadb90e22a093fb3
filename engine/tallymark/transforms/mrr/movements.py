"""`mrr_movements`: what changed each customer's MRR, classified: new, reactivation, expansion, contraction, churn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.keys import member_key
from tallymark.transforms.mrr.columns import CURRENCY, amount_field, code_column, col, one_clock, require
from tallymark.transforms.mrr.policies import LIKE, settled, take
from tallymark.transforms.transform import (
    Arguments,
    Bench,
    Field,
    Made,
    Rows,
    Shape,
    Trace,
    Transform,
)  # fmt: skip

NAME = "mrr_movements"
NEEDED = {"customer": "key", "mrr": "number", "started_at": "time", "ended_at": "time"}
OPTIONAL = {"status": "text", "plan": "key"}
TIMES = ("started_at", "ended_at")
STANDING = ("active", "past_due", "paused")
"""The statuses that count in the standard dataset `subscriptions`."""


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """A row a movement, in the shape of the standard dataset `mrr_movements`."""
    (rows,) = inputs
    code = code_column(rows, "mrr") if "mrr" in rows.fields else None
    optional = OPTIONAL | ({code: "text"} if code is not None else {})
    require(rows, NAME, NEEDED, optional)
    clock = one_clock(rows, TIMES, NAME)
    of_times = tuple((0, t) for t in TIMES)
    of_key = tuple((0, c) for c in ("customer", *((code,) if code is not None else ())))
    fields = [Field("id", Type.TEXT, of=(*of_key, *of_times)), rows.fields["customer"].carried()]
    fields += [rows.fields[code].carried(CURRENCY)] if code is not None else []
    fields += [Field("kind", Type.TEXT, of=((0, "mrr"),))]
    fields += [amount_field(rows, "mrr", name) for name in ("amount", "before", "after")]
    fields += [rows.fields["plan"].carried(n) for n in ("plan_before", "plan")] if "plan" in rows.fields else []
    fields += [Field("at", clock, of=of_times)]
    references = {n: (target, c) for n, (target, c) in rows.references.items() if c == "customer"}
    made = Shape("", {f.name: f for f in fields}, "id", "at", references=references)
    return Made(made, (frozenset(c for c in (*NEEDED, *optional) if c in rows.fields),))


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select | exp.Union:
    """Each stretch adds its MRR when it begins and takes it away when it ends; what comes together nets out."""
    (given,) = inputs
    rows = given.shape
    clock = one_clock(rows, TIMES, NAME)
    code = code_column(rows, "mrr")
    counted = bench.put("counted", _counted(given, arguments, clock, code))
    planned = "plan" in rows.fields
    edges = bench.put("edges", _edges())
    summed = bench.put("summed", _summed(bench.put("steps", _steps(counted, edges, code, planned)), code, planned))
    ran = bench.put("ran", _ran(summed, code))
    own = _values(arguments, clock)
    own["id"] = member_key(["customer"] if code is None else ["code", "customer"], sql.col("at"))
    shown = [sql.named(own.get(n, sql.col(n)), n) for n in shape([rows], arguments).shape.fields]
    return sql.select(*shown).from_(sql.source(ran), copy=False)


def _counted(given: Rows, arguments: Arguments, clock: Type, code: str | None) -> exp.Select:
    """The stretches of a customer that count and last."""
    rows = given.shape
    shown = [sql.named(sql.col("customer"), "customer"), sql.named(col(rows, "mrr", Type.DECIMAL), "mrr")]
    shown += [sql.named(sql.col(code), CURRENCY)] if code is not None else []
    shown += [sql.named(sql.col("plan"), "plan")] if "plan" in rows.fields else []
    start, end = (col(rows, t, clock) for t in TIMES)
    shown += [sql.named(start, "started_at"), sql.named(end, "ended_at")]
    lasts = exp.Or(this=sql.unknown(sql.col("ended_at")), expression=exp.GT(this=end.copy(), expression=start.copy()))
    kept = [
        sql.known(sql.col("customer")),
        sql.known(sql.col("started_at")),
        lasts,
        exp.NEQ(this=col(rows, "mrr", Type.DECIMAL), expression=sql.number(0)),
    ]
    if "status" in rows.fields:
        statuses = [sql.text(s) for s in settled(arguments, own={"statuses": STANDING})["statuses"]]
        kept.append(exp.In(this=sql.col("status"), expressions=statuses))
    return sql.select(*shown).from_(sql.source(given.relation), copy=False).where(sql.both(*kept), copy=False)


def _edges() -> exp.Union:
    """1 for where a stretch begins and 0 for where it ends: two rows, so that the stretches are read once."""
    begins, ends = (sql.select(sql.named(sql.number(n), "begins")) for n in (1, 0))
    return exp.Union(this=begins, expression=ends, distinct=False)


def _steps(counted: str, edges: str, code: str | None, planned: bool) -> exp.Select:
    """What a stretch does to its customer's MRR at each of its edges."""
    begins = exp.EQ(this=sql.col("begins"), expression=sql.number(1))
    at = sql.case(begins, sql.col("started_at"), sql.col("ended_at"))
    step = sql.case(begins.copy(), sql.col("mrr"), exp.Neg(this=sql.col("mrr")))
    shown: list[exp.Expression] = [sql.col("customer"), *([sql.col(CURRENCY)] if code is not None else [])]
    shown += [sql.named(at, "at"), sql.named(step, "step")]
    shown += [sql.col("plan"), sql.col("begins")] if planned else []
    query = sql.select(*shown).from_(sql.source(counted), copy=False)
    query = query.join(sql.source(edges), join_type="CROSS", copy=False)
    happens = exp.Or(this=begins.copy(), expression=sql.known(sql.col("ended_at")))
    return query.where(happens, copy=False)


def _summed(steps: str, code: str | None, planned: bool) -> exp.Select:
    """One row a customer, currency and instant at which the MRR changed."""
    keys = ["customer", *([CURRENCY] if code is not None else []), "at"]
    change = exp.Sum(this=sql.col("step"))
    shown: list[exp.Expression] = [sql.col(k) for k in keys]
    shown += [sql.named(sql.cast(change, Type.DECIMAL), "change")]
    if planned:
        shown += [sql.named(_only(1), "plan"), sql.named(_only(0), "plan_before")]
    query = sql.select(*shown).from_(sql.source(steps), copy=False).group_by(*(sql.col(k) for k in keys), copy=False)
    return query.having(exp.NEQ(this=change.copy(), expression=sql.number(0)), copy=False)


def _only(begins: int) -> exp.Expression:
    """The plan that began, or ended, at an instant; null when several did."""
    of = sql.case(exp.EQ(this=sql.col("begins"), expression=sql.number(begins)), sql.col("plan"))
    least, most = exp.Min(this=of), exp.Max(this=of.copy())
    return sql.case(exp.EQ(this=least, expression=most), least.copy())


def _ran(summed: str, code: str | None) -> exp.Select:
    """The MRR after each change, and when the one before it was."""
    parts = [sql.col("customer"), *([sql.col(CURRENCY)] if code is not None else [])]
    order = [exp.Ordered(this=sql.col("at"))]
    after = sql.cast(sql.over(exp.Sum(this=sql.col("change")), parts, order), Type.DECIMAL)
    last = sql.over(exp.Lag(this=sql.col("at")), [p.copy() for p in parts], [o.copy() for o in order])
    shown: list[exp.Expression] = [exp.Star(), sql.named(after, "after"), sql.named(last, "last")]
    if code is not None:
        empty = exp.Coalesce(this=sql.col(CURRENCY), expressions=[sql.text("")])
        shown.append(sql.named(empty, "code"))
    return sql.select(*shown).from_(sql.source(summed), copy=False)


def _values(arguments: Arguments, clock: Type) -> dict[str, exp.Expression]:
    """What kind of movement it is, its size, and the MRR before it."""
    before = exp.Paren(this=exp.Sub(this=sql.col("after"), expression=sql.col("change")))
    begins = exp.EQ(this=before.copy(), expression=sql.number(0))
    stops = exp.EQ(this=sql.col("after"), expression=sql.number(0))
    grows = exp.GT(this=sql.col("change"), expression=sql.number(0))
    beginning = sql.case(_for_the_first_time(arguments, clock), sql.text("new"), sql.text("reactivation"))
    moving = sql.case(grows, sql.text("expansion"), sql.text("contraction"))
    kind = exp.Case(
        ifs=[exp.If(this=begins, true=beginning), exp.If(this=stops, true=sql.text("churn"))], default=moving
    )
    amount = exp.Case(
        ifs=[exp.If(this=begins.copy(), true=sql.col("after")), exp.If(this=stops.copy(), true=before.copy())],
        default=exp.Abs(this=sql.col("change")),
    )
    return {
        "kind": kind,
        "amount": sql.cast(amount, Type.DECIMAL),
        "before": sql.cast(before, Type.DECIMAL),
    }


def _for_the_first_time(arguments: Arguments, clock: Type) -> exp.Expression:
    """Whether one who begins to pay never did, or stopped longer ago than the window."""
    window: timedelta | None = settled(arguments)["reactivation_window"]
    never = sql.unknown(sql.col("last"))
    if window is None:
        return never
    now, last = (sql.cast(sql.col(c), Type.TIMESTAMP) if clock is Type.DATE else sql.col(c) for c in ("at", "last"))
    return exp.Or(
        this=never, expression=exp.GT(this=now, expression=exp.Add(this=last, expression=sql.interval(window)))
    )


MRR_MOVEMENTS = Transform(
    NAME,
    "Each change of a customer's MRR, in each currency: new, reactivation, expansion, contraction or churn.",
    "mrr_movements(subscriptions, reactivation_window: 365 days)",
    shape,
    write,
    (
        LIKE,
        take("statuses", "words", "Which statuses count; [active, past_due, paused] unless said."),
        take(
            "reactivation_window", "duration or null",
            "Who stays away for longer than this is new; null, whoever paid before is reactivated.",
        ),
    ),
    needs=dict.fromkeys(("customer", "started_at"), ("moves nobody's MRR", "move nobody's MRR")),
    whole=False,
    trace=lambda arguments: (Trace(0, same=(("customer", "customer"),), at=("at", TIMES)),),
)  # fmt: skip
