"""The values of the periods before as SQL: brought together for each period, and what is taken of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.plan import Grid, Lines, Pairs, Past
from tallymark.render.aggregates import aggregate, filtered, finished
from tallymark.render.rows import Statement
from tallymark.render.spread import whole_numbers
from tallymark.render.values import (
    all_of,
    any_of,
    array,
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

Over = Callable[[exp.Expression], exp.Expression]
"""Says over which rows an aggregate is taken."""


@dataclass(frozen=True, slots=True)
class Brought:
    """Writes what is made of the periods before: a row a cell.

    `source` has these periods under `i`, and its nodes under `columns`.
    """

    statement: Statement
    name: str
    keys: Sequence[str]
    source: str
    columns: Mapping[int, str]
    pasts: Mapping[int, Past]

    def write(self, grid: Grid) -> tuple[str, dict[str, int]]:
        """The relation, and the node of each of its columns. `grid` is that of the periods before."""
        if isinstance(grid.history, Lines):
            relation = self._in_lines(f"history_{grid.number}", grid.history, len(grid.periods))
        else:
            assert grid.history is not None
            relation = self._in_pairs(f"history_{grid.number}", grid.history)
        return self._taken(relation) if self._lists() else relation, {f"e{n}": n for n in self.pasts}

    def _lists(self) -> dict[tuple[int, tuple[int, ...] | None], int]:
        """The first node that is taken of each list: of a body's values, where its periods count."""
        found: dict[tuple[int, tuple[int, ...] | None], int] = {}
        for number, past in self.pasts.items():
            if past.function in TAKEN:
                found.setdefault((past.body, past.presence), number)
        return found

    # --- bringing together -----------------------------------------------------------------------------------------

    def _in_pairs(self, history: str, pairs: Pairs) -> str:
        """The values of periods wherever they are: joined with the periods that they are before, and grouped."""
        if history not in self.statement.ctes:
            ends = [whole_numbers([pair[end] for pair in pairs.pairs]) for end in (0, 1)]
            shown = [named(call("UNNEST", e), n) for e, n in zip(ends, ("i", "outer_i"), strict=True)]
            self.statement.add(history, select(*shown))
        cells = [*self._keys("p"), named(column("outer_i", "m"), "i")]
        query = select(*cells, *self._aggregates([], lambda aggregate: aggregate)).from_(table(self.source, "p"))
        query = query.join(inner_join(table(history, "m"), _same()), copy=False)
        return self.statement.add(self.name, query.group_by(*self._keys("p"), column("outer_i", "m"), copy=False))

    def _in_lines(self, history: str, lines: Lines, periods: int) -> str:
        """The values of periods in lines: those in the rows before each one."""
        if history not in self.statement.ctes:
            columns = {"i": whole_numbers(range(periods)), "outer_i": array(lines.anchors), "line": array(lines.lines)}
            self.statement.add(history, select(*(named(call("UNNEST", e), n) for n, e in columns.items())))
        single = len(set(lines.lines)) == 1

        def over(aggregate: exp.Expression) -> exp.Expression:
            return exp.Window(
                this=aggregate,
                partition_by=[*self._keys("p"), *([] if single else [column("line", "m")])],
                order=exp.Order(expressions=[exp.Ordered(this=column("i", "p"))]),
                spec=exp.WindowSpec(
                    kind="ROWS", start=integer(lines.count), start_side="PRECEDING", end=integer(1),
                    end_side="PRECEDING",
                ),
            )  # fmt: skip

        tests = [compare(exp.LT, column("i", "p"), integer(lines.whole))] if lines.whole < periods else []
        cells = [*self._keys("p"), named(column("outer_i", "m"), "i")]
        query = select(*cells, *self._aggregates(tests, over)).from_(table(self.source, "p"), copy=False)
        line = self.statement.add(f"{self.name}_line", query.join(inner_join(table(history, "m"), _same()), copy=False))
        asked = compare(exp.GTE, column("i"), integer(0))
        return self.statement.add(self.name, select(exp.Star()).from_(table(line), copy=False).where(asked, copy=False))

    def _aggregates(self, tests: Sequence[exp.Expression], over: Over) -> list[exp.Expression]:
        """The lists, and what needs none, over the rows that count."""
        found: list[exp.Expression] = []
        for number in self._lists().values():
            past = self.pasts[number]
            value = exp.ArrayAgg(this=cast(self._value(past), Type.DOUBLE))
            known = exp.Not(this=exp.Is(this=self._value(past), expression=exp.Null()))
            held = all_of([known, *_again(tests), *self._there(past)])
            found.append(named(over(filtered(value, held)), f"list{number}"))
        for number, past in self._plain().items():
            held = all_of([*_again(tests), *self._there(past)])
            taken = over(aggregate(past.function, self._value(past), held))
            found.append(named(finished(taken, past.type), f"e{number}"))
        return found

    def _plain(self) -> dict[int, Past]:
        return {n: p for n, p in self.pasts.items() if p.function not in TAKEN}

    def _keys(self, alias: str) -> list[exp.Expression]:
        return [column(k, alias) for k in self.keys]

    def _value(self, past: Past) -> exp.Expression:
        return column(self.columns[past.body], "p")

    def _there(self, past: Past) -> list[exp.Expression]:
        """The test that something had begun by then."""
        if past.presence is None:
            return []
        tests: list[exp.Expression] = [compare(exp.GT, column(self.columns[n], "p"), integer(0)) for n in past.presence]
        return [any_of(tests) or exp.Boolean(this=False)]

    # --- taking ----------------------------------------------------------------------------------------------------

    def _taken(self, relation: str) -> str:
        """The medians of the lists, then the distances from them, then what is taken of those."""
        lists, add = self._lists(), self.statement.add
        kept = [column(c) for c in (*self.keys, "i", *(f"e{n}" for n in self._plain()))]
        medians = [named(call("LIST_MEDIAN", column(f"list{n}")), f"middle{n}") for n in lists.values()]
        held = [column(f"list{n}") for n in lists.values()]
        relation = add(f"{self.name}_medians", select(*_again(kept), *held, *medians).from_(table(relation)))
        apart = [named(_distances(column(f"list{n}"), column(f"middle{n}")), f"away{n}") for n in lists.values()]
        held = [column(f"middle{n}") for n in lists.values()]
        relation = add(f"{self.name}_apart", select(*_again(kept), *held, *apart).from_(table(relation)))
        taken = {n: (p, lists[p.body, p.presence]) for n, p in self.pasts.items() if p.function in TAKEN}
        shown = [named(_of(past, first), f"e{n}") for n, (past, first) in taken.items()]
        return add(f"{self.name}_taken", select(*_again(kept), *shown).from_(table(relation), copy=False))


def _same() -> exp.Expression:
    return exp.EQ(this=column("i", "m"), expression=column("i", "p"))


def _of(past: Past, number: int) -> exp.Expression:
    match past.function:
        case "median":
            return column(f"middle{number}")
        case "median deviation":
            return call("LIST_MEDIAN", column(f"away{number}"))
    return call("LIST_AVG", column(f"away{number}"))


def _distances(values: exp.Expression, middle: exp.Expression) -> exp.Expression:
    item = exp.to_identifier("x")
    away = exp.Abs(this=exp.Sub(this=item, expression=middle))
    return exp.Transform(this=values, expression=exp.Lambda(this=away, expressions=[item.copy()]))


def _again(columns: Sequence[exp.Expression]) -> list[exp.Expression]:
    return [c.copy() for c in columns]
