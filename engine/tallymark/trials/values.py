"""Values of rows as their column's type wants them, and the type that values show by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tallymark.definitions.trials import Word
from tallymark.kinds import DECIMAL_SCALE, Type, wider

MOST_WHOLE = 18 - DECIMAL_SCALE
"""Digits before the point of a decimal column."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_ZONE = re.compile(r"(Z|[+-][0-9]{2}:[0-9]{2})")
_WANTED = {
    Type.INTEGER: "a whole number",
    Type.DECIMAL: f"a number with at most {MOST_WHOLE} digits before and {DECIMAL_SCALE} after the point",
    Type.DOUBLE: "a number",
    Type.TEXT: "a text",
    Type.BOOLEAN: "true or false",
    Type.DATE: "a day, as 2024-01-31",
    Type.TIMESTAMP: "a time, as 2024-01-31 13:00:00",
    Type.INSTANT: "a time with its zone, as 2024-01-31T13:00:00+01:00",
}


def type_of(words: Iterable[Word]) -> Type | None:
    """The type that holds all of some values; None when there is no value."""
    found: Type | None = None
    for word in words:
        kind = _type(word)
        if kind is not None:
            found = kind if found is None else _common(found, kind)
    return found


def value_of(word: Word, kind: Type, zone: str = "UTC") -> Any:
    """A value as the type's Python type; `zone` is where times lie that name none. Raises ValueError saying what is
    wanted.
    """
    if word.value is None:
        return None
    try:
        found = _READERS[kind](word, zone)
    except (ValueError, ArithmeticError):
        found = None
    if found is None:
        raise ValueError(f"`{word.text[:60]}` is not {_WANTED[kind]}")
    return found


def _type(word: Word) -> Type | None:
    value = word.value
    if value is None:
        return None
    if isinstance(value, bool):
        return Type.BOOLEAN
    if isinstance(value, int):
        return Type.INTEGER if -(2**63) <= value < 2**63 else Type.DOUBLE
    if isinstance(value, Decimal):
        return Type.DECIMAL if _fits(value) else Type.DOUBLE
    if _DATE.fullmatch(word.text):
        return Type.DATE
    if _TIME.fullmatch(word.text):
        return Type.TIMESTAMP
    bare = _ZONE.sub("", word.text[-6:])
    return Type.INSTANT if len(bare) < 6 and _TIME.fullmatch(word.text[:-6] + bare) else Type.TEXT


def _common(one: Type, other: Type) -> Type:
    if one is other:
        return one
    if one.numeric and other.numeric:
        return wider(one, other)
    if {one, other} == {Type.DATE, Type.TIMESTAMP}:
        return Type.TIMESTAMP
    return Type.TEXT


def _fits(value: Decimal) -> bool:
    exponent = value.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -DECIMAL_SCALE and value.adjusted() < MOST_WHOLE


def _number(word: Word) -> Decimal | None:
    if isinstance(word.value, bool):
        return None
    found = Decimal(word.text)
    return found if found.is_finite() else None


def _integer(word: Word, zone: str) -> int | None:
    number = _number(word)
    return int(number) if number is not None and number == int(number) and abs(number) < 2**63 else None


def _decimal(word: Word, zone: str) -> Decimal | None:
    number = _number(word)
    return number if number is not None and _fits(number) else None


def _double(word: Word, zone: str) -> float | None:
    number = _number(word)
    return None if number is None else float(number)


def _boolean(word: Word, zone: str) -> bool | None:
    return {"true": True, "false": False}.get(word.text.lower())


def _date(word: Word, zone: str) -> date | None:
    return date.fromisoformat(word.text) if _DATE.fullmatch(word.text) else None


def _timestamp(word: Word, zone: str) -> datetime | None:
    whole = _TIME.fullmatch(word.text) or _DATE.fullmatch(word.text)
    return datetime.fromisoformat(word.text) if whole else None


def _instant(word: Word, zone: str) -> datetime:
    found = datetime.fromisoformat(word.text)
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))


_READERS = {
    Type.INTEGER: _integer,
    Type.DECIMAL: _decimal,
    Type.DOUBLE: _double,
    Type.TEXT: lambda word, zone: word.text,
    Type.BOOLEAN: _boolean,
    Type.DATE: _date,
    Type.TIMESTAMP: _timestamp,
    Type.INSTANT: _instant,
}
