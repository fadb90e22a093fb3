"""A bound row-level expression as formula text again, for notes and messages that name a condition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tallymark.formula import nodes as n
from tallymark.formula.bound import NOSPAN, Apply, Bound, ColumnUse, Constant, DimensionUse, ParameterUse
from tallymark.formula.functions import TABLE, Function
from tallymark.formula.write import write

_INFIX = frozenset({"or", "and", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"})
_OTHER_INFIX = {"coalesce": "??", "elapsed": "-"}
_SHORT = 120
"""Longer texts are cut."""


def spell(bound: Bound, functions: Mapping[str, Function] = TABLE) -> str:
    """The expression as one would write it, parameters as their values; cut after 120 characters."""
    text = write(_node(bound, functions))
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _node(bound: Bound, functions: Mapping[str, Function]) -> n.Node:
    match bound:
        case Constant(value=value):
            return _literal(value)
        case ParameterUse(name=name):
            return n.Parameter(name, NOSPAN)
        case ColumnUse(path=path, column=column, at=at):
            use = n.Name((*path, column), NOSPAN)
            return use if at is None else n.Scoped(use, NOSPAN, at=at)
        case DimensionUse(parts=parts):
            return n.Name(parts, NOSPAN)
        case Apply():
            return _applied(bound, functions)
    raise TypeError(f"not a row-level expression: {bound!r}")


def _literal(value: Any) -> n.Node:
    match value:
        case None:
            return n.Null(NOSPAN)
        case bool():
            return n.Boolean(value, NOSPAN)
        case int() | Decimal():
            return n.Number(value, NOSPAN)
        case float():
            whole = value.is_integer() and abs(value) < 1e15
            return n.Number(int(value) if whole else Decimal(repr(value)), NOSPAN)
        case date():
            return n.Call("date", (n.Text(value.isoformat(), NOSPAN),), NOSPAN, NOSPAN)
    return n.Text(str(value), NOSPAN)


def _applied(bound: Apply, functions: Mapping[str, Function]) -> n.Node:
    if bound.function == "not":
        return _negated(_node(bound.arguments[0], functions))
    parts = [_node(a, functions) for a in bound.arguments]
    infix = bound.function if bound.function in _INFIX else _OTHER_INFIX.get(bound.function)
    if infix is not None:
        return _chain(infix, parts)
    match bound.function:
        case "local" | "in currency":
            return parts[0]
        case "negate":
            return n.Unary("-", parts[0], NOSPAN)
        case "in":
            return n.In(parts[0], tuple(parts[1:]), False, NOSPAN)
        case "between":
            return n.Between(parts[0], parts[1], parts[2], False, NOSPAN)
        case "is null":
            return n.IsNull(parts[0], False, NOSPAN)
        case "case":
            *branches, last = parts
            otherwise = None if isinstance(last, n.Null) else last
            return n.Case(tuple(zip(branches[::2], branches[1::2], strict=True)), otherwise, NOSPAN)
        case "date_add":
            count, unit = bound.extra
            parts.append(n.Duration(count, unit, NOSPAN))
            return n.Call("date_add", tuple(parts), NOSPAN, NOSPAN)
    return n.Call(bound.function, tuple(_with_extra(bound, parts, functions)), NOSPAN, NOSPAN)


def _negated(node: n.Node) -> n.Node:
    match node:
        case n.In(item, options, False):
            return n.In(item, options, True, NOSPAN)
        case n.Between(item, low, high, False):
            return n.Between(item, low, high, True, NOSPAN)
        case n.IsNull(item, False):
            return n.IsNull(item, True, NOSPAN)
    return n.Unary("not", node, NOSPAN)


def _chain(operator: str, parts: list[n.Node]) -> n.Node:
    result = parts[0]
    for part in parts[1:]:
        result = n.Binary(operator, result, part, NOSPAN)
    return result


def _with_extra(bound: Apply, parts: list[n.Node], functions: Mapping[str, Function]) -> list[n.Node]:
    """The arguments, with the literal words of `extra` where the function takes them."""
    words = [_literal(w) for w in bound.extra]
    row = functions.get(bound.function)
    written: list[n.Node] = []
    waiting = list(parts)
    for take in row.takes if row is not None else ():
        if take.literal and words:
            written.append(words.pop(0))
        elif waiting:
            written.append(waiting.pop(0))
    return [*written, *waiting, *words]
