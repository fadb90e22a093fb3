"""Units and their algebra.

A unit is a product of powers of *measures* (currencies, seconds) and a count of factors 100. What is checked is the
currency, the duration and the 100 of a percent; count, ratio, number and score are one dimensionless kind.

    money EUR          {EUR: 1}             a / b of the same currency   {}, a fraction
    duration           {second: 1}          a fraction * 100             {}, a fraction, hundreds 1: a percent
"""

from __future__ import annotations

from dataclasses import dataclass

SECOND = "second"

DURATION_SCALES = {
    "microseconds": 1e-6,
    "us": 1e-6,
    "milliseconds": 1e-3,
    "ms": 1e-3,
    "seconds": 1.0,
    "s": 1.0,
    "minutes": 60.0,
    "min": 60.0,
    "hours": 3600.0,
    "h": 3600.0,
    "days": 86400.0,
    "d": 86400.0,
}
"""Seconds in one of what a `duration:` column may be stored in. Every duration is handled in seconds."""

NAMES = ("money", "duration", "percent", "ratio", "count", "score", "number")
"""Names a `unit:` may have in YAML."""

DIMENSIONLESS = ("ratio", "count", "score", "number")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number measures.

    `powers` are the measures and their exponents, sorted by name, exponents never zero. `hundreds` counts factors of
    100 (1 for a percent). `fraction` is True for a quotient of like things, whose `* 100` is a percent. `free` is True
    for bare literals, which agree with any dimensionless unit. `name` is how a declared unit is shown.
    """

    powers: tuple[tuple[str, int], ...] = ()
    hundreds: int = 0
    fraction: bool = False
    free: bool = False
    name: str = "number"

    @property
    def dimensionless(self) -> bool:
        return not self.powers

    @property
    def percent(self) -> bool:
        """A percent beyond doubt: dimensionless, a fraction, times 100."""
        return not self.powers and self.fraction and self.hundreds == 1

    @property
    def currency(self) -> str | None:
        """The currency of an amount of money, or of money per count."""
        if len(self.powers) == 1 and self.powers[0][1] == 1 and self.powers[0][0] != SECOND:
            return self.powers[0][0]
        return None

    @property
    def duration(self) -> bool:
        return self.powers == ((SECOND, 1),)

    def __str__(self) -> str:
        if self.percent:
            return "percent"
        if not self.powers:
            return self.name
        if self.duration:
            return "duration"
        if self.currency:
            return f"money ({self.currency})"
        above = " × ".join(_power(n, p) for n, p in self.powers if p > 0) or "1"
        below = " × ".join(_power(n, -p) for n, p in self.powers if p < 0)
        return f"{above} / {below}" if below else above


def _power(name: str, exponent: int) -> str:
    return name if exponent == 1 else f"{name}^{exponent}"


NUMBER = Unit()
BARE = Unit(free=True)
COUNT = Unit(name="count")
SCORE = Unit(name="score")
RATIO = Unit(fraction=True, name="ratio")
PERCENT = Unit(fraction=True, hundreds=1, name="percent")
DURATION = Unit(((SECOND, 1),), name="duration")


def money(currency: str) -> Unit:
    """An amount of money in `currency` (a three-letter code)."""
    return Unit(((currency, 1),), name="money")


def named(name: str, detail: str | None, currency: str) -> Unit:
    """The unit a `unit:` entry names; `detail` is the currency of `money`. Raises KeyError for an unknown name."""
    if name == "money":
        return money(detail or currency)
    known = {
        "duration": DURATION,
        "percent": PERCENT,
        "ratio": RATIO,
        "count": COUNT,
        "score": SCORE,
        "number": NUMBER,
    }
    return known[name]


def product(left: Unit, right: Unit, sign: int = 1) -> Unit:
    """The unit of `left * right`, or of `left / right` with `sign` -1. The 100 of a literal is `scaled`'s business."""
    powers = dict(left.powers)
    for measure, exponent in right.powers:
        powers[measure] = powers.get(measure, 0) + sign * exponent
    kept = tuple(sorted((m, e) for m, e in powers.items() if e))
    hundreds = left.hundreds + sign * right.hundreds
    if left.free and right.free:
        return BARE
    if kept:
        return Unit(kept, hundreds, name="money" if len(kept) == 1 and kept[0][0] != SECOND else "number")
    fraction = sign < 0 and not right.free if not (left.fraction or right.fraction) else True
    if right.free and not left.fraction:
        return Unit((), hundreds, False, False, left.name if sign > 0 or left.name != "count" else "number")
    return Unit((), hundreds, fraction, name="ratio" if fraction else "number")


def scaled(unit: Unit, hundreds: int) -> Unit:
    """The unit of an expression multiplied by a literal 100 (`hundreds` 1) or divided by one (-1)."""
    total = unit.hundreds + hundreds
    name = "percent" if unit.fraction and total == 1 else "ratio" if unit.fraction and total == 0 else unit.name
    return Unit(unit.powers, total, unit.fraction, False, name)


def alike(left: Unit, right: Unit) -> bool:
    """Whether two values may be added or compared. A bare literal goes with anything dimensionless, percents included."""
    if left.powers != right.powers:
        return False
    if left.powers or left.free or right.free:
        return True
    if left.fraction and right.fraction:
        return left.hundreds == right.hundreds
    return True


def joined(left: Unit, right: Unit) -> Unit:
    """The unit of a sum, a choice or the like over two units that are `alike`."""
    if left.free:
        return right
    if right.free or left == right:
        return left
    if left.fraction != right.fraction:
        return left if left.fraction else right
    return left if left.name == right.name else Unit(left.powers, left.hundreds, left.fraction, name="number")
