"""The figures of checks of data, worked out by hand in their case folder, as the naive evaluator computes them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tallymark.definitions import DatasetDef
from tallymark.read import read_project
from tallymark.windows import Calendar, parse_period

from ..cases.reading import Case, cases
from ..cases.test_cases import agrees
from .evaluate import answer
from .world import Metric, Question, World

FOLDER = Path(__file__).parents[1] / "cases/data_checks"
WORDS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}
ASKED = {"metrics", "by", "grain", "start", "end", "period", "as_of", "where"}
"""What the naive evaluator is asked; questions that say more are of the engine alone."""
CASES = [c for c in cases() if c.folder == FOLDER and c.rows is not None and c.ask.keys() <= ASKED]


@cache
def world() -> World:
    """The case's rows, and the metrics that its checks stand for."""
    definitions, faults = read_project(FOLDER, {})
    assert [] == [str(f) for f in faults]
    rows = {name: _rows(dataset) for name, dataset in definitions.datasets.items()}
    metrics = {name: Metric(m.formula.node, m.missing) for name, m in definitions.metrics.items() if m.formula.node}
    # How few rows hide a number is no part of checks: their numbers are hidden from nobody.
    return World(replace(definitions.project, min_count=None), definitions.datasets, rows, metrics)


def _rows(dataset: DatasetDef) -> list[dict[str, Any]]:
    read = {name: WORDS[column.type or "text"] for name, column in dataset.columns.items()}
    with (FOLDER / f"{dataset.name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            {name: read[name](said) if said else None for name, said in row.items()} for row in csv.DictReader(file)
        ]


def question(case: Case) -> Question:
    """What a case asks; without a range, from the first day of any row to the project's knowledge date."""
    ask, by = case.ask, case.ask.get("by", ())
    known = date.fromisoformat(str(ask.get("as_of", world().project.as_of)))
    start, end = (_period(str(ask[key]))[side] if key in ask else None for side, key in enumerate(("start", "end")))
    if "period" in ask:
        start, end = _period(str(ask["period"]))
    first = datetime(2024, 1, 1)
    return Question(
        case.metrics, (by,) if isinstance(by, str) else tuple(by), ask.get("grain"), start or first,
        end if end is not None else known, as_of=known,
    )  # fmt: skip


def _period(said: str) -> tuple[datetime, datetime]:
    found = parse_period(said, Calendar())
    return found.start.replace(tzinfo=None), found.end.replace(tzinfo=None)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES])
def test_figure(case: Case) -> None:
    """What checks stand for, read word by word, gives the figures worked out by hand, in exactly the expected cells."""
    asked = question(case)
    keys = len(asked.by) + (asked.grain is not None)
    found = {}
    for row in answer(world(), asked):
        values = [row[b] for b in asked.by] + ([_day(row["period"])] if asked.grain is not None else [])
        found[tuple(values)] = [row[m] for m in case.metrics]
    assert case.rows is not None
    assert {row[:keys] for row in case.rows} == found.keys()
    for row in case.rows:
        for name, wanted, given in zip(case.metrics, row[keys:], found[row[:keys]], strict=True):
            assert agrees(wanted, _day(given)), (name, row[:keys], wanted, given)


def _day(value: Any) -> Any:
    """A midnight as the day it begins, as expected rows write it."""
    midnight = isinstance(value, datetime) and value.time() == datetime.min.time()
    return value.date() if midnight else value


def test_most_questions_are_asked() -> None:
    """What is left to the engine alone is little."""
    assert len(CASES) >= 20
