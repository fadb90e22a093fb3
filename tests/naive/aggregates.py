"""The aggregates, each over a list of values with what orders them (language, Aggregates)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from . import values

NAMES = frozenset(
    ("sum", "avg", "min", "max", "count", "count_distinct", "median", "percentile", "stddev", "variance", "first",
     "last", "any", "all")
)  # fmt: skip
ZERO_WHEN_EMPTY = frozenset(("sum", "count", "count_distinct"))


def aggregate(
    name: str, pairs: Sequence[tuple[Any, Any]], missing: str | None = None, fraction: float | None = None
) -> Any:
    """The aggregate of `(value, order)` pairs. Nulls are skipped; over no value it is zero or null, by `missing`.

    `order` sorts `first` and `last`; `fraction` (0–1) is the percentile's.
    """
    present = [(v, o) for v, o in ((values.clean(v), o) for v, o in pairs) if v is not None]
    if not present:
        zero = missing == "zero" or (missing is None and name in ZERO_WHEN_EMPTY)
        return 0 if zero else None
    if name in ("first", "last"):
        ranked = sorted(present, key=lambda pair: (pair[1], pair[0]))
        return ranked[0 if name == "first" else -1][0]
    listed = [v for v, _ in present]
    if name == "percentile":
        assert fraction is not None
        return percentile(listed, fraction)
    found = FUNCTIONS[name](listed)
    return None if name in ("count", "count_distinct") and missing == "null" and found == 0 else found


def total(listed: list[Any]) -> Any:
    """The sum: exact unless one of the numbers is a double."""
    if any(isinstance(v, float) for v in listed):
        return math.fsum(float(v) for v in listed)
    if any(isinstance(v, Decimal) for v in listed):
        result = Decimal(0)
        for value in listed:
            result = values.EXACT.add(result, Decimal(value))
        return result
    return sum(listed)


def count(listed: list[Any]) -> int:
    """How many values; of a condition, how often it is true."""
    return sum(v is not False for v in listed)


def mean(listed: list[Any]) -> float:
    """The arithmetic mean."""
    return float(total(listed)) / len(listed)


def percentile(listed: list[Any], fraction: float) -> float:
    """The value at the fraction of the way through the sorted values, interpolated linearly."""
    ranked = sorted(float(v) for v in listed)
    position = fraction * (len(ranked) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (position - low)


def variance(listed: list[Any]) -> float | None:
    """The sample's variance; null for a single value."""
    if len(listed) < 2:
        return None
    middle = mean(listed)
    return math.fsum((float(v) - middle) ** 2 for v in listed) / (len(listed) - 1)


def deviation(listed: list[Any]) -> float | None:
    """The sample's standard deviation."""
    spread = variance(listed)
    return None if spread is None else math.sqrt(spread)


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "sum": total,
    "avg": mean,
    "min": min,
    "max": max,
    "count": count,
    "count_distinct": lambda listed: len(set(listed)),
    "median": lambda listed: percentile(listed, 0.5),
    "stddev": deviation,
    "variance": variance,
    "any": any,
    "all": all,
}
