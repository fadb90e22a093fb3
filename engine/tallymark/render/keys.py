"""Whether the key of a dataset repeats, or two versions of a row are valid at one time, as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlglot import exp

from tallymark.catalog import Catalog
from tallymark.formula.functions import TABLE, Function
from tallymark.kinds import Type
from tallymark.plan import Clock
from tallymark.render.expressions import Writer
from tallymark.render.joins import edge_types
from tallymark.render.rows import Rows, Statement
from tallymark.render.values import call, column, compare, integer, named, select, table
from tallymark.render.versions import FROM, KEY, TO
from tallymark.source import Site
from tallymark.windows import Calendar


def repeated_key(
    catalog: Catalog, dataset: str, site: Site, calendar: Calendar, functions: Mapping[str, Function] = TABLE
) -> str:
    """A SELECT of the least key that stands in several rows, and in how many; no row when the keys are unique.

    Where rows are valid for a time, only those count of which two are valid at one time.
    """
    own = catalog.datasets[dataset]
    assert own.key is not None
    statement = Statement()
    writer = current_writer(calendar, site.dialect, functions)
    rows = Rows(catalog, site.relation, writer, calendar, statement)
    if own.valid is not None:
        key = column(KEY)
        query = select(key, exp.Count(this=exp.Star())).from_(overlapping(rows, dataset), copy=False)
        query = query.group_by(key.copy(), copy=False).order_by(key.copy(), copy=False).limit(1, copy=False)
        return writer.text(statement.before(query))
    relation = rows.relation(dataset, frozenset({own.key}))
    key, count = column(own.key), exp.Count(this=exp.Star())
    known = exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))
    query = select(key, count).from_(table(relation), copy=False).where(known, copy=False)
    query = query.group_by(key.copy(), copy=False).having(compare(exp.GT, count.copy(), integer(1)), copy=False)
    query = query.order_by(key.copy(), copy=False).limit(1, copy=False)
    return writer.text(statement.before(query))


def overlapping(rows: Rows, dataset: str) -> exp.Subquery:
    """The keys of versions that are still valid when the next one begins; a version without a beginning holds ever.

    Of rows in order of their starts, one that overlaps any later row overlaps the next one.
    """
    own = rows.catalog.datasets[dataset]
    name = rows.versions(own, frozenset(), Type.INSTANT in edge_types(own), gaps=False)
    order = exp.Order(expressions=[exp.Ordered(this=column(FROM))])
    following = exp.Window(this=call("LEAD", column(FROM)), partition_by=[column(KEY)], order=order)
    inner = select(column(KEY), column(TO), named(following, "next")).from_(table(name), copy=False)
    inner = inner.where(compare(exp.LT, column(FROM), column(TO)), copy=False)
    source = exp.Subquery(this=inner, alias=exp.to_identifier("v"))
    outer = select(column(KEY)).from_(source, copy=False)
    outer = outer.where(compare(exp.LT, column("next"), column(TO)), copy=False)
    return exp.Subquery(this=outer, alias=exp.to_identifier("o"))


NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""A knowledge date that hides no row."""


def current_writer(calendar: Calendar, dialect: str, functions: Mapping[str, Function] = TABLE) -> Writer:
    """A writer of expressions as of today that hides no row, for SQL that belongs to no question."""
    today = calendar.local(datetime.now(UTC)).date()
    return Writer(Clock(calendar, today, NEVER), dialect, functions)
