"""Rows from the database become an answer: columns named and typed, periods dated, notes attached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tallymark.answer import Answer, AnswerColumn
from tallymark.catalog import Catalog, Metric, Reached
from tallymark.check.dimensions import leaves
from tallymark.engine.asking import Asked
from tallymark.engine.columns import said
from tallymark.engine.judging import Judging
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.lower import Lowered, Question
from tallymark.plan import Key, Parts
from tallymark.render import Rendered
from tallymark.units import COUNT, reported
from tallymark.windows import PERIOD, Period, resolve
from tallymark.windows.clocks import INSTANT

TOTAL = "total"
"""The column of a table of rows that is true where a row is a total over all members."""


def answer_of(
    asked: Asked, lowered: Lowered, table: pa.Table, rendered: Rendered, notes: tuple[str, ...], catalog: Catalog
) -> Answer:
    """The answer. Rows whose column TOTAL is true are totals. Raises FaultError (D451) for a number too large to be
    one.
    """
    made = _Columns(asked, lowered, table, catalog)
    made.dimensions()
    made.rows()
    made.periods()
    notes = (*notes, *made.metrics())
    question = asked.question
    marked = (asked.query.partial or catalog.project.partial) == "mark"
    partial = tuple(p.label for p in question.periods if marked and _cut(question, p))
    named = pa.table(dict(zip([c.name for c in made.columns], made.arrays, strict=True)))
    language = catalog.project.locale or catalog.project.language
    return Answer(
        tuple(made.columns), named, notes, rendered.sql, asked.query, question.grain, partial,
        question.calendar.timezone, language, made.labels, _unknown(question), rendered.ways,
    )  # fmt: skip


def _unknown(question: Question) -> frozenset[date | datetime]:
    """The starts, as labels are found by, of the periods that have not begun at the knowledge date."""
    later = [p.start for p in question.periods if p.start >= question.as_of]
    return frozenset(later if question.grain == "hour" else (question.calendar.local(s).date() for s in later))


def _cut(question: Question, period: Period) -> bool:
    return resolve(PERIOD, period, question.grain, question.calendar, question.as_of).partial


@dataclass(slots=True)
class _Columns:
    """Names and types the columns of an answer, in their order."""

    asked: Asked
    lowered: Lowered
    table: pa.Table
    catalog: Catalog
    columns: list[AnswerColumn] = field(default_factory=list)
    arrays: list[Any] = field(default_factory=list)
    labels: dict[date | datetime, str] = field(default_factory=dict)

    def add(self, column: AnswerColumn, values: Any) -> None:
        """A column; one whose name is taken is numbered."""
        taken = {c.name for c in self.columns}
        name, count = column.name, 1
        while name in taken:
            count += 1
            name = f"{column.name} ({count})"
        self.columns.append(replace(column, name=name))
        self.arrays.append(values)

    def dimensions(self) -> None:
        question = self.asked.question
        keys = {k.parts: k for k in self.lowered.plan.space.level}
        for parts in question.by:
            key = keys[question.keys_of(parts)[0]]
            column = _dimension(".".join(parts), parts, key, self.catalog, self.asked)
            folded = question.fold is not None and question.fold.dimension == parts
            began = question.age is not None and question.age.dimension == parts
            self.add(replace(column, folded=folded, grain=question.grain if began else None), self._values(key.column))

    def _values(self, name: str) -> Any:
        return self.table.column(name)

    def rows(self) -> None:
        """What each row is, where not all are of members: `member`, `other` or `total`."""
        kept = self.lowered.plan.kept
        shown = kept is not None and kept.shown
        if not (shown or self.asked.query.total):
            return
        none = [None] * self.table.num_rows
        others = self._values(kept.other.column).to_pylist() if kept is not None else none
        totals = self._values(TOTAL).to_pylist() if TOTAL in self.table.column_names else none
        kinds = ["total" if t else "other" if o else "member" for t, o in zip(totals, others, strict=True)]
        self.add(AnswerColumn("row", "row", Type.TEXT, None, "row"), pa.array(kinds, type=pa.string()))

    def periods(self) -> None:
        """The starts of the rows' periods, and the ages of what began in another one."""
        question, language = self.asked.question, self.catalog.project.language
        if question.grain is None:
            return
        numbers = self._values("i").to_pylist()
        values, self.labels = _periods(self.asked, numbers)
        self.add(AnswerColumn("period", "period", _period_type(question.grain), None, said("period", language)), values)
        if self.lowered.plan.begun is not None:
            began = self._values(self.lowered.plan.begun.key.column).to_pylist()
            self.labels |= {d: question.calendar.label(_midnight(question, d), question.grain) for d in set(began)}
            values = pa.array(_ages(question, began, numbers), type=pa.int64())
            self.add(AnswerColumn("age", "age", Type.INTEGER, COUNT, said("age", language)), values)

    def metrics(self) -> tuple[str, ...]:
        """The metrics, each with what it is held against; gives what a reader should know of that."""
        language = self.catalog.project.language
        rows = self._values("i").to_pylist() if "i" in self.table.column_names else [0] * self.table.num_rows
        kinds = next((a.to_pylist() for c, a in zip(self.columns, self.arrays, strict=True) if c.role == "row"), None)
        judging = Judging(self.asked, language, rows, kinds)
        names = [name for name, _ in self.asked.question.metrics]
        targets = self.asked.targets
        for number, (metric, name) in enumerate(zip(self.asked.metrics, names, strict=True)):
            if name in targets.values():
                continue
            column = _metric(name, metric, language, self.asked.question.currency)
            values = _finite(self._values(f"m{number}"), name)
            self.add(column, values)
            given = self._values(f"m{names.index(targets[name])}") if name in targets else None
            for beside, array in judging.beside(self.columns[-1].name, metric, column.unit, values, given):
                self.add(beside, array)
        return tuple(judging.notes)


