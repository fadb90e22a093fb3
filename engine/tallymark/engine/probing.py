"""A small book of made rows, on which what plugins give is tried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from tallymark.definitions import Project
from tallymark.engine.book import Book
from tallymark.errors import FaultError
from tallymark.formula import nodes
from tallymark.formula.function import Function, Kind, Take
from tallymark.formula.parse import parse_text
from tallymark.plugins import Plugins
from tallymark.read import read_texts

_COLUMNS = {"number": "double", "exact": "decimal", "whole": "integer", "word": "text", "flag": "boolean"}
_OF = {"number": "probe.number", "text": "probe.word", "boolean": "probe.flag", "time": "probe.at"}
"""The column that stands for an argument of a family."""
_PERIOD: dict[str, Any] = {"start": "2024-01", "end": "2024-02"}


@contextmanager
def probe(plugins: Plugins, more: str = "") -> Iterator[Book]:
    """A book with the dataset `probe`: rows of two months with every type of value, nulls among them."""
    import pyarrow

    count = 6
    table = pyarrow.table(
        {
            "at": pyarrow.array([datetime(2024, 1 + n % 2, 5 + n) for n in range(count)], pyarrow.timestamp("us")),
            "number": pyarrow.array([1.5, -2.0, 3.25, None, 0.0, 8.0]),
            "exact": pyarrow.array([Decimal("1.50"), None, Decimal("3.25"), Decimal(4), Decimal(0), Decimal(8)]),
            "whole": pyarrow.array([1, 2, None, 4, 0, -8]),
            "word": pyarrow.array(["a", "b", None, "a", "", "c d"]),
            "flag": pyarrow.array([True, False, None, True, False, True]),
        }
    )
    declared = ", ".join(f"{name}: {type_}" for name, type_ in {**_COLUMNS, "at": "timestamp"}.items())
    yaml = f"datasets:\n  probe: {{time: at, columns: {{{declared}{more}}}}}\n"
    definitions, _ = read_texts([("probe.yaml", yaml)], project=Project(folder=""))
    book = Book(definitions, plugins, {"probe": table}, [])
    try:
        yield book
    finally:
        book.close()


def probe_call(row: Function, book: Book) -> Iterator[str]:
    """What is wrong with a function's example, and with the SQL of a call like it over the rows of the probe."""
    try:
        called = _call(row)
    except FaultError as error:
        yield f"its example does not parse: {error.faults[0].message}"
        return
    if called is None:
        yield "its example does not call it"
        return
    formulas = [_formula(row, called, column) for column in ("number", "exact", "whole")]
    for formula in dict.fromkeys(formulas):
        try:
            book.ask(formula, **_PERIOD)
            if row.kind is Kind.AGGREGATE:
                book.ask(f"cumulative({formula})", **_PERIOD, grain="month", by="word")
        except FaultError as error:
            yield f"`{formula}` does not run: {error.faults[0].message}"
            return


def _call(row: Function) -> nodes.Call | None:
    """The first call of the function in its example."""
    found = nodes.walk(parse_text(row.example))
    return next((node for node in found if isinstance(node, nodes.Call) and node.name == row.name), None)


def _formula(row: Function, called: nodes.Call, column: str) -> str:
    """A call like that of the example, over columns of the probe; literals stay what they are."""
    takes = [*row.takes, *[row.takes[-1]] * max(0, len(called.arguments) - len(row.takes))] if row.takes else []
    arguments = [_argument(t, a, row, column) for t, a in zip(takes, called.arguments, strict=False)]
    text = f"{row.name}({', '.join(arguments)})"
    return text if row.kind is Kind.AGGREGATE else f"count({text} is null)"


def _argument(take: Take, node: nodes.Node, row: Function, column: str) -> str:
    if isinstance(node, nodes.Number | nodes.Text | nodes.Boolean | nodes.Duration) and take is not row.takes[0]:
        return row.example[slice(*node.span)]
    first = row.takes[0].family
    family = first if take.family == "same" else take.family
    return f"probe.{column}" if family in ("number", "any") else _OF.get(family, f"probe.{column}")
