"""A long answer made wide: the values of one of its columns become columns. No number changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tallymark.answer import Answer, AnswerColumn
from tallymark.engine.columns import said
from tallymark.errors import Fault, FaultError
from tallymark.show.numbers import unit_sign
from tallymark.show.sheet import text_of

MOST_COLUMNS = 1_600
"""Columns that a pivot may make."""

OTHER, TOTAL = "other", "total"

At = tuple[int, Any]
"""What a column stands for: 0 and a value, 1 for null, 2 for the others, 3 for the total; in this order."""

_NULL, _OTHER, _TOTAL = (1, None), (2, None), (3, None)


def pivoted(answer: Answer, by: str, limit: int | None = None) -> Answer:
    """The answer with a column for each value of `by`, of each metric one, and a row for each combination of the rest.

    `limit` holds for the rows. Nulls of periods that have not begun are cells without a row. Raises FaultError (Q563)
    for too many columns.
    """
    return _Pivot(answer, _named(answer, by)).make(limit)


def _named(answer: Answer, by: str) -> AnswerColumn:
    """The column that is pivoted; ages and periods go by what they are."""
    return next((c for c in answer.columns if c.role == by), None) or next(c for c in answer.columns if c.name == by)


@dataclass(slots=True)
class _Pivot:
    answer: Answer
    by: AnswerColumn
    places: dict[At, None] = field(default_factory=dict)
    """What the columns stand for."""
    rows: dict[tuple[Any, ...], dict[At, int]] = field(default_factory=dict)
    """By the keys of a row, the row of the long answer that each column has there."""
    periods: list[Any] = field(default_factory=list)
    """The period of each row of the long answer."""

    @property
    def shown(self) -> list[AnswerColumn]:
        """The columns that each value has one of: the metrics, and what they are held against."""
        return [c for c in self.answer.columns if not c.keyed]

    @property
    def metrics(self) -> list[AnswerColumn]:
        return [c for c in self.answer.columns if c.role == "metric"]

    def make(self, limit: int | None) -> Answer:
        keys = self._keys()
        self._gather(keys)
        kept = list(self.rows.items())[:limit]
        stand = [(place, metric) for place in sorted(self.places, key=self._sorting) for metric in self.shown]
        if len(stand) > MOST_COLUMNS:
            message = f"the pivot would have {len(stand):,} columns; {MOST_COLUMNS:,} is the most"
            raise FaultError(Fault("Q563", message, None, "ask fewer members or periods, or do not pivot"))
        columns = _apart([*keys, *(self._column(place, metric) for place, metric in stand)])
        arrays = [self._array(key, [row[n] for row, _ in kept]) for n, key in enumerate(keys)]
        blank: set[tuple[str, int]] = set()
        for column, (place, metric) in zip(columns[len(keys) :], stand, strict=True):
            numbers = [cells.get(place) for _, cells in kept]
            arrays.append(self._taken(metric, numbers))
            blank |= {(column.name, n) for n in self._blank(arrays[-1], numbers)}
        table = pa.table(dict(zip([c.name for c in columns], arrays, strict=True)))
        return replace(
            self.answer, columns=tuple(columns), table=table, blank=frozenset(blank), title=self._title()
        )  # fmt: skip

    # --- rows ------------------------------------------------------------------------------------------------------

    def _keys(self) -> list[AnswerColumn]:
        """The columns that tell rows apart: of a period and an age one says the other, once a beginning is known."""
        gone = {"age", "period"} if self.by.role == "age" else {self.by.role} if self.by.role == "period" else set()
        if self.by.role == "period":
            gone = {"period", "age"}
        left = [c for c in self.answer.columns if c.keyed and c.role not in {"row", *gone} and c.name != self.by.name]
        apart = [c for c in self.answer.columns if c.role == "row"]
        return left + (apart if any(c.role == "dimension" for c in left) else [])

    def _gather(self, keys: Sequence[AnswerColumn]) -> None:
        values = {c.name: _told(self.answer.table.column(c.name).to_pylist()) for c in self.answer.columns}
        self.periods = next((values[c.name] for c in self.answer.columns if c.role == "period"), [])
        kinds = next((values[c.name] for c in self.answer.columns if c.role == "row"), None)
        for number in range(len(self.answer)):
            kind = kinds[number] if kinds is not None else "member"
            place = self._place(kind, values[self.by.name][number])
            row = tuple(self._kind(kind) if c.role == "row" else values[c.name][number] for c in keys)
            self.places[place] = None
            cells = self.rows.setdefault(row, {})
            cells[place] = number

    def _place(self, kind: str, value: Any) -> At:
        if self.by.role == "dimension":
            if kind == TOTAL:
                return _TOTAL
            if kind == OTHER and self.by.folded:
                return _OTHER
        return _NULL if value is None else (0, value)

    def _kind(self, kind: str) -> str:
        """What a row of the wide answer is: the others that became a column leave their rows to the members."""
        return "member" if kind == OTHER and self.by.folded else kind

    def _sorting(self, place: At) -> tuple[int, Any]:
        if self.by.folded and place[0] < 2:
            # The members of a choice keep the order in which they were chosen.
            return 0, list(self.places).index(place)
        return place if place[0] == 0 else (place[0], 0)

    # --- columns ---------------------------------------------------------------------------------------------------

    def _label(self, place: At) -> str:
        if place in (_OTHER, _TOTAL):
            return OTHER if place == _OTHER else TOTAL
        value = place[1]
        return self.answer.period(value) if self.by.role == "period" or self.by.grain else text_of(value)

    def _column(self, place: At, metric: AnswerColumn) -> AnswerColumn:
        at = self._label(place)
        shown = f"({at})" if place in (_OTHER, _TOTAL) else at
        if len(self.metrics) > 1:
            name, label = f"{at} {metric.name}", f"{shown} {metric.label}"
        elif metric.role == "metric":
            name, label = at, shown
        else:
            # The title says which metric it is.
            name, label = f"{at} {metric.name}", f"{shown} {metric.label.removeprefix(self.metrics[0].label + ', ')}"
        return replace(metric, name=name, label=label, of=metric.name, at=at)

    def _array(self, column: AnswerColumn, values: list[Any]) -> Any:
        return pa.array(values, type=self.answer.table.schema.field(column.name).type)

    def _taken(self, metric: AnswerColumn, numbers: list[int | None]) -> Any:
        """The metric's values in some rows of the long answer, null where there is none."""
        whole = self.answer.table.column(metric.name).combine_chunks()
        return whole.take(pa.array(numbers, type=pa.int64()))

    def _blank(self, values: Any, numbers: list[int | None]) -> Iterator[int]:
        """The rows of a column that the long answer has no row for, or a null of a period that has not begun."""
        for place, (value, number) in enumerate(zip(values.to_pylist(), numbers, strict=True)):
            if number is None or (value is None and self.periods and self.periods[number] in self.answer.unknown):
                yield place

    def _title(self) -> str:
        """What the wide answer shows: its only metric, with its unit, and what the columns are."""
        language = self.answer.locale[:2]
        counted = self.by.role == "age" and self.by.label == "age"
        named = f"{said('by', language)} {f'age in {self.answer.grain}s' if counted else self.by.label}"
        if len(self.metrics) != 1:
            return named
        (metric,) = self.metrics
        unit = unit_sign(metric.unit, self.answer.locale)
        return f"{metric.label}{f', {unit}' if unit else ''}, {named}"


def _told(values: list[Any]) -> list[Any]:
    """The values, instants in UTC: two times of one zone are equal when the clock shows the same, an hour apart."""
    return [v.astimezone(UTC) if isinstance(v, datetime) and v.tzinfo is not None else v for v in values]


def _apart(columns: list[AnswerColumn]) -> list[AnswerColumn]:
    """The columns, those of a name that is taken being numbered."""
    made: dict[str, AnswerColumn] = {}
    for column in columns:
        name, count = column.name, 1
        while name in made:
            count += 1
            name = f"{column.name} ({count})"
        made[name] = replace(column, name=name)
    return list(made.values())