def _midnight(question: Question, day: date) -> datetime:
    return question.calendar.instant(datetime.combine(day, time.min))


def _ages(question: Question, began: list[date], numbers: list[int]) -> list[int]:
    """How many periods of the grain lie between a beginning and each row's own."""
    calendar, grain = question.calendar, question.grain
    assert grain is not None

    @cache
    def age(day: date, number: int) -> int:
        reached = calendar.floor(question.periods[number].start, grain)
        return calendar.count(_midnight(question, day), reached + INSTANT, grain) - 1

    return [age(day, number) for day, number in zip(began, numbers, strict=True)]


def _dimension(name: str, parts: Parts, key: Key, catalog: Catalog, asked: Asked) -> AnswerColumn:
    for metric in asked.metrics:
        for dataset in sorted(leaves(catalog, metric.expression, parts)) if metric.expression else ():
            found = catalog.reach(dataset, parts)
            if isinstance(found, Reached):
                return AnswerColumn(name, "dimension", key.type, found.unit, name)
    return AnswerColumn(name, "dimension", key.type, None, name)


def _metric(name: str, metric: Metric, language: str, currency: str | None) -> AnswerColumn:
    label = metric.label(language) if name == metric.name else name
    unit, kind = metric.unit, metric.type
    if currency is not None and unit.currencies:
        unit, kind = reported(unit, currency), Type.DOUBLE if kind.numeric else kind
    return AnswerColumn(name, "metric", kind, unit, label, metric.definition.decimals)


def _period_type(grain: str) -> Type:
    """Hours begin at instants, everything else on a day."""
    return Type.INSTANT if grain == "hour" else Type.DATE


def _periods(asked: Asked, numbers: list[int]) -> tuple[Any, dict[date | datetime, str]]:
    """The starts of the rows' periods, and their labels: dates, or for a grain of hours times of the question's zone,
    as instants, because the clock can show an hour twice. Labels of those are by the instant in UTC.
    """
    question = asked.question
    if question.grain == "hour":
        instants = [p.start for p in question.periods]
        kind = pa.timestamp("us", tz=question.calendar.timezone)
        labels: dict[date | datetime, str] = {p.start: p.label for p in question.periods}
        return pa.array([instants[n] for n in numbers], type=kind), labels
    starts = [question.calendar.local(p.start).date() for p in question.periods]
    kind = pa.date32()
    labels = {s: p.label for s, p in zip(starts, question.periods, strict=True)}
    return pa.array([starts[n] for n in numbers], type=kind), labels


def _finite(values: Any, name: str) -> Any:
    """The values; infinity is an overflow, which is an error and never a number."""
    if pa.types.is_floating(values.type):
        finite = pc.all(pc.is_finite(values)).as_py()
        if finite is False:
            message = f"`{name}` overflows: a result is too large for a number"
            raise FaultError(Fault("D451", message, help="use logarithms, or smaller units"))
    return values
