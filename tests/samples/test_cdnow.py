"""The CDNOW data: all of it, and its figures worked out in plain Python, pinned for the engine to meet.

`cdnow_expected.yaml` holds the figures. The engine must give the same ones; here they are worked out by loops that
share nothing with it. Money is exact; everything else is rounded to six digits.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tallymark_plugins.samples import write_cdnow

EXPECTED = yaml.safe_load(Path(__file__).with_name("cdnow_expected.yaml").read_text("utf-8"))
MONTHS = [date(1997 + n // 12, n % 12 + 1, 1) for n in range(19)]


class Order(NamedTuple):
    """A row of the data."""

    customer: str
    day: date
    quantity: int
    amount: Decimal


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CDNOW project."""
    folder = tmp_path_factory.mktemp("samples") / "cdnow"
    write_cdnow(folder)
    return folder


@pytest.fixture(scope="module")
def orders(project: Path) -> list[Order]:
    """All purchases, as they stand in the project's file."""
    with gzip.open(project / "data" / "orders.csv.gz", "rt", encoding="ascii", newline="") as file:
        return [
            Order(r["customer"], date.fromisoformat(r["date"]), int(r["quantity"]), Decimal(r["amount"]))
            for r in csv.DictReader(file)
        ]


def figures(orders: list[Order], start: date, end: date) -> dict[str, Any]:
    """The project's nine metrics over `[start, end)`."""
    inside = [o for o in orders if start <= o.day < end]
    firsts: dict[str, date] = {}
    lasts: dict[str, date] = {}
    for o in orders:
        if o.day < end:
            firsts[o.customer] = min(o.day, firsts.get(o.customer, o.day))
            lasts[o.customer] = max(o.day, lasts.get(o.customer, o.day))
    buyers = {o.customer for o in inside}
    revenue = sum((o.amount for o in inside), Decimal())
    lifespan = sum((lasts[c] - firsts[c]).days for c in firsts) / len(firsts)
    year = [o for o in orders if end.replace(year=end.year - 1) <= o.day < end]
    yearly = float(sum(o.amount for o in year)) / len({o.customer for o in year})
    return {
        "revenue": str(revenue),
        "orders": len(inside),
        "customers": len(buyers),
        "new_customers": sum(1 for first in firsts.values() if start <= first),
        "repeat_rate": round(sum(1 for c in buyers if firsts[c] < start) / len(buyers) * 100, 6),
        "average_order_value": round(float(revenue) / len(inside), 6),
        "purchase_frequency": round(len(inside) / len(buyers), 6),
        "customer_lifespan_days": round(lifespan, 6),
        "clv_purchase": round(yearly * lifespan / 365, 6),
    }


def test_all_rows_are_there(orders: list[Order]) -> None:
    """23,570 customers and 69,659 purchases, equal rows kept, from 1 January 1997 to 30 June 1998."""
    assert 69_659 == len(orders)
    assert 23_570 == len({o.customer for o in orders})
    assert 255 == len(orders) - len(set(orders))
    assert (date(1997, 1, 1), date(1998, 6, 30)) == (min(o.day for o in orders), max(o.day for o in orders))


def test_the_first_month_is_as_others_report_it(orders: list[Order]) -> None:
    """January 1997 has 8,928 purchases by 7,846 customers worth 299,060.17 dollars; the whole is worth 2,500,315.63."""
    january = [o for o in orders if o.day < date(1997, 2, 1)]
    assert (8928, 7846) == (len(january), len({o.customer for o in january}))
    assert Decimal("299060.17") == sum(o.amount for o in january)
    assert Decimal("2500315.63") == sum(o.amount for o in orders)


def test_customers_are_those_who_bought(project: Path, orders: list[Order]) -> None:
    """The list of customers holds each buyer once, with leading zeros."""
    lines = gzip.decompress((project / "data" / "customers.csv.gz").read_bytes()).decode("ascii").splitlines()
    assert ["id", *sorted({o.customer for o in orders})] == lines
    assert "00001" == lines[1]


@pytest.mark.parametrize("month", range(18))
def test_the_figures_of_each_month(orders: list[Order], month: int) -> None:
    """The nine metrics of a month are the pinned ones."""
    start, end = MONTHS[month], MONTHS[month + 1]
    assert EXPECTED["months"][f"{start:%Y-%m}"] == figures(orders, start, end)


def test_the_figures_of_the_whole(orders: list[Order]) -> None:
    """The nine metrics of the eighteen months as one period are the pinned ones."""
    assert EXPECTED["whole"] == figures(orders, MONTHS[0], MONTHS[-1])


def test_the_figures_of_the_cohorts(orders: list[Order]) -> None:
    """Buyers and revenue by month of the first purchase and month of the purchase are the pinned ones."""
    first: dict[str, date] = {}
    for o in orders:
        first[o.customer] = min(o.day, first.get(o.customer, o.day))
    buyers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    revenue: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for o in orders:
        cell = (f"{first[o.customer]:%Y-%m}", f"{o.day:%Y-%m}")
        buyers[cell].add(o.customer)
        revenue[cell] += o.amount
    found: dict[str, dict[str, list[Any]]] = {}
    for cohort, month in sorted(revenue):
        found.setdefault(cohort, {})[month] = [len(buyers[cohort, month]), str(revenue[cohort, month])]
    assert EXPECTED["cohorts"] == found


def test_the_licence_goes_with_the_data(project: Path) -> None:
    """The project's data folder names the origin and carries the licence."""
    text = (project / "data" / "LICENSE.txt").read_text("utf-8")
    assert all(part in text for part in ("Fader", "Hardie", "lifetimes", "MIT License", "WITHOUT WARRANTY"))
