"""What a rule's conditions speak of: the two sides of its comparisons, each a formula with a value worth showing."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.definitions import Formula
from tallymark.formula import nodes as n
from tallymark.place import Written

COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))


def subjects(condition: Formula) -> Iterator[Written]:
    """What the condition compares, without what is constant: of `growth(mrr) < -5% and nps < 20`, `growth(mrr)` and
    `nps`. Nothing of a condition with a postfix around it, whose parts mean something else alone.
    """
    waiting = [condition.node] if condition.node is not None else []
    while waiting:
        here = waiting.pop()
        match here:
            case n.Binary(operator="and" | "or", left=left, right=right):
                waiting += [right, left]
            case n.Unary(operator="not", operand=operand):
                waiting.append(operand)
            case n.Binary(operator=operator, left=left, right=right) if operator in COMPARISONS:
                yield from _spoken(condition, left, right)
            case n.Between(item=item, low=low, high=high):
                yield from _spoken(condition, item, low, high)
            case n.In(item=item) | n.IsNull(item=item):
                yield from _spoken(condition, item)


def _spoken(condition: Formula, *sides: n.Node) -> Iterator[Written]:
    for side in sides:
        if any(isinstance(part, n.Name | n.Call) for part in n.walk(side)):
            yield condition.written.part(side.span)
