"""Formulas that are right: the type and unit they have, and that nothing is said against them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tallymark.formula.bound import Aggregate, Apply, Bound, Constant, Nested, ParameterUse, Windowed, walk

from .shop import probed

SOUND = [
    # formula, type, unit as shown
    ("mrr > 5", "boolean", "number"),
    ("mrr - 0", "decimal", "money (USD)"),
    ("0 + mrr", "decimal", "money (USD)"),
    ("mrr * 12", "decimal", "money (USD)"),
    ("mrr / paying + revenue", "double", "money (USD)"),
    ("greatest(mrr, 0)", "decimal", "money (USD)"),
    ("clamp(mrr, 0, 100)", "decimal", "money (USD)"),
    ("mrr ?? 0", "decimal", "money (USD)"),
    ("mrr ?? -1", "decimal", "money (USD)"),
    ("if(mrr > 0, mrr, 0)", "decimal", "money (USD)"),
    ("case when mrr > 0 then mrr when true then 0 end", "decimal", "money (USD)"),
    ("(revenue / n_orders) ?? 0", "double", "money (USD)"),
    ("revenue / (n_orders ?? 0)", "double", "money (USD)"),
    ("divide(mrr, paying, 0)", "double", "money (USD)"),
    ("(revenue - mrr) / mrr", "double", "ratio"),
    ("revenue / fees", "double", "USD / EUR"),
    ("revenue / fees * fees", "double", "money (USD)"),
    ("variance(orders.amount)", "double", "USD^2"),
    ("sqrt(variance(orders.amount))", "double", "money (USD)"),
    ("pow(mrr, 2)", "double", "USD^2"),
    ("pow(kept, 2)", "double", "ratio"),
    ("pow(1 - nrr / 100, 365 / count(1 per day))", "double", "ratio"),
    ("waiting > 5 minutes", "boolean", "number"),
    ("waiting + 90 seconds", "double", "duration"),
    ("waiting / 1 hour", "double", "ratio"),
    ("waiting * 2", "double", "duration"),
    ("greatest(waiting, 0)", "double", "duration"),
    ("last_at - date('2024-01-01')", "double", "duration"),
    ("last_at + 5 days", "timestamp", "number"),
    ("last_at - 1 month", "timestamp", "number"),
    ("date('2024-01-31') + 3 hours", "timestamp", "number"),
    ("change(last_at)", "double", "duration"),
    ("change(nrr)", "double", "percent"),
    ("growth(nrr)", "double", "ratio"),
    ("growth(mrr) * 100", "double", "percent"),
    ("100 * growth(mrr)", "double", "percent"),
    ("share(mrr) * 100", "double", "percent"),
    ("paying * 100 / n_orders", "double", "percent"),
    ("paying * (100 / n_orders)", "double", "number"),
    ("revenue * 100 / mrr", "double", "percent"),
    ("100 - nrr", "double", "percent"),
    ("1 - kept", "double", "ratio"),
    ("nrr / 100", "double", "ratio"),
    ("nrr / nrr", "double", "ratio"),
    ("nrr * 2", "double", "percent"),
    ("nrr / 100 * revenue", "double", "money (USD)"),
    ("nrr * 5%", "double", "percent"),
    ("revenue * 5%", "double", "money (USD)"),
    ("revenue / 5%", "double", "money (USD)"),
    ("nrr >= 100%", "boolean", "number"),
    ("kept between 50% and 60%", "boolean", "number"),
    ("nrr + 5%", "double", "percent"),
    ("kept + 5%", "double", "ratio"),
    ("5%", "decimal", "ratio"),
    ("n_orders * kept", "double", "ratio"),
    ("avg(orders.discount)", "double", "percent"),
    ("count(orders.paid)", "integer", "count"),
    ("count(orders where paid)", "integer", "count"),
    ("sum(if(orders.paid, 1, 0))", "integer", "number"),
    ("sum(orders.quantity * 2)", "integer", "number"),
    ("sum(orders.amount * orders.quantity)", "decimal", "money (USD)"),
    ("sum(orders.quantity / 2)", "double", "number"),
    ("min(orders.day)", "date", "number"),
    ("max(orders.paid)", "boolean", "number"),
    ("last(orders.status)", "text", "number"),
    ("count_distinct(orders.status)", "integer", "count"),
    ("percentile(orders.amount, 90%)", "double", "money (USD)"),
    ("count(mrr > 0 per customer)", "integer", "count"),
    ("count(any_paid per customer)", "integer", "count"),
    ("avg(n_orders per customer)", "double", "count"),
    ("first(revenue per day)", "decimal", "money (USD)"),
    ("sum(pow(share(mrr), 2) per customer)", "double", "ratio"),
    ("weighted_mean(nrr, 2, avg(orders.discount), 1)", "double", "percent"),
    ("weighted_mean(nrr, 2, last(tickets.replies), 1)", "double", "score"),
    ("weighted_mean(nrr, 50%, null, 50%)", "double", "percent"),
    ("coverage(last_status, 1, nrr, 2)", "double", "ratio"),
    ("scale(nrr, 50%, 150%)", "double", "score"),
    ("band(revenue, 100, 1000)", "double", "score"),
    ("margin_of_error(n_orders, 5, 100)", "double", "score"),
    ("mod(n_orders, 7)", "integer", "count"),
    ("round(mrr, 2)", "decimal", "money (USD)"),
    ("round(mrr, -3)", "decimal", "money (USD)"),
    ("floor(nrr)", "double", "percent"),
    ("sign(change(mrr))", "integer", "number"),
    ("length(last_status)", "integer", "number"),
    ("date_diff('days', last_at, today())", "integer", "number"),
    ("date_part('weekday', last_at)", "integer", "number"),
    ("month(last_at)", "date", "number"),
    ("date(max(orders.seen))", "date", "number"),
    ("coalesce(max(orders.seen), last_at)", "timestamp", "number"),
    ("revenue where customer.country = 'FR'", "decimal", "money (USD)"),
    ("revenue where customers.country = 'FR'", "decimal", "money (USD)"),
    ("revenue where orders.status = 'x'", "decimal", "money (USD)"),
    ("revenue where shipping.zip is null", "decimal", "money (USD)"),
    ("revenue where status in $statuses", "decimal", "money (USD)"),
    ("revenue where status not in ('x', $statuses, $plan_name)", "decimal", "money (USD)"),
    ("revenue where orders.at >= $since and $only_paid", "decimal", "money (USD)"),
    ("count(orders where quantity > $cutoff)", "integer", "count"),
    ("trailing(revenue, $window)", "decimal", "money (USD)"),
    ("opening(cumulative(revenue))", "decimal", "money (USD)"),
    ("previous(trailing(revenue, 28 days), 1 year)", "decimal", "money (USD)"),
    ("trailing(revenue / monthly, 7 days)", "double", "ratio"),
    ("trailing(opening(mrr), 7 days)", "decimal", "money (USD)"),
    ("trailing(avg(mrr per day), 7 days)", "double", "money (USD)"),
    ("avg(revenue per shipping.country)", "double", "money (USD)"),
    ("total(revenue, status)", "decimal", "money (USD)"),
    ("total(revenue, customer.country)", "decimal", "money (USD)"),
    ("count(tickets at start)", "integer", "count"),
    ("count(tickets on solved_at)", "integer", "count"),
    ("count_distinct(quantity where paid)", "integer", "count"),
    ("avg(replies)", "double", "number"),
    ("count(customers on first_order_at)", "integer", "count"),
    ("count(visits)", "integer", "count"),
]


@pytest.mark.parametrize(("formula", "kind", "unit"), SOUND, ids=[formula for formula, *_ in SOUND])
def test_sound(formula: str, kind: str, unit: str) -> None:
    """The formula checks without a word, and gives a value of this type and unit."""
    result = probed(formula)
    metric = result.catalog.metrics["probe"]
    assert [] == [str(f) for f in result.faults]
    assert metric.available
    assert (kind, unit) == (metric.type.value, str(metric.unit))


DECLARED = [
    ("kept * 100", "percent"),
    ("kept", "ratio"),
    ("paying / n_orders", "number"),
    ("(paying - n_orders) / n_orders * 100", "score"),
    ("avg(orders.quantity)", "percent"),
    ("count(orders) * 100 / count(tickets)", "percent"),
    ("count(orders) * (100 / count(tickets))", "percent"),
    ("sum(orders.quantity) / 100 / n_orders * 100", "percent"),
    ("mrr / paying", "money"),
    ("fees", "{money: EUR}"),
    ("50000", "money"),
    ("$cutoff", "money"),
    ("110%", "percent"),
    ("110%", "ratio"),
    ("waiting / 2", "duration"),
    ("30 minutes", "duration"),
    ("n_orders", "score"),
]


@pytest.mark.parametrize(("formula", "unit"), DECLARED, ids=[f"{f} as {u}" for f, u in DECLARED])
def test_declared(formula: str, unit: str) -> None:
    """The formula may be declared so."""
    assert [] == [str(f) for f in probed(formula, unit).faults]


def bound(formula: str, unit: str | None = None) -> Bound:
    """The probe's bound formula."""
    result = probed(formula, unit)
    assert [] == [str(f) for f in result.faults]
    expression = result.catalog.metrics["probe"].expression
    assert expression is not None
    return expression


