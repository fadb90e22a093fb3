"""Tallymark: a company's metrics, written as formulas, answered as numbers with receipts.

    import tallymark

    book = tallymark.open("my-project")
    book.ask("nrr", by="plan", grain="month", period="2024").to_pandas()
    print(book.explain("nrr", period="2024-06"))

This module hands names on and defines nothing; each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tallymark.answer import Answer, AnswerColumn, Receipt, Step
    from tallymark.definitions import Definitions, SourceDef
    from tallymark.engine.book import Book
    from tallymark.engine.book import open_project as open
    from tallymark.errors import Cancelled, Fault, FaultError, PluginError, TallymarkError
    from tallymark.formula.functions import Function
    from tallymark.hookspecs import SourceKind, hookimpl
    from tallymark.plugins import functions
    from tallymark.query import Query
    from tallymark.transforms.row_model import RowInput, RowModel, RowOutput

    __version__: str
    from tallymark.json_schema import schema

_HOMES = {
    "Answer": "answer",
    "AnswerColumn": "answer",
    "Book": "engine.book",
    "Cancelled": "errors",
    "Definitions": "definitions",
    "Fault": "errors",
    "FaultError": "errors",
    "Function": "formula.functions",
    "PluginError": "errors",
    "Query": "query",
    "Receipt": "answer",
    "RowInput": "transforms.row_model",
    "RowModel": "transforms.row_model",
    "RowOutput": "transforms.row_model",
    "SourceDef": "definitions",
    "SourceKind": "hookspecs",
    "Step": "answer",
    "TallymarkError": "errors",
    "hookimpl": "hookspecs",
    "functions": "plugins",
    "schema": "json_schema",
}

__all__ = [
    "Answer",
    "AnswerColumn",
    "Book",
    "Cancelled",
    "Definitions",
    "Fault",
    "FaultError",
    "Function",
    "PluginError",
    "Query",
    "Receipt",
    "RowInput",
    "RowModel",
    "RowOutput",
    "SourceDef",
    "SourceKind",
    "Step",
    "TallymarkError",
    "__version__",
    "functions",
    "hookimpl",
    "open",
    "schema",
]


def __getattr__(name: str) -> Any:
    if name == "open":
        return import_module("tallymark.engine.book").open_project
    if name == "__version__":
        return import_module("importlib.metadata").version("tallymark")
    if name in _HOMES:
        return getattr(import_module(f"tallymark.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tallymark' has no attribute {name!r}")
