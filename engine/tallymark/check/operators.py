"""Types of operators and scalar functions: the rows of the function table, applied to bound arguments."""

from __future__ import annotations

from collections.abc import Sequence

from tallymark.check.measuring import settled_percents, unit_of_result
from tallymark.check.report import POISON, Report
from tallymark.formula.bound import NOSPAN, Apply, Bound, ParameterUse
from tallymark.formula.functions import Function, Take
from tallymark.kinds import Type, wider
from tallymark.place import Span

LOCAL = "local"
"""The operator that turns an instant into the project's local time; put in by the checker, never written."""

CALENDAR = frozenset({"date", "year", "quarter", "month", "week", "day", "weekday", "date_part", "date_diff"})
"""Functions that read the clock on the wall."""

SIGNS = {"negate": "-", "elapsed": "-", "case": "case", "coalesce": "??"}
"""How operators are written whose rows have another name."""


def apply(function: Function, arguments: Sequence[Bound], span: Span, report: Report) -> Bound:
    """Binds `function` to bound arguments: checks families and units, scales percent literals, finds type and unit."""
    if any(a is POISON for a in arguments):
        return POISON
    settled = settled_percents(function, arguments)
    if not _families_fit(function, settled, span, report):
        return POISON
    settled = local_times(function, settled)
    unit = unit_of_result(function, settled, span, report)
    if unit is None:
        return POISON
    return Apply(function.name, tuple(settled), result_type(function, settled), unit, span=span)


# --- what fits -------------------------------------------------------------------------------------------------------


def _families_fit(function: Function, arguments: Sequence[Bound], span: Span, report: Report) -> bool:
    values = arguments[first_value(function) :]
    first = next((a.type for a in values if a.type is not Type.NULL), Type.NULL)
    takes = _takes(function, len(arguments))
    # Every argument is looked at, so that all that does not fit is said at once.
    fit = [_fits(function, t, a, first, span, report) for t, a in zip(takes, arguments, strict=False)]
    return False not in fit


def first_value(function: Function) -> int:
    """The place of the first argument that the result may be: the condition of `if` is none."""
    return 1 if function.name == "if" else 0


def _takes(function: Function, count: int) -> list[Take]:
    """What each of `count` arguments must be. A tail of two kinds repeats in turn: a value, its weight, and so on."""
    takes = list(function.takes)
    if takes and takes[-1].repeats:
        tail = takes[:2] if function.unit in ("mean", "weights") else takes[-1:]
        takes = takes[:-1]
        while len(takes) < count:
            takes += tail
    return takes[:count]


def _fits(function: Function, take: Take, argument: Bound, first: Type, span: Span, report: Report) -> bool:
    found = argument.type
    where = argument.span if argument.span != NOSPAN else span
    if found is Type.OPAQUE:
        return False
    if isinstance(argument, ParameterUse) and argument.many and function.name != "in":
        message = f"`${argument.name}` is a list; `{_sign(function)}` takes one value"
        report.fault("T232", message, where, f"say `… in ${argument.name}`")
        return False
    if found is Type.NULL:
        return _null_fits(function, where, report)
    wanted = first.family if take.family == "same" else take.family
    if wanted in ("any", "null", found.family):
        return True
    message = f"`{_sign(function)}` takes a {wanted}, this is a {found.family}"
    if take.family == "same":
        message = f"`{_sign(function)}` cannot mix {wanted} and {found.family}"
    report.fault("T202" if take.family == "same" else "T201", message, where, _way_out(function, wanted, found.family))
    return False


def _null_fits(function: Function, where: Span, report: Report) -> bool:
    if function.unit != "compared":
        return True
    right = {"=": "`… is null`", "in": "`… is null or …`", "!=": "`… is not null`"}.get(function.name)
    help_ = f"say {right}" if right else "to ask for missing values say `… is null`"
    report.fault("T205", f"a comparison with null is never true: `{function.name}`", where, help_)
    return False


def _sign(function: Function) -> str:
    return SIGNS.get(function.name, function.name)


def _way_out(function: Function, wanted: str, found: str) -> str:
    if found == "time" and function.name in ("+", "-"):
        return "a time moves by a literal duration, `x + 5 days`; two times subtract"
    if {wanted, found} == {"time", "text"}:
        return "a date is written date('2024-01-31')"
    if wanted == "boolean":
        return "a condition is a comparison, `x > 0` for example"
    if found == "boolean":
        return "a condition becomes a number by if(…, 1, 0)"
    return "there are no implicit casts: compare and combine values of one type"


# --- times -----------------------------------------------------------------------------------------------------------


def local_times(function: Function, arguments: Sequence[Bound]) -> list[Bound]:
    """Instants beside naive times, or under functions of the calendar, are read on the project's clock."""
    times = [a.type for a in arguments if a.type.temporal]
    if function.name not in CALENDAR and all(t is Type.INSTANT for t in times):
        return list(arguments)
    return [_local(a) if a.type is Type.INSTANT else a for a in arguments]


def _local(argument: Bound) -> Bound:
    return Apply(LOCAL, (argument,), Type.TIMESTAMP, argument.unit, span=argument.span)


# --- what comes out --------------------------------------------------------------------------------------------------


def result_type(function: Function, arguments: Sequence[Bound]) -> Type:
    """The type the row's `gives` names for these arguments."""
    known = [a.type for a in arguments[first_value(function) :] if a.type is not Type.NULL]
    if not known:
        return Type.NULL if function.gives in ("first", "widest", "exact") else Type(function.gives)
    match function.gives:
        case "widest":
            return _widest(known)
        case "exact":
            return Type.DOUBLE if known.count(Type.DECIMAL) > 1 else _widest(known)
        case "first" if function.unit == "chosen":
            return _common(known)
        case "first":
            return known[0]
    return Type(function.gives)


def _common(types: Sequence[Type]) -> Type:
    """The type that holds values of all these types of one family."""
    if all(t.numeric for t in types):
        return _widest(types)
    if all(t.temporal for t in types) and len(set(types)) > 1:
        return Type.TIMESTAMP
    return types[0]


def _widest(types: Sequence[Type]) -> Type:
    widest = Type.NULL
    for found in types:
        widest = wider(widest, found)
    return widest


# Names other modules of this room still use.
from tallymark.check.measuring import percent_literal, settle  # noqa: E402, F401

_local_times = local_times
