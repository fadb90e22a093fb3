"""Every case folder on PostgreSQL: the same answers, receipts and faults from the same definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import tallymark
from cases.reading import Case, cases, folders
from cases.test_cases import agrees, assert_faults, assert_rows
from tallymark.errors import FaultError
from tallymark.plugins import load
from tallymark.read import read_project

from .moved import moved
from .server import Cluster

APART = {
    "row_models": "Python computes beside the embedded database only",
    "many_digits-1": "the server says that a sum is too large for 64 bits, but not which one it is",
}
"""Cases that cannot be the same there, by `folder-number` or folder, and why."""

PYTHON = ("levels",)
"""Folders whose questions Python computes a part of, beside the embedded database."""

Opened = Callable[[Path], tallymark.Book]


@pytest.fixture(scope="module")
def book(server: Cluster) -> Iterator[Opened]:
    """Opens a folder's project over its rows on the server, once."""
    books: dict[Path, tallymark.Book] = {}

    def opened(folder: Path) -> tallymark.Book:
        if folder not in books:
            books[folder] = over_there(folder, server)
        return books[folder]

    yield opened
    for each in books.values():
        each.close()


def over_there(folder: Path, server: Cluster) -> tallymark.Book:
    """The folder's project, its tables on the server."""
    definitions, _ = read_project(folder, load(False).packs)
    with tallymark.open(folder, strict=False) as embedded:
        there = moved(embedded, definitions, server, folder.name)
    return tallymark.open(definitions=there, strict=False)


def apart(case: Case) -> bool:
    """Whether the case, or its folder, is an exception."""
    return bool({case.folder.name, f"{case.folder.name}-{case.number}"} & APART.keys())


def asked(*, single: bool = False, faults: bool = False) -> list[object]:
    """The cases to ask: those with answers or with faults, perhaps only those of one cell."""
    wanted = [c for c in cases() if (c.rows is None) is faults and (c.single or not single)]
    return [pytest.param(c, id=c.name) for c in wanted if not apart(c)]


def test_what_is_apart_is_there() -> None:
    """Every exception is a case that exists."""
    known = {f"{c.folder.name}-{c.number}" for c in cases()} | {f.name for f in folders()}
    assert APART.keys() <= known


@pytest.mark.parametrize("case", asked())
def test_answer(case: Case, book: Opened) -> None:
    """The answer has exactly the expected cells, with the expected notes, from one SELECT of PostgreSQL; where Python
    computes something, each statement says where it ran.
    """
    answer = book(case.folder).ask(*case.metrics, **case.options)
    assert_rows(case, answer)
    if case.folder.name in PYTHON:
        assert "in `pg` (postgres)" in answer.sql
    else:
        assert isinstance(sqlglot.parse_one(answer.sql, dialect="postgres"), exp.Select)
    if case.notes is not None:
        assert bool(case.notes) == bool(answer.notes), answer.notes
        assert [] == [n for n in case.notes if not any(n in note for note in answer.notes)], answer.notes


@pytest.mark.parametrize("case", asked(single=True))
def test_receipt(case: Case, book: Opened) -> None:
    """The receipt of the only cell shows the expected value."""
    receipt = book(case.folder).explain(case.metrics[0], **case.options)
    assert case.rows is not None
    assert agrees(case.rows[0][0], receipt.value), receipt.value
    assert agrees(case.rows[0][0], receipt.step.value), receipt.step.value


@pytest.mark.parametrize("case", asked(faults=True))
def test_faults(case: Case, book: Opened) -> None:
    """A question that cannot be answered gives exactly the expected faults."""
    with pytest.raises(FaultError) as caught:
        book(case.folder).ask(*case.metrics, **case.options)
    assert_faults(case.faults, caught.value.faults)