LITERALS: list[tuple[str, list[Any]]] = [
    ("nrr >= 105%", [105]),
    ("kept >= 105%", [Decimal("1.05")]),
    ("nrr * 105%", [Decimal("1.05")]),
    ("105% + nrr", [105]),
    ("5% + 3% + nrr", [8]),
    ("nrr + 5% - 3%", [5, 3]),
    ("(5% + 3%) * mrr", [Decimal("0.08")]),
    ("clamp(nrr, 10%, -5%)", [10, -5]),
    ("nrr in (50%, 60%)", [50, 60]),
    ("scale(nrr, 50%, 150%)", [50, 150]),
    ("scale(kept, 50%, 150%)", [Decimal("0.5"), Decimal("1.5")]),
    ("weighted_mean(nrr, 25%, 80%, 75%)", [Decimal("0.25"), 80, Decimal("0.75")]),
    ("if(mrr > 0, nrr, 95%)", [0, 95]),
    ("case when mrr > 0 then kept else 95% end", [0, Decimal("0.95")]),
    ("nrr ?? 100%", [100]),
    ("5%", [Decimal("0.05")]),
]


@pytest.mark.parametrize(("formula", "values"), LITERALS, ids=[formula for formula, _ in LITERALS])
def test_percent_literals(formula: str, values: list[Any]) -> None:
    """A percent literal takes the scale of what it stands beside, and is a fraction in products."""
    assert values == [node.value for node in walk(bound(formula)) if isinstance(node, Constant)]


