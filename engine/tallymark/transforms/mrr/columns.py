"""The columns of an input that a transform reads by their names: those it must have, and those it may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.transforms import sql
from tallymark.transforms.transform import Field, Misfit, Shape
from tallymark.units import currency_column, own_currency

CURRENCY = "currency"
KEYS = ("text", "number")
"""What a `key` may be."""


def require(rows: Shape, transform: str, needed: Mapping[str, str], optional: Mapping[str, str]) -> None:
    """Raises Misfit (T272) when the input lacks a column, or has one of another family than is said."""
    absent = [f"`{c}`" for c in needed if c not in rows.fields]
    families = {**needed, **optional}
    wrong = [
        f"`{c}` is a {rows.fields[c].type.family}, not a {family}"
        for c, family in families.items()
        if c in rows.fields and not _fits(rows.fields[c].type, family)
    ]
    if absent or wrong:
        said = [f"it has no column {' and none '.join(absent)}"] if absent else []
        message = f"`{rows.name}` does not fit `{transform}`: {'; '.join([*said, *wrong])}"
        help_ = "declare them among its `columns:`; one of another name like this: `amount: {column: price}`"
        raise Misfit(message, help_, code="T272")


def _fits(found: Type, family: str) -> bool:
    return found.family in KEYS if family == "key" else found.family == family


def one_clock(rows: Shape, times: Sequence[str], transform: str) -> Type:
    """The type of times that are compared with one another. Raises Misfit (T273) where no type holds them all."""
    found = {rows.fields[t].type for t in times if t in rows.fields}
    if Type.INSTANT in found and len(found) > 1:
        listed = ", ".join(f"`{t}` {rows.fields[t].type.value}" for t in times if t in rows.fields)
        message = f"the times of `{rows.name}` cannot be compared: {listed}"
        raise Misfit(message, "declare all of them `type: timestamp`, or all `type: instant`", code="T273")
    return Type.TIMESTAMP if len(found) > 1 else found.pop()


def code_column(rows: Shape, amount: str) -> str | None:
    """The column that holds the currency of an amount: the one it names, else `currency`."""
    named = currency_column(rows.fields[amount].unit)
    return named or (CURRENCY if CURRENCY in rows.fields else None)


def amount_field(rows: Shape, amount: str, name: str) -> Field:
    """An amount of the result: in the currency of the input's, or in each row's own where the input's is."""
    of = rows.fields[amount]
    unit = own_currency(CURRENCY) if currency_column(of.unit) is not None else of.unit
    return Field(name, Type.DECIMAL, unit, of=((0, amount),))


def col(rows: Shape, name: str, type: Type | None = None) -> exp.Expression:
    """A column, as a type of ours if one is said; null where the input has none."""
    known = rows.fields.get(name)
    if known is None:
        return sql.cast(exp.Null(), type or Type.TEXT)
    return sql.col(name) if type in (None, known.type) else sql.cast(sql.col(name), type)
