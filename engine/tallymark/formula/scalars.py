"""Operators and scalar functions: the rows that work alike over rows and over metrics."""

from __future__ import annotations

from types import MappingProxyType

from tallymark.formula.function import Function, Kind, Take

X = Take("x")
Y = Take("y")
A, B = Take("a", "any"), Take("b", "same")
P, Q = Take("a", "boolean"), Take("b", "boolean")
T = Take("x", "time")
S = Take("x", "text")
MORE = Take("more", "same", repeats=True)


def _scalar(
    name: str,
    takes: tuple[Take, ...],
    gives: str,
    unit: str,
    help: str,
    example: str,
    sql: str = "",
    nulls: str = "pass",
    kind: Kind = Kind.SCALAR,
    **dialects: str,
) -> Function:
    return Function(name, kind, takes, gives, unit, help, example, MappingProxyType({"*": sql, **dialects}), nulls)


def _operator(
    name: str, takes: tuple[Take, ...], gives: str, unit: str, help: str, example: str, sql: str = ""
) -> Function:
    return _scalar(name, takes, gives, unit, help, example, sql, kind=Kind.OPERATOR)


def _comparison(sign: str, sql: str, help: str, example: str) -> Function:
    return _operator(sign, (A, B), "boolean", "compared", help, example, f":a {sql} :b")


OPERATORS = (
    _operator("+", (X, Y), "widest", "alike", "Adds.", "new_mrr + expansion", ":x + :y"),
    _operator(
        "-", (X, Y), "widest", "alike", "Subtracts; of two times, the time between.", "start_mrr - churn", ":x - :y"
    ),
    _operator("*", (X, Y), "exact", "product", "Multiplies; exact for money times an integer.", "mrr * 12", ":x * :y"),
    _operator(
        "/",
        (X, Y),
        "double",
        "quotient",
        "Divides; null when the divisor is 0, with a note.",
        "mrr / paying_customers",
        ":x / NULLIF(:y, 0)",
    ),
    _operator("negate", (X,), "first", "first", "Changes the sign: `-x`.", "-churn", "-:x"),
    _comparison("=", "=", "Equal; null when either side is.", "count(subscriptions where plan = 'pro')"),
    _comparison("!=", "<>", "Not equal; null when either side is.", "count(subscriptions where plan != 'pro')"),
    _comparison("<", "<", "Less.", "count(tickets where reopens < 2)"),
    _comparison("<=", "<=", "Less or equal.", "count(tickets where reopens <= 1)"),
    _comparison(">", ">", "Greater.", "count(mrr > 0 per customer)"),
    _comparison(">=", ">=", "Greater or equal.", "nrr >= 100%"),
    _operator(
        "and",
        (P, Q),
        "boolean",
        "none",
        "Both, in three-valued logic.",
        "count(tickets where agent_replies = 1 and reopens = 0)",
        ":a AND :b",
    ),
    _operator(
        "or",
        (P, Q),
        "boolean",
        "none",
        "Either, in three-valued logic.",
        "count(tickets where kind = 'bug' or reopens > 0)",
        ":a OR :b",
    ),
    _operator(
        "not",
        (P,),
        "boolean",
        "none",
        "The opposite; null stays null.",
        "count(checks where not checks.ok)",
        "NOT :a",
    ),
    _operator(
        "in",
        (A, Take("options", "same", repeats=True)),
        "boolean",
        "compared",
        "Equal to one of the options, or to one item of a list: `plan in $plans`.",
        "count(subscriptions where plan in ('pro', 'business'))",
        ":a IN (:rest)",
    ),
    _operator(
        "between",
        (A, Take("low", "same"), Take("high", "same")),
        "boolean",
        "compared",
        "From low to high, both included.",
        "count(survey_responses where score between 9 and 10)",
        ":a BETWEEN :low AND :high",
    ),
    _operator(
        "is null",
        (A,),
        "boolean",
        "none",
        "Has no value; `is not null`: has one.",
        "count(tickets where solved_at is null)",
        ":a IS NULL",
    ),
    _operator(
        "elapsed",
        (T, Take("y", "time")),
        "double",
        "duration",
        "The time between two times, `x - y`: a duration, in seconds.",
        "median(tickets.solved_at - tickets.created_at)",
        "(EPOCH_US(:x) - EPOCH_US(:y)) / CAST(1000000 AS DOUBLE)",
    ),
    _operator(
        "case",
        (Take("condition", "boolean"), Take("value", "any"), Take("more", "any", optional=True, repeats=True)),
        "first",
        "chosen",
        "The value of the first condition that holds; null, or that after `else`, when none does.",
        "case when churn > expansion then churn when expansion > 0 then 0 else start_mrr end",
    ),
)

