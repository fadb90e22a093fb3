"""The earliest time among the rows that formulas read: where a question without a range begins."""

from __future__ import annotations

from datetime import UTC, datetime, time

from sqlglot import exp

from tallymark.catalog import Catalog
from tallymark.engine.sources import Sources
from tallymark.formula.bound import Aggregate, Bound, MetricUse, parts
from tallymark.plan import Clock
from tallymark.render.expressions import Writer
from tallymark.render.rows import Rows, Statement
from tallymark.render.values import column
from tallymark.windows import Calendar
from tallymark.windows.clocks import INSTANT


def earliest(
    bounds: tuple[Bound, ...], as_of: datetime, catalog: Catalog, sources: Sources, calendar: Calendar
) -> datetime | None:
    """The earliest time on any axis of time that the formulas read; None without rows.

    Formulas that read no axis of time have no beginning: their range is the last day before `as_of`. Raises FaultError.
    """
    axes = _axes(bounds, catalog)
    if not axes:
        return as_of - INSTANT
    today = calendar.local(as_of - INSTANT).date()
    clock = Clock(calendar, today, as_of)
    found = [t for place in sorted(axes) if (t := _first(place, clock, catalog, sources, calendar))]
    return min(found, default=None)


def _axes(bounds: tuple[Bound, ...], catalog: Catalog) -> set[tuple[str, str]]:
    axes: set[tuple[str, str]] = set()
    seen: set[str] = set()
    waiting = list(bounds)
    while waiting:
        here = waiting.pop()
        if isinstance(here, Aggregate) and here.axis.columns:
            axes.add((here.dataset, here.axis.columns[0]))
        elif isinstance(here, MetricUse) and here.name not in seen:
            seen.add(here.name)
            expression = catalog.metrics[here.name].expression
            waiting += [expression] if expression is not None else []
        waiting.extend(parts(here))
    return axes


def _first(
    place: tuple[str, str], clock: Clock, catalog: Catalog, sources: Sources, calendar: Calendar
) -> datetime | None:
    dataset, name = place
    statement = Statement()
    site = sources.site_around(catalog, dataset)
    writer = Writer(clock, site.dialect, sources.plugins.functions)
    rows = Rows(catalog, site.relation, writer, calendar, statement)
    relation = rows.relation(dataset, frozenset({name}))
    query = exp.select(exp.alias_(exp.Min(this=column(name)), "first")).from_(relation)
    for cte, body in statement.ctes.items():
        query = query.with_(cte, as_=body, copy=False)
    value = site.run(writer.text(query)).column(0)[0].as_py()
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo is not None else calendar.instant(value)
    return calendar.instant(datetime.combine(value, time.min))
