"""How the first number that differs came to be."""

from __future__ import annotations

from typing import Any

from tallymark.engine.book import Book
from tallymark.errors import FaultError
from tallymark.query import Query
from tallymark.trials.compare import Compared
from tallymark.trials.results import Difference

WIDTH = 100
"""How wide a receipt is."""


def receipt_of(book: Book, query: Query, compared: Compared) -> str:
    """The receipt of the first number that differs, as a text; empty when none can be explained."""
    for difference in compared.differences():
        column = compared.columns.get(difference.what)
        if difference.fault.code != "E130" or column is None or column.name not in query.metrics:
            continue
        try:
            return book.explain(column.name, **_where(query, difference)).text(WIDTH)
        except (FaultError, ValueError):
            continue
    return ""


def _where(query: Query, difference: Difference) -> dict[str, Any]:
    """The question for one cell."""
    cell = dict(difference.cell)
    period = cell.pop("period", None)
    conditions = [f"({query.where})"] if query.where else []
    conditions += [
        f"{name} is null" if value == "null" else f"{name} = {_quoted(value)}" for name, value in cell.items()
    ]
    asked: dict[str, Any] = {
        "where": " and ".join(conditions) or None, "as_of": query.as_of, "parameters": query.parameters,
        "timezone": query.timezone, "currency": query.currency,
    }  # fmt: skip
    if period is not None:
        return asked | {"period": period}
    return asked | {"period": query.period, "start": query.start, "end": query.end}


def _quoted(value: str) -> str:
    bare = value.removeprefix("-").replace(".", "", 1)
    return value if bare.isdigit() or value in ("true", "false") else "'" + value.replace("'", "''") + "'"
