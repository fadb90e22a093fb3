"""Retention triangles of the samples: 36 months of the company, and every month of the real purchases by hand."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

import tallymark
from tallymark_plugins.samples import write_cdnow, write_project

MONTHS = 36


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tallymark.Book:
    """The sample company, opened."""
    folder = tmp_path_factory.mktemp("samples") / "company"
    write_project(folder)
    return tallymark.open(folder)


@pytest.mark.parametrize("metric", ["paying_customers", "mrr"])
def test_a_triangle_of_three_years(company: tallymark.Book, metric: str) -> None:
    """Each month's cohort has a cell for every month since, none before it and none after the last known day."""
    asked = company.ask(
        metric, age="customer.started_at", grain="month", start="2022-01", end="2024-12", pivot="age"
    ).to_dicts()
    assert MONTHS == len(asked)
    for number, row in enumerate(asked):
        cells = list(row.values())[1:]
        assert MONTHS == len(cells)
        assert [True] * (MONTHS - number) + [False] * number == [cell is not None for cell in cells]


@pytest.mark.parametrize("metric", ["paying_customers", "mrr"])
def test_the_cohorts_add_up(company: tallymark.Book, metric: str) -> None:
    """In every month the cells of all cohorts are the whole, but for customers that nobody knows the start of."""
    long = company.ask(metric, age="customer.started_at", grain="month", start="2022-01", end="2024-12").to_dicts()
    known = "customer.started_at is not null"
    whole = company.ask(metric, grain="month", start="2022-01", end="2024-12", where=known).to_dicts()
    added: Mapping[date, float] = defaultdict(int)
    for row in long:
        added[row["period"]] += row[metric] or 0  # type: ignore[index]
    assert {row["period"]: row[metric] for row in whole} == dict(added)


def test_real_purchases(tmp_path: Path) -> None:
    """Who bought again, of each month's first buyers and in each month since, as a loop over the file counts it."""
    write_cdnow(tmp_path / "cdnow")
    with gzip.open(tmp_path / "cdnow/data/orders.csv.gz", "rt", encoding="ascii", newline="") as file:
        bought = [(r["customer"], date.fromisoformat(r["date"]).replace(day=1)) for r in csv.DictReader(file)]
    first: dict[str, date] = {}
    for customer, month in bought:
        first[customer] = min(month, first.get(customer, month))
    expected: dict[tuple[date, date], set[str]] = defaultdict(set)
    for customer, month in bought:
        expected[first[customer], month].add(customer)
    with tallymark.open(tmp_path / "cdnow") as book:
        found = book.ask(
            "count_distinct(orders.customer)", age="customer.first_order_at", grain="month", start="1997-01",
            end="1998-06",
        ).to_dicts()  # fmt: skip
    cells = {(row["customer.first_order_at"], row["period"]): list(row.values())[-1] for row in found}
    assert {place: len(customers) for place, customers in expected.items()} == {p: n for p, n in cells.items() if n}
    assert {(c, p) for c in {date(1997, m, 1) for m in (1, 2, 3)} for p in {p for _, p in cells} if p >= c} == set(
        cells
    )
