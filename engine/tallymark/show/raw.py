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
    mark = f"decimal:{uuid.uuid4().hex}:"

    def plain(item: Any) -> Any:
        if isinstance(item, dict):
            return {str(k): plain(v) for k, v in item.items()}
        if isinstance(item, list | tuple):
            return [plain(v) for v in item]
        if isinstance(item, Decimal):
            return f"{mark}{digits(item)}" if item.is_finite() else None
        if isinstance(item, float) and not math.isfinite(item):
            return None
        if isinstance(item, date | datetime):
            return item.isoformat()
        return item if item is None or isinstance(item, bool | int | float | str) else str(item)

    # json knows no Decimal; each passes as a marked text whose quotes are taken off again.
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent, allow_nan=False)
    return re.sub(f'"{mark}([^"]*)"', r"\1", text)
