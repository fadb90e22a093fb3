"""Operators and scalar functions as SQL trees: the templates of the function table, filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.formula.functions import TABLE, Function
from tallymark.kinds import Type
from tallymark.plan import Clock
from tallymark.render import lookups
from tallymark.render.apart import Apart, later
from tallymark.render.dialects import Dialect, dialect_of
from tallymark.render.dialects.letters import mapping
from tallymark.render.values import all_of, any_of, atom, call, case, cast, compare, constant, integer

REPEATING = frozenset(
    {
        "greatest",
        "least",
        "clamp",
        "divide",
        "scale",
        "band",
        "weighted_mean",
        "coverage",
        "margin_of_error",
        "wilson_margin",
    }
    | {"sqrt", "ln", "log10", "pow", "mod", "in", "between"}
)
"""Functions whose SQL names an argument more than once, or is made to by the database (NULLIF, IN over a choice): what
stands there is computed once, as a column of its own."""

CASES = {"lower": "small", "upper": "capitals"}
"""Functions of letters, and what their templates call what letters become."""

EXACT = frozenset({"abs", "round", "floor", "ceil", "trunc", "mod", "negate", "+", "-", "*"})


@dataclass(frozen=True, slots=True)
class Term:
    """An argument: its SQL and its type."""

    sql: exp.Expression
    type: Type


@lru_cache(maxsize=512)
def _template(text: str, dialect: str = "duckdb") -> exp.Expression:
    parsed = sqlglot.parse_one(text, read=dialect)
    assert isinstance(parsed, exp.Expression)
    return parsed


class Writer:
    """Writes applications of functions for one dialect and clock."""

    def __init__(self, clock: Clock, dialect: str | Dialect, functions: Mapping[str, Function] = TABLE) -> None:
        self.clock = clock
        self.calendar = clock.calendar
        self.dialect = dialect_of(dialect)
        self.functions = functions
        self._own: dict[str, Callable[[Sequence[Term], tuple[Any, ...], Type], exp.Expression]] = {
            "local": lambda terms, extra, kind: self.local(terms[0].sql),
            "case": self._case,
            "today": lambda terms, extra, kind: constant(self.clock.today, Type.DATE),
            "date_add": self._date_add,
            "date_diff": self._date_diff,
            "date_part": self._date_part,
            "year": lambda terms, extra, kind: self.truncated("year", terms[0].sql),
            "quarter": lambda terms, extra, kind: self.truncated("quarter", terms[0].sql),
            "month": lambda terms, extra, kind: self.truncated("month", terms[0].sql),
            "week": lambda terms, extra, kind: self.truncated("week", terms[0].sql),
            "day": lambda terms, extra, kind: cast(terms[0].sql, Type.DATE),
            "band": self._band,
            "weighted_mean": self._weighted_mean,
            "coverage": self._coverage,
            "margin_of_error": self._margin_of_error,
            "wilson_margin": self._wilson_margin,
            "elapsed": self._elapsed,
        }

    def text(self, query: exp.Expr, pretty: bool = False) -> str:
        """A finished statement as text. The tree is used up."""
        return self.dialect.text(query, pretty)

    def apply(self, function: str, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        """`function` over `terms`, giving a value of type `kind`."""
        python = function in self.functions and self.functions[function].python is not None
        if isinstance(self.dialect, Apart) and not python:
            return self._later(function, [t.type for t in terms], extra, kind)([t.sql for t in terms])
        own = self._own.get(function)
        if own is not None:
            return own(terms, extra, kind)
        row = self.functions[function]
        if function in EXACT and kind is Type.INTEGER and function in ("round", "floor", "ceil", "trunc") and not extra:
            return terms[0].sql
        if function == "matches" and isinstance(pattern := terms[1].sql.unnest(), exp.Literal):
            return self.dialect.pattern(atom(terms[0].sql), pattern.this)
        return self._fill(row, self._widened(row, terms, kind), extra, kind)

    def _later(
        self, function: str, kinds: Sequence[Type], extra: tuple[Any, ...], kind: Type
    ) -> Callable[[Sequence[exp.Expression]], exp.Expression]:
        """The function over terms of these types, written once it is known in which dialect."""

        def write(dialect: Any, given: list[exp.Expression]) -> exp.Expression:
            writer = Writer(self.clock, dialect, self.functions)
            return writer.apply(function, [Term(g, k) for g, k in zip(given, kinds, strict=True)], extra, kind)

        return lambda arguments: later(arguments, write)

    def _widened(self, row: Function, terms: Sequence[Term], kind: Type) -> list[exp.Expression]:
        """The arguments, as doubles where the result is one: quotients, and products of two decimals."""
        if kind is not Type.DOUBLE:
            return [t.sql for t in terms]
        return [cast(t.sql, Type.DOUBLE) if t.type in (Type.INTEGER, Type.DECIMAL) else t.sql for t in terms]

    def _fill(
        self, row: Function, arguments: list[exp.Expression], extra: tuple[Any, ...], kind: Type
    ) -> exp.Expression:
        text, written_in = row.template(self.dialect.name, kind)
        if not text and row.python is not None:
            message = f"`{row.name}` is Python, which can compute beside the embedded database only"
            help_ = "bring the rows in from files, or land them, for this one"
            raise FaultError(Fault("P763", message, None, help_))
        if not text:
            message = f"`{row.name}` of numbers with a fraction cannot be computed in this database"
            raise FaultError(Fault("D464", message, None, "declare the columns `type: decimal` or `integer`"))
        names = [t.name for t in row.takes]
        filled: dict[str, exp.Expression] = {n: atom(a) for n, a in zip(names, arguments, strict=False)}
        fixed = sum(1 for t in row.takes if not t.repeats)
        rest = [atom(a) for a in arguments[fixed:]]
        if row.name == "round":
            digits = extra[0] if extra else 0
            filled["digits"] = integer(digits)
            filled |= {"up": _power_of_ten(digits), "down": _power_of_ten(-digits)}
        filled["any_null"] = exp.Paren(this=any_of([exp.Is(this=atom(a), expression=exp.Null()) for a in arguments]))
        if row.name in CASES and self.dialect.name != "duckdb":
            before, after = (exp.Literal.string(letters) for letters in mapping(row.name))
            filled |= {"letters": before, CASES[row.name]: after}
        return _substitute(_template(text, written_in), filled, rest)

    # --- time ------------------------------------------------------------------------------------------------------

    def local(self, instant: exp.Expression) -> exp.Expression:
        """An instant on the project's clock: a naive time."""
        return call("TIMEZONE", exp.Literal.string(self.calendar.timezone), instant)

    def truncated(self, unit: str, time: exp.Expression) -> exp.Expression:
        """The first day of the unit that a naive time or date lies in, on the project's calendar."""
        if unit == "day":
            return cast(time, Type.DATE)
        own = self.calendar.owns(unit)
        if own is not None:
            return lookups.start(time, own.runs[unit])
        days, months = self._offset(unit)
        moved = time
        if days or months:
            moved = exp.Sub(this=atom(time), expression=_interval(days or months, "DAY" if days else "MONTH"))
        cut = call("DATE_TRUNC", exp.Literal.string(unit), moved)
        if days or months:
            cut = exp.Add(this=cut, expression=_interval(days or months, "DAY" if days else "MONTH"))
        return cast(cut, Type.DATE)

    def _offset(self, unit: str) -> tuple[int, int]:
        """How many days, or months, after the usual start a week, or a fiscal quarter or year, begins."""
        if unit == "week":
            return self.calendar.week_start, 0
        if unit in ("quarter", "year"):
            return 0, (self.calendar.fiscal_year_start - 1) % (3 if unit == "quarter" else 12)
        return 0, 0

    def _date_add(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        count, unit = extra
        time = terms[0]
        calendar = unit in ("day", "week", "month", "quarter", "year")
        if time.type is Type.INSTANT and calendar:
            moved = exp.Add(this=self.local(time.sql), expression=_duration(count, unit))
            return call("TIMEZONE", exp.Literal.string(self.calendar.timezone), moved)
        return cast(exp.Add(this=atom(time.sql), expression=_duration(count, unit)), kind)

    def _date_diff(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        unit = extra[0]
        first, second = (t.sql for t in terms)
        own = self.calendar.owns(unit)
        if own is not None:
            place, before = (lookups.ordinal(x, own.runs[unit]) for x in (second, first))
            return exp.Paren(this=exp.Sub(this=atom(place), expression=atom(before)))
        if unit == "week" or (unit in ("quarter", "year") and self.calendar.fiscal_year_start != 1):
            first, second = (self.truncated(unit, x) for x in (first, second))
            steps = {"week": ("day", 7), "quarter": ("month", 3), "year": ("month", 12)}
            small, size = steps[unit]
            return exp.IntDiv(this=self._boundaries(small, first, second), expression=integer(size))
        return self._boundaries(unit, first, second)

    def _boundaries(self, unit: str, first: exp.Expression, second: exp.Expression) -> exp.Expression:
        return call("DATE_DIFF", exp.Literal.string(unit), first, second)

    def _date_part(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        part = {"weekday": "isodow"}.get(extra[0], extra[0])
        time = terms[0].sql
        own = self.calendar.owns(part)
        if own is not None:
            return lookups.number(time, own.runs[part])
        if part in ("hour", "minute", "second") and terms[0].type is Type.DATE:
            time = cast(time, Type.TIMESTAMP)
        if part in ("quarter", "year") and self.calendar.fiscal_year_start != 1:
            back = _interval(self.calendar.fiscal_year_start - 1, "MONTH")
            moved: exp.Expression = exp.Sub(this=atom(time), expression=back)
            found = call("DATE_PART", exp.Literal.string(part), moved)
            return exp.Add(this=found, expression=integer(1)) if part == "year" else found
        return call("DATE_PART", exp.Literal.string(part), time)

    def _elapsed(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        """Seconds between two times, to the microsecond."""
        later, earlier = (call("EPOCH_US", _timestamp(t)) for t in terms)
        micros = exp.Paren(this=exp.Sub(this=later, expression=earlier))
        return exp.Div(this=cast(micros, Type.DOUBLE), expression=cast(integer(1_000_000), Type.DOUBLE))

    # --- choices and scores ----------------------------------------------------------------------------------------

    def _case(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        *branches, otherwise = (t.sql for t in terms)
        return case(*zip(branches[::2], branches[1::2], strict=True), otherwise=otherwise)

    def _band(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        value, *thresholds = terms
        steps: exp.Expression | None = None
        for threshold in thresholds:
            reached = exp.GTE(this=atom(value.sql), expression=atom(threshold.sql))
            step = case((reached, integer(1)), otherwise=integer(0))
            steps = exp.Paren(this=step) if steps is None else exp.Add(this=steps, expression=exp.Paren(this=step))
        assert steps is not None
        scaled = exp.Mul(this=cast(integer(100), Type.DOUBLE), expression=exp.Paren(this=steps))
        score = exp.Div(this=scaled, expression=cast(integer(len(thresholds)), Type.DOUBLE))
        known = exp.Not(this=exp.Is(this=atom(value.sql), expression=exp.Null()))
        return case((known, score))

    def _pairs(self, terms: Sequence[Term]) -> list[tuple[exp.Expression, exp.Expression]]:
        doubles = [t.sql if t.type is Type.DOUBLE or not t.type.numeric else cast(t.sql, Type.DOUBLE) for t in terms]
        return list(zip(doubles[::2], doubles[1::2], strict=True))

    def _weighted_mean(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        pairs = self._pairs(terms)
        zero = integer(0)
        above = _sum(
            [exp.Coalesce(this=exp.Mul(this=atom(x), expression=atom(w)), expressions=[zero]) for x, w in pairs]
        )
        return exp.Div(this=exp.Paren(this=above), expression=self._weight_present(pairs))

    def _weight_present(self, pairs: list[tuple[exp.Expression, exp.Expression]]) -> exp.Expression:
        weights = [case((_both_known(x, w), w), otherwise=integer(0)) for x, w in pairs]
        return exp.Nullif(this=_sum(weights), expression=integer(0))

    def _coverage(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        pairs = self._pairs(terms)
        present = _sum([case((_both_known(x, w), w), otherwise=integer(0)) for x, w in pairs])
        whole = exp.Nullif(this=_sum([w for _, w in pairs]), expression=integer(0))
        return exp.Div(this=cast(exp.Paren(this=present), Type.DOUBLE), expression=whole)

    def _margin_of_error(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        net = ":z * 100 * SQRT(GREATEST((:p + :d) / :n - POWER((:p - :d) / :n, 2), 0) / :n)"
        return self._margin(
            net if len(terms) > 2 else ":z * SQRT(GREATEST(:p / :n * (1 - :p / :n), 0) / :n)", terms, extra
        )

    def _wilson_margin(self, terms: Sequence[Term], extra: tuple[Any, ...], kind: Type) -> exp.Expression:
        variance = "GREATEST(:p / :n * (1 - :p / :n), 0) / :n + :z * :z / (4 * :n * :n)"
        return self._margin(f":z * SQRT({variance}) / (1 + :z * :z / :n)", terms, extra)

    def _margin(self, text: str, terms: Sequence[Term], extra: tuple[Any, ...]) -> exp.Expression:
        """A template of counts `:p` and `:d` among `:n`, the last of the terms; null unless there are any."""
        *parts, n = (cast(t.sql, Type.DOUBLE) for t in terms)
        filled = dict(zip(("p", "d"), parts, strict=False)) | {"n": n, "z": constant(extra[0], Type.DOUBLE)}
        known = all_of([*(_known(x) for x in parts), compare(exp.GT, n, integer(0))])
        assert known is not None
        return case((known, _substitute(_template(text), filled, [])))


def _substitute(
    template: exp.Expression, filled: Mapping[str, exp.Expression], rest: list[exp.Expression]
) -> exp.Expression:
    """The template with its placeholders replaced; `:rest` becomes as many arguments as there are."""
    tree = template.copy()
    used: set[str] = set()
    for placeholder in list(tree.find_all(exp.Placeholder)):
        name = placeholder.name
        if name == "rest":
            parent = placeholder.parent
            assert parent is not None
            kept = [e for e in parent.expressions if e is not placeholder]
            parent.set("expressions", [*kept, *rest])
        else:
            value = filled.get(name, exp.Null())
            placeholder.replace(value.copy() if name in used else value)
            used.add(name)
    return tree


def _power_of_ten(digits: int) -> exp.Expression:
    """10 to the power of digits, 1 for a negative one."""
    return cast(exp.Literal.string(f"1e{max(digits, 0)}"), Type.DOUBLE)


def _known(value: exp.Expression) -> exp.Expression:
    return exp.Not(this=exp.Is(this=atom(value), expression=exp.Null()))


def _both_known(value: exp.Expression, weight: exp.Expression) -> exp.Expression:
    return exp.And(this=_known(value), expression=_known(weight))


def _sum(values: Sequence[exp.Expression]) -> exp.Expression:
    result = atom(values[0])
    for value in values[1:]:
        result = exp.Add(this=result, expression=atom(value))
    return result


def _timestamp(term: Term) -> exp.Expression:
    return cast(term.sql, Type.TIMESTAMP) if term.type is Type.DATE else term.sql


def _interval(count: int, unit: str) -> exp.Expression:
    return exp.Interval(this=exp.Literal.string(str(count)), unit=exp.var(unit))


def _duration(count: Any, unit: str) -> exp.Expression:
    """A literal duration as an interval; fractions of short units in microseconds."""
    if unit == "quarter":
        return _interval(int(count) * 3, "MONTH")
    if count == int(count):
        return _interval(int(count), unit.upper())
    micros = int(timedelta(**{f"{unit}s": float(count)}) / timedelta(microseconds=1))
    return _interval(micros, "MICROSECOND")
