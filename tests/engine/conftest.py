"""The sample projects, written and opened once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import tallymark
from tallymark_plugins.samples import write_cdnow, write_project


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tallymark.Book]:
    """The sample company."""
    folder = tmp_path_factory.mktemp("company")
    write_project(folder)
    with tallymark.open(folder, plugins=False) as book:
        yield book


@pytest.fixture(scope="session")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tallymark.Book]:
    """The purchases of the CDNOW shop."""
    folder = tmp_path_factory.mktemp("cdnow")
    write_cdnow(folder)
    with tallymark.open(folder, plugins=False) as book:
        yield book
