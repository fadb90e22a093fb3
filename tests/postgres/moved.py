"""A project's rows moved to PostgreSQL: the same definitions over tables of the types that the engine reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

import tallymark
from tallymark.definitions import DatasetDef, Definitions
from tallymark.errors import FaultError

from .server import Cluster


def moved(book: tallymark.Book, definitions: Definitions, server: Cluster, schema: str) -> Definitions:
    """The definitions with every table that `book` reads in `schema` of the server."""
    tables, homes = {}, {}
    for name, dataset in book.datasets.items():
        if dataset.making is None and dataset.table is not None:
            stored = rows(book, name)
            if stored is not None:
                tables[name] = stored
                homes[name] = name
    server.put(schema, tables)
    datasets = {n: _there(d, homes) for n, d in definitions.datasets.items()}
    return replace(definitions, datasets=datasets, sources={**definitions.sources, "pg": server.source(schema)})


def _there(definition: DatasetDef, homes: Mapping[str, str]) -> DatasetDef:
    home = homes.get(definition.name) or homes.get(definition.implements or "")
    if home is None or definition.transform is not None:
        return definition
    columns = {n: replace(c, format={}) for n, c in definition.columns.items()}
    return replace(definition, source="pg", table=home, format={}, columns=columns)


def rows(book: tallymark.Book, name: str) -> pa.Table | None:
    """The rows of a dataset as its source offers them; None when it cannot be read."""
    dataset = book.datasets[name]
    sources = book._sources
    try:
        parts = sources.source(dataset.source).prepare(dataset.table)
    except FaultError:
        return None
    quoted = ".".join(f'"{p}"' for p in parts)
    return sources.embedded.run(f"SELECT * FROM {quoted}")
