"""One metric by day, week, month, quarter and as a whole: what must be equal is, on random worlds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

import tallymark

from . import acme
from .engine_side import definitions, tables
from .worlds import sample

GRAINS = ("day", "week", "month", "quarter", None)
FLOWS = ("revenue", "count(orders)", "sum(orders.amount where kind = 'new')", "sum(revenue per customer)",
         "sum(orders.quantity on paid_at)", "count(subs on started)")  # fmt: skip
STOCKS = ("mrr", "count(subs)", "paying", "max(subs.mrr)", "avg(mrr per customer)")
DISTINCT = ("buyers", "count_distinct(orders.kind)")
REACHED = ("cumulative(revenue)", "cumulative(buyers)", "cumulative(max(orders.amount))", "to_date(count(orders), year)",
           "cumulative(last(orders.kind))", "trailing(buyers, 10 days)")  # fmt: skip
ALL = (*FLOWS, *STOCKS, *DISTINCT, *REACHED)

Cells = Mapping[Any, Mapping[date, Mapping[str, Any]]]
"""Values by customer (None as one without customers), by period, by metric."""


@pytest.fixture(scope="module", params=range(5))
def asked(request: pytest.FixtureRequest) -> Iterator[tuple[bool, Mapping[str | None, Cells]]]:
    """The answers of one world by every grain, over the quarter that its rows lie around; by customer in odd ones."""
    drawn = sample(request.param)
    by = ("customer",) if request.param % 2 else ()
    first = date(drawn.anchor.year, drawn.anchor.month - (drawn.anchor.month - 1) % 3, 1)
    last = (first + timedelta(days=95)).replace(day=1) - timedelta(days=1)
    with tallymark.open(definitions=definitions(drawn.world), tables=tables(drawn.world), plugins=[acme]) as book:
        yield bool(by), {g: cells(book, by, g, first, last) for g in GRAINS}


def cells(book: tallymark.Book, by: tuple[str, ...], grain: str | None, start: date, end: date) -> Cells:
    """All metrics by one grain; a range without one stands under its start."""
    found: dict[Any, dict[date, Mapping[str, Any]]] = {}
    for row in book.ask(*ALL, by=by, grain=grain, start=start, end=end).to_dicts():
        found.setdefault(row.get("customer"), {})[row.get("period", start)] = row
    return found


def same(left: Any, right: Any) -> bool:
    """Equal; doubles but for their last digits."""
    if isinstance(left, float) or isinstance(right, float):
        return left is not None and right is not None and float(left) == pytest.approx(float(right), rel=1e-9, abs=1e-9)
    return bool(left == right)


def added(values: Iterator[Any]) -> Any:
    """The sum of what there is."""
    return sum(v for v in values if v is not None)


Asked = tuple[bool, Mapping[str | None, Cells]]


def test_flows_of_the_parts_add_up(asked: Asked) -> None:
    """A sum or count of days, weeks or months is that of the quarter, and that of the range asked without a grain."""
    _, by_grain = asked
    for customer, whole in by_grain[None].items():
        (row,) = whole.values()
        for grain in ("day", "week", "month", "quarter"):
            parts = by_grain[grain][customer].values()
            for metric in FLOWS:
                assert same(row[metric], added(p[metric] for p in parts)), (customer, grain, metric)


def test_stocks_agree_where_their_ends_do(asked: Asked) -> None:
    """What holds at the end of the quarter is what holds at the end of its last month, week and day."""
    _, by_grain = asked
    for customer, whole in by_grain[None].items():
        (row,) = whole.values()
        for grain in ("day", "week", "month", "quarter"):
            parts = by_grain[grain][customer]
            for metric in (*STOCKS, *REACHED):
                assert same(row[metric], parts[max(parts)][metric]) or row[metric] is parts[max(parts)][metric] is None, (
                    customer, grain, metric
                )  # fmt: skip


def test_a_month_ends_as_its_last_day(asked: Asked) -> None:
    """Stocks, and what a window reaches up to an end, are for each month what they are on its last day."""
    _, by_grain = asked
    for customer, months in by_grain["month"].items():
        days, starts = by_grain["day"][customer], sorted(months)
        # The months may be those of a calendar of its own; the range ends within the last one.
        ends = [*(later - timedelta(days=1) for later in starts[1:]), max(days)]
        for start, end in zip(starts, ends, strict=True):
            month = months[start]
            for metric in (*STOCKS, *REACHED):
                found = days[end][metric]
                assert same(month[metric], found) or month[metric] is found is None, (customer, start, metric)


def test_distinct_is_at_most_the_sum_and_at_least_the_most(asked: Asked) -> None:
    """The different ones of a whole are no more than those of its parts together, and no fewer than any part's."""
    _, by_grain = asked
    for customer, whole in by_grain[None].items():
        (row,) = whole.values()
        for grain in ("day", "week", "month", "quarter"):
            for metric in DISTINCT:
                parts = [p[metric] for p in by_grain[grain][customer].values()]
                assert max(parts) <= row[metric] <= sum(parts), (customer, grain, metric)


def test_what_has_been_reached_never_falls(asked: Asked) -> None:
    """From the beginning of time counts only grow, day by day."""
    _, by_grain = asked
    for days in by_grain["day"].values():
        reached = [days[d]["cumulative(buyers)"] for d in sorted(days)]
        assert sorted(reached) == reached


def test_customers_add_up_to_all() -> None:
    """Flows and stocks by customer, the one without a customer included, add up to those of all."""
    drawn = sample(1)
    first = date(drawn.anchor.year, 1, 1)
    with tallymark.open(definitions=definitions(drawn.world), tables=tables(drawn.world), plugins=[acme]) as book:
        metrics = ("revenue", "count(orders)", "mrr", "count(subs)")
        apart = cells_of(book.ask(*metrics, by="customer", grain="month", start=first, end=date(first.year, 12, 31)))
        whole = cells_of(book.ask(*metrics, grain="month", start=first, end=date(first.year, 12, 31)))
    for period, (row,) in whole.items():
        for metric in metrics:
            assert same(row[metric], added(r[metric] for r in apart.get(period, []))), (period, metric)


def cells_of(answer: tallymark.Answer) -> dict[date, list[dict[str, Any]]]:
    """The rows of each period."""
    found: dict[date, list[dict[str, Any]]] = {}
    for row in answer.to_dicts():
        found.setdefault(row["period"], []).append(row)
    return found
