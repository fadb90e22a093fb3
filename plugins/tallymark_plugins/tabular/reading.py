"""How one column is read: from what it is in the source to what it is declared as."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from tallymark.errors import Fault
from tallymark.kinds import Type
from tallymark.source import TableColumn, WantedColumn
from tallymark_plugins.tabular import moments, numerals
from tallymark_plugins.tabular.formats import DATE_ORDERS, TextFormat
from tallymark_plugins.tabular.physical import normal
from tallymark_plugins.tabular.sqltree import (
    Tree,
    among,
    both,
    call,
    cases,
    cast,
    either,
    matches,
    missing,
    negated,
    present,
    when,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A column as it will be offered.

    `value` is the SQL of what is offered. Where a value may fail to be read, `expected` is SQL that is non-null exactly
    where a value must come out, and `raw` the text or value to show when none does.
    """

    name: str
    type: Type
    native: str
    value: Tree
    raw: Tree
    form: TextFormat
    wanted: WantedColumn
    expected: Tree | None = None
    not_finite: Tree | None = None
    """SQL that is true where a NaN or an infinity became null."""
    from_text: bool = False

    @property
    def offered(self) -> TableColumn:
        """The column as the source describes it."""
        return TableColumn(self.name, self.type, self.native)


def reading(
    column: TableColumn, raw: Tree, held_text: Tree, wanted: WantedColumn, form: TextFormat, zone: str
) -> Reading | Fault:
    """How `column` becomes what `wanted` declares; a fault (D424) when its kind cannot serve the declared type.

    `held_text` is SQL of a text column's value where it does not mean null. Nothing is widened here: an integer column
    declared decimal is offered as the integer it is.
    """
    target, held = wanted.type, column.type
    if held is Type.TEXT and target not in (None, Type.TEXT):
        return _parsed(column, raw, held_text, wanted, form, zone)
    own = _own(column, raw, wanted, form)
    if target is None or target is held or (target.numeric and held.numeric and target is not Type.INTEGER):
        return own
    if target is Type.TEXT and (held is Type.INTEGER or column.native.upper() == "JSON"):
        return replace(own, type=Type.TEXT, value=numerals.text_of(raw))
    if (held, target) == (Type.DATE, Type.TIMESTAMP):
        return own
    made = _narrowed(held, target, raw, zone)
    if made is None:
        return _cannot(column, wanted)
    expected = numerals.finite(raw) if held is Type.DOUBLE else raw
    return replace(own, type=target, value=made, expected=expected if target is not Type.INSTANT else None)


def _own(column: TableColumn, raw: Tree, wanted: WantedColumn, form: TextFormat) -> Reading:
    as_normal = normal(column.native)
    value = cast(raw, as_normal) if as_normal else raw
    made = Reading(column.name, column.type, column.native, value, raw, form, wanted)
    if column.type is Type.DOUBLE:
        strange = negated(call("isfinite", raw))
        return replace(made, value=numerals.finite(value), not_finite=strange)
    return made


def _narrowed(held: Type, target: Type, raw: Tree, zone: str) -> Tree | None:
    if target is Type.INTEGER and held.numeric:
        return numerals.whole(numerals.finite(raw) if held is Type.DOUBLE else raw)
    if target is Type.DATE and held is Type.TIMESTAMP:
        return moments.midnight_only(raw)
    if target is Type.INSTANT and held is Type.TIMESTAMP:
        return moments.in_zone(raw, zone)
    if target is Type.INSTANT and held is Type.DATE:
        return moments.in_zone(cast(raw, "TIMESTAMP"), zone)
    return None


def _cannot(column: TableColumn, wanted: WantedColumn) -> Fault:
    declared = wanted.type.value if wanted.type else "text"
    is_now = column.type.value if column.type is not Type.OPAQUE else f"a {column.native.lower()}"
    advice = f"declare it `{column.type.value}`, or leave `type:` out" if column.type is not Type.OPAQUE else None
    if (column.type, wanted.type) == (Type.INSTANT, Type.TIMESTAMP):
        advice = "its values have a time zone: declare it `instant`"
    return Fault("D424", f"column `{column.name}` is {is_now} and cannot serve as {declared}", wanted.place, advice)


def _parsed(
    column: TableColumn, raw: Tree, held: Tree, wanted: WantedColumn, form: TextFormat, zone: str
) -> Reading | Fault:
    target = wanted.type
    assert target is not None
    strange: Tree | None = None
    if target.numeric:
        value = numerals.number(held, target, form)
        if target is Type.DOUBLE:
            strange = matches(raw, numerals.NOT_FINITE)
            held = when(negated(strange), held)
    elif target.temporal:
        if target is not Type.INSTANT and form.dates not in DATE_ORDERS and moments.pattern_has_offset(form):
            message = f"the pattern `{form.dates}` reads an offset, and column `{column.name}` is a {target.value}"
            return Fault("D422", message, wanted.place, help="declare the column `instant`")
        value = moments.moment(held, target, form, zone)
    elif target is Type.BOOLEAN:
        value = boolean(held, form)
    else:
        return _cannot(column, wanted)
    return Reading(column.name, target, column.native, value, raw, form, wanted, held, strange, from_text=True)


def given(raw: Tree, form: TextFormat) -> Tree:
    """The text where it is not one of those that mean null; blanks alone mean what an empty text means."""
    nothing = among(raw, form.nulls)
    if "" in form.nulls:
        nothing = either(nothing, matches(raw, f"{numerals.BLANK}*"))
    return when(negated(nothing), raw) if form.nulls else raw


def kept(raw: Tree, form: TextFormat) -> Tree:
    """A text column's value: as it stands, and null where it is one of the texts that mean null."""
    return when(negated(among(raw, form.nulls)), raw) if form.nulls else raw


def boolean(raw: Tree, form: TextFormat) -> Tree:
    """SQL giving the truth that a word stands for; null for any other word."""
    # Trimming is slow, and most words need none.
    return cases(
        (among(word, words), truth)
        for word in (call("lower", raw), call("lower", call("trim", raw, numerals.BLANKS)))
        for words, truth in ((form.true_words, exp.true()), (form.false_words, exp.false()))
    )


def failed(made: Reading) -> Tree:
    """Whether a value should have come out of a row and did not."""
    assert made.expected is not None
    return both(present(made.expected), missing(made.value))
