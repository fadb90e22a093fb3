"""What is taken of a metric's values in the periods before (language, Anomalies)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from tallymark.formula import nodes

NAMES = frozenset(("anomaly", "expected", "spread", "usual_low", "usual_high", "history"))


def back(node: nodes.Call) -> list[tuple[int, str | None]]:
    """How far back each of the periods is: a count and a unit, None for the period's own."""
    count, step, unit = 12, 1, None
    for place, argument in enumerate(node.arguments[1:3]):
        if isinstance(argument, nodes.Duration):
            step, unit = int(argument.count), argument.unit
        elif isinstance(argument, nodes.Number):
            count, step = (int(argument.value), step) if place == 0 else (count, int(argument.value))
    return [(step * k, unit) for k in range(1, count + 1)]


def least(node: nodes.Call) -> int:
    """How many values there must be."""
    if len(node.arguments) > 3 and isinstance(node.arguments[3], nodes.Number):
        return int(node.arguments[3].value)
    return min(8, len(back(node)))


def taken(name: str, own: Any, found: Sequence[Any], enough: int) -> Any:
    """The statistic of the values found, and for an anomaly of the value itself."""
    if name == "history":
        return len(found)
    if len(found) < enough:
        return None
    known = [float(v) for v in found]
    middle = statistics.median(known)
    wide = _spread(known, middle)
    values: Mapping[str, float] = {
        "expected": middle, "spread": wide, "usual_low": middle - 3 * wide, "usual_high": middle + 3 * wide,
    }  # fmt: skip
    if name in values:
        return values[name]
    if own is None:
        return None
    away = float(own) - middle
    if wide:
        return max(-1000.0, min(1000.0, away / wide))
    return 0.0 if abs(away) <= 1e-9 * abs(middle) else (1000.0 if away > 0 else -1000.0)


def _spread(known: Sequence[float], middle: float) -> float:
    away = [abs(v - middle) for v in known]
    tiny = 1e-9 * abs(middle)
    if statistics.median(away) > tiny:
        return 1.4826 * statistics.median(away)
    return 1.2533 * statistics.fmean(away) if statistics.fmean(away) > tiny else 0.0