def test_a_percent_metric_may_be_a_literal() -> None:
    """A target of 110%, declared percent, is 110 and not 1.1."""
    target = bound("110%", "percent")
    assert isinstance(target, Constant)
    assert 110 == target.value


def test_counting_conditions() -> None:
    """`count` of a condition counts where it is true; of a column, also a boolean one, where it is not null."""
    condition, column = bound("count(orders.paid = true)"), bound("count(orders.paid)")
    assert isinstance(condition, Aggregate)
    assert isinstance(column, Aggregate)
    assert (True, False) == (condition.argument is None, column.argument is None)
    assert (True, True) == (condition.condition is not None, column.condition is None)


def test_a_list_parameter_among_options() -> None:
    """`in $list` and `in ($list)` are the same, and the parameter stands for many."""
    found = bound("revenue where status in $statuses")
    assert found == bound("revenue where status in ($statuses)")
    assert [True] == [node.many for node in walk(found) if isinstance(node, ParameterUse)]


def test_a_window_of_a_parameter() -> None:
    """A trailing window keeps the parameter that gives its length, with the default meanwhile."""
    found = bound("trailing(revenue, $window)")
    assert isinstance(found, Windowed)
    assert ("window", 28, "day") == (found.parameter, found.count, found.step)


def test_no_rows() -> None:
    """No rows give 0 or null by the aggregate's own rule, or by the metric's."""
    zero = {"sum(orders.amount)": True, "count(orders)": True, "avg(orders.amount)": False, "max(orders.at)": False}
    assert zero == {formula: _zero(bound(formula)) for formula in zero}


def _zero(node: Bound) -> bool:
    assert isinstance(node, Aggregate | Nested)
    return node.zero


def test_an_instant_beside_a_naive_time_is_read_on_the_clock() -> None:
    """`local` is put in where times of both kinds meet, and nowhere else."""
    mixed, alone = bound("count(orders where seen > orders.at)"), bound("count(orders where seen > seen)")
    local = [[n for n in walk(b) if isinstance(n, Apply) and n.function == "local"] for b in (mixed, alone)]
    assert [1, 0] == [len(found) for found in local]
