"""A project opened: its plugins found, its files read, a book made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tallymark.definitions import Definitions
from tallymark.engine.book import Book
from tallymark.engine.loading import load_for, plugins_of
from tallymark.errors import Fault, FaultError
from tallymark.read import read_project


def open_project(
    path: str | Path | None = None,
    *,
    definitions: Definitions | None = None,
    tables: Mapping[str, Any] | None = None,
    plugins: bool | Sequence[object] = True,
    strict: bool = True,
) -> Book:
    """Opens a project: a folder with a `tally.yaml`, or ready `definitions`.

    `tables` are in-memory tables by dataset name (Arrow, pandas, polars). `plugins` False leaves out all but the
    built-in ones; a sequence of modules adds those. Raises FaultError with every error found, unless `strict` is
    False: the book then holds them in `faults`, and what is sound can be asked.
    """
    at = Path(path if path is not None else ".")
    loaded = plugins_of(at, plugins) if definitions is None else load_for(definitions, plugins)
    faults: list[Fault] = []
    if definitions is None:
        definitions, faults = read_project(at, loaded.packs, loaded.units)
    book = Book(definitions, loaded, tables or {}, faults)
    errors = [f for f in book.faults if f.severity == "error"]
    if strict and errors:
        book.close()
        raise FaultError(errors)
    return book
