"""What must hold between numbers of the sample company, whatever they are."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

import tallymark
from tallymark.errors import FaultError

FAMILY = ("start_mrr", "new_mrr", "reactivation", "expansion", "downgrades", "churn", "mrr")
EVENTS = (
    "start_mrr_events", "new_mrr_events", "reactivation_events", "expansion_events", "downgrades_events", "churn_events",
    "mrr_events",
)  # fmt: skip
RANGES: Mapping[str, Mapping[str, Any]] = {
    "month": {"grain": "month", "start": "2022-01-01", "end": "2024-12-31"},
    "quarter": {"grain": "quarter", "start": "2022-01-01", "end": "2024-12-31"},
    "week": {"grain": "week", "start": "2024-01-01", "end": "2024-03-31"},
    "day": {"grain": "day", "start": "2024-02-20", "end": "2024-03-05"},
    "whole": {"start": "2022-01-01", "end": "2024-12-31"},
    "cut": {"start": "2023-03-10", "end": "2024-05-20", "grain": "month"},
}
ADDITIVE = (
    "mrr", "start_mrr", "new_mrr", "reactivation", "expansion", "downgrades", "churn", "net_new_mrr", "paying_customers",
    "customers_lost", "licensed_seats", "ticket_volume", "solved_tickets", "backlog", "defect_count", "order_count",
    "order_revenue", "buyers", "session_count", "revenue", "active_users",
)  # fmt: skip
"""Over customers: each row, and each user, belongs to one of them."""
FLOWS = (
    "ticket_volume", "solved_tickets", "revenue", "order_count", "order_revenue", "leads", "session_count", "total_cost",
    "new_mrr_events", "churn_events", "expansion_events", "net_new_mrr_events", "nps_responses", "defect_count",
    "new_customers", "days_in_window",
)  # fmt: skip
"""Over time: each row belongs to one period."""
YEAR = {"start": "2024-01-01", "end": "2024-12-31", "as_of": "2025-06-30"}
JUNE = {"period": "2024-06", "as_of": "2025-06-30"}


@pytest.mark.parametrize("family", [FAMILY, EVENTS], ids=["edges", "events"])
@pytest.mark.parametrize(
    "by", [(), ("country",), ("segment",), ("channel", "country")], ids=lambda by: "-".join(by) or "all"
)
@pytest.mark.parametrize("period", RANGES)
def test_movements_lead_from_start_to_end(
    company: tallymark.Book, family: Sequence[str], by: tuple[str, ...], period: str
) -> None:
    """start + new + reactivation + expansion - downgrades - churn = end, to the cent, in every cell."""
    rows = company.ask(*family, by=by, as_of="2025-06-30", **RANGES[period]).to_dicts()
    assert rows
    wrong = [row for row in rows if moved([row[name] for name in family]) != row[family[-1]]]
    assert [] == wrong


@pytest.mark.parametrize("period", ["month", "quarter", "whole"])
def test_movements_within_plans(company: tallymark.Book, period: str) -> None:
    """By plan the edges' family says what customers did within the plan, and still leads from start to end."""
    rows = company.ask(*FAMILY, by="plan", as_of="2025-06-30", **RANGES[period]).to_dicts()
    assert len({row["plan"] for row in rows}) > 2
    assert [] == [row for row in rows if moved([row[name] for name in FAMILY]) != row["mrr"]]


def moved(values: Sequence[Decimal]) -> Decimal:
    """Where the movements lead to."""
    start, new, again, up, down, lost, _ = values
    return start + new + again + up - down - lost


def test_an_opening_is_the_closing_before(company: tallymark.Book) -> None:
    """Each month starts with the MRR the month before ended with, in both families."""
    rows = company.ask(
        "start_mrr", "mrr", "start_mrr_events", "mrr_events", as_of="2025-06-30", **RANGES["month"]
    ).to_dicts()
    assert [r["mrr"] for r in rows[:-1]] == [r["start_mrr"] for r in rows[1:]]
    assert [r["mrr_events"] for r in rows[:-1]] == [r["start_mrr_events"] for r in rows[1:]]


@pytest.mark.parametrize("by", ["country", "segment", "customer"])
def test_groups_add_up_to_the_whole(company: tallymark.Book, by: str) -> None:
    """For additive metrics the groups of every month add up to the month."""
    groups = company.ask(*ADDITIVE, by=by, grain="month", **YEAR).to_dicts()
    whole = company.ask(*ADDITIVE, grain="month", **YEAR).to_dicts()
    sums = {row["period"]: dict.fromkeys(ADDITIVE, 0) for row in whole}
    for row in groups:
        for name in ADDITIVE:
            sums[row["period"]][name] += row[name]
    assert {row["period"]: {n: row[n] for n in ADDITIVE} for row in whole} == sums


