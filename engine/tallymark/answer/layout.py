"""An answer's rows as texts for a reader: labelled, rounded, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tallymark.answer.columns import AnswerColumn
from tallymark.show.numbers import Style, style_of, unit_sign, written
from tallymark.show.periods import period_label
from tallymark.show.sheet import Heading, Sheet, text_of

if TYPE_CHECKING:
    import pyarrow

LARGE = 1_000
"""From here on amounts of money are shown without cents where a pivot puts many side by side."""

CUT = "*"
"""Stands after the label of a period that the knowledge date cuts."""


@dataclass(frozen=True, slots=True)
class Periods:
    """What the periods of an answer are called: by their starts, hours by their instant in UTC; else by the grain."""

    labels: Mapping[date | datetime, str]
    grain: str | None

    def called(self, start: Any) -> str:
        """What a period that starts then is called."""
        # Two times of one zone are equal when the clock shows the same, even an hour apart: as instants they differ.
        known = start.astimezone(UTC) if isinstance(start, datetime) and start.tzinfo is not None else start
        if known in self.labels:
            return self.labels[known]
        return period_label(start, self.grain) if isinstance(start, date) else text_of(start)


@dataclass(frozen=True, slots=True)
class Layout:
    """Lays an answer's rows out. Everything is as the answer has it."""

    columns: tuple[AnswerColumn, ...]
    table: pyarrow.Table
    periods: Periods
    partial: tuple[str, ...]
    locale: str
    blank: frozenset[tuple[str, int]]

    def sheet(self, notes: tuple[str, ...], title: str) -> Sheet:
        """The rows under their headings, the notes below."""
        columns = [c for c in self.columns if c.role != "row"]
        headings = tuple(self._heading(c) for c in columns)
        cells = [self._blanked(c, self._texts(c)) for c in columns]
        if self._cuts():
            notes = (*notes, f"{CUT} partial: cut by the knowledge date")
        keys = sum(1 for c in columns if c.of is None) if any(c.of is not None for c in columns) else 0
        return Sheet(headings, tuple(zip(*cells, strict=True)), notes, text_of(title), keys)

    def _heading(self, column: AnswerColumn) -> Heading:
        title = " ".join(text_of(column.label or column.name).split())
        title += CUT if column.at is not None and column.at in self.partial else ""
        alone = column.of is not None and len({c.of for c in self.columns if c.of and c.role == "metric"}) == 1
        sign = unit_sign(column.unit, self.locale) if column.measured and not alone else ""
        return Heading(title, sign, column.measured, {b.label: b.colour for b in column.bands})

    def _texts(self, column: AnswerColumn) -> list[str]:
        values = self.table.column(column.name).to_pylist()
        if column.role == "period":
            labels = [self.periods.called(v) for v in values]
            return [label + CUT if label in self.partial else label for label in labels]
        if column.bands:
            called = {b.name: b.label for b in column.bands}
            return [text_of(called.get(v, v)) for v in values]
        if column.role in ("metric", "target") and column.type.numeric:
            style = self._style(column, values)
            return [written(v, style) for v in values]
        texts = [self.periods.called(v) if column.grain else text_of(v) for v in values]
        return self._kinds(column, texts) if column.role == "dimension" else texts

    def _style(self, column: AnswerColumn, values: list[Any]) -> Style:
        """How the numbers of a column are written; the columns that a pivot makes of one metric are written alike."""
        decimals = column.decimals
        if column.of is not None:
            alike = (c.name for c in self.columns if c.of == column.of)
            values = [v for name in alike for v in self.table.column(name).to_pylist() if v is not None]
            large = column.unit is not None and column.unit.currency is not None and max(map(abs, values), default=0)
            decimals = 0 if large and large >= LARGE else decimals
        return style_of(values, column.unit, column.type, decimals=decimals, locale=self.locale, sign=False)

    def _kinds(self, column: AnswerColumn, texts: list[str]) -> list[str]:
        """The texts of a dimension, rows that are not of a member being named in parentheses."""
        role = next((c.name for c in self.columns if c.role == "row"), None)
        if role is None:
            return texts
        first = column.name == next(c.name for c in self.columns if c.role == "dimension")
        named = {"total": "(total)" if first else "", **({"other": "(other)"} if column.folded else {})}
        return [named.get(kind, text) for kind, text in zip(self.table.column(role).to_pylist(), texts, strict=True)]

    def _blanked(self, column: AnswerColumn, texts: list[str]) -> list[str]:
        return ["" if (column.name, n) in self.blank else t for n, t in enumerate(texts)] if self.blank else texts

    def _cuts(self) -> bool:
        """Whether any row's period is cut by the knowledge date."""
        if any(c.at is not None and c.at in self.partial for c in self.columns):
            return True
        names = [c.name for c in self.columns if c.role == "period"]
        return any(
            self.periods.called(v) in self.partial for name in names for v in self.table.column(name).to_pylist()
        )
