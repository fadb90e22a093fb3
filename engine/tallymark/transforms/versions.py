"""`versions`: snapshots or changes of a member's values as stretches of time in which they hold."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.keys import member_key
from tallymark.transforms.transform import Arguments, Bench, Field, Made, Misfit, Rows, Shape, Take, Trace, Transform

ID, FROM, TO = "id", "valid_from", "valid_to"


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """A row a stretch: its key, its members, from when until when it holds, and the values."""
    (rows,) = inputs
    if rows.time is None:
        help_ = f"write `{rows.name} on …`, or give it a `time:`"
        raise Misfit(f"`{rows.name}` has no time to order its rows by", help_)
    members, time = arguments["per"], rows.fields[rows.time]
    values = _values(rows, arguments)
    if not values:
        raise Misfit(f"`{rows.name}` has no column besides its members and its time", "name some: `of: [plan]`", "of")
    of_time, whole = ((0, time.name),), tuple((0, c) for c in (*members, time.name))
    fields = [
        Field(ID, Type.TEXT, of=whole),
        *(rows.fields[m].carried() for m in members),
        Field(FROM, time.type, of=of_time),
        Field(TO, time.type, of=of_time),
        *(rows.fields[v].carried() for v in values),
    ]
    made: dict[str, Field] = {}
    for each in fields:
        if each.name in made:
            message = f"a version would have two columns `{each.name}`"
            raise Misfit(message, "name the columns to keep: `of: [plan, seats]`", "of")
        made[each.name] = each
    references = {n: (target, c) for n, (target, c) in rows.references.items() if c in (*members, *values)}
    read = frozenset({time.name, *members, *values, *rows.keys})
    return Made(Shape("", made, ID, valid=(FROM, TO), references=references), (read,))


def _values(rows: Shape, arguments: Arguments) -> tuple[str, ...]:
    """The columns whose values a version holds: those named, else all but the members, the time and the key."""
    aside = {*arguments["per"], rows.time, rows.key}
    return tuple(arguments["of"]) or tuple(c for c in rows.fields if c not in aside)


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select | exp.Union:
    """The stretches: of each member and time the last row, of these the ones that change something."""
    (rows,) = inputs
    values = _values(rows.shape, arguments)
    members = [f"p{n}" for n in range(len(arguments["per"]))]
    holds = [f"v{n}" for n in range(len(values))]
    last = bench.put("last", _last(rows, arguments["per"], members, values, holds))
    changed = bench.put("changed", _changed(last, members, holds))
    parts = [sql.col(m) for m in members]
    ends = sql.over(exp.Lead(this=sql.col("t")), parts, [exp.Ordered(this=sql.col("t"))])
    shown = [sql.named(member_key(members, sql.col("t")), ID)]
    shown += [sql.named(sql.col(m), c) for m, c in zip(members, arguments["per"], strict=True)]
    shown += [sql.named(sql.col("t"), FROM), sql.named(ends, TO)]
    shown += [sql.named(sql.col(h), c) for h, c in zip(holds, values, strict=True)]
    changes = exp.EQ(this=sql.col("changes"), expression=sql.number(1))
    return sql.select(*shown).from_(sql.source(changed), copy=False).where(changes, copy=False)


def _last(rows: Rows, per: Sequence[str], members: list[str], values: Sequence[str], holds: list[str]) -> exp.Select:
    """The rows with a member and a time, numbered backwards within each: by key, then by their values."""
    shape_ = rows.shape
    time = sql.col(shape_.time or "")
    order = sql.rising([sql.col(c) for c in (*shape_.keys, *values)], falling=True)
    place = sql.over(exp.RowNumber(), [*(sql.col(c) for c in per), time], order)
    shown = [sql.named(sql.col(c), m) for c, m in zip(per, members, strict=True)]
    shown += [sql.named(time.copy(), "t"), sql.named(place, "place")]
    shown += [sql.named(sql.col(c), h) for c, h in zip(values, holds, strict=True)]
    present = sql.both(*(sql.known(sql.col(c)) for c in (*per, shape_.time or "")))
    return sql.select(*shown).from_(sql.source(rows.relation), copy=False).where(present, copy=False)


def _changed(last: str, members: list[str], holds: list[str]) -> exp.Select:
    """One row a member and time, with 1 where a value is another than before, or there was none before."""

    def before(name: str) -> exp.Expression:
        return sql.over(exp.Lag(this=sql.col(name)), [sql.col(m) for m in members], [exp.Ordered(this=sql.col("t"))])

    same = [sql.known(before("t"))]
    same += [exp.NullSafeEQ(this=sql.col(h), expression=before(h)) for h in holds]
    changes = sql.case(sql.both(*same), sql.number(0), sql.number(1))
    shown = [sql.col(c) for c in (*members, "t", *holds)]
    only = exp.EQ(this=sql.col("place"), expression=sql.number(1))
    return sql.select(*shown, sql.named(changes, "changes")).from_(sql.source(last), copy=False).where(only, copy=False)


def trace(arguments: Arguments) -> Sequence[Trace]:
    """The rows of the same members, in the time of the row."""
    return (Trace(same=tuple((c, c) for c in arguments["per"]), within=(FROM, TO), closed=False),)


VERSIONS = Transform(
    "versions",
    "Stretches of time from snapshots or changes: from when until when the values of a member were the same.",
    "versions(plan_snapshots, per customer, of: [plan, seats])",
    shape,
    write,
    (
        Take("per", "member", "Whose values they are: a column or a reference, or several.", required=True),
        Take("of", "columns", "The values that make a version; all other columns of the input unless said.", ()),
    ),
    needs=dict.fromkeys(("per", "time"), ("makes no version", "make no version")),
    trace=trace,
)
