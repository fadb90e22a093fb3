"""Parameters: short, by their value alone, or long, with type, options and description."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from tallymark.definitions import ParameterDef
from tallymark.formula.nodes import TIME_UNITS, WHOLE_UNITS, Duration
from tallymark.json_keys import PARAMETER_TYPES
from tallymark.read.values import Reading, by_language, named, text, texts
from tallymark.yaml_text import Entries, Items, Scalar, Value, resolved

MAX_DIGITS = 38

_DURATION = re.compile(rf"([0-9_]+(?:\.[0-9]+)?)\s+({'|'.join(TIME_UNITS)})s?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(_[0-9]{3})+(\.[0-9]+)?")
_PERCENT = re.compile(r"([-+]?[0-9.]+)\s*%")

_SPECIAL = (".inf", ".nan")

_WANTED = {
    "number": ("a number", "default: 0.05"),
    "text": ("a text", "default: export"),
    "boolean": ("true or false", "default: true"),
    "date": ("a date", "default: 2024-01-31"),
    "duration": ("a duration", "default: 28 days"),
    "list": ("a list of texts", "default: [active, trial]"),
}


def parameter(key: Scalar, value: Value, reading: Reading) -> ParameterDef | None:
    """A parameter; None, and a fault, when what it is cannot be told."""
    subject = f"parameter `{key.text[:60]}`"
    usable = named(key, "parameter", reading, bare=True)
    if isinstance(value, Scalar) and value.style == "*":
        return None
    long = isinstance(value, Entries)
    default = value.get("default") if isinstance(value, Entries) else value
    if not long and isinstance(default, Scalar) and default.absent:
        default = None
    listed = value.get("options") if isinstance(value, Entries) else None
    items = listed.items if isinstance(listed, Items) else ()
    stated = text(value.get("type")) if isinstance(value, Entries) else None
    kind = stated if stated in PARAMETER_TYPES else _kind(default if default is not None else next(iter(items), None))
    if kind is None:
        if stated is None:
            reading.fault("R023", "neither a value nor a type", key, "write `default:` or `type:`", subject)
        return None
    options = tuple(o for o in (_value(item, _item_kind(kind), reading, subject) for item in items) if o is not None)
    chosen = None if default is None else _value(default, kind, reading, subject)
    if chosen is not None and default is not None and len(options) == len(items):
        _check_options(default, chosen, options, reading, subject)
    if not usable:
        return None
    description = by_language(value.get("description"), reading) if isinstance(value, Entries) else {}
    return ParameterDef(key.text, kind, chosen, options, description, reading.pack, key.place())


def _check_options(at: Value, chosen: Any, options: tuple[Any, ...], reading: Reading, subject: str) -> None:
    known = set(map(_shown, options))
    for one in chosen if isinstance(chosen, tuple) else (chosen,):
        if known and _shown(one) not in known:
            shown = ", ".join(f"`{_shown(o)}`" for o in options[:8])
            reading.fault("R031", f"`{_shown(one)[:60]}` is none of the options", at, f"one of {shown}", subject)
            return


def _shown(value: Any) -> str:
    if isinstance(value, Duration):
        return f"{value.count} {value.unit}{'' if value.count == 1 else 's'}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _item_kind(kind: str) -> str:
    return "text" if kind == "list" else kind


def _kind(value: Value | None) -> str | None:
    """The type that a value shows by itself. Quoted durations and dates are durations and dates all the same."""
    if isinstance(value, Items):
        return "list"
    if not isinstance(value, Scalar) or value.absent:
        return None
    found = resolved(value)
    if isinstance(found, bool):
        return "boolean"
    if isinstance(found, int | Decimal) or (not value.style and _looks_numeric(value.text)):
        return "number"
    stripped = value.text.strip()
    if _DURATION.fullmatch(stripped):
        return "duration"
    if _DATE.fullmatch(stripped):
        return "date"
    return None if found is None else "text"


def _looks_numeric(written: str) -> bool:
    """Whether a text would be stored as a text though its author meant a number."""
    special = written.lstrip("+-").lower() in _SPECIAL
    return bool(_GROUPED.fullmatch(written) or _PERCENT.fullmatch(written)) or special


def _value(value: Value, kind: str, reading: Reading, subject: str) -> Any:
    """The value as `kind`; None, and a fault, when it is no such thing."""
    if isinstance(value, Scalar) and value.style == "*":
        return None
    found, help = None, None
    if kind == "list":
        found = texts(value) if isinstance(value, Items) or text(value) is not None else None
    elif isinstance(value, Scalar):
        found, help = _READERS[kind](value)
    if found is None:
        wanted, example = _WANTED[kind]
        shown = f"`{value.text[:60]}`" if isinstance(value, Scalar) else "a list or mapping"
        reading.fault("R031", f"{shown} is not {wanted}", value, help or f"for example `{example}`", subject)
    return found


def _number(value: Scalar) -> tuple[int | Decimal | None, str | None]:
    found = resolved(value)
    percent = _PERCENT.fullmatch(value.text)
    if percent:
        return None, f"write the fraction: 5% is 0.05; here, {percent[1]} / 100"
    if _GROUPED.fullmatch(value.text) and not value.style:
        plain = value.text.replace("_", "")
        found = Decimal(plain) if "." in plain else int(plain)
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        special = value.text.lstrip("+-").lower() in _SPECIAL
        return None, "a number is finite" if special else None
    if isinstance(found, Decimal) and (len(found.as_tuple().digits) > MAX_DIGITS or abs(found.adjusted()) > MAX_DIGITS):
        return None, f"numbers have at most {MAX_DIGITS} digits"
    return found, None


def _text(value: Scalar) -> tuple[str | None, str | None]:
    return text(value), None


def _boolean(value: Scalar) -> tuple[bool | None, str | None]:
    found = resolved(value)
    return (found, None) if isinstance(found, bool) else (None, "write `true` or `false`")


def _date(value: Scalar) -> tuple[date | None, str | None]:
    try:
        return date.fromisoformat(value.text.strip()), None
    except ValueError:
        return None, "write year-month-day: `2024-01-31`"


def _duration(value: Scalar) -> tuple[Duration | None, str | None]:
    match = _DURATION.fullmatch(value.text.strip())
    if match is None or len(match[1]) > MAX_DIGITS:
        return None, f"write a number and a unit ({', '.join(TIME_UNITS)}): `28 days`"
    digits = match[1].replace("_", "")
    if not digits or not digits[0].isdigit():
        return None, "write a number and a unit: `28 days`"
    count = Decimal(digits) if "." in digits else int(digits)
    if isinstance(count, Decimal) and match[2] in WHOLE_UNITS:
        return None, f"a number of {match[2]}s is whole: they differ in length"
    return Duration(count, match[2], (0, len(value.text.strip()))), None


_READERS: dict[str, Callable[[Scalar], tuple[Any, str | None]]] = {
    "number": _number,
    "text": _text,
    "boolean": _boolean,
    "date": _date,
    "duration": _duration,
}
