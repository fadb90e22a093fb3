"""Types and units of operators and scalar functions: the rows of the function table, applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tallymark.check.report import POISON, Report
from tallymark.formula.bound import Apply, Bound, Constant
from tallymark.formula.functions import Function, Take
from tallymark.kinds import Type, wider
from tallymark.place import Span
from tallymark.units import (
    BARE,
    COUNT,
    DURATION,
    NUMBER,
    RATIO,
    SCORE,
    Unit,
    alike,
    joined,
    product,
    scaled,
)

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">=", "in", "between"})
CHOICES = frozenset({"if", "case", "coalesce", "greatest", "least", "clamp"})
HUNDRED = 100


def apply(function: Function, arguments: Sequence[Bound], span: Span, report: Report) -> Bound:
    """Binds `function` to bound arguments: checks families and units, scales percent literals, finds type and unit."""
    if any(a is POISON for a in arguments):
        return POISON
    settled = _settle_percents(function, arguments)
    if not _families_fit(function, settled, span, report):
        return POISON
    settled = _local_times(function, settled)
    unit = _unit(function, settled, span, report)
    if unit is None:
        return POISON
    return Apply(function.name, tuple(settled), result_type(function, settled), unit, span=span)


# --- types -----------------------------------------------------------------------------------------------------------


def _families_fit(function: Function, arguments: Sequence[Bound], span: Span, report: Report) -> bool:
    first = next((a.type for a in arguments[_first_value(function) :] if a.type is not Type.NULL), Type.NULL)
    fits = True
    for take, argument in zip(_takes(function, len(arguments)), arguments, strict=False):
        fits &= _fits(function, take, argument, first, report, span)
    return fits


def _first_value(function: Function) -> int:
    return 1 if function.name == "if" else 0


def _takes(function: Function, count: int) -> list[Take]:
    takes = list(function.takes)
    if takes and takes[-1].repeats:
        takes += [takes[-1]] * (count - len(takes))
    return takes


def _fits(function: Function, take: Take, argument: Bound, first: Type, report: Report, span: Span) -> bool:
    found = argument.type
    where = argument.span if argument.span != (0, 0) else span
    if found is Type.OPAQUE:
        return False
    if argument.type is Type.NULL:
        if function.name in COMPARISONS:
            right = "is null" if function.name in ("=", "in") else "is not null"
            report.fault("T205", f"comparing with null is never true: `{function.name} null`", where, f"say `{right}`")
            return False
        return True
    wanted = first.family if take.family == "same" else take.family
    if wanted in ("any", found.family) or wanted not in ("number", "text", "boolean", "time"):
        return True
    name = f"`{function.name}`"
    if take.family == "same":
        report.fault("T202", f"{name} cannot mix {wanted} and {found.family}", where, _cast_help(wanted, found.family))
    else:
        report.fault("T201", f"{name} takes a {wanted}, this is a {found.family}", where, _cast_help(wanted, found.family))
    return False


def _cast_help(wanted: str, found: str) -> str:
    if {wanted, found} == {"time", "text"}:
        return "a date is written date('2024-01-31')"
    if wanted == "boolean":
        return "a condition is a comparison, `x > 0` for example"
    if found == "boolean":
        return "a condition becomes a number by if(…, 1, 0)"
    return "there are no implicit casts: compare and combine values of one type"


LOCAL = "local"
"""The operator that turns an instant into the project's local time; put in by the checker, never written."""


def _local_times(function: Function, arguments: Sequence[Bound]) -> list[Bound]:
    """Instants beside naive times, or under functions of the calendar, are read on the project's clock."""
    times = [a.type for a in arguments if a.type.temporal]
    if Type.INSTANT not in times:
        return list(arguments)
    if function.name in ("date_add",):
        return list(arguments)
    calendar = function.name in ("date", "year", "quarter", "month", "week", "day", "weekday", "date_part", "date_diff")
    if not calendar and all(t is Type.INSTANT for t in times):
        return list(arguments)
    return [_local(a) if a.type is Type.INSTANT else a for a in arguments]


def _local(argument: Bound) -> Bound:
    return Apply(LOCAL, (argument,), Type.TIMESTAMP, argument.unit, span=argument.span)


def result_type(function: Function, arguments: Sequence[Bound]) -> Type:
    """The type the row's `gives` names for these arguments."""
    values = [a.type for a in arguments[_first_value(function) :]]
    known = [t for t in values if t is not Type.NULL] or [Type.NULL]
    if function.name == "round" and known[0] is not Type.INTEGER:
        return known[0]
    if function.name in ("floor", "ceil", "trunc") and known[0] is Type.DECIMAL:
        return Type.DECIMAL
    match function.gives:
        case "widest":
            return _widest(known)
        case "exact":
            return Type.DOUBLE if known.count(Type.DECIMAL) > 1 else _widest(known)
        case "first" if known[0].numeric and function.name in CHOICES:
            return _widest([t for t in known if t.numeric])
        case "first" if known[0].temporal and function.name in CHOICES:
            return known[0] if len(set(known)) == 1 else Type.TIMESTAMP
        case "first":
            return known[0]
    return Type(function.gives)


def _widest(types: Sequence[Type]) -> Type:
    widest = Type.NULL
    for found in types:
        widest = wider(widest, found)
    return widest


# --- units -----------------------------------------------------------------------------------------------------------


def _settle_percents(function: Function, arguments: Sequence[Bound]) -> list[Bound]:
    """A percent literal takes the scale of what it stands beside; in products it is a fraction."""
    if not any(_is_percent_literal(a) for a in arguments):
        return list(arguments)
    others = [a.unit for a in arguments if not _is_percent_literal(a)]
    scaling = function.name in COMPARISONS | CHOICES | {"+", "-"}
    keep = scaling and any(u.percent for u in others)
    return [_settled(a, keep) if _is_percent_literal(a) else a for a in arguments]


