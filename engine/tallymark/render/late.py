"""Amounts that are converted at the rates of periods, as SQL: rows spread over the periods, and each period's rates
joined to them.

A sum of one amount for each row is first added up by currency, which leaves few rows to spread; whatever else there is
goes back to the rows themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from tallymark.formula.bound import Apply, Bound, ColumnUse, conversions
from tallymark.plan import AtEnd, Group, Leaf, is_late
from tallymark.render.aggregates import filtered, whole
from tallymark.render.exchange import Worth, factor, is_base, just_before, unrated, worths_of
from tallymark.render.joins import FromTerm, uses
from tallymark.render.rows import Rows, Statement
from tallymark.render.spread import whole_numbers
from tallymark.render.values import (
    all_of,
    call,
    column,
    compare,
    inner_join,
    integer,
    is_null,
    left_join,
    named,
    select,
    table,
    timestamps,
)


@dataclass(slots=True)
class Late:
    """The leaves of a group that convert at the rates of periods.

    `spread` gives rows under `p` with their periods under `m`; `in_role` tells the window a leaf is read in, where
    there are several; `order` is what `first` and `last` go by. `lacking` takes a SELECT for each conversion: the
    currencies of amounts that have no rate, how many, and in which periods.
    """

    group: Group
    rows: Rows
    statement: Statement
    keys: Sequence[str]
    times: Sequence[str]
    spread: Callable[[str], exp.Select]
    in_role: Callable[[Leaf], exp.Expression | None]
    order: Sequence[exp.Expression]
    lacking: list[exp.Select]
    raw: dict[Bound, str] = field(default_factory=dict)
    """What is kept of the rows: their columns, and the amounts that are added up first."""
    tests: dict[frozenset[Bound], str] = field(default_factory=dict)

    def want(self, leaf: Leaf) -> None:
        """Keeps what the leaf needs of each row."""
        conversion = summed(leaf)
        if conversion is None:
            self._keep(u for e in self._own(leaf) for u in uses(e))
            return
        self._keep(a for a in conversion.arguments[:2] if not _constant(a))
        own = self._conditions(leaf)
        if own:
            self.tests.setdefault(own, f"l{len(self.tests)}")

    def _keep(self, expressions: Iterable[Bound]) -> None:
        for expression in expressions:
            self.raw.setdefault(expression, f"u{len(self.raw)}")

    def shown(self, term: FromTerm) -> list[exp.Expression]:
        """What is wanted, as columns of the rows."""
        found = [named(self.rows.express(e, term), name) for e, name in self.raw.items()]
        for conditions, name in self.tests.items():
            test = all_of([self.rows.express(c, term) for c in sorted(conditions, key=repr)])
            assert test is not None
            found.append(named(test, name))
        return found

    def write(self, source: str, leaves: Sequence[Leaf]) -> list[tuple[str, dict[Leaf, str]]]:
        """Adds the relations that hold the leaves, each with the columns they are in."""
        by_code: dict[Bound, dict[Leaf, Apply]] = {}
        others = []
        for leaf in leaves:
            conversion = summed(leaf)
            if conversion is None:
                others.append(leaf)
            else:
                by_code.setdefault(conversion.arguments[1], {})[leaf] = conversion
        found = [self._sums(source, n, code, sums) for n, (code, sums) in enumerate(by_code.items())]
        return [*found, self._by_rows(source, others)] if others else found

    # --- sums ------------------------------------------------------------------------------------------------------

    def _sums(self, source: str, number: int, code: Bound, leaves: Mapping[Leaf, Apply]) -> tuple[str, dict[Leaf, str]]:
        """Sums by currency and segment, spread over the periods, converted there and added up."""
        added = self._added(source, number, code, leaves)
        query, term = self._rated(added, leaves.values(), {code: "code"})
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        shown = []
        for n, (leaf, conversion) in enumerate(leaves.items()):
            amount, times = column(f"a{n}", "p"), term(conversion)
            role = self.in_role(leaf)
            shown.append(named(filtered(exp.Sum(this=exp.Mul(this=amount, expression=times)), role), names[leaf]))
            some = compare(exp.GT, column(f"c{n}", "p"), integer(0))
            tests = [some, is_null(term(conversion)), *([role.copy()] if role is not None else [])]
            count = exp.Sum(this=column(f"c{n}", "p"))
            self._note_lacking(query, conversion, self._code(conversion, term), tests, count, term)
        return self._cells(f"sums{number or ''}", query, shown), names

    def _added(self, source: str, number: int, code: Bound, leaves: Mapping[Leaf, Apply]) -> str:
        """By the keys, the segment and the currency: each leaf's sum, and how many amounts there are."""
        by: list[exp.Expression] = [column(k) for k in (*self.keys, *self.times)]
        shown = list(by)
        if not _constant(code):
            by.append(column(self.raw[code]))
            shown.append(named(column(self.raw[code]), "code"))
        for n, (leaf, conversion) in enumerate(leaves.items()):
            own = self._conditions(leaf)
            test = column(self.tests[own]) if own else None
            amount = column(self.raw[conversion.arguments[0]])
            shown.append(named(filtered(exp.Sum(this=amount), test), f"a{n}"))
            shown.append(named(filtered(exp.Count(this=amount.copy()), test.copy() if test else None), f"c{n}"))
        query = select(*shown).from_(table(source), copy=False)
        query = query.group_by(*(b.copy() for b in by), copy=False) if by else query
        return self.statement.add(f"{self.group.name}_by_currency{number or ''}", query)

    # --- rows ------------------------------------------------------------------------------------------------------

    def _by_rows(self, source: str, leaves: Sequence[Leaf]) -> tuple[str, dict[Leaf, str]]:
        """Aggregates over the rows of each period."""
        names = {leaf: f"v{n}" for n, leaf in enumerate(leaves)}
        query, term = self._rated(source, [c for x in leaves for e in x.expressions for c in conversions(e)], self.raw)
        shown = []
        for leaf, name in names.items():
            role = self.in_role(leaf)
            beside = [role] if role is not None else []
            tests = [self.rows.express(c, term) for c in sorted(self._conditions(leaf), key=repr)]
            argument = self.rows.express(leaf.argument, term) if leaf.argument is not None else None
            order = [o.copy() for o in self.order] if leaf.function in ("first", "last") else []
            value = whole(leaf.function, argument, [*tests, *beside], leaf.extra, order, leaf.type)
            shown.append(named(value, name))
            sure = [self.rows.express(c, term) for c in sorted(self._conditions(leaf), key=repr) if not is_late(c)]
            for conversion in (c for e in leaf.expressions for c in conversions(e)):
                amount = self.rows.express(conversion.arguments[0], term)
                lacks = [exp.Not(this=is_null(amount)), is_null(term(conversion))]
                where = [*(s.copy() for s in (*sure, *beside)), *lacks]
                count = exp.Count(this=exp.Star())
                self._note_lacking(query, conversion, self._code(conversion, term), where, count, term)
        return self._cells("rated", query, shown), names

    # --- alike -----------------------------------------------------------------------------------------------------

    def _own(self, leaf: Leaf) -> list[Bound]:
        """The leaf's argument, and the conditions that do not hold for every row anyway."""
        return [*([leaf.argument] if leaf.argument is not None else []), *self._conditions(leaf)]

    def _conditions(self, leaf: Leaf) -> frozenset[Bound]:
        return leaf.conditions - set(self.group.filters)

    def _code(self, conversion: Apply, term: FromTerm) -> exp.Expression:
        return self.rows.express(conversion.arguments[1], term)

    def _cells(self, name: str, query: exp.Select, shown: Sequence[exp.Expression]) -> str:
        cells = [*(column(k, "p") for k in self.keys), column("i", "m")]
        query = query.select(*cells, *shown, append=False, copy=False)
        return self.statement.add(f"{self.group.name}_{name}", query.group_by(*(c.copy() for c in cells), copy=False))

    def _rated(
        self, source: str, converted: Iterable[Apply], names: Mapping[Bound, str]
    ) -> tuple[exp.Select, FromTerm]:
        """`source` spread over the periods, with the worths at each period's moment joined to it."""
        query = self.spread(source)
        known: dict[Worth, exp.Expression] = {}
        base = self.rows.exchange.rates.base

        def term(use: ColumnUse | Apply) -> exp.Expression:
            return factor(use, base, term, known) if isinstance(use, Apply) else column(names[use], "p")

        for worth in dict.fromkeys(w for c in converted for w in worths_of(c)):
            if not is_base(worth, base) and isinstance(worth.at, AtEnd):
                alias = f"fx{len(known)}"
                on = all_of([
                    exp.EQ(this=column("k", alias), expression=integer(self._place(worth.at))),
                    exp.EQ(this=column("i", alias), expression=column("i", "m")),
                    exp.EQ(this=column("currency", alias), expression=self.rows.express(worth.code, term)),
                ])  # fmt: skip
                assert on is not None
                query = query.join(left_join(table(self._worths(), alias), on), copy=False)
                known[worth] = column("value", alias)
        return query, term

    def _place(self, moment: object) -> int:
        return next(n for n, (known, _) in enumerate(self.group.ends) if known == moment)

    def _worths(self) -> str:
        """The worth of each currency at each moment `k` of each period `i`."""
        name = f"{self.group.name}_worths"
        if name not in self.statement.ctes:
            rows = [(n, i, end) for n, (_, ends) in enumerate(self.group.ends) for i, end in enumerate(ends)]
            walls = [self.rows.calendar.wall(end) for _, _, end in rows]
            columns = {"k": whole_numbers([k for k, _, _ in rows]), "i": whole_numbers([i for _, i, _ in rows])}
            shown = [named(call("UNNEST", values), c) for c, values in columns.items()]
            shown.append(named(call("UNNEST", timestamps(walls)), "wall"))
            moments = exp.Subquery(this=select(*shown), alias=exp.to_identifier("m"))
            query = select(column("k", "m"), column("i", "m"), column("currency", "r"), column("value", "r"))
            query = query.from_(moments, copy=False)
            on = just_before(column("wall", "m"), "r")
            self.statement.add(name, query.join(inner_join(table(self.rows.exchange.worths(), "r"), on), copy=False))
        return name

    def _note_lacking(
        self,
        query: exp.Select,
        conversion: Apply,
        code: exp.Expression,
        tests: list[exp.Expression],
        count: exp.Expression,
        term: FromTerm,
    ) -> None:
        missing = unrated(conversion, self.rows.exchange.rates.base, code, term)
        shown = {
            "g": integer(self.group.number),
            "k": integer(self._place(conversion.extra[-1])),
            "code": missing,
            "found": count,
            "first": exp.Min(this=column("i", "m")),
            "last": exp.Max(this=column("i", "m")),
        }
        found = query.copy().select(*(named(v, n) for n, v in shown.items()), append=False, copy=False)
        self.lacking.append(found.where(all_of(tests), copy=False).group_by(missing.copy(), copy=False))


def summed(leaf: Leaf) -> Apply | None:
    """The conversion that a leaf sums and nothing else, if it is as simple as that."""
    argument = leaf.argument
    if leaf.function != "sum" or not isinstance(argument, Apply) or any(is_late(c) for c in leaf.conditions):
        return None
    return argument if [argument] == conversions(argument) else None


def _constant(bound: Bound) -> bool:
    return not isinstance(bound, ColumnUse | Apply)
