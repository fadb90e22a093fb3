"""Random formulas of every form, as text that checks in the scope it is drawn for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from .conditions import Conditions
from .rows import WHERE, RowFormulas
from .scope import DAYS, FLOWS, Scope

EXACT, CLEAN, ROUGH = 0, 1, 2
"""How far two evaluations may differ: not at all; in the last digit, but zero where the other is; in the last digit."""

DEAREST = 900
"""How many evaluations of a leaf a cell may take."""

METRICS = {
    "revenue": (EXACT, frozenset(("orders",)), False),
    "revenue_or_null": (EXACT, frozenset(("orders",)), False),
    "mean_or_zero": (CLEAN, frozenset(("orders",)), False),
    "buyers": (EXACT, frozenset(("orders",)), False),
    "dear_or_null": (EXACT, frozenset(("orders",)), False),
    "dear_buyers_or_null": (EXACT, frozenset(("orders",)), False),
    "mrr": (EXACT, frozenset(("subs",)), True),
    "paying": (EXACT, frozenset(("subs",)), True),
    "arpa": (CLEAN, frozenset(("subs",)), True),
    "gained": (EXACT, frozenset(("subs",)), True),
    "kept": (EXACT, frozenset(("subs",)), True),
}
"""The metrics every world defines: how exact, over which datasets, whether of a stock."""


STEPS = (
    ("orders", "orders"),
    ("orders", "orders on paid_at"),
    ("subs", "subs on started"),
    ("subs", "subs on ended"),
    ("customers", "customers on joined"),
    ("customers", "customers on first_order_at"),
)
"""The steps a conversion may have, with the dataset of each."""


@dataclass(frozen=True)
class Drawn:
    """A formula and how exact its value is."""

    text: str
    exact: int

    def __str__(self) -> str:
        return self.text


class Formulas:
    """Draws metric-level formulas."""

    def __init__(self, random: Random, rows: RowFormulas, conditions: Conditions) -> None:
        self.random = random
        self.rows = rows
        self.conditions = conditions

    def number(self, scope: Scope) -> Drawn:
        """A number in the scope."""
        if scope.depth <= 0:
            return self.leaf(scope)
        return self.random.choices(
            (self.leaf, self.arithmetic, self.function, self.window, self.shift, self.filtered, self.lift, self.per,
             self.per_grain, self.named, self.conversion, self.rank, self.own, self.history),
            (3, 4, 3, 4, 4, 3, 2, 5, 3, 2, 2, 2, 1, 2),
        )[0](scope)  # fmt: skip

    def own(self, scope: Scope) -> Drawn:
        """A number of the member alone."""
        return self.alone(scope, self.number(scope.deeper()))

    # Leaves

    def mixed(self, x: Drawn, scope: Scope) -> Drawn:
        """A function in Python, which has no value at one number: that is no rough one."""
        other = self.random.choice((Drawn("1", EXACT), self.leaf(scope)))
        return Drawn(f"acme.mix({x}, {other})", ROUGH if other.exact else CLEAN)

    def leaf(self, scope: Scope) -> Drawn:
        """An aggregate over rows; of a stock or a dataset without time where the window is empty."""
        readable = sorted(scope.datasets - FLOWS if scope.empty else scope.datasets)
        if not readable:
            text, exact = self.rows.aggregate("orders", empty=False, opened=True)
            return Drawn(f"cumulative({text})", exact)
        dataset = self.random.choices(readable, [1 if d == "customers" else 4 for d in readable])[0]
        text, rough = self.rows.aggregate(dataset, empty=scope.empty, opened=scope.opened or scope.endless)
        return Drawn(text, rough)

    def named(self, scope: Scope) -> Drawn:
        fitting = [
            (name, exact)
            for name, (exact, datasets, stock) in METRICS.items()
            if datasets <= scope.datasets
            and (stock or not scope.empty)
            and not (name in ("gained", "kept") and (scope.empty or scope.endless or scope.cost > 20))
        ]
        if not fitting:
            return self.leaf(scope)
        return Drawn(*self.random.choice(fitting))

    def conversion(self, scope: Scope) -> Drawn:
        """Members that go from step to step; the first step's dataset must reach what is in force."""
        first = [s for s in STEPS if s[0] in scope.datasets]
        if scope.empty or not first:
            return self.leaf(scope)
        steps = [
            self.random.choice(first)[1],
            *(self.random.choice(STEPS)[1] for _ in range(self.random.choice((1, 1, 2)))),
        ]
        parts = [*(self._step(s) for s in steps), "per customer"]
        if self.random.random() < 0.75:
            parts.append(f"within {self.random.choice(('1 day', '7 days', '30 days', '1 month', '2 weeks'))}")
        if self.random.random() < 0.25:
            parts.append("'same period'")
        name = self.random.choice(("conversion", "converted"))
        return Drawn(f"{name}({', '.join(parts)})", CLEAN if name == "conversion" else EXACT)

    def _step(self, step: str) -> str:
        dataset = step.split(" ")[0]
        return step if self.random.random() < 0.6 else f"{step} where {self.random.choice(WHERE[dataset])}"

    def rank(self, scope: Scope) -> Drawn:
        """The place of an exact value among the members; of rounded ones a digit could turn it."""
        drawn = self.number(replace(scope, depth=min(scope.depth - 1, 1), cost=scope.cost * 5))
        if drawn.exact != EXACT or scope.cost * 5 > DEAREST:
            return drawn
        name = self.random.choice(("rank", "percent_rank", "zscore"))
        place = Drawn(f"{name}({drawn})", {"rank": EXACT, "percent_rank": CLEAN}.get(name, ROUGH))
        return self.alone(scope, place) if self.random.random() < 0.4 else place

    def alone(self, scope: Scope, drawn: Drawn) -> Drawn:
        """The member's own, whatever else is asked; outside a `per` there is none."""
        return Drawn(f"regardless({drawn})", drawn.exact) if len(scope.levels) > 1 and scope.cost <= 50 else drawn

    def history(self, scope: Scope) -> Drawn:
        """A statistic of an exact value in the periods before; of rounded ones a digit could make a spread of none."""
        drawn = self.number(replace(scope, depth=min(scope.depth - 1, 1), cost=scope.cost * 5))
        if drawn.exact != EXACT or scope.cost * 5 > DEAREST or any(word in drawn.text for word in ("rank(", "zscore(")):
            return drawn
        name = self.random.choice(("anomaly", "anomaly", "expected", "spread", "usual_low", "usual_high", "history"))
        count = self.random.choice((3, 3, 4, 5))
        rest = self.random.choice(("", "", f", {self.back(scope)}", ", 1, 3" if name != "history" else ""))
        return Drawn(f"{name}({drawn}, {count}{rest})", EXACT if name == "history" else ROUGH)

    # Operators and functions

    def arithmetic(self, scope: Scope) -> Drawn:
        left, right = self.number(scope.deeper()), self.number(scope.deeper())
        operator = self.random.choice("+-*/")
        if operator == "/":
            if right.exact == ROUGH:
                operator = "+"
            else:
                return Drawn(f"({left}) / ({right})", max(left.exact, CLEAN))
        exact = max(left.exact, right.exact)
        if operator == "*":
            return Drawn(f"({left}) * ({right})", max(exact, CLEAN))
        return Drawn(f"({left}) {operator} ({right})", ROUGH if exact else EXACT)

    def function(self, scope: Scope) -> Drawn:
        x = self.number(scope.deeper())
        choices: list[Callable[[], Drawn]] = [
            lambda: Drawn(f"abs({x})", x.exact),
            lambda: Drawn(f"({x}) * {self.random.choice((2, 12, 100))}", x.exact),
            lambda: Drawn(f"-({x})", x.exact),
            lambda: self._fallback(x, scope),
            lambda: self._choice(x, scope),
            lambda: self._several(x, scope),
            lambda: Drawn(f"pow({x}, 2)", max(CLEAN, x.exact)),
            lambda: Drawn(f"scale({x}, -2, {self.random.choice((2, 30))})", ROUGH),
            lambda: Drawn(f"weighted_mean({x}, 2, {self.leaf(scope)}, 1)", ROUGH),
            lambda: Drawn(f"coverage({x}, 2, {self.leaf(scope)}, 1)", CLEAN),
        ]
        if x.exact != ROUGH:
            choices.append(lambda: Drawn(f"divide({self.leaf(scope)}, {x}, {self.random.choice((0, -1))})", CLEAN))
        if x.exact == EXACT:
            choices += [
                lambda: self.mixed(x, scope),
                lambda: Drawn(f"{self.random.choice(('floor', 'ceil', 'trunc', 'sign', 'round'))}({x})", EXACT),
                lambda: Drawn(f"mod({x}, {self.random.choice((2, 3, 0))})", EXACT),
                lambda: Drawn(f"round({x}, 1)", ROUGH),
                lambda: Drawn(f"{self.random.choice(('sqrt', 'ln', 'log10'))}({x})", ROUGH),
                lambda: Drawn(f"band({x}, 0, 2, 5, 20)", ROUGH),
                lambda: Drawn(f"exp(clamp({x}, -3, 3))", ROUGH),
            ]
        return self.random.choice(choices)()

    def _fallback(self, x: Drawn, scope: Scope) -> Drawn:
        other = self.random.choice((Drawn("0", EXACT), Drawn("-1", EXACT), self.leaf(scope)))
        text = self.random.choice((f"({x}) ?? {other}", f"coalesce({x}, {other})"))
        return Drawn(text, max(x.exact, other.exact))

    def _choice(self, x: Drawn, scope: Scope) -> Drawn:
        other, condition = self.leaf(scope), self.condition(scope.deeper())
        text = self.random.choice(
            (
                f"if({condition}, {x}, {other})",
                f"case when {condition} then {x} else {other} end",
                f"case when {condition} then {x} end",
            )
        )
        return Drawn(text, max(x.exact, other.exact))

    def _several(self, x: Drawn, scope: Scope) -> Drawn:
        other = self.leaf(scope)
        text = self.random.choice((f"greatest({x}, {other})", f"least({x}, {other}, 3)", f"clamp({x}, 0, 10)"))
        return Drawn(text, max(x.exact, other.exact))

    def condition(self, scope: Scope) -> str:
        """A condition over metrics that rounding cannot turn: exact sides, or a bound no ratio of theirs meets."""
        x = self.number(scope)
        if x.exact != EXACT:
            return f"{x} {self.random.choice('<>')} {self.random.choice(('0.3713', '-0.2717', '7.1931'))}"
        draw = self.random.random()
        if draw < 0.15:
            return f"({x}) is {self.random.choice(('', 'not '))}null"
        if draw < 0.3:
            return f"({x}) {self.random.choice(('', 'not '))}between 0 and 10"
        if draw < 0.4:
            return f"({x}) {self.random.choice(('', 'not '))}in (0, 1, 2, 5)"
        operator = self.random.choice(("=", "!=", "<", "<=", ">", ">="))
        if draw < 0.6:
            y = self.leaf(scope)
            if y.exact == EXACT:
                return f"({x}) {operator} ({y})"
        first = f"({x}) {operator} {self.random.choice((0, 0, 1, 2, 5))}"
        if draw < 0.9 or scope.depth <= 0:
            return first
        second = self.condition(scope.deeper())
        return f"{self.random.choice(('', 'not '))}({first} {self.random.choice(('and', 'or'))} {second})"

    # Contexts

    def window(self, scope: Scope) -> Drawn:
        form = self.random.choice(("trailing", "trailing", "to_date", "cumulative", "opening", "closing"))
        inner = scope.deeper()
        if form == "trailing":
            text, days = self.random.choice(
                (("28 days", 28.0), ("7 days", 7.0), ("1 day", 1.0), ("36 hours", 1.5), ("2 weeks", 14.0),
                 ("1 month", 31.0), ("3 months", 92.0), ("1 year", 366.0), ("90 minutes", 0.1))
            )  # fmt: skip
            drawn = self.number(replace(inner, empty=False, endless=False, days=days))
            return Drawn(f"trailing({drawn}, {text})", drawn.exact)
        if form == "to_date":
            grain = self.random.choice(("day", "week", "month", "quarter", "year"))
            days = max(scope.days, DAYS[grain])
            drawn = self.number(replace(inner, empty=False, endless=False, days=days))
            return Drawn(f"to_date({drawn}, {grain})", drawn.exact)
        if form == "cumulative":
            drawn = self.number(replace(inner, empty=False, endless=True))
            return Drawn(f"cumulative({drawn})", drawn.exact)
        if scope.endless and form == "opening":
            return self.leaf(scope)
        drawn = self.number(replace(inner, empty=True, opened=scope.opened or form == "opening"))
        return Drawn(f"{form}({drawn})", drawn.exact)

    def shift(self, scope: Scope) -> Drawn:
        form = self.random.choice(("previous", "previous", "change", "growth", "year_ago"))
        drawn = self.number(scope.deeper())
        if form == "growth" and drawn.exact == ROUGH:
            form = "change"
        exact = {"previous": drawn.exact, "year_ago": drawn.exact, "change": drawn.exact and ROUGH, "growth": ROUGH}
        back = "" if form == "year_ago" or self.random.random() < 0.5 else f", {self.back(scope)}"
        return Drawn(f"{form}({drawn}{back})", exact[form])

    def back(self, scope: Scope) -> str:
        lengths = ["2", "3", "1 year", "7 days", "1 week", "1 day"]
        if scope.period not in ("week", "range"):
            lengths += ["1 month", "1 quarter", "2 months"]
        if scope.period == "hour":
            lengths += ["5 hours", "24 hours"]
        return self.random.choice(lengths)

    def filtered(self, scope: Scope) -> Drawn:
        condition, names = self.conditions.dimension(scope.datasets)
        drawn = self.number(scope.deeper().filtered(names))
        return Drawn(f"({drawn} where {condition})", drawn.exact)

    def lift(self, scope: Scope) -> Drawn:
        """A total or a share, over a leaf that keeps the members: `total` alone would have none."""
        standing = sorted(frozenset().union(*scope.levels))
        if not standing:
            return self.leaf(scope)
        names = frozenset((self.random.choice(standing),)) if self.random.random() < 0.4 else frozenset[str]()
        listed = "".join(f", {n}" for n in sorted(names))
        lifted = scope.lifted(names)
        here = self.number(replace(scope, depth=min(scope.depth - 1, 1)))
        if self.random.random() < 0.4 and here.exact != ROUGH:
            return Drawn(f"share({here}{listed})", CLEAN)
        whole = self.number(replace(lifted, depth=min(scope.depth - 1, 1)))
        if whole.exact == ROUGH:
            return Drawn(f"({here}) - total({whole}{listed})", ROUGH)
        return Drawn(f"({here}) / total({whole}{listed})", max(CLEAN, here.exact))

    def per(self, scope: Scope) -> Drawn:
        """An aggregate over the members of a dimension."""
        names = [n for n in self.conditions.members(scope.datasets) if (scope.datasets & self.conditions.reach(n))]
        if not names or scope.cost * 5 > DEAREST:
            return self.leaf(scope)
        name = self.random.choice(names)
        inner = scope.deeper().member(name)
        if inner.empty and not inner.datasets - FLOWS:
            return self.leaf(scope)
        return self._gather(inner, name)

    def per_grain(self, scope: Scope) -> Drawn:
        """An aggregate over the days, weeks or months of the window."""
        grains = [
            g
            for g in ("hour", "day", "week", "month")
            if scope.cost * max(1, scope.days / DAYS[g]) * 2 <= DEAREST / 6
            and (DAYS[g] < DAYS.get(scope.period, 1e9) or self.random.random() < 0.2)
        ]
        if scope.empty or scope.endless or not grains:
            return self.leaf(scope)
        grain = self.random.choice(grains)
        return self._gather(scope.deeper().piece(grain), grain)

    def _gather(self, inner: Scope, member: str) -> Drawn:
        if self.random.random() < 0.35:
            return Drawn(f"count({self.condition(inner)} per {member})", EXACT)
        if member in DAYS and self.random.random() < 0.08:
            return Drawn(f"count(1 per {member})", EXACT)
        drawn = self.number(inner)
        exact, rough = self._aggregates(drawn, member in DAYS)
        name = self.random.choice((*exact, *exact, *rough))
        if name == "percentile":
            return Drawn(f"percentile({drawn} per {member}, {self.random.choice((10, 50, 90, 100))})", ROUGH)
        return Drawn(f"{name}({drawn} per {member})", self._exactness(name, drawn))

    def _aggregates(self, drawn: Drawn, in_time: bool) -> tuple[Sequence[str], Sequence[str]]:
        """What may gather the members' values: often, and now and then. Only pieces of time have a first and a last."""
        steady = ("sum", "avg", "min", "max", "count", "sum", "avg")
        rare = ("median", "percentile", "stddev", "variance", *(("first", "last") if in_time else ()))
        return (*steady, *(("count_distinct",) if drawn.exact == EXACT else ())), rare

    def _exactness(self, name: str, drawn: Drawn) -> int:
        if name in ("count", "count_distinct"):
            return EXACT
        if name in ("min", "max", "first", "last"):
            return drawn.exact
        if drawn.exact == EXACT:
            return {"sum": EXACT, "avg": CLEAN, "median": CLEAN}.get(name, ROUGH)
        return ROUGH
