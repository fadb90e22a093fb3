"""Holds a plugin to what it promises: `tally plugins check`. What it gives is not only looked at, but tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tallymark.definitions import Project
from tallymark.engine.book import Book
from tallymark.engine.probing import probe, probe_call
from tallymark.errors import Fault, FaultError, TallymarkError
from tallymark.formula.function import Kind
from tallymark.hookspecs import INFO, Starter
from tallymark.options import wrong_schema
from tallymark.plugins import Gift, Plugin, Plugins, State
from tallymark.plugins.failing import FAILURES, told
from tallymark.plugins.templates import wrong_templates
from tallymark.read import read_texts
from tallymark.transforms.row_model import RowModel
from tallymark.transforms.transform import Transform

FORMULA_CALLS = (Kind.SCALAR, Kind.AGGREGATE)


def check_plugin(plugin: Plugin, plugins: Plugins) -> list[Fault]:
    """The faults of a plugin, those of loading it first. Never raises for what a plugin does."""
    subject = f"plugin `{plugin.name}`"
    faults = [f for f in plugins.faults if f.subject == subject]
    if plugin.state is not State.LOADED:
        refused = Fault("P716", plugin.reason or f"the plugin `{plugin.name}` is not loaded", None, None, subject)
        return faults or [refused]
    faults += [Fault("P716", why, None, help_, subject, "warning") for why, help_ in _of_itself(plugin)]
    with probe(plugins) as book:
        for gift in plugin.gives:
            faults += [Fault("P716", f"the {gift.what} `{gift.name}`: {why}", None, None, subject)
                       for why in _tried(gift, plugin, plugins, book)]  # fmt: skip
    return faults


def _of_itself(plugin: Plugin) -> Iterator[tuple[str, str]]:
    info = plugin.info
    if plugin.own or info is None:
        return
    if getattr(plugin.module, INFO, None) is None:
        yield (
            f"`{plugin.name}` does not say who it is",
            f'write `{INFO} = PluginInfo("{plugin.name}", …)` in its module',
        )
    elif not info.requires_api:
        yield f"`{plugin.name}` does not say which versions it is for", 'add `requires_api=">=1.0,<2"`'
    if not plugin.gives:
        yield f"`{plugin.name}` gives nothing", "implement a hook, marked with `@hookimpl`"


def _tried(gift: Gift, plugin: Plugin, plugins: Plugins, book: Book) -> Iterator[str]:
    """What is wrong with one thing, a sentence each; whatever it raises is told as one."""
    rule = _RULES.get(gift.hook)
    if rule is None:
        return
    try:
        yield from rule(gift.name, plugins, book)
    except FaultError as error:
        yield from (f"{f.message}{f' ({f.help})' if f.help else ''}" for f in error.faults)
    except (*FAILURES, TallymarkError) as error:
        yield f"it failed: {told(error)}"


def _source(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    kind = plugins.sources[name]
    yield from wrong_schema(kind.options)
    if kind.views:
        yield from (f"the view `{view}`: {why}" for view, sql in kind.views.items() for why in _wrong_view(sql))
    if kind.starter is not None:
        starter: object = kind.starter("main")
        if not isinstance(starter, Starter):
            yield f"its `starter` gives {type(starter).__name__}, not Starter"
            return
        _, faults = read_texts([("metrics/main.yaml", starter.definitions)], project=Project(folder=""))
        yield from (f"what its `starter` defines: {f.message}" for f in faults)


def _wrong_view(sql: str) -> Iterator[str]:
    import sqlglot
    from sqlglot import exp

    try:
        found = sqlglot.parse(sql, read="duckdb")
    except ValueError as error:
        yield f"does not parse: {str(error).splitlines()[0]}"
        return
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        yield "is not one SELECT"


def _pack(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    _, faults = read_texts([("tally.yaml", f"packs: ['{name}']")], packs=plugins.packs, units=plugins.units)
    yield from (f"{f.place}: {f.message}" for f in faults if f.severity == "error")


def _function(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    row = plugins.functions[name]
    if not row.help.endswith("."):
        yield "its help is a sentence, which ends with a full stop"
    if row.kind not in FORMULA_CALLS:
        return
    wrong = list(wrong_templates(row)) if "." in name else []
    yield from wrong
    if not wrong:
        yield from probe_call(row, book)


def _transform(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    yield from _unclear(name, plugins.transforms[name])


def _model(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    yield from _unclear(name, plugins.models[name])


def _unclear(name: str, row: Transform | RowModel) -> Iterator[str]:
    """What the help and the example of something that makes datasets leave to be wished."""
    if not row.help.endswith("."):
        yield "its help is a sentence, which ends with a full stop"
    if f"{name}(" not in row.example:
        yield "its example does not call it"


def _format(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    questions: tuple[dict[str, Any], ...] = ({}, {"by": "word"}, {"grain": "month"})
    for question in questions:
        book.ask("count(probe)", start="2024-01", end="2024-02", **question).to(name)
    yield from ()


def _check(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    list(plugins.checks[name].run(book.catalog))
    yield from ()


def _notifier(name: str, plugins: Plugins, book: Book) -> Iterator[str]:
    yield from wrong_schema(plugins.notifiers[name].options)


_RULES: Mapping[str, Callable[[str, Plugins, Book], Iterator[str]]] = {
    "tally_sources": _source,
    "tally_packs": _pack,
    "tally_functions": _function,
    "tally_transforms": _transform,
    "tally_models": _model,
    "tally_formats": _format,
    "tally_checks": _check,
    "tally_notifiers": _notifier,
}


def shown(plugin: Plugin) -> dict[str, Any]:
    """A plugin as plain data."""
    info = plugin.info
    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "origin": plugin.origin,
        "state": plugin.state.value,
        "reason": plugin.reason or None,
        "description": info.description if info is not None else "",
        "requires_api": info.requires_api if info is not None else "",
        "config": dict(info.config) if info is not None else {},
        "gives": [gift.as_dict() for gift in plugin.gives],
    }
