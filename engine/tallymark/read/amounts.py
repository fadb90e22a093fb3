"""Amounts as written beside a metric: `110`, `110%`, `4 hours`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from tallymark.definitions.bands import Written
from tallymark.yaml_text import Scalar, Value, resolved

MAX_DIGITS = 38
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
"""In each unit of time whose length is fixed."""

_PERCENT = re.compile(r"([-+]?[0-9][0-9_]*(?:\.[0-9]+)?)\s*%")
_DURATION = re.compile(r"([-+]?[0-9][0-9_]*(?:\.[0-9]+)?)\s+([a-z]+?)s?")
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(_[0-9]{3})+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, how it was written, and its text. Percents go from 0 to 100, durations are in seconds."""

    value: Decimal
    written: Written
    text: str


def amount(value: Value | None) -> Amount | str | None:
    """The amount that a scalar holds; a text that says what is wrong with one; None of what is no amount at all."""
    if not isinstance(value, Scalar) or value.style == "*":
        return None
    text = value.text.strip()
    found = resolved(value)
    percent, duration = _PERCENT.fullmatch(text), _DURATION.fullmatch(text)
    if isinstance(found, bool):
        return None
    if isinstance(found, int | Decimal):
        return _sound(Amount(Decimal(found), "number", text))
    if _GROUPED.fullmatch(text):
        return _sound(Amount(Decimal(text.replace("_", "")), "number", text))
    if percent is not None:
        return _sound(Amount(Decimal(percent[1].replace("_", "")), "percent", text))
    if duration is not None and duration[2] in SECONDS:
        count = Decimal(duration[1].replace("_", ""))
        return _sound(Amount(count * SECONDS[duration[2]], "duration", text))
    if duration is not None and duration[2] in ("month", "quarter", "year"):
        return f"a {duration[2]} has no fixed length: write days, `30 days`"
    return None


def _sound(found: Amount) -> Amount | str:
    digits = len(found.value.as_tuple().digits)
    if digits > MAX_DIGITS or abs(found.value.adjusted()) > MAX_DIGITS:
        return f"numbers have at most {MAX_DIGITS} digits"
    return found
