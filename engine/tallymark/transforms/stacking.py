"""`union`: the rows of several datasets one below the other, columns of one name together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tallymark.kinds import Type, wider
from tallymark.transforms import sql
from tallymark.transforms.transform import Arguments, Bench, Field, Made, Misfit, Rows, Shape, Take, Transform
from tallymark.units import alike, joined

AT = "at"
"""The time of the result, when the inputs' times have different names."""


def shape(inputs: Sequence[Shape], arguments: Arguments) -> Made:
    """All columns of all inputs; the one that says which dataset a row is of; a time where every input has one."""
    fields: dict[str, Field] = {}
    for number, rows in enumerate(inputs):
        for field in rows.fields.values():
            own = Field(field.name, field.type, field.unit, field.label, field.description, ((number, field.name),))
            fields[field.name] = _together(fields[field.name], own, rows) if field.name in fields else own
    time = _time(inputs)
    if time is not None and time not in fields:
        fields[time] = _merged(inputs, time)
    elif time is not None and any(time in rows.fields and rows.time != time for rows in inputs):
        raise Misfit(
            f"the times are called differently, and one dataset has a column `{time}` that is not its time",
            "say the time of each: `web on seen_at, app on seen_at`, or rename a column",
        )
    elif time is not None and any(rows.time != time for rows in inputs):
        fields[time] = _merged(inputs, time)
    origin = arguments["origin"]
    if origin in fields:
        raise Misfit(f"a column is called `{origin}` already", "choose another name: `origin: came_from`", "origin")
    fields[origin] = Field(origin, Type.TEXT)
    valid = inputs[0].valid
    valid = valid if all(rows.valid == valid for rows in inputs) else None
    made = Shape("", fields, time=time, valid=valid, references=_references(inputs))
    return Made(made, tuple(frozenset(rows.fields) for rows in inputs))


def _time(inputs: Sequence[Shape]) -> str | None:
    """The time of the result: that of all inputs by its name, or `at`; none where rows of one have none."""
    if any(rows.time is None or rows.stock for rows in inputs):
        return None
    names = {rows.time for rows in inputs}
    return names.pop() if len(names) == 1 else AT


def _merged(inputs: Sequence[Shape], name: str) -> Field:
    """The column of all inputs' times."""
    found: Field | None = None
    for number, rows in enumerate(inputs):
        time = rows.fields[rows.time or ""]
        own = Field(name, time.type, of=((number, time.name),))
        found = own if found is None else _together(found, own, rows)
    assert found is not None
    return found


def _together(one: Field, other: Field, rows: Shape) -> Field:
    """The column that holds the values of both."""
    help_ = f"compute one of them to be alike, or give `{rows.name}.{one.name}` another name"
    kind = _common(one.type, other.type)
    if kind is None:
        found = f"{one.type.value} and {other.type.value}"
        raise Misfit(f"`{one.name}` is {found} in different datasets", help_)
    if not alike(one.unit, other.unit):
        raise Misfit(f"`{one.name}` is {one.unit} and {other.unit} in different datasets", help_)
    unit = joined(one.unit, other.unit)
    return Field(one.name, kind, unit, one.label, one.description, (*one.of, *other.of))


def _common(one: Type, other: Type) -> Type | None:
    if one is other:
        return one
    if one.numeric and other.numeric:
        return wider(one, other)
    return Type.TIMESTAMP if {one, other} == {Type.DATE, Type.TIMESTAMP} else None


def _references(inputs: Sequence[Shape]) -> dict[str, tuple[str, str]]:
    """References on which all inputs that have the column agree."""
    found: dict[str, tuple[str, str]] = {}
    for name, reference in ((n, r) for rows in inputs for n, r in rows.references.items()):
        found.setdefault(name, reference)
    return {
        name: (target, column)
        for name, (target, column) in found.items()
        if all(rows.references.get(name) == (target, column) for rows in inputs if column in rows.fields)
    }


def write(inputs: Sequence[Rows], arguments: Arguments, bench: Bench) -> exp.Select | exp.Union:
    """One SELECT an input, joined by UNION ALL; columns that an input does not have are null."""
    made = shape([rows.shape for rows in inputs], arguments).shape
    together: exp.Select | exp.Union | None = None
    for rows in inputs:
        shown = [sql.named(_value(rows, field, made.time, arguments["origin"]), name)
                 for name, field in made.fields.items()]  # fmt: skip
        branch = sql.select(*shown).from_(sql.source(rows.relation), copy=False)
        together = branch if together is None else exp.Union(this=together, expression=branch, distinct=False)
    assert together is not None
    return together


def _value(rows: Rows, field: Field, time: str | None, origin: str) -> exp.Expression:
    if field.name == origin:
        return sql.text(rows.shape.name)
    name = rows.shape.time if field.name == time else field.name
    own = rows.shape.fields.get(name or "")
    if own is None:
        return sql.cast(exp.Null(), field.type)
    return sql.col(own.name) if own.type is field.type else sql.cast(sql.col(own.name), field.type)


UNION = Transform(
    "union",
    "The rows of several datasets as one: columns of one name together, null where a dataset has none of that name.",
    "union(web_events, app_events, origin: platform)",
    shape,
    write,
    (Take("origin", "name", "The column that says which dataset a row is of; `dataset` unless said.", "dataset"),),
    least=2,
    most=None,
)
