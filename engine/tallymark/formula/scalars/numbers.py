"""Functions of numbers."""

from __future__ import annotations

from tallymark.formula.function import Take
from tallymark.formula.scalars.rows import X, Y, scalar

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
    scalar("abs", (X,), "first", "first", "The size without the sign.", "abs(change(mrr))", "ABS(:x)"),
    scalar("sign", (X,), "integer", "none", "-1, 0 or 1.", "sign(change(mrr))", "CAST(SIGN(:x) AS BIGINT)"),
    scalar(
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
    scalar("floor", (X,), "first", "first", "The next whole number down.", "floor(dau)", "FLOOR(:x)"),
    scalar("ceil", (X,), "first", "first", "The next whole number up.", "ceil(dau)", "CEIL(:x)"),
    scalar("trunc", (X,), "first", "first", "The whole part, towards zero.", "trunc(dau)", "TRUNC(:x)"),
    scalar(
        "pow",
        (X, Y),
        "double",
        "power",
        "x to the power of y; null where that is no finite number.",
        "sum(pow(share(mrr), 2) per customer)",
        _FINITE.format("POWER(:x, :y)"),
        postgres=_POSTGRES_POWER,
    ),
    scalar(
        "sqrt",
        (X,),
        "double",
        "root",
        "The square root; null below 0.",
        "sqrt(variance(orders.amount))",
        "SQRT(CASE WHEN :x >= 0 THEN :x END)",
    ),
    scalar(
        "ln",
        (X,),
        "double",
        "plain",
        "The natural logarithm; null at 0 and below.",
        "ln(session_count)",
        "LN(CASE WHEN :x > 0 THEN :x END)",
    ),
    scalar(
        "log10",
        (X,),
        "double",
        "plain",
        "The logarithm to base 10; null at 0 and below.",
        "log10(session_count)",
        "LOG10(CASE WHEN :x > 0 THEN :x END)",
    ),
    scalar(
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
    scalar(
        "mod",
        (X, Y),
        "widest",
        "chosen",
        "What is left of x after dividing by y, with the sign of x; null for 0.",
        "mod(licensed_seats, 10)",
        "MOD(:x, NULLIF(:y, 0))",
        postgres_double="",
    ),
    scalar(
        "divide",
        (X, Y, Take("otherwise", optional=True)),
        "double",
        "quotient",
        "x / y, or `otherwise` when y is 0 (null without it).",
        "divide(churn, start_mrr, 0)",
        "CASE WHEN :y = 0 THEN :otherwise ELSE :x / NULLIF(:y, 0) END",
    ),
)
