"""The engine, asked what the naive evaluator is asked: the only place here that knows its Python interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from naive.world import Question, World
from tallymark.definitions import Definitions, Formula, MetricDef, ParameterDef
from tallymark.formula.nodes import Duration
from tallymark.formula.write import write
from tallymark.place import Written
from tallymark.query import Query

from . import acme

ARROW = {
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 6),
    "double": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "instant": pa.timestamp("us", tz="UTC"),
}

Ask = Callable[[Question], list[dict[str, Any]]]
Opens = Callable[[World], Ask]


def opened(world: World) -> Ask:
    """The engine on a world's definitions and rows, as something to ask. Cells come as from the naive evaluator."""
    import tallymark

    book = tallymark.open(definitions=definitions(world), tables=tables(world), plugins=[acme])
    return lambda question: cells(book.ask(query(question)), question)


def definitions(world: World) -> Definitions:
    """The world's definitions, its metrics written out again."""
    metrics = {
        name: MetricDef(name, Formula(Written(text), metric.node), convert=metric.convert, missing=metric.missing)
        for name, metric in world.metrics.items()
        for text in [write(metric.node)]
    }
    parameters = {n: ParameterDef(n, _kind(v), v) for n, v in world.parameters.items()}
    return Definitions(project=world.project, datasets=world.datasets, metrics=metrics, parameters=parameters)


def _kind(value: Any) -> str:
    return "duration" if isinstance(value, Duration) else "text" if isinstance(value, str) else "number"


def tables(world: World) -> Mapping[str, pa.Table]:
    """The world's rows as Arrow tables."""
    made = {}
    for name, dataset in world.datasets.items():
        if dataset.transform is not None:
            continue
        stored = {c.name: c.type or "text" for c in dataset.columns.values() if c.formula is None}
        made[name] = pa.table(
            {c: pa.array([row[c] for row in world.rows[name]], type=ARROW[t]) for c, t in stored.items()}
        )
    return made


LAST_DAY = date(8999, 12, 31)
"""The last day of the naive evaluator's time."""


def query(question: Question) -> Query:
    """The question as the engine takes it."""
    return Query(
        metrics=question.metrics,
        by=question.by,
        grain=question.grain,
        start=question.start,
        end=question.end,
        where=None if question.where is None else write(question.where),
        # Unless said, the engine knows up to now, and the naive evaluator everything.
        as_of=question.as_of or LAST_DAY,
        sparse=question.sparse,
        currency=question.currency,
    )


def cells(answer: Any, question: Question) -> list[dict[str, Any]]:
    """The answer's rows under the question's own names, the period as a date or an instant."""
    names = {role: [c.name for c in answer.columns if c.role == role] for role in ("dimension", "period", "metric")}
    found = []
    for row in answer.to_dicts():
        cell = {wanted: row[name] for wanted, name in zip(question.by, names["dimension"], strict=True)}
        if names["period"]:
            cell["period"] = local(row[names["period"][0]])
        cell.update({wanted: row[name] for wanted, name in zip(question.metrics, names["metric"], strict=True)})
        found.append(cell)
    return found


def local(value: date | datetime) -> date | datetime:
    """A period's start: a date, or of an hour its instant in UTC."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def is_exact(value: Any) -> bool:
    """Whether a number is compared digit by digit."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def midnight(value: date | datetime) -> datetime:
    """A date as its first instant, so that dates and times compare."""
    return value if isinstance(value, datetime) else datetime.combine(value, time())
