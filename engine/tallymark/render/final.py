"""The answer's own SELECT over the question's space: which cells there are, their columns, their order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.plan import PLACE, Kept, Output, Plan
from tallymark.render.building import Written
from tallymark.render.expressions import Writer
from tallymark.render.rows import Statement
from tallymark.render.spread import whole_numbers
from tallymark.render.values import (
    all_of,
    any_of,
    array,
    call,
    case,
    column,
    compare,
    constant,
    inner_join,
    integer,
    named,
    select,
    table,
)

CELLS, STARTS = "answer_cells", "answer_starts"
"""The relations of the cells before `having`, and of the days on which periods begin."""

MEETS = "meets"
"""The column that says whether a cell meets `having`."""

DROPPED, UNDATED = "dropped", "undated"
"""The columns that count the cells that do not meet `having`, and those whose beginning is null."""


class Final:
    """Writes the last SELECT of a statement.

    Places among cells are found, and cells counted, before `having` drops any.
    """

    def __init__(
        self, plan: Plan, written: Written, writer: Writer, statement: Statement, keep: Sequence[int] = ()
    ) -> None:
        self.plan = plan
        self.written = written
        self.writer = writer
        self.statement = statement
        self.keep = keep

    def query(self) -> exp.Select:
        """The keys, the period's number `i`, one column per output, those of `keep`, and the counts of `left_out`."""
        query = self._cells()
        if self.plan.having:
            query = self._met(query)
        elif self.plan.begun is not None:
            query = query.select(*self.left_out(), copy=False)
        query = query.order_by(*self._order(), copy=False)
        return query.limit(integer(self.plan.limit), copy=False) if self.plan.limit is not None else query

    def left_out(self) -> list[exp.Expression]:
        """The counts of cells that are left out, each a query of its own."""
        counts: list[exp.Expression] = []
        if self.plan.having:
            counts.append(self._count(CELLS, exp.Not(this=self._meets()), DROPPED))
        if self.plan.begun is not None:
            undated = exp.Is(this=column(self.plan.begun.key.column), expression=exp.Null())
            counts.append(self._count(self.written.relation, undated, UNDATED))
        return counts

    # --- cells -----------------------------------------------------------------------------------------------------

    def _cells(self) -> exp.Select:
        selected: list[exp.Expression] = [column(k.column, "c") for k in self.plan.space.level]
        selected.append(column("i", "c"))
        for number, output in enumerate(self.plan.outputs):
            value = self._ranked(output) if output.ranked else self._shown(output.node)
            selected.append(named(value, f"m{number}"))
            if output.zero_denominators is not None:
                selected.append(named(self._column(output.zero_denominators), f"z{number}"))
            if output.zero_among_members is not None:
                selected.append(named(self._column(output.zero_among_members), f"y{number}"))
            if output.hidden is not None:
                selected.append(named(self._column(output.hidden), f"h{number}"))
        selected += [named(self._shown(n), f"k{n}") for n in self.keep]
        query = select(*selected).from_(table(self.written.relation, "c"), copy=False)
        if self.plan.begun is not None:
            same = exp.EQ(this=column("n", STARTS), expression=column("i", "c"))
            query = query.join(inner_join(table(self._starts()), same), copy=False)
        where = all_of(self._there())
        return query.where(where, copy=False) if where is not None else query

    def _column(self, node: int) -> exp.Column:
        return column(self.written.columns[node], "c")

    def _shown(self, node: int) -> exp.Expression:
        value: exp.Expression = self._column(node)
        return self.writer.local(value) if self.plan.space.nodes[node].type is Type.INSTANT else value

    def _ranked(self, output: Output) -> exp.Expression:
        """The place of a cell among those of its period, from the highest; none for a null, and for the others."""
        value, kept = self._column(output.node), self.plan.kept
        apart = [column("i", "c"), *([column(kept.other.column, "c")] if kept is not None else [])]
        order = exp.Order(expressions=[exp.Ordered(this=value, desc=True, nulls_first=False)])
        rank = exp.Window(this=call("RANK"), partition_by=apart, order=order)
        tests = [exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))]
        if kept is not None:
            tests.append(exp.Not(this=column(kept.other.column, "c")))
        return case((all_of(list(tests)) or exp.true(), rank))

    def _there(self) -> list[exp.Expression]:
        """What must hold for a cell to be one of the answer's at all."""
        tests: list[exp.Expression] = []
        if self.plan.touched is not None:
            rows = [compare(exp.GT, self._column(n), integer(0)) for n in self.plan.touched]
            tests.append(any_of(rows) or exp.Boolean(this=False))
        if self.plan.kept is not None and not self.plan.kept.shown:
            tests.append(exp.Not(this=column(self.plan.kept.other.column, "c")))
        if self.plan.begun is not None:
            tests.append(compare(exp.LTE, column(self.plan.begun.key.column, "c"), column("began", STARTS)))
        return tests

    def _starts(self) -> str:
        """The day on which the grain of each period begins."""
        assert self.plan.begun is not None
        days = self.plan.begun.starts
        shown = [
            named(call("UNNEST", whole_numbers(range(len(days)))), "n"),
            named(call("UNNEST", array(days, "DATE")), "began"),
        ]
        return self.statement.add(STARTS, select(*shown))

    # --- having ----------------------------------------------------------------------------------------------------

    def _met(self, cells: exp.Select) -> exp.Select:
        """The cells that meet the conditions over metrics."""
        shown = [column(s.alias_or_name) for s in cells.selects]
        test = all_of([self._column(n) for n in self.plan.having])
        assert test is not None
        self.statement.add(CELLS, cells.select(named(test, MEETS), copy=False))
        query = select(*shown, *self.left_out()).from_(table(CELLS), copy=False)
        return query.where(self._meets(), copy=False)

    def _meets(self) -> exp.Expression:
        """Whether a cell meets them: null is not true."""
        return exp.Coalesce(this=column(MEETS), expressions=[exp.Boolean(this=False)])

    def _count(self, relation: str, test: exp.Expression, name: str) -> exp.Expression:
        counted = select(exp.Count(this=exp.Star())).from_(table(relation), copy=False).where(test, copy=False)
        return named(exp.Subquery(this=counted), name)

    # --- order -----------------------------------------------------------------------------------------------------

    def _order(self) -> list[exp.Expression]:
        names = {o.name: f"m{n}" for n, o in enumerate(self.plan.outputs)}
        return [
            exp.Ordered(this=self._placed() if name == PLACE else column(names.get(name, name)), desc=descends,
                        nulls_first=False)
            for name, descends in self.plan.order
        ]  # fmt: skip

    def _placed(self) -> exp.Expression:
        """The place of a kept member, counted from 0; the others come last."""
        kept = self.plan.kept
        assert kept is not None
        pairs = [(self._is(kept, member), integer(place)) for place, member in enumerate(kept.members)]
        last = integer(len(pairs))
        return case((column(kept.other.column), last), *pairs, otherwise=last.copy())

    def _is(self, kept: Kept, member: object) -> exp.Expression:
        value = column(kept.member.column)
        if member is None:
            return exp.Is(this=value, expression=exp.Null())
        return exp.EQ(this=value, expression=constant(member, kept.member.type))
