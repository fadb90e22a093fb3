"""Rows of Python values as Arrow batches, column by column; what does not fit its column is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

BATCH = 20_000
"""Rows in a batch: what lies in Python's memory at a time."""


@dataclass(slots=True)
class Misfits:
    """The values of one column that did not fit: how many, and the first with its position from 0."""

    count: int = 0
    position: int = 0
    value: str = ""

    def add(self, position: int, value: object) -> None:
        if not self.count:
            self.position, self.value = position, str(value)
        self.count += 1


@dataclass(slots=True)
class Columnar:
    """Turns rows into batches of a schema. `misfits` has the columns with values that became null."""

    schema: pa.Schema
    misfits: dict[str, Misfits] = field(default_factory=dict)

    def batches(self, chunks: Iterable[Sequence[Sequence[Any]]]) -> Iterator[pa.RecordBatch]:
        """A batch for each chunk of rows, whose values stand in the order of the schema's fields."""
        start = 0
        for rows in chunks:
            columns = zip(*rows, strict=True)
            arrays = [self._array(f, values, start) for f, values in zip(self.schema, columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)
            start += len(rows)

    def _array(self, of: pa.Field, values: Sequence[Any], start: int) -> pa.Array:
        fit = _fitting(of.type)
        try:
            return pa.array([None if v is None else fit(v) for v in values], type=of.type)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, ArithmeticError):
            return pa.array([self._one(of, v, start + n) for n, v in enumerate(values)], type=of.type)

    def _one(self, of: pa.Field, value: Any, position: int) -> Any:
        if value is None:
            return None
        try:
            fitted = _fitting(of.type)(value)
            pa.scalar(fitted, type=of.type)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, ArithmeticError):
            self.misfits.setdefault(of.name, Misfits()).add(position, value)
            return None
        return fitted


def _fitting(kind: pa.DataType) -> Callable[[Any], Any]:
    """What brings a driver's value to what Arrow takes for a type. The function raises ValueError for another kind."""
    if pa.types.is_string(kind):
        return plain_text
    if pa.types.is_boolean(kind):
        return _truth
    if pa.types.is_integer(kind):
        return _whole
    if pa.types.is_floating(kind):
        return _real
    if pa.types.is_decimal(kind):
        return lambda value: Decimal(value) if not isinstance(value, float) else Decimal(repr(value))
    if pa.types.is_date(kind):
        return _day
    return _moment


def plain_text(value: Any) -> str:
    """A value as a person would write it into a file: whole floats without a point, bytes only where they are text."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raise ValueError("bytes are no text")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise ValueError("neither true nor false")


def _whole(value: Any) -> int:
    if isinstance(value, str | bytes) or value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _real(value: Any) -> float:
    if isinstance(value, str | bytes):
        raise ValueError("not a number")
    return float(value)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        raise ValueError("a time, not a day")
    if isinstance(value, date):
        return value
    raise ValueError("not a day")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    raise ValueError("not a time")