def percent_literal(value: int | Decimal, span: Span) -> Constant:
    """`5%` before it is known what it stands beside."""
    return Constant(value, Type.DECIMAL, Unit(hundreds=1, fraction=True, free=True, name="percent literal"), span)


def _is_percent_literal(node: Bound) -> bool:
    return isinstance(node, Constant) and node.unit.name == "percent literal"


def _settled(node: Bound, keep: bool) -> Constant:
    assert isinstance(node, Constant)
    value = node.value if keep else Decimal(node.value) / HUNDRED
    return Constant(value, Type.DECIMAL, BARE if keep else Unit(fraction=True, free=True, name="ratio"), node.span)


def settle(node: Bound) -> Bound:
    """A percent literal that stands alone is a fraction."""
    return _settled(node, False) if _is_percent_literal(node) else node


def _unit(function: Function, arguments: Sequence[Bound], span: Span, report: Report) -> Unit | None:
    numbers = [a for a in arguments[_first_value(function) :] if a.type.numeric]
    match function.unit:
        case "none":
            return NUMBER
        case "alike":
            return _alike(function, numbers, span, report)
        case "first":
            return numbers[0].unit if numbers else NUMBER
        case "product":
            return _product(arguments[0], arguments[1], span, report)
        case "quotient":
            return _quotient(arguments[0], arguments[1], span, report)
        case "mean":
            return _mean(numbers)
        case "plain" | "power":
            return _plain(function, numbers, span, report)
        case "duration":
            return DURATION
        case "count":
            return COUNT
        case "ratio":
            return RATIO
    return SCORE if function.unit == "score" else NUMBER


def _alike(function: Function, numbers: Sequence[Bound], span: Span, report: Report) -> Unit | None:
    """Sums, comparisons and choices: one unit for all. A bare number beside money is fine only in a comparison or choice."""
    if not numbers:
        return NUMBER
    unit = numbers[0].unit
    for other in numbers[1:]:
        if not _go_together(function, unit, other, numbers[0]):
            _mixed(function, unit, other.unit, span, report)
            return None
        unit = joined(unit, other.unit) if alike(unit, other.unit) else unit if other.unit.free else other.unit
    return NUMBER if function.name in COMPARISONS else unit


def _go_together(function: Function, unit: Unit, other: Bound, first: Bound) -> bool:
    if alike(unit, other.unit):
        return True
    literal = other if other.unit.free else first if unit.free else None
    measured = unit if literal is other else other.unit
    if literal is None:
        return False
    zero = isinstance(literal, Constant) and literal.value == 0
    if function.name in COMPARISONS | CHOICES:
        return zero or not measured.duration
    return zero and isinstance(literal, Constant)


def _mixed(function: Function, left: Unit, right: Unit, span: Span, report: Report) -> None:
    doing = {"+": "add", "-": "subtract"}.get(function.name, "compare" if function.name in COMPARISONS else "combine")
    message = f"cannot {doing} {left if not left.free else 'a bare number'} and {right if not right.free else 'a bare number'}"
    help_ = None
    if left.dimensionless and right.dimensionless:
        help_ = "one is a percent (0–100), the other a ratio (0–1): divide the percent by 100"
    elif left.duration or right.duration:
        help_ = "a duration is written with its unit: `30 minutes`, `14 days`"
    elif left.currency and right.currency:
        help_ = "amounts of different currencies must be converted first"
    report.fault("U301", message, span, help_)


def _hundreds(node: Bound) -> int:
    return 1 if isinstance(node, Constant) and node.unit.free and node.value == HUNDRED else 0


def _product(left: Bound, right: Bound, span: Span, report: Report) -> Unit | None:
    for literal, other in ((right, left), (left, right)):
        if _hundreds(literal) and not other.unit.free:
            if other.unit.percent:
                report.fault("U304", "this is a percent already: `* 100` doubles the scaling", span, "leave out `* 100`")
                return None
            return scaled(other.unit, 1)
        if literal.unit.free and other.unit.percent:
            return other.unit
    if not _no_percent((left, right), span, report):
        return None
    return product(left.unit, right.unit)


def _quotient(left: Bound, right: Bound, span: Span, report: Report) -> Unit | None:
    if _hundreds(right) and not left.unit.free:
        return scaled(left.unit, -1)
    if right.unit.free and not left.unit.free:
        return left.unit if left.unit.percent or left.unit.fraction else product(left.unit, right.unit, -1)
    if left.unit.percent and right.unit.percent:
        return RATIO
    if not _no_percent((left, right), span, report):
        return None
    return product(left.unit, right.unit, -1)


def _no_percent(pair: Sequence[Bound], span: Span, report: Report) -> bool:
    for node in pair:
        if node.unit.percent:
            where = node.span if node.span != (0, 0) else span
            report.fault("U303", "a percent in a product counts a hundred times", where, "write it as a ratio: `(… / 100)`")
            return False
    return True


def _mean(numbers: Sequence[Bound]) -> Unit:
    values = [n.unit for n in numbers[::2]]
    first = values[0]
    return first if all(replace(v, name=first.name) == first for v in values) else SCORE


def _plain(function: Function, numbers: Sequence[Bound], span: Span, report: Report) -> Unit | None:
    for node in numbers:
        if not node.unit.dimensionless:
            report.fault("U302", f"`{function.name}` takes a plain number, this is {node.unit}", span)
            return None
    if function.unit == "power" and not _no_percent(numbers, span, report):
        return None
    return numbers[0].unit if function.unit == "power" and not numbers[0].unit.free else NUMBER