def test_months_add_up_to_the_year(company: tallymark.Book) -> None:
    """For flows the months, and the days, add up to the year."""
    (year,) = company.ask(*FLOWS, **YEAR).to_dicts()
    for grain in ("month", "day"):
        rows = company.ask(*FLOWS, grain=grain, **YEAR).to_dicts()
        assert year == {name: sum(row[name] for row in rows) for name in FLOWS}
    formulas = [f"sum({name} per day)" for name in FLOWS]
    (inside,) = company.ask(*formulas, **YEAR).to_dicts()
    assert list(year.values()) == list(inside.values())


def of_all(company: tallymark.Book) -> tuple[str, ...]:
    """Every metric that has an answer, but for those that are of single members only."""
    metrics = company.metrics.items()
    return tuple(name for name, metric in metrics if metric.available and metric.definition.level is None)


@pytest.fixture(scope="module")
def by_country(company: tallymark.Book) -> tuple[str, ...]:
    """Every metric that can be asked by country."""
    names = of_all(company)
    with pytest.raises(FaultError) as caught:
        company.ask(*names, by="country", **JUNE)
    out = {found[1] for f in caught.value.faults if (found := re.fullmatch(r"metric `(\w+)`", f.subject or ""))}
    kept = tuple(name for name in names if name not in out)
    assert len(kept) > 60
    return kept


def test_a_total_is_the_metric_of_all(company: tallymark.Book, by_country: tuple[str, ...]) -> None:
    """In every cell `total(m)` is m ungrouped: of ratios the ratio of the totals, of distinct counts the count of all."""
    names = by_country[::2]
    (whole,) = company.ask(*names, **JUNE).to_dicts()
    rows = company.ask(*(f"total({name})" for name in names), by="country", **JUNE).to_dicts()
    wrong = {
        (row["country"], name): (whole[name], row[f"total({name})"])
        for row in rows
        for name in names
        if not same(whole[name], row[f"total({name})"])
    }
    assert {} == wrong


def test_a_cell_is_the_metric_of_its_filter(company: tallymark.Book, by_country: tuple[str, ...]) -> None:
    """The cell of France by country is the answer where the country is France."""
    names = by_country[1::2]
    cells = {row["country"]: row for row in company.ask(*names, by="country", **JUNE).to_dicts()}
    (alone,) = company.ask(*names, where="country = 'FR'", **JUNE).to_dicts()
    wrong = {n: (cells["FR"][n], alone[n]) for n in names if not same(cells["FR"][n], alone[n])}
    assert {} == wrong


def test_previous_is_the_month_before(company: tallymark.Book) -> None:
    """`previous(m)` is what m was in the month before, for metrics of every pack."""
    names = of_all(company)[::2]
    months = {"start": "2024-01-01", "end": "2024-04-30", "as_of": "2025-06-30", "grain": "month"}
    rows = company.ask(*names, **months).to_dicts()
    before = company.ask(*(f"previous({name})" for name in names), **(months | {"start": "2024-02-01"})).to_dicts()
    wrong = {
        (name, row["period"]): (was[name], row[f"previous({name})"])
        for was, row in zip(rows, before, strict=False)
        for name in names
        if not same(was[name], row[f"previous({name})"])
    }
    assert {} == wrong


def test_windows_that_say_the_period_change_nothing(company: tallymark.Book) -> None:
    """By month, a trailing month and the month to date are the month itself."""
    names = [n for n in (*FLOWS, "nps", "fcr", "csat", "average_order_value", "active_users") if n != "days_in_window"]
    rows = company.ask(*names, grain="month", **YEAR).to_dicts()
    for form in ("trailing({}, 1 month)", "to_date({}, month)"):
        found = company.ask(*(form.format(n) for n in names), grain="month", **YEAR).to_dicts()
        wrong = [
            (n, row["period"])
            for row, other in zip(rows, found, strict=True)
            for n in names
            if not same(row[n], other[form.format(n)])
        ]
        assert [] == wrong


def test_rates_and_their_complements(company: tallymark.Book) -> None:
    """Retention and churn of customers add up to 100, and so do gross churn and gross retention."""
    rows = company.ask(
        "customer_churn_rate", "customer_retention_rate", "grr", "gross_mrr_churn", grain="month", **YEAR
    )
    for row in rows.to_dicts():
        assert pytest.approx(100) == row["customer_churn_rate"] + row["customer_retention_rate"]
        assert pytest.approx(100) == row["grr"] + row["gross_mrr_churn"]


def test_members_are_groups(company: tallymark.Book) -> None:
    """A sum per customer over customers is the sum of the groups by customer, and their count is the number of groups."""
    groups = company.ask("revenue", by="customer", **YEAR).to_dicts()
    paid = [row["revenue"] for row in groups if row["customer"] is not None and row["revenue"]]
    (row,) = company.ask(
        "sum(revenue per customer)", "count(revenue > 0 per customer)", "max(revenue per customer)", **YEAR
    ).to_dicts()
    assert [sum(paid), len([p for p in paid if p > 0]), max(paid)] == list(row.values())


def same(left: Any, right: Any) -> bool:
    """Whether two numbers are equal, doubles to 1e-9 of their size."""
    if left is None or right is None:
        return left is right
    if isinstance(left, float) or isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    return bool(left == right)
