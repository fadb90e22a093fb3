"""Units of operators and scalar functions: what a function makes of the units of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tallymark.check.report import Report
from tallymark.formula.bound import NOSPAN, Bound, Constant
from tallymark.formula.functions import Function
from tallymark.kinds import Type
from tallymark.place import Span
from tallymark.units import (
    BARE,
    COUNT,
    DURATION,
    NUMBER,
    PERCENT,
    RATIO,
    SCORE,
    Unit,
    alike,
    joined,
    named,
    product,
    quotient,
    raised,
    rooted,
    scaled,
)

HUNDRED = 100
HIGHEST_POWER = 10
"""The highest literal power that units follow; beyond it `pow` takes plain numbers only."""

_ALIKE = frozenset({"alike", "compared", "chosen", "scored"})
_FIXED = {"none": NUMBER, "count": COUNT, "ratio": RATIO, "percent": PERCENT, "score": SCORE, "duration": DURATION}

PERCENT_LITERAL = Unit(hundreds=1, fraction=True, free=True, name="percent literal")
"""Of `5%` before it is known what it stands beside."""


# --- percent literals ------------------------------------------------------------------------------------------------


def percent_literal(value: int | Decimal, span: Span) -> Constant:
    """`5%` before it is known what it stands beside: `value` is 5."""
    return Constant(value, Type.DECIMAL, PERCENT_LITERAL, span)


def is_percent_literal(node: Bound) -> bool:
    """Whether `node` is a percent literal that does not know its scale yet."""
    return isinstance(node, Constant) and node.unit is PERCENT_LITERAL


def as_percent(node: Bound) -> Bound:
    """A percent literal as a percent, 0 to 100."""
    return _settled(node, keep=True) if is_percent_literal(node) else node


def settle(node: Bound) -> Bound:
    """A percent literal that stands alone is a fraction."""
    return _settled(node, keep=False) if is_percent_literal(node) else node


def _settled(node: Bound, keep: bool) -> Constant:
    assert isinstance(node, Constant)
    if keep:
        return replace(node, unit=BARE)
    return replace(node, value=Decimal(node.value) / HUNDRED, unit=RATIO)


def settled_percents(function: Function, arguments: Sequence[Bound]) -> list[Bound]:
    """The arguments with percent literals scaled: as what they stand beside, and as a fraction in products."""
    if not any(is_percent_literal(a) for a in arguments):
        return list(arguments)
    if function.unit == "mean":
        values, weights = arguments[::2], [settle(a) for a in arguments[1::2]]
        pairs = zip(_scaled(values), weights, strict=True)
        return [a for pair in pairs for a in pair]
    return _scaled(arguments) if function.unit in _ALIKE else [settle(a) for a in arguments]


def _scaled(arguments: Sequence[Bound]) -> list[Bound]:
    percents = any(a.unit.percent for a in arguments if not is_percent_literal(a))
    return [as_percent(a) if percents else settle(a) for a in arguments]


# --- the rules -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Applied:
    """One application: the function, its arguments, where it stands, where to complain."""

    function: Function
    arguments: Sequence[Bound]
    span: Span
    report: Report

    @property
    def numbers(self) -> list[Bound]:
        """The arguments that are numbers; the condition of an `if` is none."""
        return [a for a in self.arguments if a.type.numeric]

    def where(self, node: Bound) -> Span:
        return node.span if node.span != NOSPAN else self.span


def unit_of_result(function: Function, arguments: Sequence[Bound], span: Span, report: Report) -> Unit | None:
    """The unit of `function` over `arguments`, by the rule in its row; None with a fault when they do not fit."""
    applied = _Applied(function, arguments, span, report)
    if not _as_taken(applied):
        return None
    fixed = _FIXED.get(function.unit)
    return fixed if fixed is not None else _RULES[function.unit](applied)


def _as_taken(applied: _Applied) -> bool:
    """Whether each argument has the unit that the function takes there, where it says one."""
    fit = True
    for take, argument in zip(applied.function.takes, applied.arguments, strict=False):
        if take.unit and argument.type.numeric and not _measures(argument.unit, take.unit):
            message = f"`{take.name}` of `{applied.function.name}` is a {take.unit}, this is {argument.unit}"
            applied.report.fault("T281", message, applied.where(argument), f"give it a {take.unit}")
            fit = False
    return fit


def _measures(unit: Unit, wanted: str) -> bool:
    """Whether a value fits where a unit is wanted by name: money is of any currency."""
    return unit.currency is not None if wanted == "money" else alike(unit, named(wanted, None, ""))


def _first(applied: _Applied) -> Unit | None:
    return applied.numbers[0].unit if applied.numbers else NUMBER


def _alike(applied: _Applied) -> Unit | None:
    unit = _together(applied, applied.numbers)
    if unit is not None and applied.function.name == "-":
        _warn_of_complement(applied, unit)
    return unit


def _warn_of_complement(applied: _Applied, unit: Unit) -> None:
    """`1 - x` of a percent and `100 - x` of a ratio: the whole is on the other scale."""
    whole = applied.arguments[0]
    if not (isinstance(whole, Constant) and whole.unit.free and unit.fraction and unit.dimensionless):
        return
    if unit.hundreds == 1 and whole.value == 1:
        message, help_ = "1 is one percentage point here: the other side is a percent (0–100)", "say `100 - …`"
    elif unit.hundreds == 0 and whole.value == HUNDRED:
        message, help_ = "the other side is a ratio (0–1), and 100 is a hundred times the whole", "say `1 - …`"
    else:
        return
    applied.report.warn("U311", message, applied.span, help_)


def _compared(applied: _Applied) -> Unit | None:
    return NUMBER if _together(applied, applied.numbers) is not None else None


def _scored(applied: _Applied) -> Unit | None:
    return SCORE if _together(applied, applied.numbers) is not None else None


def _product_of(applied: _Applied) -> Unit | None:
    left, right = applied.arguments
    for literal, other in ((right, left), (left, right)):
        if _is_hundred(literal) and not other.unit.free:
            if other.unit.percent:
                message = "this is a percent already: `* 100` doubles the scaling"
                applied.report.fault("U304", message, applied.span, "leave out `* 100`")
                return None
            return scaled(other.unit, 1)
        if _is_bare(literal) and other.unit.percent:
            return other.unit
    return product(left.unit, right.unit) if _no_percent(applied) else None


def _quotient_of(applied: _Applied) -> Unit | None:
    unit = _ratio_of(applied, *applied.arguments[:2])
    if unit is None or len(applied.arguments) < 3 or not applied.arguments[2].type.numeric:
        return unit
    otherwise = applied.arguments[2]
    if alike(unit, otherwise.unit) or _fits_beside(otherwise, unit, exact=False):
        return unit
    message = f"the quotient is {unit}, the value instead is {otherwise.unit}"
    applied.report.fault("U301", message, applied.where(otherwise), "give both the same unit")
    return None


def _ratio_of(applied: _Applied, left: Bound, right: Bound) -> Unit | None:
    if _is_hundred(right) and not left.unit.free:
        return scaled(left.unit, -1)
    if _is_bare(right) and left.unit.percent:
        return left.unit
    if left.unit.percent and right.unit.percent:
        return RATIO
    if _is_hundred(left) and not right.unit.free and not right.unit.percent:
        # A hundredfold that waits for what it is a hundredfold of: `part * (100 / whole)`.
        return replace(scaled(quotient(left.unit, right.unit), 1), fraction=False, name="number")
    return quotient(left.unit, right.unit) if _no_percent(applied) else None


def _power_of(applied: _Applied) -> Unit | None:
    base, exponent = applied.arguments
    literal = exponent.value if isinstance(exponent, Constant) and exponent.unit.free else None
    if isinstance(literal, int) and 1 <= literal <= HIGHEST_POWER and base.unit.powers:
        return raised(base.unit, literal)
    if not _no_percent(applied) or _plain(applied) is None:
        return None
    return NUMBER if base.unit.free else base.unit


def _root_of(applied: _Applied) -> Unit | None:
    unit = _first(applied) or NUMBER
    found = rooted(unit)
    if found is None and unit.powers:
        message = f"the square root of {unit} has no unit"
        applied.report.fault("U302", message, applied.where(applied.arguments[0]), "that of a variance has one")
        return None
    return found or NUMBER


def _plain(applied: _Applied) -> Unit | None:
    for node in applied.numbers:
        if not node.unit.dimensionless:
            message = f"`{applied.function.name}` takes a plain number, this is {node.unit}"
            help_ = "divide it by something alike first: `x / 1 day`, `x / total(x)`"
            applied.report.fault("U302", message, applied.where(node), help_)
            return None
    return NUMBER


def _margin(applied: _Applied) -> Unit | None:
    if _plain(applied) is None:
        return None
    return SCORE if len(applied.arguments) > 2 else RATIO


def _rate(applied: _Applied) -> Unit | None:
    return RATIO if _plain(applied) is not None else None


def _mean_of(applied: _Applied) -> Unit | None:
    """The unit of the values, or a score once they are of several kinds; weights go together too."""
    values = [a for a in applied.arguments[::2] if a.type.numeric]
    unit = _together(applied, values)
    if unit is None or _weights_of(applied) is None:
        return None
    bound = [v.unit for v in values if not v.unit.free]
    same = all((u.powers, u.fraction, u.hundreds) == (unit.powers, unit.fraction, unit.hundreds) for u in bound)
    return (unit if same else SCORE) if bound else NUMBER


def _weights_of(applied: _Applied) -> Unit | None:
    weights = [a for a in applied.arguments[1::2] if a.type.numeric]
    return RATIO if _together(applied, weights) is not None else None


_RULES: Mapping[str, Callable[[_Applied], Unit | None]] = {
    "first": _first,
    "alike": _alike,
    "compared": _compared,
    "chosen": _alike,
    "scored": _scored,
    "product": _product_of,
    "quotient": _quotient_of,
    "power": _power_of,
    "root": _root_of,
    "plain": _plain,
    "margin": _margin,
    "rate": _rate,
    "mean": _mean_of,
    "weights": _weights_of,
}


# --- what goes together ----------------------------------------------------------------------------------------------


def _together(applied: _Applied, numbers: Sequence[Bound]) -> Unit | None:
    """One unit for all of them; None with a fault. A bare number beside money fits a comparison or a choice only."""
    unit = BARE
    for number in numbers:
        if not number.unit.free and not alike(unit, number.unit) and not unit.free:
            return _mixed(applied, unit, number.unit)
        unit = number.unit if unit.free else joined(unit, number.unit) if not number.unit.free else unit
    exact = applied.function.unit in ("alike", "mean", "weights")
    for number in numbers:
        if number.unit.free and not _fits_beside(number, unit, exact):
            left, right = (number.unit, unit) if number is numbers[0] else (unit, number.unit)
            return _mixed(applied, left, right)
    return unit if numbers else NUMBER


def _fits_beside(number: Bound, unit: Unit, exact: bool) -> bool:
    """Whether a bare number fits beside values of `unit`; beside a measure, when `exact`, only a 0."""
    if not number.unit.free or unit.dimensionless:
        return number.unit.free
    zero = isinstance(number, Constant) and number.value == 0
    return zero or (not exact and unit.currency is not None)


def _mixed(applied: _Applied, left: Unit, right: Unit) -> Unit | None:
    doing = {"+": "add", "-": "subtract"}.get(applied.function.name)
    doing = doing or ("compare" if applied.function.unit in ("compared", "scored") else "combine")
    message = f"cannot {doing} {_said(left)} and {_said(right)}"
    applied.report.fault("U301", message, applied.span, _help_for(left, right))
    return None


def _said(unit: Unit) -> str:
    return "a bare number" if unit.free else str(unit)


def _help_for(left: Unit, right: Unit) -> str | None:
    if left.dimensionless and right.dimensionless:
        return "one is a percent (0–100), the other a ratio (0–1): divide the percent by 100"
    if left.duration or right.duration:
        return "a duration is written with its unit: `30 minutes`, `14 days`"
    if left.currency and right.currency:
        return "amounts of different currencies must be converted first"
    if left.currency or right.currency:
        return "only money goes with money: multiply a count by a price, or declare `unit: money`"
    return None


def _is_bare(node: Bound) -> bool:
    """Whether `node` is a number without a unit, as written or as a parameter."""
    return node.unit.free or (isinstance(node, Constant) and node.unit.dimensionless)


def _is_hundred(node: Bound) -> bool:
    return isinstance(node, Constant) and node.unit.free and node.value == HUNDRED


def _no_percent(applied: _Applied) -> bool:
    for node in applied.arguments:
        if node.unit.percent:
            message = "a percent in a product counts a hundred times"
            applied.report.fault("U303", message, applied.where(node), "write it as a ratio: `(… / 100)`")
            return False
    return True
