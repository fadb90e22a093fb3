"""Small books that a kit asks: definitions as YAML text, rows as Python values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow

from tallymark.definitions import Project
from tallymark.engine.book import Book
from tallymark.errors import FaultError
from tallymark.read import read_texts
from tallymark.testing.plugin import loaded

TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "double",
    Decimal: "decimal",
    str: "text",
    datetime: "timestamp",
    date: "date",
}
"""The type of column that values of a Python type make."""

_ARROW: Mapping[str, pyarrow.DataType] = {
    "boolean": pyarrow.bool_(),
    "integer": pyarrow.int64(),
    "double": pyarrow.float64(),
    "decimal": pyarrow.decimal128(18, 6),
    "text": pyarrow.string(),
    "timestamp": pyarrow.timestamp("us"),
    "date": pyarrow.date32(),
}


def column_type(values: Sequence[Any]) -> str:
    """The type of a column of these values. Raises TypeError when they are of several, or of none that is known."""
    kinds = {type(v) for v in values if v is not None}
    if len(kinds) != 1 or (kind := kinds.pop()) not in TYPES:
        named = ", ".join(sorted(k.__name__ for k in kinds)) or "no value"
        raise TypeError(f"a column has values of one type of {', '.join(k.__name__ for k in TYPES)}; here: {named}")
    return TYPES[kind]


def table(columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> pyarrow.Table:
    """An Arrow table of columns by name, of the engine's types."""
    return pyarrow.table({name: pyarrow.array(list(v), _ARROW[types[name]]) for name, v in columns.items()})


def opened(yaml: str, tables: Mapping[str, Any], plugin: object, config: Mapping[str, Any]) -> Book:
    """A book of YAML definitions over in-memory tables, with one plugin beside the built-in ones.

    Raises FaultError with everything wrong in the definitions. Fails when there is anything to say against the plugin.
    """
    plugins = loaded(plugin, config)
    definitions, faults = read_texts([("kit.yaml", yaml)], Project(folder=""), plugins.packs, plugins.units)
    if faults:
        raise FaultError(faults)
    book = Book(definitions, plugins, tables, ())
    errors = [fault for fault in book.faults if fault.severity == "error"]
    if errors:
        book.close()
        raise FaultError(errors)
    return book


def near(expected: Any, found: Any) -> bool:
    """Whether two values are equal; doubles may differ in their last digits."""
    numbers = isinstance(expected, int | float | Decimal) and isinstance(found, int | float | Decimal)
    if numbers and (isinstance(expected, float) or isinstance(found, float)):
        return abs(float(expected) - float(found)) <= 1e-9 * max(1.0, abs(float(expected)))
    return bool(expected == found)
