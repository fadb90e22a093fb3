"""Row models as transforms: the columns of the input, and beside them what the model gives for each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlglot import exp

from tallymark.given import Given
from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.row_model import PREFIX, RowInput, RowModel, RowOutput
from tallymark.transforms.transform import Arguments, Bench, Field, Made, Misfit, Rows, Shape, Take, Transform
from tallymark.units import alike

Run = Callable[[str], Any]
"""Runs a statement and gives its rows."""

Compute = Callable[[RowModel, Callable[[str], str], str, Run | None], str]
"""Given a model, the statement of its distinct inputs that a table of known ones leaves open, the dialect of that
statement, and what runs it where that is not the embedded database alone: computes what is open. Gives the name of the
table of what is known: `i0`, `i1`… and `o0`, `o1`….
"""


def unprepared(model: RowModel, wanted: Callable[[str], str], dialect: str, run: Run | None) -> str:
    """Computes nothing: for tables of transforms that are only listed."""
    raise RuntimeError(f"nothing runs the model `{model.name}`")


def as_transform(model: RowModel, compute: Compute = unprepared) -> Transform:
    """The transform that lays a model's columns on rows."""
    takes = [
        Take(i.name, "column", i.help or f"The column that is its `{i.name}`.", required=i.required)
        for i in model.inputs
    ]
    help_ = "What stands before the names of its columns, where a dataset has such a name already."
    return Transform(
        model.name,
        model.help,
        model.example,
        partial(_shape, model),
        partial(_write, model, compute),
        (*takes, Take(PREFIX, "name", help_)),
        version=model.version,
    )


def _shape(model: RowModel, inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """All columns and roles of the input, and the model's columns."""
    (rows,) = inputs
    for each in model.inputs:
        if arguments[each.name] is not None:
            _fits(each, rows.fields[arguments[each.name]])
    of = tuple((0, arguments[i.name]) for i in model.inputs if arguments[i.name] is not None)
    fields = {name: found.carried() for name, found in rows.fields.items()}
    for output in model.outputs:
        name = _name(output, arguments)
        if name in fields:
            help_ = (
                f"leave that column out of `{rows.name}`, or say `{PREFIX}: found`, which gives `found_{output.name}`"
            )
            raise Misfit(f"`{rows.name}` has a column `{name}` already", help_, PREFIX)
        fields[name] = output.field(name, of)
    made = Shape("", fields, rows.key, rows.own_time, rows.valid, references=rows.references)
    return Made(made, (frozenset(rows.fields),))


def _name(output: RowOutput, arguments: Arguments) -> str:
    return f"{arguments[PREFIX]}_{output.name}" if arguments[PREFIX] else output.name


def _fits(wanted: RowInput, found: Field) -> None:
    """Raises Misfit for a column of another type or unit than the model declares."""
    order = (Type.INTEGER, Type.DECIMAL, Type.DOUBLE)
    wider = wanted.kind.numeric and found.type.numeric and order.index(found.type) <= order.index(wanted.kind)
    if found.type is not wanted.kind and not wider:
        message = f"`{wanted.name}:` is {wanted.kind.value}, the column `{found.name}` is {found.type.value}"
        raise Misfit(message, f"name a column of {wanted.kind.value}, or compute one", wanted.name)
    unit = wanted.measured
    if unit is not None and not alike(unit, found.unit):
        message = f"`{wanted.name}:` is {unit}, the column `{found.name}` is {found.unit}"
        raise Misfit(message, f"name a column of {unit}, or compute one", wanted.name)


def _write(
    model: RowModel, compute: Compute, inputs: Sequence[Rows], arguments: Arguments, bench: Bench
) -> exp.Select | exp.Union:
    """The rows beside what is known of their inputs, after what was not known has been computed."""
    (rows,) = inputs
    asked = [_asked(each, arguments[each.name]) for each in model.inputs]
    shown = [sql.named(value, f"i{n}") for n, value in enumerate(asked)]
    given = sql.select(*shown).distinct(copy=False).from_(sql.source(rows.relation), copy=False)

    def wanted(known: str) -> str:
        same = _same([sql.col_of("w", f"i{n}") for n in range(len(asked))], "k")
        there = exp.Exists(this=sql.select(sql.number(1)).from_(sql.aliased(known, "k"), copy=False).where(same))
        open_ = sql.select(exp.Star()).from_(exp.Subquery(this=given.copy(), alias=exp.to_identifier("w")), copy=False)
        return bench.whole(open_.where(exp.Not(this=there), copy=False))

    known = compute(model, wanted, bench.dialect, bench.run)
    values = [sql.named(sql.col_of("r", c), c) for c in rows.shape.fields]
    values += [sql.named(sql.col_of("k", f"o{n}"), _name(o, arguments)) for n, o in enumerate(model.outputs)]
    query = sql.select(*values).from_(sql.aliased(rows.relation, "r"), copy=False)
    on = _same([_asked(each, arguments[each.name], "r") for each in model.inputs], "k")
    return query.join(sql.aliased(known, "k"), on=on, join_type="left", copy=False)


def _asked(each: RowInput, column: str | None, table: str | None = None) -> exp.Expression:
    if column is None:
        return sql.cast(exp.Null(), each.kind)
    return sql.cast(sql.col_of(table, column) if table is not None else sql.col(column), each.kind)


def _same(values: Sequence[exp.Expression], known: str) -> exp.Expression:
    pairs = [exp.NullSafeEQ(this=value, expression=sql.col_of(known, f"i{n}")) for n, value in enumerate(values)]
    return sql.both(*pairs) if len(pairs) > 1 else pairs[0]


def with_models(
    transforms: Given[Transform], models: Given[RowModel], compute: Compute = unprepared
) -> Given[Transform]:
    """The table of transforms, with the models in it."""
    rows = {**{name: as_transform(model, compute) for name, model in models.items()}, **transforms}
    return Given(rows, {**models.lacking, **transforms.lacking})
