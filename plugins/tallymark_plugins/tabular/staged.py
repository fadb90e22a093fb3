"""A table on its way in: a relation DuckDB can select from, its columns, and where each of its rows stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from tallymark.source import TableColumn
from tallymark_plugins.tabular.sqltree import Tree


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a row stands in its source. `line` counts from 1 and is None where the source has no lines."""

    file: str
    record: int
    line: int | None = None
    text: str = ""
    """The line itself, for a caret under the value."""
    column: int | None = None
    """Where in the line the value begins, from 1."""

    def __str__(self) -> str:
        return f"line {self.line}" if self.line is not None else f"row {self.record}"


Finder = Callable[[int, str, str], Spot]
"""Finds the row at a position, given the value looked for and the name of its column."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a reader of one kind of data hands on.

    `values` gives each column's raw value in `relation`, by the column's name in the source. `spot` finds the row that
    is at a position (from 0) of the relation in its natural order; the text is that of the value looked for.
    """

    relation: Tree
    columns: tuple[TableColumn, ...]
    values: Mapping[str, Tree]
    spot: Finder
    lasting: bool = True
    """Whether the relation outlives the load, so that a view over it will do."""
    written: bool = False
    """Whether all values are text as in a CSV: empty fields may mean null, and undeclared types are inferred."""
    rows: exp.Table | None = None
    """The temporary table that holds the rows in their order, if one does: its row ids are positions."""
    given: Mapping[str, Tree] = field(default_factory=dict)
    """Where already computed: each text column's value, null where it means null."""
    notes: tuple[str, ...] = ()
