"""The figures of the packs, worked out by hand and as published, answered by the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import tallymark
from tallymark.definitions import DatasetDef, Definitions, Project
from tallymark.read import read_texts
from tallymark_packs import packs

from ..packs.figures import Case, Row, cases, types_of

MOST_WRONG = 1e-9
"""How far a number may be from the expected one, relative to it."""

ARROW = {
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 6),
    "double": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}


def pack_definitions() -> Definitions:
    """All packs, each of their datasets taken from memory."""
    implemented = "datasets:\n" + "".join(
        f"  {d}: {{source: memory, table: {d}, implements: {d}}}\n" for d in datasets()
    )
    read, faults = read_texts([("own.yaml", implemented)], project=Project(folder="", packs=("all",)), packs=packs())
    assert [] == [str(f) for f in faults]
    return read


def datasets() -> Mapping[str, DatasetDef]:
    """Every canonical dataset of the packs."""
    read, _ = read_texts([], project=Project(packs=("all",)), packs=packs())
    return read.canonical


def tables(case: Case) -> dict[str, pa.Table]:
    """A case's rows, typed as the packs declare them."""
    return {
        name: pa.table({c: pa.array([row[c] for row in rows], type=ARROW[t]) for c, t in types_of(name).items()})
        for name, rows in case.datasets.items()
    }


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    """The packs, read once."""
    return pack_definitions()


@pytest.fixture
def book(request: pytest.FixtureRequest, definitions: Definitions) -> Iterator[tallymark.Book]:
    """The packs with a case's rows."""
    with tallymark.open(definitions=definitions, tables=tables(request.param)) as opened:
        yield opened


def cell(case: Case, row: Row) -> tuple[str, ...]:
    """What tells a cell from others, of an expected row or an answered one."""
    when = [str(row.get("time", row.get("period")))] if "grain" in case.ask else []
    return (*(str(row[d]) for d in case.ask.get("by", ())), *when)


@pytest.mark.parametrize(("book", "case"), [pytest.param(c, c, id=c.name) for c in cases()], indirect=["book"])
def test_figure(book: tallymark.Book, case: Case) -> None:
    """The engine gives the figures worked out by hand, in exactly the expected cells."""
    options: dict[str, Any] = {k: v for k, v in case.ask.items() if k != "metrics"}
    if "period" in options:
        options["period"] = str(options["period"])
    answer = book.ask(*case.ask["metrics"], **options, as_of="2025-01-01")
    answered = {cell(case, row): row for row in answer.to_dicts()}
    assert {cell(case, dict(row)) for row in case.expect} == answered.keys()
    wrong = {
        (key, metric): (row[metric], answered[key][metric])
        for row in case.expect
        for key in [cell(case, dict(row))]
        for metric in case.ask["metrics"]
        if not agrees(row[metric], answered[key][metric])
    }
    assert {} == wrong


def agrees(expected: Any, found: Any) -> bool:
    """Whether a number is the expected one; money, written as text, to the millionth."""
    if expected is None or found is None:
        return expected is found
    if isinstance(expected, str) and isinstance(found, Decimal):
        return Decimal(expected) == found
    return bool(pytest.approx(float(Decimal(expected)), rel=MOST_WRONG, abs=0) == float(found))
