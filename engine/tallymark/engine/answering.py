"""Rows from the database become an answer: columns named and typed, periods dated, notes attached."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tallymark.answer import Answer, AnswerColumn
from tallymark.catalog import Catalog, Metric, Reached
from tallymark.check.dimensions import leaves
from tallymark.engine.asking import Asked
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.lower import Lowered
from tallymark.plan import Key
from tallymark.units import reported
from tallymark.windows import PERIOD, resolve


def answer_of(
    asked: Asked, lowered: Lowered, table: pa.Table, sql: str, notes: tuple[str, ...], catalog: Catalog
) -> Answer:
    """The answer. Raises FaultError (D451) for a number too large to be one."""
    question, plan = asked.question, lowered.plan
    columns: list[AnswerColumn] = []
    arrays: list[Any] = []
    for parts, key in zip(question.by, plan.space.level, strict=True):
        columns.append(_dimension(".".join(parts), key, catalog, asked))
        arrays.append(table.column(key.column))
    starts: dict[date | datetime, str] = {}
    if question.grain is not None:
        values, starts = _periods(asked, table.column("i").to_pylist())
        columns.append(AnswerColumn("period", "period", _period_type(question.grain), None, "period"))
        arrays.append(values)
    for number, (metric, (name, _)) in enumerate(zip(asked.metrics, question.metrics, strict=True)):
        columns.append(_metric(name, metric, catalog.project.language, question.currency))
        arrays.append(_finite(table.column(f"m{number}"), name))
    partial = tuple(
        p.label for p in question.periods
        if resolve(PERIOD, p, question.grain, question.calendar, question.as_of).partial
    )  # fmt: skip
    named = pa.table(dict(zip([c.name for c in columns], arrays, strict=True)))
    language = catalog.project.locale or catalog.project.language
    return Answer(
        tuple(columns), named, notes, sql, asked.query, question.grain, partial, question.calendar.timezone, language,
        starts,
    )  # fmt: skip


def _dimension(name: str, key: Key, catalog: Catalog, asked: Asked) -> AnswerColumn:
    for metric in asked.metrics:
        for dataset in sorted(leaves(catalog, metric.expression, key.parts)) if metric.expression else ():
            found = catalog.reach(dataset, key.parts)
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
