"""The figures are sound as data: every metric has one, and every name in them exists."""

from __future__ import annotations

from functools import cache

import pytest

from tallymark.definitions import Project
from tallymark.read import read_texts
from tallymark_packs import packs

from .figures import Case, cases, entries

ASKABLE = {"metrics", "by", "grain", "period", "start", "end", "where", "parameters"}

each = pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in cases()])


@cache
def defined() -> frozenset[str]:
    """Every metric of the packs, those that scorecards stand for included, and the bands of those that have some."""
    read, _ = read_texts([], project=Project(packs=("all",)), packs=packs())
    return frozenset(read.metrics) | {f"{m.name}_band" for m in read.metrics.values() if m.bands}


def test_every_metric_has_a_figure() -> None:
    """Each metric of the packs is asked in a case that expects a value of it, not only nulls."""
    valued = {m for c in cases() for row in c.expect for m in c.ask["metrics"] if row[m] is not None}
    assert set() == entries("metrics").keys() - valued


def test_names_are_unique() -> None:
    """No two cases have one name."""
    names = [c.name for c in cases()]
    assert sorted(set(names)) == sorted(names)


@each
def test_question_is_well_formed(case: Case) -> None:
    """A question has known keys, either a period or both ends, known metrics, and known parameters."""
    assert set() == case.ask.keys() - ASKABLE
    assert ("period" in case.ask) != ({"start", "end"} <= case.ask.keys())
    assert set() == set(case.ask["metrics"]) - defined()
    assert set() == case.ask.get("parameters", {}).keys() - entries("parameters").keys()


@each
def test_expected_cells_are_whole(case: Case) -> None:
    """A cell has every asked metric, every dimension, the time when a grain is asked, and no more; cells differ."""
    dimensions = [*case.ask.get("by", ()), *(["time"] if "grain" in case.ask else [])]
    assert case.expect
    assert {frozenset([*dimensions, *case.ask["metrics"]])} == {frozenset(row) for row in case.expect}
    assert len(case.expect) == len({tuple(str(row[d]) for d in dimensions) for row in case.expect})


@each
def test_references_have_partners(case: Case) -> None:
    """Every customer and user that a row names has a row of its own."""
    for name, rows in case.datasets.items():
        for reference, partner in entries("datasets")[name].get("refs", {}).items():
            known = {row["id"] for row in case.datasets[partner]}
            assert {row[reference] for row in rows} - {None} <= known
