"""How the first number that differs came to be."""

from __future__ import annotations

import re
from typing import Any

from tallymark.engine.book import Book
from tallymark.errors import FaultError
from tallymark.kinds import Type
from tallymark.query import Query
from tallymark.trials.compare import Compared
from tallymark.trials.inputs import DATASET
from tallymark.trials.results import Difference

WIDTH = 100
"""How wide a receipt is."""

_READ = re.compile(rf"(max|any)\({DATASET}\.[a-z0-9_]+\)")


def receipt_of(book: Book, query: Query, compared: Compared) -> str:
    """The receipt of the first number that differs, as a text; empty when none can be explained."""
    for difference in compared.differences():
        column = compared.columns.get(difference.what)
        if difference.fault.code != "E130" or column is None or column.name not in query.metrics:
            continue
        try:
            return _as_given(book.explain(column.name, **_where(query, difference, compared)).text(WIDTH))
        except (FaultError, ValueError):
            continue
    return ""


def _as_given(text: str) -> str:
    """The same, with nothing told of the table in which the values of a test stand, and its columns kept."""
    return _READ.sub(lambda found: "as given".ljust(len(found[0])), text)


def _where(query: Query, difference: Difference, compared: Compared) -> dict[str, Any]:
    """The question for one cell."""
    texts = {column.name for column in compared.keys if column.type is Type.TEXT}
    cell = dict(difference.cell)
    period = cell.pop("period", None)
    conditions = [f"({query.where})"] if query.where else []
    conditions += [
        f"{name} is null" if value == "null" else f"{name} = {_quoted(value, name in texts)}"
        for name, value in cell.items()
    ]
    asked: dict[str, Any] = {
        "where": " and ".join(conditions) or None, "as_of": query.as_of, "parameters": query.parameters,
        "timezone": query.timezone, "currency": query.currency,
    }  # fmt: skip
    if period is not None:
        return asked | {"period": period}
    return asked | {"period": query.period, "start": query.start, "end": query.end}


def _quoted(value: str, text: bool) -> str:
    bare = value.removeprefix("-").replace(".", "", 1)
    plain = not text and (bare.isdigit() or value in ("true", "false"))
    return value if plain else "'" + value.replace("'", "''") + "'"
