"""Written values by dimensions that are reached over references, as `customer.country`: tables to reach them in.

A table whose columns have such names is taken apart: what stands behind a reference is in a table of its own, with one
row for each combination of values, and so on along the path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tallymark.kinds import Type

KEY = "row_number"
"""The key of a table that a reference leads to."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One table: its rows, the types of its columns, and by reference the table that it leads to and its column."""

    name: str
    rows: Sequence[Row]
    types: Mapping[str, Type]
    refs: Mapping[str, tuple[str, str]]
    key: str | None = None


def apart(name: str, rows: Sequence[Row], types: Mapping[str, Type], key: str | None = None) -> Iterator[Part]:
    """The table, and those that the dotted names among its columns are reached over; none of theirs has a dot."""
    behind: dict[str, dict[str, str]] = {}
    for column in types:
        first, dot, rest = column.partition(".")
        if dot:
            behind.setdefault(first, {})[column] = rest
    own = {column: kind for column, kind in types.items() if "." not in column}
    kept = [{column: value for column, value in row.items() if column in own} for row in rows]
    refs = {}
    for reference, columns in behind.items():
        partner, held = f"{name}_{reference}", f"{reference}_{KEY}"
        refs[reference], own[held] = (partner, held), Type.INTEGER
        numbers: dict[tuple[Any, ...], int] = {}
        for row, left in zip(rows, kept, strict=True):
            left[held] = numbers.setdefault(tuple(row.get(c) for c in columns), len(numbers) + 1)
        partners = [{KEY: n, **dict(zip(columns.values(), of, strict=True))} for of, n in numbers.items()]
        kinds = {KEY: Type.INTEGER, **{rest: types[column] for column, rest in columns.items()}}
        yield from apart(partner, partners, kinds, KEY)
    yield Part(name, kept, own, refs, key)
