"""The functions that work on values alone (language, Functions)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from statistics import NormalDist
from typing import Any

from tallymark.formula.nodes import Duration

from . import marks, values
from .clock import MONTHS, Clock, add_to_wall
from .world import NaiveError

SKIPS_NULLS = frozenset(("coalesce", "divide", "weighted_mean", "coverage"))


def call(name: str, arguments: Sequence[Any], clock: Clock) -> Any:
    """The function's value. Null if any argument is, except in the functions that say otherwise."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise NaiveError(f"function {name} is not covered here")
    if name not in SKIPS_NULLS and any(a is None for a in arguments):
        return None
    return values.clean(function(clock, *arguments))


def _to_whole(mode: str) -> Callable[..., Any]:
    def rounded(clock: Clock, x: Any, digits: Any = 0) -> Any:
        if isinstance(x, int):
            return x if digits >= 0 else int(_quantized(Decimal(x), digits, mode))
        # A double is rounded as the decimal it is written as: round(2.675, 2) is 2.68.
        exact = Decimal(repr(x)) if isinstance(x, float) else x
        result = _quantized(exact, digits, mode)
        return float(result) if isinstance(x, float) else result

    return rounded


def _quantized(x: Decimal, digits: int, mode: str) -> Decimal:
    scaled = values.EXACT.scaleb(x, digits).to_integral_value(rounding=mode, context=values.EXACT)
    return values.EXACT.scaleb(scaled, -digits)


def _sign(clock: Clock, x: Any) -> int:
    return int(x > 0) - int(x < 0)


def _pow(clock: Clock, x: Any, y: Any) -> float | None:
    try:
        result = float(x) ** float(y)
    except (OverflowError, ZeroDivisionError):
        return None
    return None if isinstance(result, complex) else result


def _where(test: Callable[[float], bool], function: Callable[[float], float]) -> Callable[..., float | None]:
    return lambda clock, x: function(float(x)) if test(float(x)) else None


def _exp(clock: Clock, x: Any) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        raise NaiveError("overflow in exp") from None


def _mod(clock: Clock, x: Any, y: Any) -> Any:
    """What is left of dividing, with the sign of `x`; null for a zero divisor."""
    if y == 0:
        return None
    if isinstance(x, float) or isinstance(y, float):
        return math.fmod(x, y)
    if isinstance(x, Decimal) or isinstance(y, Decimal):
        return values.EXACT.remainder(Decimal(x), Decimal(y))
    return int(math.copysign(1, x)) * (abs(x) % abs(y))


def _greatest(clock: Clock, *numbers: Any) -> Any:
    return max(numbers)


def _least(clock: Clock, *numbers: Any) -> Any:
    return min(numbers)


def _coalesce(clock: Clock, *listed: Any) -> Any:
    return next((v for v in listed if v is not None), None)


def _divide(clock: Clock, x: Any, y: Any, otherwise: Any = None) -> Any:
    if y is not None and y == 0:
        return otherwise
    return values.divide(x, y, clock)


def _scale(clock: Clock, x: Any, low: Any, high: Any) -> float | None:
    if float(low) == float(high):
        return None
    return min(100.0, max(0.0, (float(x) - float(low)) / (float(high) - float(low)) * 100))


def _band(clock: Clock, x: Any, *thresholds: Any) -> float:
    return 100 * sum(values.compare(t, x, clock) <= 0 for t in thresholds) / len(thresholds)


def _pairs(arguments: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(arguments[::2], arguments[1::2], strict=True))


def _weighted_mean(clock: Clock, *arguments: Any) -> float | None:
    """The mean of `x1, w1, x2, w2, …`: null values are left out and the weights renormalised."""
    present = [(float(x), float(w)) for x, w in _pairs(arguments) if x is not None and w is not None]
    weight = math.fsum(w for _, w in present)
    return math.fsum(x * w for x, w in present) / weight if weight else None


def _coverage(clock: Clock, *arguments: Any) -> float | None:
    """The share (0–1) of the weight whose value is not null."""
    pairs = [(x, float(w)) for x, w in _pairs(arguments) if w is not None]
    weight = math.fsum(w for _, w in pairs)
    return math.fsum(w for x, w in pairs if x is not None) / weight if weight else None


def _confidence(counted: Sequence[Any]) -> tuple[list[float], float]:
    """What is counted, and the z of the confidence, which comes last as a fraction; of 95% without one."""
    numbers = [float(x) for x in counted]
    level = numbers.pop() if 0 < numbers[-1] < 1 else 0.95
    return numbers, NormalDist().inv_cdf(0.5 + level / 2)


def _margin_of_error(clock: Clock, *counted: Any) -> float | None:
    (*parts, answers), z = _confidence(counted)
    if answers <= 0:
        return None
    shares = [p / answers for p in parts]
    if len(shares) == 1:
        return z * math.sqrt(max(0.0, shares[0] * (1 - shares[0])) / answers)
    up, down = shares
    return z * math.sqrt(max(0.0, up + down - (up - down) ** 2) / answers) * 100


