"""Every mistake in datasets, columns and whole projects is found in one run, each with its place and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tallymark.formula.bound import Bound, MetricUse, walk

from .shop import Checked, checked

CASES = yaml.safe_load((Path(__file__).parent / "definitions.yaml").read_text(encoding="utf-8"))

CHAIN = "datasets:\n  orders:\n    key: id\n    time: at\n    columns:\n      c0: {formula: quantity + 1}\n" + "".join(
    f"      c{n}: {{formula: c{n - 1} + 1}}\n" for n in range(1, 60)
)
"""Sixty columns, each made of the one before."""


def found(case: dict[str, Any]) -> Checked:
    """What becomes of the case's lines."""
    text = CHAIN if "chain" in case else case["yaml"]
    return checked(text, shop=False, pack=case.get("pack", False), settings=case.get("settings"))


def meets(wanted: dict[str, Any], result: Checked) -> bool:
    """Whether one of the faults is the wanted one."""
    return any(
        wanted["code"] == f.code
        and f.place is not None
        and wanted["under"] == f.place.text[f.place.column - 1 : f.place.column - 1 + f.place.width]
        and wanted["says"] in f.message
        and wanted["help"] in (f.help or "")
        and f.subject is not None
        for f in result.faults
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["says"])
def test_faults(case: dict[str, Any]) -> None:
    """The lines have these faults and no others."""
    result = found(case)
    assert sorted(f["code"] for f in case["faults"]) == sorted(result.codes), "\n".join(map(str, result.faults))
    assert [] == [f for f in case["faults"] if not meets(f, result)], "\n".join(map(str, result.faults))


def test_what_is_sound_is_not_touched() -> None:
    """Beside faulty columns and metrics, those that do not rest on them are bound."""
    case = next(c for c in CASES if c["says"].startswith("columns that the table does not have"))
    metrics = found(case).catalog.metrics
    assert {
        "revenue": False,
        "double": False,
        "quantities": False,
        "arpu": False,
        "by_status": False,
        "days": True,
    } == {name: metric.available for name, metric in metrics.items()}


def test_a_metric_that_rests_on_a_fault_says_nothing_itself() -> None:
    """One mistake is one fault, however many metrics rest on it, and none of them can be asked."""
    text = "metrics:\n  wrong: revenu + 1\n  above: wrong / n_orders\n  far: growth(above)\n  apart: n_orders * 2\n"
    result = checked(text)
    assert ["T103"] == result.codes
    named = {n: result.catalog.metrics[n].available for n in ("wrong", "above", "far", "apart")}
    assert {"wrong": False, "above": False, "far": False, "apart": True} == named


def test_all_faults_of_one_formula() -> None:
    """Every mistake of a formula is said in one run, in writing order."""
    text = "metrics:\n  probe: sum(orders.amuont) / revenu + foo(1) + count(orders where status = 5 and stauts = 'a')\n"
    assert ["T105", "T103", "T104", "T202", "T105"] == checked(text).codes


def expression(result: Checked, name: str) -> Bound:
    """A metric's bound formula."""
    found = result.catalog.metrics[name].expression
    assert found is not None
    return found


def test_an_override_of_a_packs_metric() -> None:
    """A project's metric stands in the place of the pack's, and those of the pack that use it use the project's."""
    tickets = "{implements: tickets, columns: {priority: {formula: \"if(replies > 3, 'high', 'low')\"}}}"
    text = f"datasets:\n  tickets: {tickets}\nmetrics:\n  ticket_volume: count(tickets where replies > 0) * 2\n"
    result = checked(text, shop=False, pack=True)
    assert [] == [str(f) for f in result.faults]
    assert "file0.yaml" == result.catalog.metrics["ticket_volume"].place.file
    assert ["file0.yaml"] == [
        result.catalog.metrics[used.name].place.file
        for used in walk(expression(result, "urgent_share"))
        if isinstance(used, MetricUse)
    ]
