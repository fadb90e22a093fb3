"""Values of Zendesk's objects as their columns want them; what is something else is said to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


class MisshapenError(ValueError):
    """A value is not of the kind that Zendesk documents. The text says which and why."""


def text(row: Mapping[str, Any], key: str) -> str | None:
    """A text, a number or a yes or no as text; null for an empty one."""
    value = row.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        # What DuckDB cannot hold in a text: a surrogate on its own, the character 0.
        return str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "") or None
    raise MisshapenError(f"`{key}` is no text")


def texts(row: Mapping[str, Any], key: str) -> list[str]:
    """A list of texts, without empty ones."""
    found = (text({key: one}, key) for one in several(row, key))
    return [one for one in found if one is not None]


def whole(row: Mapping[str, Any], key: str) -> int | None:
    """A whole number of 64 bits, also one written as text."""
    value = row.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        value = int(value) if len(value) < 25 else None
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    raise MisshapenError(f"`{key}` is no whole number")


def truth(row: Mapping[str, Any], key: str) -> bool | None:
    """A yes or no."""
    value = row.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise MisshapenError(f"`{key}` is no yes or no")


def moment(row: Mapping[str, Any], key: str) -> datetime | None:
    """An instant: a text with its zone (UTC where it has none), or seconds since 1970."""
    value = row.get(key)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise MisshapenError(f"`{key}` is no time") from None


def inner(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object within; an empty one for null."""
    value = row.get(key)
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise MisshapenError(f"`{key}` is no object")


def several(row: Mapping[str, Any], key: str) -> list[Any]:
    """A list; an empty one for null."""
    value = row.get(key)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise MisshapenError(f"`{key}` is no list")


def objects(row: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """A list of objects; an empty one for null."""
    found = several(row, key)
    if all(isinstance(one, Mapping) for one in found):
        return found
    raise MisshapenError(f"`{key}` has what is no object")
