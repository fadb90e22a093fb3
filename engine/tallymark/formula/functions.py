"""The table of functions: one row each, read by the checker, the SQL writer, the help command and the reference.

A row says what a function takes and gives, how units and nulls pass through it, and how it becomes SQL: a template per
dialect whose `:x` are the arguments (`:rest` stands for all arguments of a variadic tail, separated by commas). Infix
operators are rows too, so that nothing else needs to know how they are written. Plugins add rows of the same kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a row is for."""

    OPERATOR = "operator"
    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    CONTEXT = "context"
    SETS = "sets"


@dataclass(frozen=True, slots=True)
class Take:
    """One argument: what family of type it takes, and whether it may be left out, repeats, or must be a literal.

    Families: number, text, boolean, time, any; `same` is the type of the first argument.
    """

    name: str
    family: str = "number"
    optional: bool = False
    repeats: bool = False
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A row of the table.

    `gives` is the resulting type: a type's name, or `first` (that of the first argument), `widest` (the widest of all
    numbers), `exact` (as `widest`, but a double once two decimals meet). `unit` says how units pass: `plain`
    (dimensionless result, dimensionless arguments), `first` (that of the first argument), `alike` (all arguments alike,
    and so is the result), `none` (any in, dimensionless out), or the name of a unit.
    `nulls`: `pass` (null if any argument is), `skip`, or a word of the help text.
    """

    name: str
    kind: Kind
    takes: tuple[Take, ...]
    gives: str
    unit: str
    help: str
    example: str
    sql: Mapping[str, str] = field(default_factory=dict)
    nulls: str = "pass"
    empty: str = "null"
    """For aggregates: what no rows give, `zero` or `null`."""
    mergeable: bool = False
    """For aggregates: whether partial results can be combined without going back to the rows."""

    @property
    def signature(self) -> str:
        """`round(x, digits?)`: how the function is called."""
        parts = [f"{t.name}{'…' if t.repeats else ''}{'?' if t.optional else ''}" for t in self.takes]
        return f"{self.name}({', '.join(parts)})"

    def template(self, dialect: str) -> str:
        """The SQL template for `dialect`; the row `*` serves every dialect without one of its own."""
        return self.sql.get(dialect) or self.sql["*"]


X = Take("x")
Y = Take("y")


def _scalar(
    name: str,
    takes: tuple[Take, ...],
    gives: str,
    unit: str,
    help: str,
    example: str,
    sql: str,
    nulls: str = "pass",
    kind: Kind = Kind.SCALAR,
    **dialects: str,
) -> Function:
    return Function(name, kind, takes, gives, unit, help, example, MappingProxyType({"*": sql, **dialects}), nulls)


def _operator(name: str, takes: tuple[Take, ...], gives: str, unit: str, help: str, example: str, sql: str) -> Function:
    return _scalar(name, takes, gives, unit, help, example, sql, kind=Kind.OPERATOR)


A, B = Take("a", "any"), Take("b", "same")
P, Q = Take("a", "boolean"), Take("b", "boolean")
T = Take("x", "time")
S = Take("x", "text")

OPERATORS = (
    _operator("+", (X, Y), "widest", "alike", "Adds.", "a + b", ":x + :y"),
    _operator("-", (X, Y), "widest", "alike", "Subtracts; of two times, the seconds between.", "a - b", ":x - :y"),
    _operator("*", (X, Y), "exact", "product", "Multiplies; exact for money times an integer.", "a * 12", ":x * :y"),
    _operator(
        "/", (X, Y), "double", "quotient", "Divides; null when the divisor is 0, with a note.", "a / b",
        ":x / NULLIF(:y, 0)",
    ),
    _operator("negate", (X,), "first", "first", "Changes the sign.", "-a", "-(:x)"),
    _operator("=", (A, B), "boolean", "alike", "Equal.", "plan = 'pro'", ":a = :b"),
    _operator("!=", (A, B), "boolean", "alike", "Not equal; null when either side is.", "plan != 'pro'", ":a <> :b"),
    _operator("<", (A, B), "boolean", "alike", "Less.", "a < b", ":a < :b"),
    _operator("<=", (A, B), "boolean", "alike", "Less or equal.", "a <= b", ":a <= :b"),
    _operator(">", (A, B), "boolean", "alike", "Greater.", "a > b", ":a > :b"),
    _operator(">=", (A, B), "boolean", "alike", "Greater or equal.", "a >= b", ":a >= :b"),
    _operator("and", (P, Q), "boolean", "none", "Both, in three-valued logic.", "a and b", ":a AND :b"),
    _operator("or", (P, Q), "boolean", "none", "Either, in three-valued logic.", "a or b", ":a OR :b"),
    _operator("not", (P,), "boolean", "none", "The opposite; null stays null.", "not a", "NOT (:a)"),
    _operator(
        "in", (A, Take("options", "same", repeats=True)), "boolean", "alike", "Equal to one of the options.",
        "plan in ('pro', 'business')", ":a IN (:rest)",
    ),
    _operator(
        "between", (A, Take("low", "same"), Take("high", "same")), "boolean", "alike", "Low and high included.",
        "score between 9 and 10", ":a BETWEEN :low AND :high",
    ),
    _operator("is null", (Take("a", "any"),), "boolean", "none", "Has no value.", "a is null", ":a IS NULL"),
    _operator(
        "elapsed", (T, Take("y", "time")), "double", "duration", "The time between two times: seconds.",
        "solved_at - created_at", "(EPOCH_US(:x) - EPOCH_US(:y)) / CAST(1000000 AS DOUBLE)",
    ),
    _operator("case", (), "first", "alike", "The value of the first condition that holds.", "case when a then 1 end", ""),
)

SCALARS = (
    _scalar("abs", (X,), "first", "first", "The size without the sign.", "abs(change(mrr))", "ABS(:x)"),
    _scalar("sign", (X,), "integer", "none", "-1, 0 or 1.", "sign(change(mrr))", "CAST(SIGN(:x) AS BIGINT)"),
    _scalar(
        "round", (X, Take("digits", optional=True, literal=True)), "first", "first",
        "Rounds half away from zero, to a number of digits after the point (0 unless given).",
        "round(arpa, 2)", "ROUND(:x, :digits)",
    ),
    _scalar("floor", (X,), "first", "first", "The next whole number down.", "floor(seats / 10)", "FLOOR(:x)"),
    _scalar("ceil", (X,), "first", "first", "The next whole number up.", "ceil(seats / 10)", "CEIL(:x)"),
    _scalar("trunc", (X,), "first", "first", "The whole part, towards zero.", "trunc(seats / 10)", "TRUNC(:x)"),
    _scalar(
        "pow", (X, Y), "double", "power", "x to the power of y; null where that is no finite number.", "pow(share(mrr), 2)",
        "NULLIF(NULLIF(NULLIF(POWER(:x, :y), CAST('nan' AS DOUBLE)), CAST('inf' AS DOUBLE)), CAST('-inf' AS DOUBLE))",
    ),
    _scalar(
        "sqrt", (X,), "double", "plain", "The square root; null below 0.", "sqrt(variance(orders.quantity))",
        "SQRT(CASE WHEN :x >= 0 THEN :x END)",
    ),
    _scalar("ln", (X,), "double", "plain", "The natural logarithm; null at 0 and below.", "ln(seats)",
            "LN(CASE WHEN :x > 0 THEN :x END)"),
    _scalar("log10", (X,), "double", "plain", "The logarithm to base 10; null at 0 and below.", "log10(seats)",
            "LOG10(CASE WHEN :x > 0 THEN :x END)"),
    _scalar("exp", (X,), "double", "plain", "e to the power of x.", "exp(-1)", "EXP(:x)"),
    _scalar("mod", (X, Y), "widest", "first", "What is left of x after dividing by y, with the sign of x; null for 0.",
            "mod(seats, 10)", "MOD(:x, NULLIF(:y, 0))"),
    _scalar(
        "greatest", (X, Take("more", "same", repeats=True)), "widest", "alike", "The largest; null if any is null.",
        "greatest(mrr, 0)", "CASE WHEN NOT :any_null THEN GREATEST(:x, :rest) END",
    ),
    _scalar(
        "least", (X, Take("more", "same", repeats=True)), "widest", "alike", "The smallest; null if any is null.",
        "least(seats, 100)", "CASE WHEN NOT :any_null THEN LEAST(:x, :rest) END",
    ),
    _scalar(
        "clamp", (X, Take("low"), Take("high")), "widest", "alike", "x kept between low and high; null if any is null.",
        "clamp(usage, 0, 1)", "CASE WHEN NOT :any_null THEN LEAST(GREATEST(:x, :low), :high) END",
    ),
    _scalar(
        "coalesce", (Take("x", "any"), Take("more", "same", repeats=True)), "first", "alike",
        "The first that is not null; also written `x ?? y`.", "coalesce(csat, 0)", "COALESCE(:x, :rest)", "skip",
    ),
    _scalar(
        "divide", (X, Y, Take("otherwise", optional=True)), "double", "quotient",
        "x / y, or `otherwise` when y is 0 (null without it).", "divide(churn, start_mrr, 0)",
        "CASE WHEN :y = 0 THEN :otherwise ELSE :x / NULLIF(:y, 0) END",
    ),
    _scalar(
        "if", (Take("condition", "boolean"), Take("yes", "any"), Take("no", "same", optional=True)), "first", "alike",
        "`yes` when the condition holds; `no` when it does not or is null (null without a `no`).",
        "if(churn > 0, churn, 0)", "CASE WHEN :condition THEN :yes ELSE :no END", "condition",
    ),
    _scalar("lower", (S,), "text", "none", "In small letters.", "lower(plan)", "LOWER(:x)"),
    _scalar("upper", (S,), "text", "none", "In capitals.", "upper(plan)", "UPPER(:x)"),
    _scalar("trim", (S,), "text", "none", "Without blanks at both ends.", "trim(plan)", "TRIM(:x)"),
    _scalar("length", (S,), "integer", "none", "How many characters.", "length(comment)", "LENGTH(:x)"),
    _scalar("contains", (S, Take("part", "text")), "boolean", "none", "Whether the part occurs in x.",
            "contains(subject, 'refund')", "CONTAINS(:x, :part)"),
    _scalar("starts_with", (S, Take("part", "text")), "boolean", "none", "Whether x begins with the part.",
            "starts_with(plan, 'pro')", "STARTS_WITH(:x, :part)"),
    _scalar("ends_with", (S, Take("part", "text")), "boolean", "none", "Whether x ends with the part.",
            "ends_with(email, '.fr')", "SUFFIX(:x, :part)"),
    _scalar("matches", (S, Take("pattern", "text", literal=True)), "boolean", "none",
            "Whether the RE2 pattern is found in x.", "matches(subject, '(?i)invoice')", "REGEXP_MATCHES(:x, :pattern)"),
    _scalar("date", (Take("x", "any"),), "date", "none", "A date: of a literal `date('2024-01-31')`, or the local day of a time.",
            "date(orders.at)", "CAST(:x AS DATE)"),
    *(
        _scalar(unit, (T,), "date", "none", f"The first day of the {unit} x lies in, on the project's calendar.",
                f"{unit}(orders.at)", f"TRUNCATE_TO('{unit}', :x)")
        for unit in ("year", "quarter", "month", "week", "day")
    ),
    _scalar("weekday", (T,), "integer", "none", "1 for Monday to 7 for Sunday.", "weekday(orders.at)",
            "CAST(ISODOW(:x) AS BIGINT)"),
    _scalar("today", (), "date", "none", "The day of `as_of`.", "date_diff('day', orders.at, today())", ""),
    _scalar("date_add", (T, Take("duration", "duration")), "first", "none",
            "x moved by a duration; month ends clamp.", "date_add(orders.at, 1 month)", ""),
    _scalar("date_diff", (Take("unit", "text", literal=True), Take("x", "time"), Take("y", "time")), "integer", "none",
            "How many boundaries of the unit (second … year) lie between x and y.", "date_diff('day', opened_at, closed_at)", ""),
    _scalar("date_part", (Take("part", "text", literal=True), T), "integer", "none",
            "A part of a time: year, quarter, month, week, day, weekday, hour, minute or second.",
            "date_part('month', orders.at)", ""),
    _scalar("scale", (X, Take("low"), Take("high")), "double", "score", "x from low..high onto 0..100, clamped.",
            "scale(growth(active_users), -50%, 50%)",
            "CASE WHEN NOT :any_null AND :high <> :low THEN LEAST(GREATEST((:x - :low) / (:high - :low) * 100, 0), 100) END"),
    _scalar("band", (X, Take("thresholds", repeats=True)), "double", "score",
            "100 × the share of the ascending thresholds that x has reached.", "band(logins, 5, 10, 20)", ""),
    _scalar("weighted_mean", (X, Take("weight"), Take("more", repeats=True)), "double", "mean",
            "The mean of value, weight, value, weight…; a null value is left out and the weights renormalised.",
            "weighted_mean(csat, 2, nps, 1)", "", "skip"),
    _scalar("coverage", (Take("x", "any"), Take("weight"), Take("more", "any", repeats=True)), "double", "ratio",
            "The share of the weights whose value is not null.", "coverage(csat, 2, nps, 1)", "", "skip"),
    _scalar("margin_of_error", (Take("promoters"), Take("detractors"), Take("answers")), "double", "score",
            "The 95% margin of a net score: 1.96 × √((p + d − (p − d)²) / n) × 100, with p and d shares of n answers.",
            "margin_of_error(promoters, detractors, answers)", ""),
)  # fmt: skip


def _aggregate(name: str, family: str, gives: str, unit: str, help: str, example: str, sql: str,
               empty: str = "null", mergeable: bool = False, extra: tuple[Take, ...] = ()) -> Function:
    takes = (Take("x", family), *extra)
    return Function(name, Kind.AGGREGATE, takes, gives, unit, help, example, MappingProxyType({"*": sql}), "skip",
                    empty, mergeable)  # fmt: skip


AGGREGATES = (
    _aggregate("sum", "number", "first", "first", "The sum; 0 over no rows. Exact for money and whole numbers.",
               "sum(orders.amount)", "SUM(:x)", "zero", True),
    _aggregate("avg", "number", "double", "first", "The mean of the non-null values.", "avg(tickets.replies)",
               "AVG(:x)", mergeable=True),
    _aggregate("min", "any", "first", "first", "The smallest value.", "min(orders.at)", "MIN(:x)", mergeable=True),
    _aggregate("max", "any", "first", "first", "The largest value.", "max(orders.at)", "MAX(:x)", mergeable=True),
    _aggregate("count", "any", "integer", "count",
               "Rows of a dataset, non-null values of a column, or rows where a condition is true; 0 over no rows.",
               "count(tickets where priority = 'high')", "COUNT(:x)", "zero", True),
    _aggregate("count_distinct", "any", "integer", "count", "How many different non-null values; 0 over no rows.",
               "count_distinct(orders.customer)", "COUNT(DISTINCT :x)", "zero"),
    _aggregate("median", "number", "double", "first", "The middle value; between two, their mean.",
               "median(orders.amount)", "QUANTILE_CONT(:x, 0.5)"),
    _aggregate("percentile", "number", "double", "first", "The value that p percent lie below, interpolated linearly.",
               "percentile(checks.ms, 95)", "QUANTILE_CONT(:x, :fraction)", extra=(Take("p", literal=True),)),
    _aggregate("stddev", "number", "double", "first", "The sample's standard deviation.", "stddev(orders.amount)",
               "STDDEV_SAMP(:x)"),
    _aggregate("variance", "number", "double", "square", "The sample's variance.", "variance(orders.amount)",
               "VAR_SAMP(:x)"),
    _aggregate("first", "any", "first", "first", "The first non-null value by time, then key, then value.",
               "first(orders.amount)", "FIRST(:x)"),
    _aggregate("last", "any", "first", "first", "The last non-null value by time, then key, then value.",
               "last(accounts.balance)", "LAST(:x)"),
    _aggregate("any", "boolean", "boolean", "none", "Whether the condition holds for at least one.",
               "any(checks.ok)", "BOOL_OR(:x)", mergeable=True),
    _aggregate("all", "boolean", "boolean", "none", "Whether the condition holds for every one.",
               "all(checks.ok)", "BOOL_AND(:x)", mergeable=True),
)  # fmt: skip


def _context(name: str, takes: tuple[Take, ...], help: str, example: str) -> Function:
    return Function(name, Kind.CONTEXT, takes, "first", "first", help, example)


M = Take("m", "any")
BACK = Take("by", "number or duration", optional=True, literal=True)
CONTEXTS = (
    _context("previous", (M, BACK), "m one period back, `by` periods back, or shifted by a duration.", "previous(mrr, 1 year)"),
    _context("year_ago", (M,), "m one year back.", "year_ago(revenue)"),
    _context("change", (M, BACK), "m - previous(m).", "change(mrr)"),
    _context("growth", (M, BACK), "m / previous(m) - 1: a ratio.", "growth(mrr) * 100"),
    _context("trailing", (M, Take("duration", "duration", literal=True)), "m over the duration up to the period's end.",
             "trailing(active_users, 28 days)"),
    _context("to_date", (M, Take("grain", "grain", literal=True)), "m from the start of the grain to the period's end.",
             "to_date(revenue, year)"),
    _context("cumulative", (M,), "m from the beginning of time to the period's end.", "cumulative(revenue)"),
    _context("opening", (M,), "m as it stood at the period's start: for stocks and cumulative metrics.", "opening(mrr)"),
    _context("closing", (M,), "m as it stood at the period's end: for stocks and cumulative metrics.", "closing(mrr)"),
    _context("total", (M, Take("dimensions", "dimension", optional=True, repeats=True)),
             "m with the dimensions of the question (or only the named ones) lifted.", "mrr / total(mrr)"),
    _context("share", (M, Take("dimensions", "dimension", optional=True, repeats=True)), "m / total(m).", "share(mrr)"),
)  # fmt: skip

SETS = (
    Function(
        "conversion", Kind.SETS, (Take("from", "rows"), Take("to", "rows"), Take("per", "member"), Take("within", "duration")),
        "double", "ratio", "The share of members with a `from` row that have a `to` row within the duration after it.",
        "conversion(visits, leads, per visitor, within 30 days)",
    ),
)  # fmt: skip

TABLE: Mapping[str, Function] = MappingProxyType(
    {f.name: f for f in (*OPERATORS, *SCALARS, *AGGREGATES, *CONTEXTS, *SETS)}
)
"""Every built-in row by name. An engine's own table is this one and its plugins' rows."""

CALLABLE = MappingProxyType({n: f for n, f in TABLE.items() if f.kind is not Kind.OPERATOR})
"""The rows a formula may call by name."""
