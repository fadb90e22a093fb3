"""`clear` held against `when`: what can be told from the two formulas alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tallymark.definitions import RuleDef
from tallymark.formula import nodes as n

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def contradiction(rule: RuleDef) -> tuple[str, str, bool] | None:
    """What is wrong, what to write, and whether firing can never end for it; None when nothing can be told.

    Two conditions that each compare the same with a number are held against each other; others are taken as they are.
    """
    if rule.clear is None or rule.clear.node is None or rule.when.node is None:
        return None
    if n.shape(rule.clear.node) == n.shape(rule.when.node):
        return "`clear` is the same as `when`, which goes before it: firing would never end", "leave it out", True
    when, clear = _limit(rule.when.node), _limit(rule.clear.node)
    if when is None or clear is None or (when.of, when.percent) != (clear.of, clear.percent):
        return None
    other = MIRRORED[when.operator]
    if clear.above == when.above:
        far = clear.value >= when.value if when.above else clear.value <= when.value
        help_ = f"`clear` looks the other way: `{rule.clear.text}` with `{other}`, or leave it out"
        if far:
            return "wherever `clear` holds `when` does too, and goes before it: firing would never end", help_, True
        return "`clear` and `when` look the same way: the far side of `clear` goes on firing", help_, False
    overlap = clear.value > when.value if when.above else clear.value < when.value
    if overlap:
        message = f"between {_number(when)} and {_number(clear)} both `when` and `clear` hold: `when` goes before it"
        return message, f"a `clear` beyond `when` ends nothing sooner: write one of `{other} {_number(when)}`", False
    return None


@dataclass(frozen=True, slots=True)
class _Limit:
    """A comparison of something with a number."""

    of: Any
    operator: str
    value: Decimal
    percent: bool

    @property
    def above(self) -> bool:
        return self.operator.startswith(">")


def _limit(node: n.Node) -> _Limit | None:
    if not isinstance(node, n.Binary) or node.operator not in MIRRORED:
        return None
    for side, other, operator in (
        (node.left, node.right, node.operator),
        (node.right, node.left, MIRRORED[node.operator]),
    ):
        number = next(_literal(other), None)
        if number is not None and next(_literal(side), None) is None:
            return _Limit(n.shape(side), operator, number.value * Decimal(1), number.percent)
    return None


def _literal(node: n.Node) -> Iterator[n.Number]:
    """The number that a side is, its sign included."""
    if isinstance(node, n.Number):
        yield n.Number(Decimal(node.value), node.span, node.percent)
    elif isinstance(node, n.Unary) and node.operator == "-" and isinstance(node.operand, n.Number):
        yield n.Number(-Decimal(node.operand.value), node.span, node.operand.percent)


def _number(limit: _Limit) -> str:
    return f"{limit.value.normalize():f}{'%' if limit.percent else ''}"
