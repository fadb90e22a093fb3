"""The part of evaluation that is the same at row level and at metric level: literals, operators, functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tallymark.formula import nodes

from . import functions, values
from .clock import Clock
from .world import NaiveError

Visit = Callable[[nodes.Node], Any]


def compute(node: nodes.Node, visit: Visit, parameters: Mapping[str, Any], clock: Clock) -> Any:
    """The value of a node that is no name, aggregate or window form; `visit` evaluates what is below it."""
    match node:
        case nodes.Number(value=value, percent=percent):
            return Decimal(value) / 100 if percent else value
        case nodes.Text(value=value) | nodes.Boolean(value=value):
            return value
        case nodes.Null():
            return None
        case nodes.Duration():
            return values.seconds(node)
        case nodes.Parameter(name=name):
            return parameters[name]
        case nodes.Unary(operator="-", operand=operand):
            return values.negate(visit(operand))
        case nodes.Unary(operand=operand):
            return values.opposite(visit(operand))
        case nodes.Binary():
            return _binary(node, visit, clock)
        case nodes.In() | nodes.Between() | nodes.IsNull():
            return _test(node, visit, parameters, clock)
        case nodes.Case(branches=branches, otherwise=otherwise):
            chosen = next((then for when, then in branches if visit(when) is True), otherwise)
            return None if chosen is None else visit(chosen)
        case nodes.Call():
            return _call(node, visit, parameters, clock)
    raise NaiveError(f"a {type(node).__name__} cannot stand here")


def _binary(node: nodes.Binary, visit: Visit, clock: Clock) -> Any:
    left, right = visit(node.left), visit(node.right)
    if node.operator in values.ARITHMETIC:
        return values.ARITHMETIC[node.operator](left, right, clock)
    if node.operator in values.COMPARISONS:
        return values.compares(node.operator, left, right, clock)
    if node.operator == "and":
        return values.both((left, right))
    if node.operator == "or":
        return values.either((left, right))
    if node.operator == "??":
        return right if left is None else left
    raise NaiveError(f"unknown operator {node.operator}")


def _test(
    node: nodes.In | nodes.Between | nodes.IsNull, visit: Visit, parameters: Mapping[str, Any], clock: Clock
) -> bool | None:
    item = visit(node.item)
    if isinstance(node, nodes.IsNull):
        return (item is not None) if node.negated else (item is None)
    if isinstance(node, nodes.Between):
        within = values.both(
            (
                values.compares("<=", visit(node.low), item, clock),
                values.compares("<=", item, visit(node.high), clock),
            )
        )
    else:
        within = values.either(values.compares("=", item, o, clock) for o in _options(node, visit))
    return values.opposite(within) if node.negated else within


def _options(node: nodes.In, visit: Visit) -> list[Any]:
    """The options, a parameter that holds a list spread out."""
    listed: list[Any] = []
    for option in node.options:
        value = visit(option)
        listed.extend(value if isinstance(value, tuple) else (value,))
    return listed


def _call(node: nodes.Call, visit: Visit, parameters: Mapping[str, Any], clock: Clock) -> Any:
    if node.name == "if":
        condition, then, *otherwise = node.arguments
        chosen = then if visit(condition) is True else (otherwise[0] if otherwise else None)
        return None if chosen is None else visit(chosen)
    if node.name == "date_add":
        return functions.call("date_add", (visit(node.arguments[0]), duration(node.arguments[1], parameters)), clock)
    return functions.call(node.name, [visit(a) for a in node.arguments], clock)


def duration(node: nodes.Node, parameters: Mapping[str, Any]) -> nodes.Duration:
    """A literal duration, or the one a parameter holds."""
    value = parameters[node.name] if isinstance(node, nodes.Parameter) else node
    if not isinstance(value, nodes.Duration):
        raise NaiveError("a duration is needed here")
    return value
