"""Declared units, held against what formulas give."""

from __future__ import annotations

from tallymark.check.report import Report
from tallymark.definitions import UnitDef
from tallymark.formula.bound import Bound
from tallymark.kinds import Type
from tallymark.units import DURATION_SCALES, NUMBER, Unit, measured, named


def unit_of(unit: UnitDef | None, currency: str) -> tuple[Unit, float]:
    """The unit a definition names, and what stored values are multiplied by to reach it."""
    if unit is None:
        return NUMBER, 1.0
    if unit.measure is not None:
        return measured(unit.measure), unit.scale
    scale = DURATION_SCALES.get(unit.detail or "seconds", 1.0) if unit.name == "duration" else 1.0
    try:
        return named(unit.name, unit.detail, currency), scale
    except KeyError:
        return NUMBER, scale


def declared_unit(bound: Bound, definition: UnitDef | None, currency: str, report: Report) -> Unit:
    """A metric's unit: the declared one, held against what the formula gives, or the inferred one."""
    found = NUMBER if bound.unit.free else bound.unit
    if definition is None:
        return found
    unit, _ = unit_of(definition, currency)
    if not bound.type.numeric:
        if bound.type is not Type.NULL:
            message = f"a {bound.type.family} has no unit, `{unit.name}` is declared"
            report.fault("U306", message, None, "leave out `unit:`")
        return unit
    if not bound.unit.free and not _wrong_measure(found, unit, report):
        wrong_scale(found, unit, report)
    return unit


def _wrong_measure(found: Unit, declared: Unit, report: Report) -> bool:
    """Whether the currency, or the duration, is another than declared."""
    if found.powers == declared.powers:
        return False
    help_ = "percent is for dimensionless numbers: divide by something alike" if declared.percent else None
    if declared.powers and found.dimensionless:
        help_ = "give its columns a unit, or declare the unit the formula has"
    report.fault("U305", f"declared {declared}, the formula gives {found}", None, help_)
    return True


def wrong_scale(found: Unit, declared: Unit, report: Report) -> None:
    """Notes a 100 of a percent that is missing, doubled or too many."""
    if found.powers or found.free:
        return
    code, message, help_ = "", "", None
    if declared.percent and found.hundreds > 1:
        code, message = "U304", "declared percent, the formula multiplies by 100 twice"
        help_ = "leave out one `* 100`"
    elif declared.percent and found.hundreds < 1 and (found.fraction or found.name == "count"):
        code, message = "U307", f"declared percent, the formula gives a {found.name}"
        help_ = "multiply by 100: `… * 100`" if found.fraction else "divide it by the whole, then `* 100`"
    elif declared.name == "ratio" and found.percent:
        code, message = "U308", "declared ratio, the formula gives a percent"
        help_ = "leave out `* 100`, or declare `unit: percent`"
    if code:
        report.fault(code, message, None, help_)
