"""Which instances of a rule a condition means: `plan = 'pro' and country is null`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula import nodes as n
from tallymark.place import Written
from tallymark.rules.states import Instance
from tallymark.show.sheet import text_of

SHOWN = 5
"""So many instances are named where none is found."""


def chosen(where: str | None, by: tuple[str, ...], instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """The instances whose dimensions have the values that `where` gives; all of them without one.

    Raises FaultError: for a text that is no formula, for anything but dimensions of `by` with a value each, joined by
    `and` (A112), and when no instance fits (A113).
    """
    every = tuple(instances)
    if where is None or not where.strip():
        return every
    wanted = list(_wanted(Written(where, "<where>"), by))
    found = tuple(i for i in every if all(_same(dict(i)[name], value) for name, value in wanted))
    if not found:
        listed = "; ".join(map(spoken, every[:SHOWN])) + ("; …" if len(every) > SHOWN else "")
        raise FaultError(Fault("A113", f"no instance of the rule has {where[:60]}", None, f"there are: {listed}"))
    return found


def spoken(instance: Instance) -> str:
    """The instance as a reader sees it: `plan = pro, country = –`; of a rule without `by` an empty text."""
    return ", ".join(f"{name} = {text_of(value)}" for name, value in instance)


def condition(instance: Instance) -> str | None:
    """The condition of a question that means the instance; None when one of its values has no form in formulas."""
    parts = [_written(f"({name})" if " at " in name else name, value) for name, value in instance]
    return None if None in parts else " and ".join(p for p in parts if p is not None)


def _written(name: str, value: Any) -> str | None:
    if value is None:
        return f"{name} is null"
    if isinstance(value, str):
        return f"{name} = '{value.replace(chr(39), chr(39) * 2)}'"
    if isinstance(value, bool):
        return f"{name} = {'true' if value else 'false'}"
    if isinstance(value, int | Decimal):
        return f"{name} = {value}"
    # A time of day has no form in formulas; a date has.
    return f"{name} = date('{value.isoformat()}')" if type(value).__name__ == "date" else None


def _wanted(written: Written, by: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    from tallymark.formula.parse import parse

    waiting = [parse(written)]
    while waiting:
        here = waiting.pop()
        match here:
            case n.Binary(operator="and", left=left, right=right):
                waiting += [right, left]
            case n.Binary(operator="=", left=left, right=right) if (known := _value(right)) is not None:
                yield _dimension(left, written, by), known[0]
            case n.IsNull(item=item, negated=False):
                yield _dimension(item, written, by), None
            case _:
                raise FaultError(_unclear(written.place(here.span), by))


def _dimension(node: n.Node, written: Written, by: tuple[str, ...]) -> str:
    text = " ".join(written.text[slice(*node.span)].split())
    if text not in by:
        help_ = did_you_mean(text, by) if by else "the rule has one instance: leave the condition out"
        raise FaultError(Fault("A112", f"`{text}` is no dimension of the rule", written.place(node.span), help_))
    return text


def _unclear(place: Any, by: tuple[str, ...]) -> Fault:
    example = " and ".join(f"{name} = '…'" for name in by) or "nothing"
    return Fault("A112", "this does not say which instance is meant", place, f"say `{example}`")


def _value(node: n.Node) -> tuple[Any] | None:
    match node:
        case n.Text(value=value) | n.Boolean(value=value) | n.Number(value=value):
            return (value,)
        case n.Unary(operator="-", operand=n.Number(value=value)):
            return (-value,)
        case n.Call(name="date", arguments=(n.Text(value=value),)):
            return (value,)
    return None


def _same(known: Any, wanted: Any) -> bool:
    if known is None or wanted is None:
        return known is wanted
    if isinstance(wanted, str):
        return text_of(known) == wanted or str(known) == wanted
    return bool(known == wanted) and isinstance(known, bool) == isinstance(wanted, bool)
