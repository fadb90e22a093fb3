"""Values and their operators: exact arithmetic, three-valued logic, comparison (language, Null and Units)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any

from tallymark.formula.nodes import Duration

from .clock import Clock
from .world import NaiveError

EXACT = Context(prec=120)
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


def clean(value: Any) -> Any:
    """The value, or null for what counts as null: NaN and the infinities."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Duration):
        return seconds(value)
    return value


def seconds(duration: Duration) -> float | int:
    """A duration as a number of seconds; months and longer have no fixed length."""
    if duration.unit not in SECONDS:
        raise NaiveError(f"a {duration.unit} is no fixed number of seconds")
    length = duration.count * SECONDS[duration.unit]
    return int(length) if length == int(length) else float(length)


def add(left: Any, right: Any, clock: Clock) -> Any:
    """The sum: exact unless one side is a double."""
    if left is None or right is None:
        return None
    if isinstance(left, float) or isinstance(right, float):
        return clean(float(left) + float(right))
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return EXACT.add(Decimal(left), Decimal(right))
    return left + right


def subtract(left: Any, right: Any, clock: Clock) -> Any:
    """The difference; of two times the seconds between them."""
    if left is None or right is None:
        return None
    if isinstance(left, date):
        return elapsed(right, left, clock)
    return add(left, negate(right), clock)


def elapsed(earlier: date, later: date, clock: Clock) -> float:
    """The seconds from one time to another: by the clock between local times, as time passed between instants."""
    a, b = clock.moment(earlier), clock.moment(later)
    if is_instant(earlier) or is_instant(later):
        return (b.utc - a.utc).total_seconds()
    return (b.wall - a.wall).total_seconds()


def negate(value: Any) -> Any:
    """The value with the other sign."""
    return None if value is None else -value


def multiply(left: Any, right: Any, clock: Clock) -> Any:
    """Exact between integers and between an integer and a decimal; every other product is a double."""
    if left is None or right is None:
        return None
    exact = not isinstance(left, float) and not isinstance(right, float)
    if exact and (isinstance(left, int) or isinstance(right, int)):
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            return EXACT.multiply(Decimal(left), Decimal(right))
        return left * right
    return clean(float(left) * float(right))


def divide(left: Any, right: Any, clock: Clock) -> Any:
    """The real quotient; null for a zero divisor."""
    if left is None or right is None or right == 0:
        return None
    return clean(float(left) / float(right))


def is_instant(value: Any) -> bool:
    """Whether the value is a point on the time line rather than a local time."""
    return isinstance(value, datetime) and value.tzinfo is not None


def compare(left: Any, right: Any, clock: Clock) -> int:
    """-1, 0 or 1. Times by the clock, unless one is an instant; a decimal beside a double is read as a double."""
    if isinstance(left, date) and isinstance(right, date):
        a, b = clock.moment(left), clock.moment(right)
        instants = is_instant(left) or is_instant(right)
        left, right = (a.utc, b.utc) if instants else (a.wall, b.wall)
    elif isinstance(left, Decimal) and isinstance(right, float):
        left = float(left)
    elif isinstance(left, float) and isinstance(right, Decimal):
        right = float(right)
    elif isinstance(left, bool) != isinstance(right, bool) or isinstance(left, str) != isinstance(right, str):
        raise NaiveError(f"cannot compare {left!r} with {right!r}")
    return int(left > right) - int(left < right)


def compares(operator: str, left: Any, right: Any, clock: Clock) -> bool | None:
    """A comparison; null when either side is."""
    if left is None or right is None:
        return None
    order = compare(left, right, clock)
    return {
        "=": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0,
    }[operator]  # fmt: skip


def both(values: Iterable[bool | None]) -> bool | None:
    """Three-valued `and`."""
    listed = list(values)
    if False in listed:
        return False
    return None if None in listed else True


def either(values: Iterable[bool | None]) -> bool | None:
    """Three-valued `or`."""
    listed = list(values)
    if True in listed:
        return True
    return None if None in listed else False


def opposite(value: bool | None) -> bool | None:
    """Three-valued `not`."""
    return None if value is None else not value


ARITHMETIC = {"+": add, "-": subtract, "*": multiply, "/": divide}
COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
