"""The rows behind a number: of each aggregate those that counted, of each `per` its members, and their origins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from tallymark.show.counts import many
from tallymark.show.raw import raw
from tallymark.show.sheet import Heading, Sheet, printable, text_of
from tallymark.show.tables import table

WEIGHT = "weight"
"""The last column of rows that counted: what each adds, or the value that it has in the aggregate."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Rows of a dataset, or members, that stand behind a part of a number; the weightiest first.

    `text` is the part of the formula, `within` the longer part it stands in and `metric` whose formula that is. `total`
    is how many rows there are, those left out by the limit included, `value` what they come to together. `dataset` is
    None of members. `made_of` are rows of what the dataset was made of, by the transform `by`; `note` is what a reader
    should know of them.
    """

    text: str
    dataset: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int
    value: Any = None
    metric: str | None = None
    within: str = ""
    note: str = ""
    made_of: tuple[Behind, ...] = ()
    by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The rows as plain data: a mapping each; decimals and times as they are."""
        return {
            "text": self.text,
            "within": self.within,
            "metric": self.metric,
            "dataset": self.dataset,
            "total": self.total,
            "value": self.value,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "note": self.note,
            "by": self.by,
            "made_of": [b.as_dict() for b in self.made_of],
        }

    def lines(self, width: int | None = None, told: set[tuple[Any, ...]] | None = None) -> Iterator[str]:
        """The rows as a heading and a table, then those they come from; `told` are rows that stand further up."""
        told = set() if told is None else told
        marks = {(self.dataset, self.columns, *map(raw, row)) for row in self.rows}
        again = bool(self.by) and marks <= told
        told |= marks
        if again:
            yield f"{self._head()}, as above\n"
            return
        yield f"{self._head()}\n" + (self._table(width) if self.rows else "")
        for source in self.made_of:
            yield from source.lines(width, told)

    def _head(self) -> str:
        unit = "member" if self.dataset is None else "row"
        counted = many(self.total, unit)
        counted = counted if self.total <= len(self.rows) else f"{len(self.rows):,} of {counted}"
        rows = counted if self.dataset is None else f"{counted} of {self.dataset}"
        if self.by:
            return f"from {rows}, by {self.by}"
        text, within = (printable(" ".join(t.split())) for t in (self.text, self.within))
        what = text if not within or within == text else f"{text} in {within}"
        what = what if self.metric is None or self.metric == what else f"{self.metric}: {what}"
        said = f"{what} · {rows}" + (f" · together {raw(self.value)}" if self.value is not None else "")
        return f"{said}\n({self.note})" if self.note else said

    def _table(self, width: int | None) -> str:
        """The rows; columns without any value say nothing."""
        kept = [n for n, c in enumerate(self.columns) if c == WEIGHT or any(row[n] is not None for row in self.rows)]
        headings = tuple(Heading(self.columns[n], number=self.columns[n] == WEIGHT) for n in kept)
        return table(Sheet(headings, tuple(tuple(_told(row[n]) for n in kept) for row in self.rows)), width)


def _told(value: Any) -> str:
    """A value with every digit, a time as people read it."""
    return text_of(value) if isinstance(value, date | bool) or value is None else printable(raw(value))
