"""Moments and instances as texts that stay: what a ledger keeps and what keys are made of."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallymark.rules.states import Instance, Moment

_DAY = len("2024-06-15")


def moment_text(moment: Moment) -> str:
    """`2024-06-15`, or `2024-06-15T14:00:00` with whatever zone it has."""
    return moment.isoformat()


def moment_of(text: str) -> Moment:
    """What `moment_text` wrote."""
    return date.fromisoformat(text) if len(text) == _DAY else datetime.fromisoformat(text)


def instance_text(instance: Instance) -> str:
    """The instance as JSON, the same for the same values; values that JSON has no form for bear their type."""
    return json.dumps([[name, _written(value)] for name, value in instance], ensure_ascii=False)


def instance_of(text: str) -> Instance:
    """What `instance_text` wrote."""
    return tuple((name, _read(value)) for name, value in json.loads(text))


def _written(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    return {"text": str(value)}


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    if kind == "time":
        return datetime.fromisoformat(text)
    if kind == "day":
        return date.fromisoformat(text)
    return Decimal(text) if kind == "decimal" else text


def instance_fields(instance: Instance) -> dict[str, Any]:
    """The instance as a receiver gets it: each dimension's value, times and days as texts."""
    return {name: plain(value) for name, value in instance}


def plain(value: Any) -> Any:
    """A value as JSON has it; an exact decimal becomes a number."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else str(value)
