"""Every case folder again, its datasets spread over three databases by chance: the answers are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

import tallymark
from tallymark.errors import FaultError
from tallymark.plugins import load
from tallymark.read import read_project

from ..elsewhere import Elsewhere, spread
from .reading import Case, cases, folders
from .test_cases import agrees, assert_rows


@contextmanager
def opened_apart(folder: Path) -> Iterator[tallymark.Book]:
    """The project of a folder, its datasets in three databases."""
    definitions, _ = read_project(folder, load(outside=False).packs)
    moved = spread(definitions, Random(folder.name))
    with tallymark.open(definitions=moved, plugins=[Elsewhere()], strict=False) as book:
        yield book


def of(folder: Path) -> list[Case]:
    """The questions of a folder."""
    return [case for case in cases() if case.folder == folder]


@pytest.mark.parametrize("folder", [pytest.param(f, id=f.name) for f in folders()])
def test_answers_do_not_depend_on_where_datasets_lie(folder: Path) -> None:
    """Cells, receipts and the codes of faults are as when all datasets lie together."""
    with opened_apart(folder) as book:
        for case in of(folder):
            if case.rows is None:
                with pytest.raises(FaultError) as caught:
                    book.ask(*case.metrics, **case.options)
                assert sorted(f["code"] for f in case.faults) == sorted(f.code for f in caught.value.faults), case.says
                continue
            assert_rows(case, book.ask(*case.metrics, **case.options))
            if case.single:
                receipt = book.explain(case.metrics[0], **case.options)
                assert agrees(case.rows[0][0], receipt.value), case.says
