"""Units and their algebra.

A unit is a product of powers of *measures* (currencies, seconds) and a count of factors 100. What is checked is the
currency, the duration and the 100 of a percent; count, ratio, number and score are one dimensionless kind.

    money EUR          {EUR: 1}             a / b of the same currency   {}, a fraction
    duration           {second: 1}          a fraction * 100             {}, a fraction, hundreds 1: a percent
    a plugin's         {acme.tonnes: 1}     EUR / acme.tonnes            {EUR: 1, acme.tonnes: -1}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

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


class Measure(str):
    """A measure that a plugin gives: its name, as `acme.tonnes`, that knows how its amounts are shown.

    It is equal to its name, so that units are compared as ever; what is shown travels with it through all arithmetic.
    """

    __slots__ = ("decimals", "sign")
    sign: str
    decimals: int | None

    def __new__(cls, name: str, sign: str = "", decimals: int | None = None) -> Self:
        made = super().__new__(cls, name)
        made.sign = sign or name.rpartition(".")[2]
        made.decimals = decimals
        return made


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit that a plugin gives: a measure of its own, or a part or multiple of one for columns that are stored so.

    `sign` is what headings and numbers show (`t`), `decimals` how many digits after the point. A unit `of` another one
    of the same plugin is `scale` of it (`of="acme.tonnes", scale=0.001`): columns are then read in that one, as those
    in milliseconds are read in seconds. Amounts of one measure add up and compare, of different ones not; they
    multiply and divide into products (`money / acme.tonnes`). Raises ValueError for what is not a unit.
    """

    name: str
    help: str
    sign: str = ""
    decimals: int | None = None
    of: str = ""
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"the scale of `{self.name}` is a number above 0, not {self.scale!r}")
        if not self.of and self.scale != 1:
            raise ValueError(f"`{self.name}` has a scale, and is of no other unit")
        if self.decimals is not None and not 0 <= self.decimals <= 12:
            raise ValueError(f"`{self.name}` is shown with 0 to 12 decimals, not {self.decimals!r}")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number measures.

    `powers` are the measures and their exponents, sorted by name, exponents never zero. `hundreds` counts factors of
    100 (1 for a percent). `fraction` is True once something was divided by something: when no measure is left, its
    `* 100` is a percent. `free` is True for bare literals, which agree with any dimensionless unit. `name` is how a
    declared unit is shown.
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
        if len(self.powers) == 1 and self.powers[0][1] == 1 and _is_currency(self.powers[0][0]):
            return self.powers[0][0]
        return None

    @property
    def measure(self) -> Measure | None:
        """The measure of an amount in a plugin's unit."""
        found = self.powers[0] if len(self.powers) == 1 else ("", 0)
        return found[0] if isinstance(found[0], Measure) and found[1] == 1 else None

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in it, of whatever power."""
        return tuple(m for m, _ in self.powers if _is_currency(m))

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
        return str(self.measure) if self.measure else self.product(str)

    def product(self, word: Callable[[str], str]) -> str:
        """The measures and their powers as text, each measure by its `word`."""
        above = " × ".join(_power(word(n), p) for n, p in self.powers if p > 0) or "1"
        below = " × ".join(_power(word(n), -p) for n, p in self.powers if p < 0)
        return f"{above} / {below}" if below else above


def _is_currency(measure: str) -> bool:
    return measure != SECOND and not isinstance(measure, Measure)


def _power(name: str, exponent: int) -> str:
    return name if exponent == 1 else f"{name}^{exponent}"


NUMBER = Unit()
BARE = Unit(free=True)
COUNT = Unit(name="count")
SCORE = Unit(name="score")
RATIO = Unit(fraction=True, name="ratio")
PERCENT = Unit(fraction=True, hundreds=1, name="percent")
POINTS = Unit(name="points")
"""Of the difference between two percents, or between two scores."""
DURATION = Unit(((SECOND, 1),), name="duration")


def money(currency: str) -> Unit:
    """An amount of money in `currency` (a three-letter code)."""
    return Unit(((currency, 1),), name="money")


OWN = "its row's currency: "


def own_currency(column: str) -> Unit:
    """Of an amount whose currency stands in another column of its row."""
    return Unit(((OWN + column, 1),), name="money")


def currency_column(unit: Unit) -> str | None:
    """The column that an `own_currency` names; None of any other unit."""
    named = unit.powers[0][0] if unit.powers else ""
    return named.removeprefix(OWN) if named.startswith(OWN) else None


def reported(unit: Unit, currency: str) -> Unit:
    """The unit with every currency in it turned into `currency`; money over money is then a fraction."""
    if all(m == currency or not _is_currency(m) for m, _ in unit.powers):
        return unit
    powers: dict[str, int] = {}
    for measure, exponent in unit.powers:
        into = currency if _is_currency(measure) else measure
        powers[into] = powers.get(into, 0) + exponent
    kept = tuple(sorted((m, e) for m, e in powers.items() if e))
    return replace(unit, powers=kept, fraction=unit.fraction or not kept, name=_name(kept) if kept else "ratio")


def measured(measure: Measure) -> Unit:
    """An amount in a plugin's unit."""
    return Unit(((measure, 1),), name=str(measure))


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


