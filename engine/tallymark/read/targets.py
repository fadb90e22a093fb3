"""The target of a metric: a number, a formula, or numbers by period."""

from __future__ import annotations

from tallymark.definitions import AmountDef, Formula, TargetDef
from tallymark.formula.nodes import GRAINS
from tallymark.read.amounts import Amount, amount
from tallymark.read.values import Reading, entries, formula, text
from tallymark.yaml_text import Entries, Scalar, Value

OWN = ("value", "grain")
"""What is no period in a target that is a mapping."""


def target(value: Value | None, reading: Reading, subject: str) -> TargetDef | None:
    """The target; None, and a fault, where a part of it is none."""
    if isinstance(value, Scalar) and not value.absent:
        found = _held(value, reading, subject)
        return None if found is None else _made(found, value)
    if not isinstance(value, Entries):
        return None
    before = len(reading.faults)
    whole = value.get("value")
    held = _held(whole, reading, subject) if whole is not None else None
    periods = {key.text: _amount(said, reading, subject) for key, said in entries(value) if key.text not in OWN}
    if not periods and held is None and len(reading.faults) == before:
        reading.fault("R023", "a target without a number", value, "write `target: {value: 110}`, for example", subject)
    known = {period: found for period, found in periods.items() if found is not None}
    if len(known) < len(periods) or len(reading.faults) > before:
        return None
    made = _made(held, value)
    return TargetDef(made.amount, made.formula, known, grain(value), made.place)


def grain(said: Value | None) -> str | None:
    """What `grain` says in a mapping, if it is one."""
    found = text(said.get("grain")) if isinstance(said, Entries) else None
    return found if found in GRAINS else None


def _made(found: AmountDef | Formula | None, at: Value) -> TargetDef:
    if isinstance(found, Formula):
        return TargetDef(formula=found, place=at.place())
    return TargetDef(amount=found, place=at.place())


def _held(value: Value, reading: Reading, subject: str) -> AmountDef | Formula | None:
    """A number, or what is none and so a formula."""
    if amount(value) is not None or not isinstance(value, Scalar):
        return _amount(value, reading, subject)
    found = formula(value, reading, subject)
    return found if found is not None and found.node is not None else None


def _amount(value: Value, reading: Reading, subject: str) -> AmountDef | None:
    found = amount(value)
    if isinstance(found, Amount):
        return AmountDef(found.value, found.written, found.text, value.place())
    if isinstance(value, Scalar) and value.style != "*":
        help_ = found or "write a number, a percent or a duration: `2024-Q4: 115`"
        reading.fault("R100", f"`{value.text[:60]}` is no value that could be reached", value, help_, subject)
    return None
