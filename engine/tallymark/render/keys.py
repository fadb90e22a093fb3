"""Whether the key of a dataset repeats, as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlglot import exp

from tallymark.catalog import Catalog
from tallymark.formula.functions import TABLE, Function
from tallymark.plan import Clock
from tallymark.render.expressions import Writer
from tallymark.render.rows import Relations, Rows, Statement
from tallymark.render.values import column, compare, integer, select, table
from tallymark.windows import Calendar


def repeated_key(
    catalog: Catalog, dataset: str, relations: Relations, calendar: Calendar, functions: Mapping[str, Function] = TABLE
) -> str:
    """A SELECT of the least key that stands in several rows, and in how many; no row when the keys are unique."""
    own = catalog.datasets[dataset]
    assert own.key is not None
    statement = Statement()
    rows = Rows(catalog, relations, current_writer(calendar, functions), calendar, statement)
    relation = rows.relation(dataset, frozenset({own.key}))
    key, count = column(own.key), exp.Count(this=exp.Star())
    known = exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))
    query = select(key, count).from_(table(relation), copy=False).where(known, copy=False)
    query = query.group_by(key.copy(), copy=False).having(compare(exp.GT, count.copy(), integer(1)), copy=False)
    query = query.order_by(key.copy(), copy=False).limit(1, copy=False)
    return statement.before(query).sql("duckdb")


NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""A knowledge date that hides no row."""


def current_writer(calendar: Calendar, functions: Mapping[str, Function] = TABLE) -> Writer:
    """A writer of expressions as of today that hides no row, for SQL that belongs to no question."""
    today = calendar.local(datetime.now(UTC)).date()
    return Writer(Clock(calendar, today, NEVER), functions=functions)
