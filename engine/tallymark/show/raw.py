"""Values for programs: full precision, ISO dates, no language."""

from __future__ import annotations

import json
import math
import re
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def raw(value: Any) -> str:
    """A value for CSV and Markdown: null is empty, numbers keep every digit, times are ISO 8601."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return digits(value)
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def digits(value: Decimal) -> str:
    """All digits of a decimal, without exponent and without zeros that say nothing: `1234.5`."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def json_text(value: Any, indent: int | None = 2) -> str:
    """JSON of plain data in which decimals stay exact numbers, times are ISO 8601, and NaN is null."""
    mark = _mark()
    return _unmarked(json.dumps(_plain(value, mark), ensure_ascii=False, indent=indent, allow_nan=False), mark)


def json_document(data: dict[str, Any]) -> str:
    """A JSON object as `json_text` makes it, whose lists of objects stand one object a line, as rows do."""
    mark = _mark()
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

    def member(value: Any) -> str:
        if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            return "[\n" + ",\n".join(f"    {encode(v)}" for v in value) + "\n  ]"
        return encode(value)

    members = (f"  {encode(key)}: {member(value)}" for key, value in _plain(data, mark).items())
    return _unmarked("{\n" + ",\n".join(members) + "\n}\n", mark)


# json knows no Decimal. Each passes as a text with a mark that no data can hold; its quotes are taken off again.


def _mark() -> str:
    return f"decimal:{uuid.uuid4().hex}:"


def _unmarked(text: str, mark: str) -> str:
    return re.sub(f'"{mark}([^"]*)"', r"\1", text)


def _plain(item: Any, mark: str) -> Any:
    if item is None or isinstance(item, bool | int | str):
        return item
    if isinstance(item, Decimal):
        return f"{mark}{digits(item)}" if item.is_finite() else None
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    if isinstance(item, dict):
        return {str(k): _plain(v, mark) for k, v in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(v, mark) for v in item]
    return item.isoformat() if isinstance(item, date | datetime) else str(item)
