"""A plan as one SELECT of one dialect, built as a tree and never as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tallymark.catalog import Catalog
from tallymark.formula.functions import TABLE, Function
from tallymark.plan import Plan
from tallymark.render.building import Building
from tallymark.render.expressions import Writer
from tallymark.render.final import Final
from tallymark.render.groups import Groups
from tallymark.render.rows import Rows, Statement
from tallymark.render.spaces import write_spaces
from tallymark.render.values import select, table
from tallymark.source import Site

__all__ = ["Rendered", "render"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A statement, and the datasets it joins over references (whose keys must not repeat)."""

    sql: str
    site: Site
    """Where it runs, and the others below."""
    referenced: tuple[str, ...]
    node_columns: Mapping[int, str]
    """For each kept node of the question's space, the column that holds it."""
    ways: tuple[str, ...]
    """How each aggregate is put together over its windows, a sentence each."""
    combinations: Callable[[], str]
    """Gives a SELECT that counts the combinations of the question's keys."""
    left_out: Callable[[], str] | None = None
    """Gives a SELECT of the cells left out, as the columns of every row say it too; None when none can be."""
    lacking: Callable[[], str] | None = None
    """Where amounts are converted at the rates of periods: gives a SELECT of those without one (`g`, `k`, `code`,
    `found`, `first`, `last`: the group, the moment, the currency, how many, and in which periods)."""


def render(
    plan: Plan,
    catalog: Catalog,
    site: Site,
    functions: Mapping[str, Function] = TABLE,
    keep: Sequence[int] = (),
) -> Rendered:
    """The SELECT that answers `plan`: the keys, the period's number `i`, one column per output, and those of `keep`."""
    statement = Statement()
    calendar = plan.clock.calendar
    writer = Writer(plan.clock, site.dialect, functions)
    rows = Rows(catalog, site.relation, writer, calendar, statement)
    groups = Groups(rows, statement)
    building = Building(plan, groups, writer, calendar, statement)
    wanted = {n for o in plan.outputs for n in o.nodes} | set(keep) | set(plan.touched or ()) | set(plan.having)
    written = write_spaces(building, sorted(wanted))
    final = Final(plan, written, writer, statement, keep)
    query = statement.before(final.query())

    def beside(counted: exp.Select) -> str:
        own = statement.copy()
        return writer.text(own.before(counted))

    def combinations() -> str:
        source = "keys_" + "_".join(k.column for k in plan.space.level)
        return beside(select(exp.Count(this=exp.Star())).from_(table(source), copy=False))

    def lacking() -> str:
        together: exp.Query = groups.lacking[0].copy()
        for other in groups.lacking[1:]:
            together = exp.union(together, other.copy(), distinct=False, copy=False)
        return beside(select(exp.Star()).from_(exp.Subquery(this=together, alias=exp.to_identifier("u")), copy=False))

    left_out = (lambda: beside(select(*final.left_out()))) if final.left_out() else None
    sql = writer.text(query, pretty=True)
    return Rendered(
        sql, site, tuple(rows.referenced), {n: f"k{n}" for n in keep}, tuple(groups.ways), combinations, left_out,
        lacking if groups.lacking else None,
    )  # fmt: skip