_FINITE = "NULLIF(NULLIF(NULLIF({}, CAST('nan' AS DOUBLE)), CAST('inf' AS DOUBLE)), CAST('-inf' AS DOUBLE))"

_LARGEST, _SMALLEST = "709.782712893384", "-744.4400719213812"
"""The logarithms of the largest double and of the smallest: beyond them PostgreSQL raises an error."""

_LN = "NULLIF(LN(NULLIF(ABS(:x), 0)), 0)"
_POSTGRES_POWER = (
    "CASE WHEN (:x = 0 AND :y < 0) OR (:x < 0 AND :y <> FLOOR(:y)) THEN NULL "
    f"WHEN ({_LN} > 0 AND :y > {_LARGEST} / {_LN}) OR ({_LN} < 0 AND :y < {_LARGEST} / {_LN}) THEN NULL "
    f"WHEN ({_LN} > 0 AND :y < {_SMALLEST} / {_LN}) OR ({_LN} < 0 AND :y > {_SMALLEST} / {_LN}) THEN 0 "
    "ELSE POWER(:x, :y) END"
)

NUMBERS = (
    _scalar("abs", (X,), "first", "first", "The size without the sign.", "abs(change(mrr))", "ABS(:x)"),
    _scalar("sign", (X,), "integer", "none", "-1, 0 or 1.", "sign(change(mrr))", "CAST(SIGN(:x) AS BIGINT)"),
    _scalar(
        "round",
        (X, Take("digits", optional=True, literal=True)),
        "first",
        "first",
        "Rounds half away from zero, to a number of digits after the point (0 unless given).",
        "round(arpa, 2)",
        "ROUND(:x, :digits)",
        # Its own rounding of doubles is half to even, and takes no digits.
        postgres_double="TRUNC(:x * :up / :down + SIGN(:x) * CAST('0.49999999999999994' AS DOUBLE PRECISION))"
        " / :up * :down",
        postgres_integer="CAST(ROUND(CAST(:x AS NUMERIC), :digits) AS BIGINT)",
    ),
    _scalar("floor", (X,), "first", "first", "The next whole number down.", "floor(dau)", "FLOOR(:x)"),
    _scalar("ceil", (X,), "first", "first", "The next whole number up.", "ceil(dau)", "CEIL(:x)"),
    _scalar("trunc", (X,), "first", "first", "The whole part, towards zero.", "trunc(dau)", "TRUNC(:x)"),
    _scalar(
        "pow",
        (X, Y),
        "double",
        "power",
        "x to the power of y; null where that is no finite number.",
        "sum(pow(share(mrr), 2) per customer)",
        _FINITE.format("POWER(:x, :y)"),
        postgres=_POSTGRES_POWER,
    ),
    _scalar(
        "sqrt",
        (X,),
        "double",
        "root",
        "The square root; null below 0.",
        "sqrt(variance(orders.amount))",
        "SQRT(CASE WHEN :x >= 0 THEN :x END)",
    ),
    _scalar(
        "ln",
        (X,),
        "double",
        "plain",
        "The natural logarithm; null at 0 and below.",
        "ln(session_count)",
        "LN(CASE WHEN :x > 0 THEN :x END)",
    ),
    _scalar(
        "log10",
        (X,),
        "double",
        "plain",
        "The logarithm to base 10; null at 0 and below.",
        "log10(session_count)",
        "LOG10(CASE WHEN :x > 0 THEN :x END)",
    ),
    _scalar(
        "exp",
        (X,),
        "double",
        "plain",
        "e to the power of x.",
        "exp(-churn / mrr)",
        "EXP(:x)",
        postgres=f"CASE WHEN :x > {_LARGEST} THEN CAST('Infinity' AS DOUBLE PRECISION) "
        f"WHEN :x < {_SMALLEST} THEN 0 ELSE EXP(:x) END",
    ),
    _scalar(
        "mod",
        (X, Y),
        "widest",
        "chosen",
        "What is left of x after dividing by y, with the sign of x; null for 0.",
        "mod(licensed_seats, 10)",
        "MOD(:x, NULLIF(:y, 0))",
        postgres_double="",
    ),
    _scalar(
        "divide",
        (X, Y, Take("otherwise", optional=True)),
        "double",
        "quotient",
        "x / y, or `otherwise` when y is 0 (null without it).",
        "divide(churn, start_mrr, 0)",
        "CASE WHEN :y = 0 THEN :otherwise ELSE :x / NULLIF(:y, 0) END",
    ),
)

