"""Parameters put in, constants folded: what a formula says once the question's values are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    Constant,
    Filtered,
    History,
    Lifted,
    Nested,
    ParameterUse,
    Ranked,
    Rated,
    Sequence,
    Shift,
    Windowed,
)
from tallymark.formula.nodes import MAX_LENGTH, Duration, is_length, plain_count
from tallymark.kinds import Type

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


def settle(node: Bound, values: Mapping[str, Any]) -> Bound:
    """`node` with parameters replaced by their values, constant conditions decided and constant arithmetic done.

    Raises FaultError (Q596) for a window of no length.
    """
    match node:
        case ParameterUse():
            return _constant(node, values[node.name])
        case Apply(arguments=arguments):
            return _fold(replace(node, arguments=_arguments(arguments, values)))
        case Aggregate():
            argument = settle(node.argument, values) if node.argument is not None else None
            condition = settle(node.condition, values) if node.condition is not None else None
            return replace(node, argument=argument, condition=condition)
        case Filtered():
            return replace(node, body=settle(node.body, values), condition=settle(node.condition, values))
        case Sequence():
            return _sequence(node, values)
        case Windowed(parameter=str(name)):
            by = _length(name, values[name])
            return replace(node, body=settle(node.body, values), count=plain_count(by), step=by.unit, parameter=None)
        case Shift() | Windowed() | Rated() | Lifted() | Nested() | Ranked() | History():
            return replace(node, body=settle(node.body, values))
    return node


def _sequence(node: Sequence, values: Mapping[str, Any]) -> Sequence:
    def settled(bound: Bound | None) -> Bound | None:
        return None if bound is None else settle(bound, values)

    entry = settle(node.entry, values)
    assert isinstance(entry, Aggregate)
    later = tuple(replace(s, condition=settled(s.condition), again=settled(s.again)) for s in node.later)
    limit = node.limit
    if node.parameter is not None:
        by = _length(node.parameter, values[node.parameter])
        limit = (plain_count(by), by.unit)
    return replace(node, entry=entry, later=later, limit=limit, parameter=None)


def _length(name: str, value: Duration) -> Duration:
    """The length of a window, as a parameter gives it."""
    if is_length(value):
        return value
    shown = f"{value.count} {value.unit}{'' if value.count == 1 else 's'}"
    help_ = f"more than nothing and at most {MAX_LENGTH:,}; months, quarters and years are whole"
    raise FaultError(Fault("Q596", f"`${name}` is the length of a window, and {shown} is none", None, help_))


def _arguments(arguments: tuple[Bound, ...], values: Mapping[str, Any]) -> tuple[Bound, ...]:
    """The settled arguments; a list parameter becomes as many constants as it has items."""
    settled: list[Bound] = []
    for argument in arguments:
        if isinstance(argument, ParameterUse) and argument.many:
            settled += [Constant(item, argument.type, argument.unit, argument.span) for item in values[argument.name]]
        else:
            settled.append(settle(argument, values))
    return tuple(settled)


def _constant(use: ParameterUse, value: Any) -> Constant:
    if isinstance(value, Duration):
        return Constant(float(Decimal(value.count) * SECONDS[value.unit]), Type.DOUBLE, use.unit, use.span)
    kind = Type.INTEGER if isinstance(value, int) and not isinstance(value, bool) else use.type
    return Constant(value, kind, use.unit, use.span)


def _fold(node: Apply) -> Bound:
    arguments = node.arguments
    if node.function == "if" and isinstance(arguments[0], Constant):
        rest = (*arguments[1:], Constant(None, node.type, node.unit, node.span))
        return rest[0] if arguments[0].value is True else rest[1]
    if not arguments or not all(isinstance(a, Constant) for a in arguments):
        return node
    known = [a.value for a in arguments if isinstance(a, Constant)]
    if any(v is None for v in known):
        return node
    return _folded(node, known)


def _folded(node: Apply, known: list[Any]) -> Bound:
    """Exact arithmetic and comparisons of constants; anything else is left to the database."""
    exact = all(isinstance(v, int | Decimal) and not isinstance(v, bool) for v in known)
    result: Any
    match node.function:
        case "=" | "!=":
            result = (known[0] == known[1]) is (node.function == "=")
        case "in":
            result = known[0] in known[1:]
        case "and":
            result = known[0] and known[1]
        case "or":
            result = known[0] or known[1]
        case "not":
            result = not known[0]
        case "+" if exact:
            result = known[0] + known[1]
        case "-" if exact:
            result = known[0] - known[1]
        case "*" if exact and node.type is Type.INTEGER:
            result = known[0] * known[1]
        case _:
            return node
    return Constant(result, node.type, node.unit, node.span)
