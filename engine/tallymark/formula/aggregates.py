"""Aggregates, the forms that change the context of a metric, and functions of row sets."""

from __future__ import annotations

from types import MappingProxyType

from tallymark.formula.function import Function, Kind, Take


def _aggregate(
    name: str,
    family: str,
    gives: str,
    unit: str,
    help: str,
    example: str,
    sql: str,
    empty: str = "null",
    mergeable: bool = False,
    extra: tuple[Take, ...] = (),
) -> Function:
    takes = (Take("x", family), *extra)
    template = MappingProxyType({"*": sql})
    return Function(
        name, Kind.AGGREGATE, takes, gives, unit, help, example, template, "skip", empty=empty, mergeable=mergeable
    )


AGGREGATES = (
    _aggregate(
        "sum",
        "number",
        "first",
        "first",
        "The sum; 0 over no rows. Exact for money and whole numbers.",
        "sum(orders.amount)",
        "SUM(:x)",
        "zero",
        True,
    ),
    _aggregate(
        "avg",
        "number",
        "double",
        "first",
        "The mean of the non-null values.",
        "avg(tickets.agent_replies)",
        "AVG(:x)",
        mergeable=True,
    ),
    _aggregate("min", "any", "first", "first", "The smallest value.", "min(orders.at)", "MIN(:x)", mergeable=True),
    _aggregate("max", "any", "first", "first", "The largest value.", "max(orders.at)", "MAX(:x)", mergeable=True),
    _aggregate(
        "count",
        "any",
        "integer",
        "count",
        "Rows of a dataset, non-null values of a column, or rows where a condition is true; 0 over no rows.",
        "count(tickets where priority = 'high')",
        "COUNT(:x)",
        "zero",
        True,
    ),
    _aggregate(
        "count_distinct",
        "any",
        "integer",
        "count",
        "How many different non-null values; 0 over no rows.",
        "count_distinct(orders.customer)",
        "COUNT(DISTINCT :x)",
        "zero",
    ),
    _aggregate(
        "median",
        "number",
        "double",
        "first",
        "The middle value; between two, their mean.",
        "median(orders.amount)",
        "QUANTILE_CONT(:x, 0.5)",
    ),
    _aggregate(
        "percentile",
        "number",
        "double",
        "first",
        "The value that p percent lie below, interpolated linearly.",
        "percentile(checks.ms, 95)",
        "QUANTILE_CONT(:x, :fraction)",
        extra=(Take("p", literal=True),),
    ),
    _aggregate(
        "stddev",
        "number",
        "double",
        "first",
        "The sample's standard deviation; null of fewer than two values.",
        "stddev(orders.amount)",
        "STDDEV_SAMP(:x)",
    ),
    _aggregate(
        "variance",
        "number",
        "double",
        "square",
        "The sample's variance; null of fewer than two values.",
        "variance(orders.quantity)",
        "VAR_SAMP(:x)",
    ),
    _aggregate(
        "first",
        "any",
        "first",
        "first",
        "The first non-null value by time, then key, then value.",
        "first(orders.amount)",
        "FIRST(:x)",
    ),
    _aggregate(
        "last",
        "any",
        "first",
        "first",
        "The last non-null value by time, then key, then value.",
        "last(survey_responses.score)",
        "LAST(:x)",
    ),
    _aggregate(
        "any",
        "boolean",
        "boolean",
        "none",
        "Whether the condition holds for at least one.",
        "any(checks.ms > 1 second)",
        "BOOL_OR(:x)",
        mergeable=True,
    ),
    _aggregate(
        "all",
        "boolean",
        "boolean",
        "none",
        "Whether the condition holds for every one.",
        "all(checks.ok)",
        "BOOL_AND(:x)",
        mergeable=True,
    ),
)


def _context(name: str, takes: tuple[Take, ...], help: str, example: str) -> Function:
    return Function(name, Kind.CONTEXT, takes, "first", "first", help, example)