CHOICES = (
    _scalar(
        "greatest",
        (X, MORE),
        "widest",
        "chosen",
        "The largest; null if any is null.",
        "greatest(expansion - churn, 0)",
        "CASE WHEN NOT :any_null THEN GREATEST(:x, :rest) END",
    ),
    _scalar(
        "least",
        (X, MORE),
        "widest",
        "chosen",
        "The smallest; null if any is null.",
        "least(stickiness, 50%)",
        "CASE WHEN NOT :any_null THEN LEAST(:x, :rest) END",
    ),
    _scalar(
        "clamp",
        (X, Take("low"), Take("high")),
        "widest",
        "chosen",
        "x kept between low and high; null if any is null.",
        "clamp(usage_breadth, 0, 1)",
        "CASE WHEN NOT :any_null THEN LEAST(GREATEST(:x, :low), :high) END",
    ),
    _scalar(
        "coalesce",
        (Take("x", "any"), MORE),
        "first",
        "chosen",
        "The first that is not null; also written `x ?? y`.",
        "coalesce(csat, 0)",
        "COALESCE(:x, :rest)",
        "skip",
    ),
    _scalar(
        "if",
        (Take("condition", "boolean"), Take("yes", "any"), Take("no", "same", optional=True)),
        "first",
        "chosen",
        "`yes` when the condition holds; `no` when it does not or is null (null without a `no`).",
        "if(churn > 0, expansion / churn, 0)",
        "CASE WHEN :condition THEN :yes ELSE :no END",
        "condition",
    ),
)

PART = Take("part", "text")
BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Unicode's separators of words, which DuckDB trims; PostgreSQL trims what it is told."""
TEXTS = (
    _scalar(
        "lower",
        (S,),
        "text",
        "none",
        "In small letters.",
        "count(events where lower(name) = 'login')",
        "LOWER(:x)",
        postgres='TRANSLATE(LOWER(:x COLLATE "C"), :letters, :small)',
    ),
    _scalar(
        "upper",
        (S,),
        "text",
        "none",
        "In capitals.",
        "count(customers where upper(country) = 'FR')",
        "UPPER(:x)",
        postgres='TRANSLATE(UPPER(:x COLLATE "C"), :letters, :capitals)',
    ),
    _scalar(
        "trim",
        (S,),
        "text",
        "none",
        "Without blanks at both ends.",
        "count_distinct(trim(events.feature))",
        "TRIM(:x)",
        postgres=f"BTRIM(:x, '{BLANKS}')",
    ),
    _scalar("length", (S,), "integer", "none", "How many characters.", "max(length(events.name))", "LENGTH(:x)"),
    _scalar(
        "contains",
        (S, PART),
        "boolean",
        "none",
        "Whether the part occurs in x.",
        "count(events where contains(name, 'export'))",
        "CONTAINS(:x, :part)",
        postgres="STRPOS(:x, :part) > 0",
    ),
    _scalar(
        "starts_with",
        (S, PART),
        "boolean",
        "none",
        "Whether x begins with the part.",
        "count(events where starts_with(name, 'api_'))",
        "STARTS_WITH(:x, :part)",
    ),
    _scalar(
        "ends_with",
        (S, PART),
        "boolean",
        "none",
        "Whether x ends with the part.",
        "count(events where ends_with(name, '_failed'))",
        "SUFFIX(:x, :part)",
        postgres="RIGHT(:x, LENGTH(:part)) = :part",
    ),
    _scalar(
        "matches",
        (S, Take("pattern", "text", literal=True)),
        "boolean",
        "none",
        "Whether the RE2 pattern is found in x.",
        "count(events where matches(name, '(?i)^pay'))",
        "REGEXP_MATCHES(:x, :pattern)",
    ),
)

