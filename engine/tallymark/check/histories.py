"""Statistics of the periods before: `anomaly`, `expected` and the like."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.check.report import POISON, Report
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound, History, Statistic
from tallymark.formula.functions import Function
from tallymark.formula.nodes import is_length
from tallymark.kinds import Type
from tallymark.units import COUNT, NUMBER

STATISTICS: Mapping[str, Statistic] = {
    "anomaly": "anomaly",
    "expected": "expected",
    "spread": "spread",
    "usual_low": "usual_low",
    "usual_high": "usual_high",
    "history": "history",
}

HISTORIES = frozenset(STATISTICS)
"""The functions of a history."""

PERIODS, LEAST = 12, 8
"""How many periods a history has, and how many of them must have a value, unless said; of a shorter one all must."""

FEWEST, MOST = 3, 1_000
"""Periods of a history: the median distance of fewer says nothing."""


def history(function: Function, node: n.Call, body: Bound, report: Report) -> Bound:
    """A call of one of these functions, bound; POISON with a fault where something is wrong."""
    if body is POISON:
        return POISON
    if not body.type.numeric and body.type is not Type.NULL:
        message = f"`{node.name}` takes a number, this is a {body.type.family}"
        return report.fault("T540", message, node.arguments[0].span, "compare what can be measured")
    rest = [*node.arguments[1:], None, None, None]
    count = _whole(node, rest[0], PERIODS, FEWEST, MOST, report)
    every = _every(node, rest[1], report)
    least = None if count is None else _whole(node, rest[2], min(LEAST, count), FEWEST, count, report)
    if count is None or every is None or least is None:
        return POISON
    kind = Type(function.gives)
    unit = {"none": NUMBER, "count": COUNT}.get(function.unit, body.unit)
    return History(STATISTICS[node.name], body, count, every, least, kind, unit, node.span)


def _whole(node: n.Call, found: n.Node | None, default: int, low: int, high: int, report: Report) -> int | None:
    """A literal number of periods; None with a fault."""
    if found is None:
        return default
    if isinstance(found, n.Number) and _between(found, low, high):
        return int(found.value)
    if default == PERIODS and high == MOST:
        message = f"the history of `{node.name}` is a literal number of periods, from {low} to {high:,}"
        help_ = f"write `{node.name}(mrr, 24)`"
        if isinstance(found, n.Duration):
            help_ = f"the season comes third: `{node.name}(mrr, 8, {found.count} {found.unit})`"
        report.fault("T541", message, found.span, help_)
        return None
    message = f"of a history of {high} periods at least {low} and at most all must have a value"
    report.fault("T543", message, found.span, f"write `{node.name}(mrr, 24, 1, 12)`")
    return None


def _between(number: n.Number, low: int, high: int) -> bool:
    return isinstance(number.value, int) and not number.percent and low <= number.value <= high


def _every(node: n.Call, found: n.Node | None, report: Report) -> tuple[int, str | None] | None:
    """How far apart the periods are: `7` of them, `1 week`; None with a fault."""
    if found is None:
        return 1, None
    if isinstance(found, n.Number) and _between(found, 1, MOST):
        return int(found.value), None
    if isinstance(found, n.Duration) and is_length(found) and found.count == int(found.count):
        return int(found.count), found.unit
    message = f"the season of `{node.name}` is a whole literal duration, or a number of periods"
    report.fault("T542", message, found.span, f"write `{node.name}(mrr, 8, 1 week)` or `{node.name}(mrr, 8, 7)`")
    return None
