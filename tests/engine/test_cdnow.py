"""The CDNOW purchases, answered by the engine: the figures that plain loops over the same rows give."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import tallymark

EXPECTED = yaml.safe_load((Path(__file__).parents[1] / "samples" / "cdnow_expected.yaml").read_text("utf-8"))
RENAMED = {"customer_lifespan_days": "customer_lifespan"}
DAY = 86_400
METRICS = tuple(RENAMED.get(name, name) for name in EXPECTED["whole"])
RANGE = {"start": "1997-01-01", "end": "1998-06-30"}


def as_expected(row: Mapping[str, Any]) -> dict[str, Any]:
    """A cell as the file has it: money as text, a lifespan in days, other numbers to six digits."""
    found = {}
    for name in EXPECTED["whole"]:
        value = row[RENAMED.get(name, name)]
        value = value / DAY if name in RENAMED else value
        found[name] = f"{value:.2f}" if name == "revenue" else pytest.approx(value, rel=0, abs=1e-6)
    return found


def test_the_whole_as_one_period(cdnow: tallymark.Book) -> None:
    """The eighteen months as one period have the pinned figures."""
    (row,) = cdnow.ask(*METRICS, **RANGE).to_dicts()
    assert EXPECTED["whole"] == as_expected(row)


def test_each_month(cdnow: tallymark.Book) -> None:
    """Every month has the pinned figures, and there are no other months."""
    rows = cdnow.ask(*METRICS, grain="month", **RANGE).to_dicts()
    found = {f"{row['period']:%Y-%m}": as_expected(row) for row in rows}
    assert list(EXPECTED["months"]) == list(found)
    for month, expected in EXPECTED["months"].items():
        assert expected == found[month], month


def test_months_without_a_range(cdnow: tallymark.Book) -> None:
    """Without a range the months go from the first purchase to the knowledge date."""
    rows = cdnow.ask("orders", grain="month", as_of="1998-06-30").to_dicts()
    assert [m["orders"] for m in EXPECTED["months"].values()] == [row["orders"] for row in rows]


def test_cohorts(cdnow: tallymark.Book) -> None:
    """Buyers and revenue by month of the first purchase and month of the purchase are the pinned ones."""
    rows = cdnow.ask("customers", "revenue", by="cohort", grain="month", **RANGE).to_dicts()
    found = {
        (f"{row['cohort']:%Y-%m}", f"{row['period']:%Y-%m}"): (row["customers"], row["revenue"])
        for row in rows
        if row["customers"]
    }
    expected = {
        (cohort, month): (buyers, Decimal(revenue))
        for cohort, months in EXPECTED["cohorts"].items()
        for month, (buyers, revenue) in months.items()
    }
    assert expected == found


def test_cohorts_add_up(cdnow: tallymark.Book) -> None:
    """The cells before a cohort's first purchase are there and empty, and the cohorts' revenue is the whole."""
    rows = cdnow.ask("revenue", "new_customers", by="cohort", grain="month", **RANGE).to_dicts()
    assert 3 * 18 == len(rows)
    assert {0} == {row["revenue"] for row in rows if row["period"] < row["cohort"]}
    assert Decimal(EXPECTED["whole"]["revenue"]) == sum(row["revenue"] for row in rows)
    assert {row["cohort"] for row in rows} == {row["period"] for row in rows if row["new_customers"]}
