"""Every case folder, taken through every stage: read, check, lower, render, run, answer, explain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

import tallymark
from tallymark.answer import Answer
from tallymark.errors import Fault, FaultError

from .reading import Case, cases, expected_faults, folders

MOST_WRONG = 1e-9
"""How far a number may be from the expected one, relative to it."""


@cache
def book(folder: Path) -> tallymark.Book:
    """The opened project of a folder."""
    return tallymark.open(folder, strict=False)


@pytest.mark.parametrize("folder", [pytest.param(f, id=f.name) for f in folders()])
def test_folder_is_checked(folder: Path) -> None:
    """Reading and checking the project finds exactly what `faults.yaml` lists."""
    assert_faults(expected_faults(folder), book(folder).faults)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in cases() if c.rows is not None])
def test_answer(case: Case) -> None:
    """The answer has exactly the expected cells, from one SELECT, with the expected notes."""
    answer = book(case.folder).ask(*case.metrics, **case.options)
    assert_rows(case, answer)
    assert isinstance(sqlglot.parse_one(answer.sql, dialect="duckdb"), exp.Select)
    if case.notes is not None:
        assert bool(case.notes) == bool(answer.notes), answer.notes
        assert [] == [n for n in case.notes if not any(n in note for note in answer.notes)], answer.notes
    if case.columns is not None:
        assert case.columns == tuple(c.name for c in answer.columns)
    if case.partial is not None:
        assert case.partial == answer.partial


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in cases() if c.single])
def test_receipt(case: Case) -> None:
    """The receipt of the only cell shows the expected value."""
    receipt = book(case.folder).explain(case.metrics[0], **case.options)
    assert case.rows is not None
    assert agrees(case.rows[0][0], receipt.value), receipt.value
    assert agrees(case.rows[0][0], receipt.step.value), receipt.step.value


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in cases() if c.rows is None])
def test_faults(case: Case) -> None:
    """A question that cannot be answered gives exactly the expected faults."""
    with pytest.raises(FaultError) as caught:
        book(case.folder).ask(*case.metrics, **case.options)
    assert_faults(case.faults, caught.value.faults)


# --- comparing -------------------------------------------------------------------------------------------------------


def assert_rows(case: Case, answer: Answer) -> None:
    """Holds the answer's rows against the expected ones; in order only where an order was asked."""
    assert case.rows is not None
    found = [tuple(row.values()) for row in answer.to_dicts()]
    keys = sum(1 for c in answer.columns if c.keyed)
    assert [] == [row for row in case.rows if len(row) != len(answer.columns)], "a row has the wrong number of values"
    if "order" in case.ask:
        assert [r[:keys] for r in case.rows] == [as_written(r[:keys]) for r in found]
    by_key = {as_written(row[:keys]): row[keys:] for row in found}
    assert len(by_key) == len(found), "a cell came twice"
    expected = {as_written(row[:keys]): row[keys:] for row in case.rows}
    assert expected.keys() == by_key.keys()
    wrong = {
        key: (wanted, by_key[key])
        for key, wanted in expected.items()
        if not all(agrees(w, f) for w, f in zip(wanted, by_key[key], strict=True))
    }
    assert {} == wrong


def as_written(values: Iterable[Any]) -> tuple[Any, ...]:
    """Dimension values as YAML has them: dates stay dates, midnights become dates, decimals texts."""
    return tuple(_written(v) for v in values)


def _written(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        # The start of an hour: as the clock shows it, with its offset where it shows it twice.
        twice = value.replace(fold=0).utcoffset() != value.replace(fold=1).utcoffset()
        value = value.isoformat() if twice else value.replace(tzinfo=None)
    if (
        isinstance(value, datetime)
        and value.tzinfo is None
        and value == datetime.combine(value.date(), datetime.min.time())
    ):
        return value.date()
    return str(value) if isinstance(value, Decimal) else value


def agrees(expected: Any, found: Any) -> bool:
    """Whether a value is the expected one: exact for whole numbers and texts of digits, else to 1e-9."""
    if expected is None or found is None or isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, date | datetime):
        return bool(_written(expected) == _written(found))
    if isinstance(found, str):
        return bool(expected == found)
    if isinstance(expected, str):
        return bool(Decimal(expected) == found)
    if isinstance(expected, int):
        return bool(expected == found)
    return bool(pytest.approx(expected, rel=MOST_WRONG, abs=1e-12) == float(found))


def assert_faults(expected: Iterable[Mapping[str, Any]], found: Iterable[Fault]) -> None:
    """Holds faults against what is said of them, one for one."""
    left = [f.as_dict() for f in found]
    missing = []
    for wanted in expected:
        hit = next((f for f in left if _meets(wanted, f)), None)
        if hit is None:
            missing.append(wanted)
        else:
            left.remove(hit)
    assert ([], []) == (missing, left)


def _meets(wanted: Mapping[str, Any], fault: Mapping[str, Any]) -> bool:
    for key, value in wanted.items():
        found = fault[key]
        if key in ("message", "help", "file", "subject"):
            if value not in (found or "") if value is not None else found is not None:
                return False
        elif value != found:
            return False
    return True
