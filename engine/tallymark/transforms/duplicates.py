"""`dedupe`: of the rows that are one and the same thing, the first or the last."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tallymark.transforms import sql
from tallymark.transforms.transform import Arguments, Bench, Made, Misfit, Rows, Shape, Take, Trace, Transform


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """The columns and roles of the input; its key is what rows are told apart by."""
    (rows,) = inputs
    if rows.time is None:
        help_ = f"write `{rows.name} on …`, or give it a `time:`"
        raise Misfit(f"`{rows.name}` has no time to tell its first row from its last", help_)
    fields = {name: field.carried() for name, field in rows.fields.items()}
    per = arguments["per"]
    key = per[0] if len(per) == 1 else None
    made = Shape("", fields, key, rows.own_time, rows.valid, references=rows.references)
    return Made(made, (frozenset(fields),))


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select | exp.Union:
    """The rows in the order of time, then of key and of every other column, so that nothing is left to chance."""
    (rows,) = inputs
    first = dict.fromkeys((rows.shape.time or "", *rows.shape.keys))
    order = sql.rising(
        [sql.col(c) for c in (*first, *sorted(c for c in rows.shape.fields if c not in first))],
        falling=arguments["keep"] == "last",
    )
    per = arguments["per"]
    place = sql.over(exp.RowNumber(), [sql.col(c) for c in per], order)
    columns = list(rows.shape.fields)
    numbered = sql.select(*(sql.named(sql.col(c), f"c{n}") for n, c in enumerate(columns)), sql.named(place, "place"))
    told = bench.put("numbered", numbered.from_(sql.source(rows.relation), copy=False))
    kept: exp.Expression = exp.EQ(this=sql.col("place"), expression=sql.number(1))
    for column in per:
        # Rows that are nothing in particular are no duplicates of one another.
        kept = exp.Or(this=kept, expression=exp.Paren(this=sql.unknown(sql.col(f"c{columns.index(column)}"))))
    shown = [sql.named(sql.col(f"c{n}"), c) for n, c in enumerate(columns)]
    return sql.select(*shown).from_(sql.source(told), copy=False).where(kept, copy=False)


def trace(arguments: Arguments) -> Sequence[Trace]:
    """The rows of the same members."""
    return (Trace(same=tuple((c, c) for c in arguments["per"])),)


DEDUPE = Transform(
    "dedupe",
    "One row of each key: the first or the last in time; rows without a key all stay.",
    "dedupe(events, per id, keep: first)",
    shape,
    write,
    (
        Take("per", "member", "What rows are told apart by: a column or a reference, or several.", required=True),
        Take("keep", "word", "Which row stays; the last unless said.", "last", options=("first", "last")),
    ),
    trace=trace,
)
