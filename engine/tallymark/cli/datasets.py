"""`tally list --datasets`: which rows there are to make metrics of, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def sheet(datasets: Iterable[Any]) -> Any:
    """The datasets as a table: name, where the rows come from, key, and time or validity."""
    from tallymark.show.sheet import Heading, Sheet

    headings = (Heading("dataset"), Heading("rows from"), Heading("key"), Heading("time"))
    return Sheet(headings, tuple((d.name, origin(d), d.key or "", _time(d)) for d in datasets))


def origin(dataset: Any) -> str:
    """The transform that makes the rows, or the source and table that they are read from."""
    if dataset.making is not None:
        return str(dataset.making.text)
    return f"{dataset.source}: {dataset.table.name}"


def _time(dataset: Any) -> str:
    valid = f"{dataset.valid[0]} to {dataset.valid[1]}" if dataset.valid is not None else ""
    return ", ".join(t for t in (dataset.time or "", valid) if t)


def as_dict(dataset: Any) -> dict[str, Any]:
    """A dataset as plain data."""
    making = dataset.making
    return {
        "name": dataset.name,
        "source": dataset.source if making is None else None,
        "table": dataset.table.name if making is None else None,
        "transform": making.text if making is not None else None,
        "inputs": [i.dataset for i in making.inputs] if making is not None else [],
        "key": dataset.key,
        "time": dataset.time,
        "valid": list(dataset.valid) if dataset.valid is not None else None,
        "references": {r.name: r.dataset for r in dataset.references.values()},
        "columns": {c.name: c.type.value for c in dataset.columns.values()},
        "pack": dataset.pack,
        "place": str(dataset.place),
    }
