"""The functions and aggregates that formulas may call: rows of a table, as Tallymark's own."""

from __future__ import annotations

from tallymark import Function, FunctionKind, Take

CLAMPED = Function(
    name="acme.clamped",
    kind=FunctionKind.SCALAR,
    takes=(Take("x"), Take("least", "same"), Take("most", "same")),
    gives="first",
    unit="alike",
    help="The value, but no less than `least` and no more than `most`.",
    example="acme.clamped(usage, 0, 100)",
    sql={"*": "CASE WHEN :x < :least THEN :least WHEN :x > :most THEN :most ELSE :x END"},
)
"""`sql` has a template by dialect (`duckdb`, `postgres`), `*` for every other. `nulls` is `pass`: null gives null."""

SPREAD = Function(
    name="acme.spread",
    kind=FunctionKind.AGGREGATE,
    takes=(Take("x"),),
    gives="first",
    unit="first",
    help="The largest value less the smallest; null over no rows.",
    example="acme.spread(orders.amount)",
    sql={"*": "MAX(:x) - MIN(:x)"},
    nulls="skip",
)

FUNCTIONS = (CLAMPED, SPREAD)
