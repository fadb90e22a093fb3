"""Nodes → formula text with no more parentheses than it needs: what `parse` reads back as the same shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tallymark.formula import nodes
from tallymark.formula.nodes import Node

# How tightly each form binds; a part that binds less than its place asks for stands in parentheses.
_POSTFIX, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGNED, _COALESCED, _ATOM = range(10)
_OPERATORS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), _COMPARISON),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/"), _PRODUCT),
    "??": _COALESCED,
}
_PLAIN_DIGITS = 20
"""A Decimal with its first digit farther than this from the point is written with an exponent."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A part still to be written, and how tightly its place binds."""

    node: Node
    level: int
    fallback: bool = False
    """The right side of `??`, where a minus needs no parentheses."""


_Piece = str | _Slot


def write(node: Node) -> str:
    """The formula that `node` stands for. Works without recursion, so long chains are no trouble."""
    out: list[str] = []
    waiting: list[_Piece] = [_Slot(node, _POSTFIX)]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, str):
            out.append(piece)
        else:
            waiting.extend(reversed(list(_slot(piece))))
    return "".join(out)


def _slot(slot: _Slot) -> Iterator[_Piece]:
    node = slot.node
    if slot.fallback and isinstance(node, nodes.Unary) and node.operator == "-":
        yield "-"
        yield _Slot(node.operand, _ATOM, fallback=True)
    elif _level(node) < slot.level:
        yield "("
        yield from _pieces(node)
        yield ")"
    else:
        yield from _pieces(node)


def _level(node: Node) -> int:
    match node:
        case nodes.Scoped():
            return _POSTFIX
        case nodes.Binary(operator=operator):
            return _OPERATORS[operator]
        case nodes.Unary(operator=operator):
            return _NOT if operator == "not" else _SIGNED
        case nodes.In() | nodes.Between() | nodes.IsNull():
            return _COMPARISON
        case nodes.Number(value=value) if value < 0:
            return _SIGNED
        case _:
            return _ATOM


def _pieces(node: Node) -> Iterator[_Piece]:
    """The text of one node, its parts left as slots."""
    match node:
        case nodes.Binary():
            yield from _binary(node)
        case nodes.Unary(operator="not"):
            yield "not "
            yield _Slot(node.operand, _NOT)
        case nodes.Unary():
            yield "-"
            yield _Slot(node.operand, _SIGNED)
        case nodes.In() | nodes.Between() | nodes.IsNull():
            yield from _condition(node)
        case nodes.Call():
            yield f"{node.name}("
            yield from _listed(node.arguments, _POSTFIX)
            yield ")"
        case nodes.Case():
            yield from _case(node)
        case nodes.Scoped():
            yield from _scoped(node)
        case _:
            yield _leaf(node)


def _binary(node: nodes.Binary) -> Iterator[_Piece]:
    level = _OPERATORS[node.operator]
    # Comparisons do not chain; all other operators take one of their own kind on the left only.
    yield _Slot(node.left, _SUM if level == _COMPARISON else level)
    yield f" {node.operator} "
    yield _Slot(node.right, level + 1, fallback=node.operator == "??")


def _condition(node: nodes.In | nodes.Between | nodes.IsNull) -> Iterator[_Piece]:
    yield _Slot(node.item, _SUM)
    negation = "not " if node.negated else ""
    match node:
        case nodes.In():
            yield f" {negation}in ("
            yield from _listed(node.options, _OR)
            yield ")"
        case nodes.Between():
            yield f" {negation}between "
            yield _Slot(node.low, _SUM)
            yield " and "
            yield _Slot(node.high, _SUM)
        case nodes.IsNull():
            yield f" is {negation}null"


def _case(node: nodes.Case) -> Iterator[_Piece]:
    yield "case"
    for condition, value in node.branches:
        yield " when "
        yield _Slot(condition, _OR)
        yield " then "
        yield _Slot(value, _OR)
    if node.otherwise is not None:
        yield " else "
        yield _Slot(node.otherwise, _OR)
    yield " end"


def _scoped(node: nodes.Scoped) -> Iterator[_Piece]:
    yield _Slot(node.body, _OR)
    if node.on is not None:
        yield f" on {node.on}"
    if node.at is not None:
        yield f" at {node.at}"
    if node.where is not None:
        yield " where "
        yield _Slot(node.where, _OR)
    if node.per is not None:
        yield f" per {node.per}"


def _listed(parts: Sequence[Node], level: int) -> Iterator[_Piece]:
    for i, part in enumerate(parts):
        if i:
            yield ", "
        yield _Slot(part, level)


def _leaf(node: Node) -> str:
    match node:
        case nodes.Number():
            return _number(node.value) + ("%" if node.percent else "")
        case nodes.Text():
            return "'" + node.value.replace("'", "''") + "'"
        case nodes.Boolean():
            return "true" if node.value else "false"
        case nodes.Null():
            return "null"
        case nodes.Duration():
            return f"{_number(node.count)} {node.unit}{'' if node.count == 1 else 's'}"
        case nodes.Parameter():
            return f"${node.name}"
        case nodes.PerArgument():
            return f"per {node.member}"
        case nodes.WithinArgument():
            return f"within {_leaf(node.duration)}"
        case _:
            return str(node)


def _number(value: int | Decimal) -> str:
    """A literal with this value: whole numbers without a point, so that their type is read back too."""
    if isinstance(value, int):
        return str(value)
    if abs(value.adjusted()) <= _PLAIN_DIGITS:
        plain = format(value, "f")
        return plain if "." in plain else plain + ".0"
    sign, digits, _ = value.as_tuple()
    rest = "".join(map(str, digits[1:])).rstrip("0") or "0"
    return f"{'-' * sign}{digits[0]}.{rest}e{value.adjusted()}"