def _wilson_margin(clock: Clock, *counted: Any) -> float | None:
    (successes, answers), z = _confidence(counted)
    if answers <= 0:
        return None
    variance = max(0.0, successes / answers * (1 - successes / answers)) / answers
    return z * math.sqrt(variance + (z / answers / 2) ** 2) / (1 + z * z / answers)


# Times


def _wall(clock: Clock, x: date) -> datetime:
    return clock.moment(x).wall


def _date(clock: Clock, x: Any) -> date:
    return date.fromisoformat(x) if isinstance(x, str) else _wall(clock, x).date()


def _first_day(unit: str) -> Callable[..., date | None]:
    def first_day(clock: Clock, x: date) -> date | None:
        day = _wall(clock, x).date()
        return clock.floor_date(day, unit) if _known(clock, day, unit) else None

    return first_day


def _known(clock: Clock, day: date, unit: str) -> bool:
    """Whether the calendar has the day; one of a project's own has an end."""
    return clock.own is None or not clock.own.has(unit) or day in clock.own.days


def _date_add(clock: Clock, x: date, duration: Duration) -> date:
    """The time moved by a duration, as the same kind of value; instants move by elapsed hours but local days."""
    if not isinstance(x, datetime):
        return add_to_wall(_wall(clock, x), duration.count, duration.unit).date()
    if x.tzinfo is None:
        return add_to_wall(x, duration.count, duration.unit)
    return clock.add(clock.at_instant(x), duration.count, duration.unit).utc


def _date_diff(clock: Clock, unit: str, earlier: date, later: date) -> int | None:
    """How many edges of the unit lie between, negative when the second comes first."""
    a, b = _wall(clock, earlier), _wall(clock, later)
    if unit in ("second", "minute", "hour"):
        length = {"second": 1, "minute": 60, "hour": 3600}[unit]
        if any(isinstance(x, datetime) and x.tzinfo is not None for x in (earlier, later)):
            # Whole hours of the local clock, counted as they pass: a repeated hour counts twice.
            a, b = (_local_count(clock, x) for x in (earlier, later))
        epoch = datetime(1970, 1, 1)
        return (b - epoch) // timedelta(seconds=length) - (a - epoch) // timedelta(seconds=length)
    if clock.own is not None and clock.own.has(unit):
        if not (_known(clock, a.date(), unit) and _known(clock, b.date(), unit)):
            return None
        return clock.own.place(b.date(), unit) - clock.own.place(a.date(), unit)
    first, last = clock.floor_date(a.date(), unit), clock.floor_date(b.date(), unit)
    if unit in MONTHS:
        return (last.year * 12 + last.month - first.year * 12 - first.month) // MONTHS[unit]
    return (last - first).days // {"day": 1, "week": 7}[unit]


def _local_count(clock: Clock, x: date) -> datetime:
    return clock.moment(x).utc.astimezone(UTC).replace(tzinfo=None)


def _date_part(clock: Clock, part: str, x: date) -> int | None:
    wall = _wall(clock, x)
    if clock.own is not None and clock.own.has(part):
        return clock.own.days[wall.date()][part][-1] if wall.date() in clock.own.days else None
    first = clock.first_month
    if part == "quarter":
        return (wall.month - first) % 12 // 3 + 1
    if part == "year":
        # A fiscal year bears the number of the common year it ends in.
        return wall.year + (first != 1 and wall.month >= first)
    if part == "week":
        return wall.isocalendar().week
    if part == "weekday":
        return wall.isoweekday()
    return int(getattr(wall, part))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda clock, x: abs(x),
    "acme.mix": lambda clock, x, y: marks.mix(float(x), float(y)),
    "sign": _sign,
    "round": _to_whole(ROUND_HALF_UP),
    "floor": _to_whole(ROUND_FLOOR),
    "ceil": _to_whole(ROUND_CEILING),
    "trunc": _to_whole(ROUND_DOWN),
    "pow": _pow,
    "sqrt": _where(lambda x: x >= 0, math.sqrt),
    "ln": _where(lambda x: x > 0, math.log),
    "log10": _where(lambda x: x > 0, math.log10),
    "exp": _exp,
    "mod": _mod,
    "greatest": _greatest,
    "least": _least,
    "clamp": lambda clock, x, low, high: min(max(x, low), high),
    "coalesce": _coalesce,
    "divide": _divide,
    "lower": lambda clock, x: x.lower(),
    "upper": lambda clock, x: x.upper(),
    "trim": lambda clock, x: x.strip(" "),
    "length": lambda clock, x: len(x),
    "contains": lambda clock, x, part: part in x,
    "starts_with": lambda clock, x, part: x.startswith(part),
    "ends_with": lambda clock, x, part: x.endswith(part),
    # Python's patterns are those of RE2, as far as tests write them.
    "matches": lambda clock, x, pattern: re.search(pattern, x) is not None,
    "date": _date,
    **{unit: _first_day(unit) for unit in ("year", "quarter", "month", "week", "day")},
    "weekday": lambda clock, x: _wall(clock, x).isoweekday(),
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_part": _date_part,
    "scale": _scale,
    "band": _band,
    "weighted_mean": _weighted_mean,
    "coverage": _coverage,
    "margin_of_error": _margin_of_error,
    "wilson_margin": _wilson_margin,
}
