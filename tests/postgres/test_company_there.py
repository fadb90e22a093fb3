"""The sample company on PostgreSQL: every metric of every pack is what it is on the embedded database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tallymark
from tallymark.plugins import load
from tallymark.read import read_project
from tallymark_plugins.samples import write_project

from .moved import moved
from .server import Cluster

DIGITS = 1e-9
"""How far doubles may be apart, relative to them: sums of doubles depend on the order in which rows come."""


@pytest.fixture(scope="module")
def both(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tallymark.Book, tallymark.Book]]:
    """The sample company over its files, and over the same rows on the server."""
    folder = tmp_path_factory.mktemp("company")
    write_project(folder)
    here, there = opened(folder, server)
    yield here, there
    there.close()
    here.close()


def opened(folder: Path, server: Cluster) -> tuple[tallymark.Book, tallymark.Book]:
    """A project's two books."""
    definitions, _ = read_project(folder, load(False).packs)
    here = tallymark.open(folder)
    return here, tallymark.open(definitions=moved(here, definitions, server, "company"))


def asked(book: tallymark.Book) -> list[str]:
    """The metrics that can be asked of all members together."""
    metrics = book.metrics.items()
    return sorted(n for n, m in metrics if not m.needs and m.available and m.definition.level is None)


def apart(here: tallymark.Answer, there: tallymark.Answer) -> list[tuple[Any, Any]]:
    """The rows of two answers that differ."""
    return [(h, t) for h, t in zip(here.to_dicts(), there.to_dicts(), strict=True) if not alike(h, t)]


def alike(here: dict[str, Any], there: dict[str, Any]) -> bool:
    """Whether two rows are the same, doubles but for their last digits."""
    return here.keys() == there.keys() and all(
        there[name] == pytest.approx(value, rel=DIGITS, abs=1e-12) if isinstance(value, float) else there[name] == value
        for name, value in here.items()
    )


def test_every_metric_is_the_same(both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """By quarter, all metrics together and with their notes."""
    names = asked(both[0])
    assert len(names) > 100
    here, there = (b.ask(*names, grain="quarter", start="2024-01-01", end="2025-01-01") for b in both)
    assert [] == apart(here, there)
    assert here.notes == there.notes


def test_groups_are_the_same(both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """Members of a dimension come in the same order with the same numbers, nulls among them."""
    for metrics, by in ((("mrr", "nrr", "churn"), ("plan",)), (("mrr", "paying_customers"), ("country",))):
        here, there = (b.ask(*metrics, by=by, grain="month", period="2024", order=by) for b in both)
        assert [] == apart(here, there)


def test_scores_of_members_are_the_same(both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """A scorecard, and what became of its overrides, is the same for every customer."""
    scores = ("account_health", "account_health_override", "customer_health_score", "customer_health_score_trend")
    here, there = (b.ask(*scores, by="customer", period="2024-11", order="customer") for b in both)
    assert len(here) > 300
    assert [] == apart(here, there)


def test_a_receipt_is_the_same(both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """Every step of how a number came to be has the same value and reads the same rows."""
    here, there = (b.explain("nrr", period="2024-06") for b in both)
    assert steps(here.step) == pytest.approx(steps(there.step), rel=DIGITS)


def steps(step: Any) -> list[Any]:
    """The values and rows of all steps."""
    own = [float(v) for v in (step.value, step.rows) if isinstance(v, int | float) or hasattr(v, "as_tuple")]
    return [*own, *(v for child in step.children for v in steps(child))]


def test_the_data_is_checked_alike(both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """`check --data` finds the same, row for row."""
    here, there = ([(f.code, f.message) for f in b.check(data=True)] for b in both)
    assert here == there
