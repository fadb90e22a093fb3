"""The transform `orchard.shouted(harvests, name: shouted)`: the rows, and a text column in capitals beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tallymark import Transform
from tallymark.kinds import Type
from tallymark.transforms.transform import Arguments, Bench, Field, Made, Rows, Shape, Take

if TYPE_CHECKING:
    from sqlglot import exp


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """The columns of the input, and the new one."""
    (rows,) = inputs
    fields = {name: field.carried() for name, field in rows.fields.items()}
    fields[arguments["name"]] = Field(arguments["name"], Type.TEXT, of=((0, "variety"),))
    return Made(Shape("", fields, rows.key, rows.own_time), (frozenset(rows.fields),))


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select:
    """The rows as they are, and capitals."""
    from sqlglot import exp

    (rows,) = inputs
    kept = [exp.column(exp.to_identifier(name, quoted=True)) for name in rows.shape.fields]
    capitals = exp.Upper(this=exp.column(exp.to_identifier("variety", quoted=True)))
    made = exp.alias_(capitals, exp.to_identifier(arguments["name"], quoted=True))
    return exp.select(*kept, made).from_(rows.relation)


SHOUTED = Transform(
    "orchard.shouted",
    "The rows, with their variety in capitals beside.",
    "orchard.shouted(harvests, name: shouted)",
    shape,
    write,
    (Take("name", "name", "what the column is called", "shouted"),),
)
