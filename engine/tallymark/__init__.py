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
    from tallymark.catalog import Catalog
    from tallymark.definitions import Definitions, SourceDef
    from tallymark.engine.book import Book
    from tallymark.engine.check_results import CheckExample, CheckResult
    from tallymark.engine.opening import open_project as open
    from tallymark.engine.syncing import sync_project as sync
    from tallymark.engine.syncing import sync_status
    from tallymark.errors import Cancelled, Fault, FaultError, PluginError, TallymarkError
    from tallymark.formula.function import Kind as FunctionKind
    from tallymark.formula.function import Partial, Python, Take
    from tallymark.formula.functions import Function
    from tallymark.hookspecs import API_VERSION, Check, Format, PluginInfo, SourceKind, Starter, hookimpl
    from tallymark.landing.landed import Status, Synced
    from tallymark.notifier import Notification, Notifier, NotifierKind
    from tallymark.plugins import functions
    from tallymark.query import Query
    from tallymark.rules.outcome import Change, Delivery, Evaluated, LastRun, RuleRun, RulesStatus, Standing
    from tallymark.rules.states import Transition
    from tallymark.secret import Secret
    from tallymark.transforms.row_model import RowInput, RowModel, RowOutput
    from tallymark.transforms.transform import Transform
    from tallymark.trials.results import TestResult, TestRun
    from tallymark.trials.run import run_tests
    from tallymark.units import UnitRow

    __version__: str
    from tallymark.json_schema import schema

_HOMES = {
    "API_VERSION": "hookspecs",
    "Answer": "answer",
    "AnswerColumn": "answer",
    "Book": "engine.book",
    "Cancelled": "errors",
    "Catalog": "catalog",
    "Change": "rules.outcome",
    "Check": "hookspecs",
    "CheckExample": "engine.check_results",
    "CheckResult": "engine.check_results",
    "Definitions": "definitions",
    "Delivery": "rules.outcome",
    "Evaluated": "rules.outcome",
    "Fault": "errors",
    "FaultError": "errors",
    "Format": "hookspecs",
    "Function": "formula.functions",
    "LastRun": "rules.outcome",
    "Notification": "notifier",
    "Notifier": "notifier",
    "NotifierKind": "notifier",
    "Partial": "formula.function",
    "PluginError": "errors",
    "PluginInfo": "hookspecs",
    "Python": "formula.function",
    "Query": "query",
    "Receipt": "answer",
    "RowInput": "transforms.row_model",
    "RowModel": "transforms.row_model",
    "RowOutput": "transforms.row_model",
    "RuleRun": "rules.outcome",
    "RulesStatus": "rules.outcome",
    "Secret": "secret",
    "SourceDef": "definitions",
    "SourceKind": "hookspecs",
    "Standing": "rules.outcome",
    "Starter": "hookspecs",
    "Status": "landing.landed",
    "Step": "answer",
    "Synced": "landing.landed",
    "TestResult": "trials.results",
    "TestRun": "trials.results",
    "Take": "formula.function",
    "TallymarkError": "errors",
    "Transform": "transforms.transform",
    "Transition": "rules.states",
    "UnitRow": "units",
    "functions": "plugins",
    "hookimpl": "hookspecs",
    "run_tests": "trials.run",
    "schema": "json_schema",
    "sync_status": "engine.syncing",
}

__all__ = [
    "API_VERSION",
    "Answer",
    "AnswerColumn",
    "Book",
    "Cancelled",
    "Catalog",
    "Change",
    "Check",
    "CheckExample",
    "CheckResult",
    "Definitions",
    "Delivery",
    "Evaluated",
    "Fault",
    "FaultError",
    "Format",
    "Function",
    "FunctionKind",
    "LastRun",
    "Notification",
    "Notifier",
    "NotifierKind",
    "Partial",
    "PluginError",
    "PluginInfo",
    "Python",
    "Query",
    "Receipt",
    "RowInput",
    "RowModel",
    "RowOutput",
    "RuleRun",
    "RulesStatus",
    "Secret",
    "SourceDef",
    "SourceKind",
    "Standing",
    "Starter",
    "Status",
    "Step",
    "Synced",
    "Take",
    "TallymarkError",
    "TestResult",
    "TestRun",
    "Transform",
    "Transition",
    "UnitRow",
    "__version__",
    "functions",
    "hookimpl",
    "open",
    "run_tests",
    "schema",
    "sync",
    "sync_status",
]


def __getattr__(name: str) -> Any:
    if name == "FunctionKind":
        return import_module("tallymark.formula.function").Kind
    if name == "open":
        return import_module("tallymark.engine.opening").open_project
    if name == "sync":
        return import_module("tallymark.engine.syncing").sync_project
    if name == "__version__":
        return import_module("importlib.metadata").version("tallymark")
    if name in _HOMES:
        return getattr(import_module(f"tallymark.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tallymark' has no attribute {name!r}")
