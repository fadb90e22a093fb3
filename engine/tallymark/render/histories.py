"""The values of the periods before as SQL: brought together for each period, and what is taken of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.plan import Past
from tallymark.render.aggregates import aggregate, finished
from tallymark.render.rows import Statement
from tallymark.render.values import (
    all_of,
    any_of,
    call,
    cast,
    column,
    compare,
    inner_join,
    integer,
    named,
    select,
    table,
)

TAKEN = ("median", "median deviation", "mean deviation")
"""What is taken of a list of values."""

Listed = tuple[int, tuple[int, ...] | None]
"""A node, and those by which its periods count."""


def brought(
    statement: Statement, name: str, keys: Sequence[str], source: str, columns: Mapping[int, str], pairs: str,
    pasts: Mapping[int, Past],
) -> tuple[str, dict[str, int]]:  # fmt: skip
    """The relation of what is made of the periods before, a row a cell, and the node of each of its columns.

    `source` has the periods before under `i`, its nodes under `columns`; `pairs` the periods they are before.
    """
    lists = {(p.body, p.presence): n for n, p in reversed(tuple(pasts.items())) if p.function in TAKEN}
    shown = [named(_listed(pasts[n], columns), f"list{n}") for n in lists.values()]
    shown += [named(_plain(p, columns), f"e{n}") for n, p in pasts.items() if p.function not in TAKEN]
    cells: list[exp.Expression] = [*(column(k, "p") for k in keys), named(column("outer_i", "m"), "i")]
    same = exp.EQ(this=column("i", "m"), expression=column("i", "p"))
    query = select(*cells, *shown).from_(table(source, "p"), copy=False).join(inner_join(table(pairs, "m"), same))
    by = [*(column(k, "p") for k in keys), column("outer_i", "m")]
    relation = statement.add(name, query.group_by(*by, copy=False))
    if lists:
        relation = _taken(statement, relation, keys, lists, pasts)
    return relation, {f"e{n}": n for n in pasts}


def _taken(
    statement: Statement, relation: str, keys: Sequence[str], lists: Mapping[Listed, int], pasts: Mapping[int, Past]
) -> str:
    """The medians of the lists, then the distances from them, then what is taken of those."""
    kept = [column(c) for c in (*keys, "i", *(f"e{n}" for n, p in pasts.items() if p.function not in TAKEN))]
    medians = [named(call("LIST_MEDIAN", column(f"list{n}")), f"middle{n}") for n in lists.values()]
    held = [column(f"list{n}") for n in lists.values()]
    middle = select(*_again(kept), *held, *medians).from_(table(relation), copy=False)
    relation = statement.add(f"{relation}_medians", middle)
    apart = [named(_distances(column(f"list{n}"), column(f"middle{n}")), f"away{n}") for n in lists.values()]
    held = [column(f"middle{n}") for n in lists.values()]
    distances = select(*_again(kept), *held, *apart).from_(table(relation), copy=False)
    relation = statement.add(f"{relation}_apart", distances)
    shown = []
    for number, past in pasts.items():
        if past.function in TAKEN:
            first = lists[past.body, past.presence]
            shown.append(named(_of(past, first), f"e{number}"))
    return statement.add(f"{relation}_taken", select(*_again(kept), *shown).from_(table(relation), copy=False))


def _distances(values: exp.Expression, middle: exp.Expression) -> exp.Expression:
    item = exp.to_identifier("x")
    away = exp.Abs(this=exp.Sub(this=item, expression=middle))
    return exp.Transform(this=values, expression=exp.Lambda(this=away, expressions=[item.copy()]))


def _again(columns: Sequence[exp.Expression]) -> list[exp.Expression]:
    return [c.copy() for c in columns]


def _of(past: Past, number: int) -> exp.Expression:
    match past.function:
        case "median":
            return column(f"middle{number}")
        case "median deviation":
            return call("LIST_MEDIAN", column(f"away{number}"))
    return call("LIST_AVG", column(f"away{number}"))


def _listed(past: Past, columns: Mapping[int, str]) -> exp.Expression:
    value = cast(column(columns[past.body], "p"), Type.DOUBLE)
    held = all_of([_known(past, columns), *_there(past, columns)])
    return exp.Filter(this=exp.ArrayAgg(this=value), expression=exp.Where(this=held))


def _plain(past: Past, columns: Mapping[int, str]) -> exp.Expression:
    value = column(columns[past.body], "p")
    return finished(aggregate(past.function, value, all_of(_there(past, columns))), past.type)


def _known(past: Past, columns: Mapping[int, str]) -> exp.Expression:
    return exp.Not(this=exp.Is(this=column(columns[past.body], "p"), expression=exp.Null()))


def _there(past: Past, columns: Mapping[int, str]) -> list[exp.Expression]:
    """The test that something had begun by then."""
    if past.presence is None:
        return []
    tests: list[exp.Expression] = [compare(exp.GT, column(columns[n], "p"), integer(0)) for n in past.presence]
    return [any_of(tests) or exp.Boolean(this=False)]
