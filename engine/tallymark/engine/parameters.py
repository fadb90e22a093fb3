"""The value of a parameter `$name`, from Python or from text, as its type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tallymark.definitions import ParameterDef
from tallymark.errors import FaultError
from tallymark.formula import nodes as n
from tallymark.formula.parse import parse
from tallymark.place import Written


def read_value(parameter: ParameterDef, value: Any) -> Any:
    """A parameter's value as its type, from Python or from text. Raises ValueError saying what is wrong."""
    result = _READERS[parameter.type](value)
    allowed = parameter.options
    for item in result if isinstance(result, tuple) else (result,):
        if allowed and item not in allowed:
            raise ValueError(f"{item!r} is not one of {', '.join(map(repr, allowed))}")
    return result


def _number(value: Any) -> int | Decimal:
    if isinstance(value, bool):
        raise ValueError("a number is wanted")
    try:
        number = Decimal(str(value).replace("_", ""))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return int(number) if number == number.to_integral_value() and "." not in str(value) else number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _boolean(value: Any) -> bool:
    known = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in known:
        raise ValueError(f"{value!r} is neither true nor false")
    return known[str(value).lower()]


def _date(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is no date") from None


def _duration(value: Any) -> n.Duration:
    if isinstance(value, n.Duration):
        return value
    if isinstance(value, timedelta):
        if value % timedelta(days=1) == timedelta():
            return n.Duration(value.days, "day", (0, 0))
        return n.Duration(Decimal(str(value.total_seconds())), "second", (0, 0))
    try:
        node = parse(Written(str(value)))
    except FaultError:
        node = None
    if not isinstance(node, n.Duration):
        raise ValueError(f"{value!r} is no duration, write `28 days`")
    return node


def _list(value: Any) -> tuple[str, ...]:
    items = [v.strip() for v in value.split(",")] if isinstance(value, str) else list(value)
    return tuple(_text(i) for i in items)


_READERS: dict[str, Callable[[Any], Any]] = {
    "number": _number,
    "text": _text,
    "boolean": _boolean,
    "date": _date,
    "duration": _duration,
    "list": _list,
}