def product(left: Unit, right: Unit) -> Unit:
    """The unit of `left * right`. The 100 of a literal is `scaled`'s business."""
    return _combined(left, right, 1)


def quotient(left: Unit, right: Unit) -> Unit:
    """The unit of `left / right`; a fraction when what is left has no measure."""
    return _combined(left, right, -1)


def _combined(left: Unit, right: Unit, sign: int) -> Unit:
    if left.free and right.free:
        return BARE
    powers = dict(left.powers)
    for measure, exponent in right.powers:
        powers[measure] = powers.get(measure, 0) + sign * exponent
    kept = tuple(sorted((m, e) for m, e in powers.items() if e))
    hundreds = left.hundreds + sign * right.hundreds
    # Once a fraction, always one: so the order of factors does not matter.
    fraction = left.fraction or right.fraction or (sign < 0 and not right.free)
    if kept:
        return Unit(kept, hundreds, fraction, name=_name(kept))
    if fraction:
        return Unit((), hundreds, True, name="percent" if hundreds == 1 else "ratio")
    bound = [u.name for u in (left, right) if not u.free]
    return Unit((), hundreds, name=bound[0] if len(bound) == 1 and sign > 0 else "number")


def _name(powers: tuple[tuple[str, int], ...]) -> str:
    if len(powers) > 1 or powers[0][1] != 1:
        return "number"
    measure = powers[0][0]
    return "money" if _is_currency(measure) else "duration" if measure == SECOND else str(measure)


def raised(unit: Unit, exponent: int) -> Unit:
    """The unit of a value to a whole power of 1 or more."""
    powers = tuple((m, e * exponent) for m, e in unit.powers)
    name = unit.name if exponent == 1 or (not powers and unit.fraction) else _name(powers) if powers else "number"
    return replace(unit, powers=powers, hundreds=unit.hundreds * exponent, name=name)


def rooted(unit: Unit) -> Unit | None:
    """The unit of a square root; None when there is none, as of money."""
    if any(e % 2 for _, e in unit.powers) or unit.hundreds % 2:
        return None
    powers = tuple((m, e // 2) for m, e in unit.powers)
    name = _name(powers) if powers else "ratio" if unit.fraction else "number"
    return replace(unit, powers=powers, hundreds=unit.hundreds // 2, name=name)


def scaled(unit: Unit, hundreds: int) -> Unit:
    """The unit of an expression multiplied by a literal 100 (`hundreds` 1) or divided by one (-1).

    A number that is no fraction has no scale to lose: cents divided by 100 are as good a number as cents.
    """
    total = unit.hundreds + hundreds
    if not unit.fraction and total < 0:
        return unit
    name = {0: "ratio", 1: "percent"}.get(total, "number") if unit.fraction and not unit.powers else unit.name
    return replace(unit, hundreds=total, free=False, name=name)


def alike(left: Unit, right: Unit) -> bool:
    """Whether two values may be added or compared. A bare literal goes with anything dimensionless, a percent too."""
    if left.powers != right.powers:
        return False
    if left.powers or left.free or right.free:
        return True
    return not (left.fraction and right.fraction) or left.hundreds == right.hundreds


def joined(left: Unit, right: Unit) -> Unit:
    """The unit of a sum, a choice or the like over two units that are `alike`."""
    if left.free:
        return right
    if right.free or left == right:
        return left
    if left.powers:
        return replace(left, fraction=left.fraction or right.fraction)
    if left.fraction != right.fraction:
        return left if left.fraction else right
    return left if left.name == right.name else replace(left, name="number")
