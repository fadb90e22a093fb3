"""An answer: rows at full precision. What is rounded, labelled or laid out is only ever the text made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark.answer.columns import AnswerColumn
from tallymark.answer.handing import csv_text, require, write_parquet
from tallymark.answer.layout import Layout, Periods
from tallymark.errors import Fault, FaultError
from tallymark.given import help_for
from tallymark.query import Query
from tallymark.show.counts import many
from tallymark.show.raw import json_document, raw
from tallymark.show.sheet import Heading, Sheet
from tallymark.show.tables import html, markdown, notes_text, table

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Writer = Callable[["Answer"], str | bytes]
"""Writes an answer in a format. Raises FaultError."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Rows: dimensions, the period's start if a grain was asked, metrics; and how they came to be.

    `table` has one column per entry of `columns`, in their order and under their names. `partial` are the labels of the
    periods that `as_of` cuts. `periods` are the labels of the period column's values, of hours by their instant in UTC;
    one that is not there is named by its grain. `locale` is the language of labels and numbers in texts for readers.
    `unknown` are the starts of periods that have not begun at the knowledge date. `blank` are the cells of a pivoted
    answer, by column and row, that the question has no row for; `title` says what such an answer shows.
    """

    columns: tuple[AnswerColumn, ...]
    table: pyarrow.Table
    notes: tuple[str, ...]
    sql: str
    query: Query
    grain: str | None = None
    partial: tuple[str, ...] = ()
    timezone: str = "UTC"
    locale: str = "en"
    periods: Mapping[date | datetime, str] = field(default_factory=dict)
    unknown: frozenset[date | datetime] = frozenset()
    how: tuple[str, ...] = ()
    """How each aggregate was put together over its windows, a sentence each."""
    blank: frozenset[tuple[str, int]] = frozenset()
    title: str = ""
    formats: Mapping[str, Writer] = field(default_factory=dict, repr=False)
    """How `to` writes each format."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def __str__(self) -> str:
        return table(self.sheet().page())

    def _repr_html_(self) -> str:
        return html(self.sheet().page())

    @property
    def value(self) -> Any:
        """The number of an answer of one row and one metric. Raises FaultError for any other."""
        metrics = [c.name for c in self.columns if c.role == "metric"]
        if len(self) != 1 or len(metrics) != 1:
            shape = f"{many(len(self), 'row')} and {many(len(metrics), 'metric')}"
            raise FaultError(
                Fault("Q590", f"the answer is not one number: it has {shape}", help="read its rows with `to_dicts()`")
            )
        return self.table.column(metrics[0])[0].as_py()

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table."""
        return self.table

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dicts by column name; decimals are `Decimal`, periods `date`, hours `datetime` with a zone."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas frame. Raises FaultError when pandas is not installed."""
        require("pandas")
        return self.table.to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars frame. Raises FaultError when polars is not installed."""
        require("polars")
        import polars

        frame = polars.from_arrow(self.table)
        assert isinstance(frame, polars.DataFrame)
        return frame

    def to_csv(self) -> str:
        """The rows as CSV (RFC 4180, but lines end in a line feed), headed by column names, at full precision."""
        return csv_text([c.name for c in self.columns], self._rows())

    def to_json(self, *, sql: bool = False) -> str:
        """The answer as JSON: columns, rows, notes; with the SQL if asked. Decimals are exact numbers."""
        data: dict[str, Any] = {
            "columns": [c.as_dict() for c in self.columns],
            "rows": self.to_dicts(),
            "grain": self.grain,
            "timezone": self.timezone,
            "partial": list(self.partial),
            "notes": list(self.notes),
        }
        return json_document(data | ({"sql": self.sql} if sql else {}))

    def to_text(self) -> str:
        """Every row in a table of plain text: labelled, rounded, in the answer's language."""
        return table(self.sheet())

    def to_html(self) -> str:
        """Every row in a table in HTML: labelled, rounded, in the answer's language."""
        return html(self.sheet())

    def to_markdown(self) -> str:
        """The rows as a Markdown table, at full precision, the notes below."""
        headings = tuple(Heading(c.name, number=c.role == "metric" or c.measured) for c in self.columns)
        rows = tuple(tuple(" ".join(raw(v).splitlines()) for v in row) for row in self._rows())
        return markdown(Sheet(headings, rows)) + notes_text(self.notes)

    def to_parquet(self, path: str | Path) -> None:
        """Writes the rows to a Parquet file. Raises FaultError when it cannot be written."""
        write_parquet(self.table, path)

    def to(self, name: str) -> str | bytes:
        """The answer in a format by its name: `csv`, `markdown`, a plugin's `acme.html`.

        Raises FaultError for an unknown format (P714), and when a plugin's fails (P700).
        """
        if name not in self.formats:
            raise FaultError(Fault("P714", f"unknown format `{name[:60]}`", help=help_for(name[:60], self.formats)))
        return self.formats[name](self)

    def sheet(self) -> Sheet:
        """The answer as texts for a reader: labelled, rounded, in the answer's language."""
        called = Periods(self.periods, self.grain)
        layout = Layout(self.columns, self.table, called, self.partial, self.locale, self.blank)
        return layout.sheet(self.notes, self.title)

    def period(self, start: Any) -> str:
        """What a period that starts then is called."""
        return Periods(self.periods, self.grain).called(start)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(self.table.column(c.name).to_pylist() for c in self.columns), strict=True)
