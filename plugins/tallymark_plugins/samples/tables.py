"""A table as columns, and what fills one: ids, and money with two decimals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

Columns = dict[str, list[Any]]
"""A table: the values of each column, all lists equally long. A value is None, text, int, bool, Decimal or datetime."""

T = TypeVar("T")


def table(rows: Sequence[T], ids: str | None = None, **columns: Callable[[T], Any]) -> Columns:
    """The rows as columns, each read by its function; with `ids`, first a column `id`: that letter and a number."""
    filled: Columns = {} if ids is None else {"id": numbered(ids, len(rows))}
    for name, read in columns.items():
        filled[name] = [read(row) for row in rows]
    return filled


def numbered(letter: str, count: int) -> list[str]:
    """`T0001` to `T1234`: ids that sort as they were given."""
    width = max(4, len(str(count)))
    return [f"{letter}{number:0{width}d}" for number in range(1, count + 1)]


def account_id(number: int) -> str:
    """The id of a customer."""
    return f"C{number:04d}"


def euros(cents: int) -> Decimal:
    """An amount of cents in euros, with two decimals."""
    return Decimal(cents).scaleb(-2)


def length(columns: Columns) -> int:
    """How many rows a table has."""
    return next((len(values) for values in columns.values()), 0)


def rows(columns: Columns) -> Iterable[tuple[Any, ...]]:
    """The rows of a table, values in the order of its columns."""
    return zip(*columns.values(), strict=True)
