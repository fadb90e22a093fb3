"""The figures worked out by hand against the language's meaning, as the naive evaluator computes it."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tallymark.definitions import Definitions, Project
from tallymark.formula import nodes
from tallymark.read import read_texts
from tallymark.units import DURATION_SCALES
from tallymark.windows import Calendar, parse_period
from tallymark_packs import packs

from ..naive.evaluate import answer
from ..naive.values import seconds
from ..naive.world import Metric, Question, World
from .figures import Case, Row, cases, entries

CALENDAR = Calendar()
AS_OF = date(2025, 1, 1)
MOST_WRONG = 1e-9
"""How far a number may be from the expected one, relative to it."""


@cache
def definitions() -> Definitions:
    """All packs."""
    read, faults = read_texts([], project=Project(packs=("all",)), packs=packs())
    assert [] == [str(f) for f in faults]
    return read


def world(case: Case) -> World:
    """The packs with a case's rows and parameters."""
    given = {name: _parameter(name, value) for name, value in case.ask.get("parameters", {}).items()}
    known = {name: _parameter(name, p.default) for name, p in definitions().parameters.items()}
    metrics = {name: Metric(m.formula.node, m.missing) for name, m in definitions().metrics.items() if m.formula.node}
    rows = {name: [_in_seconds(name, row) for row in listed] for name, listed in case.datasets.items()}
    return World(Project(), definitions().canonical, rows, metrics, known | given)


def _parameter(name: str, value: Any) -> Any:
    """A value as formulas meet it: a length that is compared is in seconds, the length of a window stays a duration."""
    if isinstance(value, str) and (length := re.fullmatch(r"(\d+) days", value)):
        value = nodes.Duration(int(length[1]), "day", (0, 0))
    if isinstance(value, nodes.Duration) and name not in _lengths_of_windows():
        return seconds(value)
    return tuple(value) if isinstance(value, list) else value


@cache
def _lengths_of_windows() -> frozenset[str]:
    calls = [n for m in definitions().metrics.values() if m.formula.node for n in nodes.walk(m.formula.node)]
    lengths = [n.arguments[1] for n in calls if isinstance(n, nodes.Call) and n.name == "trailing"]
    lengths += [n.duration for n in calls if isinstance(n, nodes.WithinArgument)]
    return frozenset(length.name for length in lengths if isinstance(length, nodes.Parameter))


def _in_seconds(dataset: str, row: Row) -> Row:
    """A row with every duration in seconds, as formulas see it."""
    columns = entries("datasets")[dataset]["columns"]
    scales = {c: DURATION_SCALES[said["unit"]["duration"]] for c, said in columns.items() if _has_scale(said)}
    return {c: v * scales[c] if c in scales and v is not None else v for c, v in row.items()}


def _has_scale(column: dict[str, Any]) -> bool:
    return isinstance(column.get("unit"), dict)


def numbers(case: Case) -> tuple[str, ...]:
    """The metrics that a case asks, without the bands that its numbers lie in: those are no part of the language."""
    return tuple(metric for metric in case.ask["metrics"] if not metric.endswith("_band"))


def question(case: Case) -> Question:
    """What a case asks."""
    ask = case.ask
    start: date | datetime
    end: date | datetime
    if "period" in ask:
        period = parse_period(str(ask["period"]), CALENDAR)
        start, end = period.start.replace(tzinfo=None), period.end.replace(tzinfo=None)
    else:
        start, end = ask["start"], ask["end"]
    return Question(numbers(case), tuple(ask.get("by", ())), ask.get("grain"), start, end, as_of=AS_OF)


def cell(case: Case, row: Row) -> tuple[str, ...]:
    """What tells a cell from others, of an expected row or an answered one."""
    dimensions = [*case.ask.get("by", ())]
    when = [str(row.get("time", row.get("period")))] if "grain" in case.ask else []
    return (*(str(row[d]) for d in dimensions), *when)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in cases()])
def test_figure(case: Case) -> None:
    """The packs' formulas, read word by word, give the figures worked out by hand, in exactly the expected cells."""
    answered = {cell(case, row): row for row in answer(world(case), question(case))}
    expected = {cell(case, dict(row)): row for row in case.expect}
    assert expected.keys() == answered.keys()
    for key, row in expected.items():
        for metric in numbers(case):
            wanted, given = row[metric], answered[key][metric]
            if wanted is None or given is None:
                assert wanted is given, (key, metric)
            elif isinstance(given, str):
                assert wanted == given, (key, metric)
            else:
                assert pytest.approx(float(Decimal(str(wanted))), rel=MOST_WRONG, abs=0) == float(given), (key, metric)
