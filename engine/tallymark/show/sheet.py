"""A table of texts, ready to lay out: what `tables` prints and a notebook shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tallymark.show.numbers import ABSENT
from tallymark.show.periods import moment

PAGE = 1000
"""How many rows a reader is shown."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's title and, where the cells do not say it, its unit. Numbers stand to the right.

    `colours` are those of texts in its cells, by their names.
    """

    title: str
    unit: str = ""
    number: bool = False
    colours: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of texts under headings, and what a reader of them should know.

    `keys` is how many columns at the left tell rows apart where the others are of one kind: a page too narrow for all
    of these shows them in several tables, each with the keys. 0 where every column is of its own kind.
    """

    headings: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    title: str = ""
    keys: int = 0

    def page(self, rows: int = PAGE) -> Sheet:
        """The first rows, with a note of how many there are when some are left out."""
        if len(self.rows) <= rows:
            return self
        note = f"these are the first {rows:,} of {len(self.rows):,} rows; CSV, JSON and Parquet have all"
        return replace(self, rows=self.rows[:rows], notes=(*self.notes, note))


def text_of(value: Any) -> str:
    """A value that is not a measured number: a name, a date, a truth, null."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "true" if value else "false"
    return moment(value) if isinstance(value, date) else printable(str(value))


def printable(text: str) -> str:
    """The text with every character a terminal would obey written out, line breaks included."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\u00a0\u202f" else c.encode("unicode_escape").decode() for c in text)
