"""What formulas write between values: arithmetic, comparisons, logic."""

from __future__ import annotations

from tallymark.formula.function import Function, Kind, Take
from tallymark.formula.scalars.rows import ANY, TIME, X, Y, scalar

P, Q = Take("a", "boolean"), Take("b", "boolean")
B = Take("b", "same")


def _operator(
    name: str, takes: tuple[Take, ...], gives: str, unit: str, help: str, example: str, sql: str = ""
) -> Function:
    return scalar(name, takes, gives, unit, help, example, sql, kind=Kind.OPERATOR)


def _comparison(sign: str, sql: str, help: str, example: str) -> Function:
    return _operator(sign, (ANY, B), "boolean", "compared", help, example, f":a {sql} :b")


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
        (ANY, Take("options", "same", repeats=True)),
        "boolean",
        "compared",
        "Equal to one of the options, or to one item of a list: `plan in $plans`.",
        "count(subscriptions where plan in ('pro', 'business'))",
        ":a IN (:rest)",
    ),
    _operator(
        "between",
        (ANY, Take("low", "same"), Take("high", "same")),
        "boolean",
        "compared",
        "From low to high, both included.",
        "count(survey_responses where score between 9 and 10)",
        ":a BETWEEN :low AND :high",
    ),
    _operator(
        "is null",
        (ANY,),
        "boolean",
        "none",
        "Has no value; `is not null`: has one.",
        "count(tickets where solved_at is null)",
        ":a IS NULL",
    ),
    _operator(
        "elapsed",
        (TIME, Take("y", "time")),
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
