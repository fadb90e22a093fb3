"""A plan as one SELECT of one dialect, built as a tree and never as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tallymark.catalog import Catalog
from tallymark.formula.functions import TABLE, Function
from tallymark.kinds import Type
from tallymark.plan import Plan
from tallymark.render.expressions import Writer
from tallymark.render.groups import Groups
from tallymark.render.rows import Relations, Rows, Statement
from tallymark.render.spaces import Spaces
from tallymark.render.values import any_of, column, compare, integer, named, select, table

__all__ = ["Rendered", "render"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A statement, and the datasets it joins over references (whose keys must not repeat)."""

    sql: str
    referenced: tuple[str, ...]
    node_columns: Mapping[int, str]
    """For each kept node of the question's space, the column that holds it."""
    combinations: Callable[[], str]
    """Gives a SELECT that counts the combinations of the question's keys."""
    lacking: Callable[[], str] | None = None
    """Where amounts are converted at the rates of periods: gives a SELECT of those without one (`g`, `k`, `code`,
    `found`, `first`, `last`: the group, the moment, the currency, how many, and in which periods)."""


def render(
    plan: Plan,
    catalog: Catalog,
    relations: Relations,
    dialect: str = "duckdb",
    functions: Mapping[str, Function] = TABLE,
    keep: Sequence[int] = (),
) -> Rendered:
    """The SELECT that answers `plan`: the keys, the period's number `i`, one column per output, and those of `keep`."""
    statement = Statement()
    calendar = plan.clock.calendar
    writer = Writer(plan.clock, dialect, functions)
    rows = Rows(catalog, relations, writer, calendar, statement)
    groups = Groups(rows, statement)
    spaces = Spaces(plan, groups, writer, calendar, statement)
    wanted = {n for o in plan.outputs for n in o.nodes} | set(keep) | set(plan.touched or ())
    written = spaces.write(sorted(wanted))
    query = statement.before(_final(plan, written.relation, written.columns, writer, keep))

    def combinations() -> str:
        source = "keys_" + "_".join(k.column for k in plan.space.level)
        counted = select(exp.Count(this=exp.Star())).from_(table(source), copy=False)
        own = Statement({name: cte.copy() for name, cte in statement.ctes.items()})
        return own.before(counted).sql(dialect, copy=False)

    def lacking() -> str:
        together: exp.Query = groups.lacking[0].copy()
        for other in groups.lacking[1:]:
            together = exp.union(together, other.copy(), distinct=False, copy=False)
        own = Statement({name: cte.copy() for name, cte in statement.ctes.items()})
        whole = select(exp.Star()).from_(exp.Subquery(this=together, alias=exp.to_identifier("u")), copy=False)
        return own.before(whole).sql(dialect, copy=False)

    return Rendered(
        query.sql(dialect, pretty=True, copy=False), tuple(rows.referenced), {n: f"k{n}" for n in keep}, combinations,
        lacking if groups.lacking else None,
    )  # fmt: skip


def _final(plan: Plan, relation: str, columns: Mapping[int, str], writer: Writer, keep: Sequence[int]) -> exp.Select:
    space = plan.space

    def shown(node: int) -> exp.Expression:
        value: exp.Expression = column(columns[node])
        return writer.local(value) if space.nodes[node].type is Type.INSTANT else value

    selected: list[exp.Expression] = [column(k.column) for k in space.level]
    selected.append(column("i"))
    for number, output in enumerate(plan.outputs):
        selected.append(named(shown(output.node), f"m{number}"))
        if output.zero_denominators is not None:
            selected.append(named(column(columns[output.zero_denominators]), f"z{number}"))
        if output.zero_among_members is not None:
            selected.append(named(column(columns[output.zero_among_members]), f"y{number}"))
    selected += [named(shown(n), f"k{n}") for n in keep]
    query = select(*selected).from_(table(relation), copy=False)
    if plan.touched is not None:
        rows = [compare(exp.GT, column(columns[n]), integer(0)) for n in plan.touched]
        query = query.where(any_of(rows) or exp.Boolean(this=False), copy=False)
    names = {o.name: f"m{n}" for n, o in enumerate(plan.outputs)}
    order = [
        exp.Ordered(this=column(names.get(name, name)), desc=descends, nulls_first=False)
        for name, descends in plan.order
    ]
    query = query.order_by(*order, copy=False)
    return query.limit(integer(plan.limit), copy=False) if plan.limit is not None else query