WORD = Take("unit", "text", literal=True)
TIMES = (
    _scalar(
        "date",
        (Take("x", "any"),),
        "date",
        "none",
        "A date: of a literal `date('2024-01-31')`, or the local day of a time.",
        "count(customers where signed_up_at >= date('2024-01-31'))",
        "CAST(:x AS DATE)",
    ),
    *(
        _scalar(
            unit,
            (T,),
            "date",
            "none",
            f"The first day of the {unit} that x lies in, on the project's calendar.",
            f"count_distinct({unit}(orders.at))",
            f"TRUNCATE_TO('{unit}', :x)",
        )
        for unit in ("year", "quarter", "month", "week", "day")
    ),
    _scalar(
        "weekday",
        (T,),
        "integer",
        "none",
        "1 for Monday to 7 for Sunday.",
        "count(orders where weekday(orders.at) >= 6)",
        "CAST(ISODOW(:x) AS BIGINT)",
    ),
    _scalar(
        "today",
        (),
        "date",
        "none",
        "The day of `as_of`.",
        "avg(date_diff('day', customers.signed_up_at, today()))",
    ),
    _scalar(
        "date_add",
        (T, Take("duration", "duration")),
        "first",
        "none",
        "x moved by a literal duration, also written `x + 1 week`; month ends clamp.",
        "count(tickets where solved_at <= date_add(created_at, 1 week))",
    ),
    _scalar(
        "date_diff",
        (WORD, T, Take("y", "time")),
        "integer",
        "none",
        "How many boundaries of the unit (second … year) lie between x and y.",
        "avg(date_diff('day', tickets.created_at, tickets.solved_at))",
    ),
    _scalar(
        "date_part",
        (Take("part", "text", literal=True), T),
        "integer",
        "none",
        "A part of a time: year, quarter, month, week, day, weekday, hour, minute or second.",
        "count(orders where date_part('hour', orders.at) < 12)",
    ),
)

SCORES = (
    _scalar(
        "scale",
        (X, Take("low"), Take("high")),
        "double",
        "scored",
        "x from low..high onto 0..100, clamped.",
        "scale(growth(active_users), -50%, 50%)",
        "CASE WHEN NOT :any_null AND :high <> :low THEN "
        "LEAST(GREATEST((:x - :low) / (:high - :low) * 100, 0), 100) END",
    ),
    _scalar(
        "band",
        (X, Take("thresholds", repeats=True)),
        "double",
        "scored",
        "100 × the share of the thresholds that x has reached.",
        "band(usage_frequency, 5, 10, 20)",
    ),
    _scalar(
        "weighted_mean",
        (Take("value"), Take("weight"), Take("more", optional=True, repeats=True)),
        "double",
        "mean",
        "The mean of value, weight, value, weight…; a null value is left out and the weights renormalised.",
        "weighted_mean(csat, 2, nps, 1)",
        nulls="skip",
    ),
    _scalar(
        "coverage",
        (Take("value", "any"), Take("weight"), Take("more", "any", optional=True, repeats=True)),
        "double",
        "weights",
        "Of value, weight, value, weight…: the share of the weights whose value is not null.",
        "coverage(csat, 2, nps, 1)",
        nulls="skip",
    ),
    _scalar(
        "margin_of_error",
        (
            Take("promoters"),
            Take("detractors"),
            Take("answers", optional=True),
            Take("confidence", optional=True, literal=True),
        ),
        "double",
        "margin",
        "Half the width of the 95% interval of a net score, z × √((p + d − (p − d)²) / n) × 100, with p and d shares of"
        " n answers; of a rate, called as `margin_of_error(successes, answers)`, z × √(p (1 − p) / n).",
        "margin_of_error(nps_promoters, nps_detractors, nps_responses, 90%)",
    ),
    _scalar(
        "wilson_margin",
        (Take("successes"), Take("answers"), Take("confidence", optional=True, literal=True)),
        "double",
        "rate",
        "Half the width of Wilson's 95% interval of a rate, which is sound for few answers and near 0 and 1.",
        "wilson_margin(count(orders where amount > 100), count(orders))",
    ),
)

SCALARS = (*NUMBERS, *CHOICES, *TEXTS, *TIMES, *SCORES)