M = Take("m", "any")
BACK = Take("by", "number or duration", optional=True, literal=True)
LIFTED = Take("dimensions", "dimension", optional=True, repeats=True)
CONTEXTS = (
    _context(
        "previous",
        (M, BACK),
        "m one period back, `by` periods back, or shifted by a duration.",
        "previous(mrr, 1 year)",
    ),
    _context("year_ago", (M,), "m one year back.", "year_ago(revenue)"),
    _context("change", (M, BACK), "m - previous(m).", "change(mrr)"),
    _context("growth", (M, BACK), "m / previous(m) - 1: a ratio.", "growth(mrr) * 100"),
    _context(
        "trailing",
        (M, Take("duration", "duration", literal=True)),
        "m over the duration up to the period's end.",
        "trailing(active_users, 28 days)",
    ),
    _context(
        "to_date",
        (M, Take("grain", "grain", literal=True)),
        "m from the start of the grain to the period's end.",
        "to_date(revenue, year)",
    ),
    _context("cumulative", (M,), "m from the beginning of time to the period's end.", "cumulative(revenue)"),
    _context(
        "opening", (M,), "m as it stood at the period's start: for stocks and cumulative metrics.", "opening(mrr)"
    ),
    _context("closing", (M,), "m as it stood at the period's end: for stocks and cumulative metrics.", "closing(mrr)"),
    _context(
        "total",
        (M, LIFTED),
        "m with the dimensions of the question (or only the named ones) lifted.",
        "mrr / total(mrr)",
    ),
    _context(
        "in_currency",
        (M, Take("currency", "text", optional=True, literal=True)),
        "m with its amounts in another currency: the project's unless named.",
        "in_currency(mrr)",
    ),
    _context(
        "at_opening_rates",
        (M,),
        "m with its amounts converted at the rates of the window's start.",
        "at_opening_rates(mrr)",
    ),
    _context(
        "at_closing_rates",
        (M,),
        "m with its amounts converted at the rates of the window's end.",
        "at_closing_rates(mrr)",
    ),
    _context(
        "fx_drift",
        (M,),
        "at_closing_rates(m) - at_opening_rates(m): what the movement of rates alone makes of an amount of money.",
        "fx_drift(mrr)",
    ),
    _context("share", (M, LIFTED), "m / total(m): a ratio.", "share(mrr) * 100"),
    _context(
        "regardless",
        (M,),
        "m of the member of `per`, whatever else is asked: other dimensions and the conditions in force are lifted.",
        "avg(regardless(percent_rank(mrr)) per customer)",
    ),
)


def _ranking(name: str, gives: str, unit: str, help: str, example: str) -> Function:
    return Function(name, Kind.CONTEXT, (Take("m"),), gives, unit, help, example)


RANKINGS = (
    _ranking(
        "rank",
        "integer",
        "count",
        "The place of m among the members, 1 for the highest; equal values share the better place.",
        "count(rank(mrr) <= 10 and growth(mrr) < 0 per customer)",
    ),
    _ranking(
        "percent_rank",
        "double",
        "ratio",
        "The share of the other members that have a lower m, from 0 to 1; 0 for a member that is alone.",
        "count(percent_rank(mrr) >= 90% per customer)",
    ),
    _ranking(
        "zscore",
        "double",
        "none",
        "How many sample standard deviations m lies above the members' mean; null where all are alike.",
        "count(zscore(ticket_volume) > 3 per day)",
    ),
)

_BACK = (
    Take("periods", literal=True, optional=True),
    Take("season", "number or duration", literal=True, optional=True),
    Take("least", literal=True, optional=True),
)


def _history(name: str, unit: str, help: str, example: str, gives: str = "double") -> Function:
    # A count of values needs none of them.
    back = _BACK[:-1] if unit == "count" else _BACK
    return Function(name, Kind.CONTEXT, (Take("m"), *back), gives, unit, help, example)


HISTORIES = (
    _history(
        "anomaly",
        "none",
        "How many spreads m lies above what is expected of it (below: negative), by the median and the spread of the 12"
        " periods before, or so many, or of those a season apart.",
        "anomaly(ticket_volume, 8, 1 year) > 3",
    ),
    _history(
        "expected",
        "first",
        "What m usually is: the median of the periods before.",
        "expected(ticket_volume)",
    ),
    _history(
        "spread",
        "first",
        "How far m usually is from what is expected: 1.4826 times the median distance, about a standard deviation.",
        "spread(ticket_volume, 24)",
    ),
    _history(
        "usual_low",
        "first",
        "expected(m) - 3 * spread(m): where m begins to be unusually low.",
        "usual_low(mrr)",
    ),
    _history(
        "usual_high",
        "first",
        "expected(m) + 3 * spread(m): where m begins to be unusually high.",
        "usual_high(ticket_volume)",
    ),
    _history(
        "history",
        "count",
        "How many of the periods before have a value: what `anomaly` and the like go by.",
        "history(nps, 24)",
        "integer",
    ),
)

_STEPS = (Take("per", "member"), Take("steps", "rows", repeats=True))
_CALLED = "(first step, next step, …, per member, within duration)"

SETS = (
    Function(
        "conversion",
        Kind.SETS,
        _STEPS,
        "double",
        "ratio",
        "The share of the members with a row of the first step that go on to the last, in order, in the time given.",
        "conversion(visits, leads, per visitor, within 30 days)",
        called="conversion" + _CALLED,
    ),
    Function(
        "converted",
        Kind.SETS,
        _STEPS,
        "integer",
        "count",
        "How many members have a row of the first step and go on to the last, in order, in the time given.",
        "converted(visits, leads, per visitor, within 30 days)",
        called="converted" + _CALLED,
    ),
)
