"""A window that slides: what changes from period to period, and the sum of all changes so far.

A segment's accumulators are added in the period in which it enters the window and taken away in the one in which it
leaves. A value of a distinct count enters with its first segment and leaves with its last: a stretch that begins before
another one of the same value has ended goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from tallymark.render.rows import Statement
from tallymark.render.spread import Slide
from tallymark.render.values import call, column, compare, inner_join, integer, named, select, table


@dataclass(frozen=True, slots=True)
class Sliding:
    """Writes one window of a group. `entering` is the relation of `slide`; `times` are the segments' columns."""

    statement: Statement
    name: str
    keys: tuple[str, ...]
    slide: Slide
    entering: str
    times: tuple[str, ...]

    def sums(self, parts: str, accumulators: Sequence[str]) -> str:
        """The sums of `accumulators` over the window: from the period `i` until before `j`."""
        enter = self._changes(self._placed(parts, []), "lo", [exp.Sum(this=column(a, "p")) for a in accumulators])
        leave = self._changes(
            self._placed(parts, []), "hi", [exp.Neg(this=exp.Sum(this=column(a, "p"))) for a in accumulators]
        )
        return self._run(enter, leave, accumulators)

    def distinct(self, pairs: str) -> str:
        """How many values of `pairs` lie in the window, `n`, from the period `i` until before `j`."""
        keys = [column(k, "p") for k in self.keys]
        if self.slide.runs_up and len(self.times) == 1:
            first = named(exp.Min(this=column("lo", "m")), "lo")
            query = self._placed(pairs, []).select(*keys, first, append=False, copy=False)
            seen = query.group_by(*(k.copy() for k in keys), column("v", "p"), copy=False)
            fresh = self.statement.add(f"{self.name}_seen", seen)
            enter = self._changes(select().from_(table(fresh, "p"), copy=False), "lo", [_count()])
            return self._run(enter, None, ["n"])
        fresh = self._fresh(pairs)
        source = select().from_(table(fresh, "p"), copy=False).where(_before("lo", "hi"), copy=False)
        enter = self._changes(source, "lo", [_count()])
        leave = self._changes(source.copy(), "hi", [exp.Neg(this=_count())])
        return self._run(enter, leave, ["n"])

    # --- stretches -------------------------------------------------------------------------------------------------

    def _placed(self, source: str, values: Sequence[exp.Expression]) -> exp.Select:
        """`source` (under `p`) with the periods in which it enters and leaves (under `m`, of stocks also `t`)."""
        first = exp.EQ(this=column("s", "m"), expression=column(self.times[0], "p"))
        query = select(*values).from_(table(source, "p"), copy=False)
        query = query.join(inner_join(table(self.entering, "m"), first), copy=False)
        if len(self.times) > 1:
            last = exp.EQ(this=column("s", "z"), expression=column(self.times[1], "p"))
            query = query.join(inner_join(table(self.entering, "z"), last), copy=False)
        leaves = column("hi", self._last)
        return query.where(compare(exp.LT, column("lo", "m"), leaves), copy=False)

    @property
    def _last(self) -> str:
        return "z" if len(self.times) > 1 else "m"

    def _fresh(self, pairs: str) -> str:
        """The stretches of each value, `[lo, hi)`, without what an earlier one of the same value holds already."""
        keys = [column(k, "p") for k in self.keys]
        shown = [*keys, column("v", "p"), column("lo", "m"), column("hi", self._last)]
        self.statement.add(f"{self.name}_held", self._placed(pairs, shown))
        by = [column(k) for k in (*self.keys, "v")]
        earlier = exp.WindowSpec(
            kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=integer(1), end_side="PRECEDING"
        )
        order = exp.Order(expressions=[exp.Ordered(this=column("lo"))])
        reached = exp.Window(this=exp.Max(this=column("hi")), partition_by=by, order=order, spec=earlier)
        known = exp.Coalesce(this=reached, expressions=[column("lo")])
        low = exp.Greatest(this=column("lo"), expressions=[known])
        query = select(*(column(k) for k in self.keys), named(low, "lo"), column("hi"))
        return self.statement.add(f"{self.name}_fresh", query.from_(table(f"{self.name}_held"), copy=False))

    # --- changes ---------------------------------------------------------------------------------------------------

    def _changes(self, source: exp.Select, edge: str, values: Sequence[exp.Expression]) -> exp.Select:
        """The sums of what enters (`lo`) or leaves (`hi`) by the keys and the period; what never leaves is left out."""
        joined = source.args.get("joins")
        at = column(edge, (self._last if edge == "hi" else "m") if joined else "p")
        keys = [column(k, "p") for k in self.keys]
        shown = [named(value, f"by{n}") for n, value in enumerate(values)]
        query = source.select(*keys, named(at, "i"), *shown, append=False, copy=False)
        if edge == "hi":
            query = query.where(compare(exp.LT, at.copy(), integer(self.slide.end)), copy=False)
        return query.group_by(*(k.copy() for k in keys), at.copy(), copy=False)

    def _run(self, enter: exp.Select, leave: exp.Select | None, names: Sequence[str]) -> str:
        """The sum of all changes so far, and until when it holds."""
        together: exp.Expression = enter
        if leave is not None:
            together = exp.union(enter, leave, distinct=False, copy=False)
        changes = self.statement.add(f"{self.name}_changes", together)
        order = exp.Order(expressions=[exp.Ordered(this=column("i"))])
        keys = [column(k) for k in self.keys]

        def over(value: exp.Expression) -> exp.Window:
            return exp.Window(this=value, partition_by=[k.copy() for k in keys], order=order.copy())

        until = exp.Coalesce(this=over(call("LEAD", column("i"))), expressions=[integer(self.slide.end)])
        sums = [over(exp.Sum(this=exp.Sum(this=column(f"by{n}")))) for n in range(len(names))]
        shown = [*keys, column("i"), named(until, "j"), *(named(s, n) for s, n in zip(sums, names, strict=True))]
        query = select(*shown).from_(table(changes), copy=False)
        return self.statement.add(self.name, query.group_by(*(k.copy() for k in keys), column("i"), copy=False))


def _count() -> exp.Expression:
    return exp.Count(this=exp.Star())


def _before(first: str, last: str) -> exp.Expression:
    return compare(exp.LT, column(first, "p"), column(last, "p"))
