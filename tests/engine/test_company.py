"""Every metric of the packs on the sample company: answered, of the type and unit it says, and of a believable size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

import tallymark
from tallymark.answer import Answer
from tallymark.catalog import Metric

YEAR = {"start": "2024-01-01", "end": "2024-12-31"}
AS_OF = "2025-06-30"

AT_LEAST_ZERO = ("count", "duration")


@pytest.fixture(scope="module")
def names(company: tallymark.Book) -> tuple[str, ...]:
    """Every metric that can be asked of the whole company; those of one customer are asked by customer."""
    every = {name: metric for name, metric in company.metrics.items() if metric.available}
    return tuple(name for name, metric in every.items() if metric.definition.level is None)


@pytest.fixture(scope="module")
def year(company: tallymark.Book, names: tuple[str, ...]) -> Answer:
    """All of them for 2024 by month, in one question."""
    return company.ask(*names, grain="month", as_of=AS_OF, **YEAR)


def test_the_project_is_sound(company: tallymark.Book) -> None:
    """Nothing is wrong in it, and every metric of the packs can be asked."""
    assert () == company.faults
    assert {} == {name: metric.needs for name, metric in company.metrics.items() if not metric.available}


def test_every_metric_has_values(names: tuple[str, ...], year: Answer) -> None:
    """Twelve months each, and no metric that is null in all of them."""
    rows = year.to_dicts()
    assert 12 == len(rows)
    assert [] == [name for name in names if all(row[name] is None for row in rows)]


def test_types_and_units_are_those_of_the_metrics(
    company: tallymark.Book, names: tuple[str, ...], year: Answer
) -> None:
    """A column says the type and unit its metric has, and the declared unit is that unit."""
    columns = {column.name: column for column in year.columns}
    for name in names:
        metric = company.metrics[name]
        assert (metric.type, metric.unit) == (columns[name].type, columns[name].unit), name
        if metric.definition.unit is not None:
            assert metric.definition.unit.name == unit_name(metric), name


def unit_name(metric: Metric) -> str:
    """The name of a metric's unit as YAML has it."""
    if metric.unit.currency:
        return "money"
    return str(metric.unit)


def test_sizes_are_believable(company: tallymark.Book, names: tuple[str, ...], year: Answer) -> None:
    """Numbers are finite; counts and durations are not below zero; shares of a whole lie between none and all of it."""
    wrong = []
    for name in names:
        unit = str(company.metrics[name].unit)
        values = [row[name] for row in year.to_dicts() if isinstance(row[name], int | float)]
        if not all(math.isfinite(v) for v in values):
            wrong.append((name, "not finite"))
        if unit in AT_LEAST_ZERO and not company.metrics[name].formula.startswith("net") and min(values, default=0) < 0:
            wrong.append((name, min(values)))
    assert [] == wrong


def test_all_at_once_is_each_alone(company: tallymark.Book, names: tuple[str, ...], year: Answer) -> None:
    """A metric's numbers do not depend on what is asked beside it."""
    together = {name: [row[name] for row in year.to_dicts()] for name in names}
    apart = {}
    for name in names:
        rows = company.ask(name, grain="month", as_of=AS_OF, **YEAR).to_dicts()
        apart[name] = [row[name] for row in rows]
    assert {} == {n: (together[n], apart[n]) for n in names if not same(together[n], apart[n])}


def same(left: Any, right: Any) -> bool:
    """Whether two columns are equal, doubles to 1e-9 of their size."""
    return all(
        a is b if a is None or b is None else a == b or (isinstance(a, float) and math.isclose(a, b, rel_tol=1e-9))
        for a, b in zip(left, right, strict=True)
    )


BY: Mapping[str, tuple[str, ...]] = {
    "plan": ("mrr", "arpa", "new_mrr", "paying_customers"),
    "country": ("mrr", "nrr", "revenue", "ticket_volume", "active_users", "customer_churn_rate"),
    "segment": ("mrr", "csat", "fcr", "session_count", "quick_ratio"),
    "cohort": ("mrr", "revenue", "active_users"),
    "channel": ("mrr", "cac", "leads"),
}


@pytest.mark.parametrize("dimension", [d for d in BY if d != "channel"])
def test_groups_are_answered(company: tallymark.Book, dimension: str) -> None:
    """Metrics of several datasets are asked together by what they all reach: each cell once, in every month."""
    rows = company.ask(*BY[dimension], by=dimension, grain="quarter", as_of=AS_OF, **YEAR).to_dicts()
    keys = {(row[dimension], row["period"]) for row in rows}
    assert len(keys) == len(rows)
    assert 4 * len({key for key, _ in keys}) == len(rows)
    assert len({key for key, _ in keys}) > 2
