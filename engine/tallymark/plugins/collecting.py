"""Calls the hooks of the plugins, one plugin at a time, and takes what is sound of what they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import pluggy

from tallymark.definitions import PluginsDef
from tallymark.errors import Fault, did_you_mean
from tallymark.formula.functions import Function
from tallymark.given import Given
from tallymark.hookspecs import INFO, Api, Check, Format, NotifierKind, SourceKind, UnitRow
from tallymark.options import settled
from tallymark.plugins.failing import FAILURES, failed, told
from tallymark.plugins.identity import owner_of
from tallymark.plugins.plugin import Gift, Plugin, State
from tallymark.plugins.templates import wrong_templates
from tallymark.transforms.row_model import RowModel
from tallymark.transforms.transform import Transform

ENGINE = "the engine"
PREFIX = "tally_"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where what a hook gives is kept: what one row is called and of which type, and how rows may be named.

    `row` None is for hooks that give a mapping of names. `naming`: `dotted` rows are named `acme.…`, `own` ones that
    or just `acme`, `bare` ones at will.
    """

    hook: str
    table: str
    what: str
    row: type | None
    naming: str


SHELVES = (
    Shelf("tally_sources", "sources", "kind of source", SourceKind, "bare"),
    Shelf("tally_packs", "packs", "pack", None, "own"),
    Shelf("tally_tests", "tests", "tests of a pack", None, "own"),
    Shelf("tally_functions", "functions", "function", Function, "dotted"),
    Shelf("tally_transforms", "transforms", "transform", Transform, "dotted"),
    Shelf("tally_models", "models", "row model", RowModel, "dotted"),
    Shelf("tally_units", "units", "unit", UnitRow, "dotted"),
    Shelf("tally_formats", "formats", "format", Format, "own"),
    Shelf("tally_checks", "checks", "check", Check, "own"),
    Shelf("tally_notifiers", "notifiers", "kind of notifier", NotifierKind, "own"),
    Shelf("tally_samples", "samples", "sample", None, "own"),
)
"""The hooks in the order in which they are called, each with its shelf."""


class Collector:
    """Fills the tables of `into` (one per shelf) with what plugins give, and `faults` with what is wrong.

    `givers` says which plugin gives what, by table and name.
    """

    def __init__(
        self, manager: pluggy.PluginManager, api: Api, settings: PluginsDef, folder: Path,
        into: Mapping[str, Given[Any]], givers: dict[tuple[str, str], str], faults: list[Fault],
        own: frozenset[str],
    ) -> None:  # fmt: skip
        self.manager = manager
        self.api = api
        self.settings = settings
        self.folder = folder
        self.into = into
        self.givers = givers
        self.faults = faults
        self.own = own
        """The names of the built-in plugins."""

    def register(self, plugin: Plugin) -> bool:
        """Makes the hooks of a plugin known; notes those that are none, or not marked."""
        try:
            self.manager.register(plugin.module, name=plugin.name)
        except FAILURES as error:
            self._lost(plugin, "does not implement its hooks as they are specified", error)
            return False
        known = [s.hook for s in SHELVES]
        marked = {h.name for h in self.manager.get_hookcallers(plugin.module) or ()}
        written = {n for n in dir(plugin.module) if n.startswith(PREFIX) and n != INFO}
        for name in sorted(marked | written):
            if not hasattr(self.api.hooks, name):
                help_ = did_you_mean(name, known)
                self._fault("P710", plugin, f"has a `{name}`, which is no hook", help_)
            elif name not in marked and callable(getattr(plugin.module, name, None)):
                self._fault("P710", plugin, f"does not mark its `{name}`", "put `@hookimpl` above it")
        return True

    def collect(self, plugin: Plugin) -> None:
        """Calls every hook that the plugin implements."""
        assert plugin.info is not None
        config = self.settings.config.get(plugin.name, {})
        made = settled(config, plugin.info.config, self.folder, owner_of(plugin, self.settings))
        arguments = {"config": made, "folder": self.folder}
        for shelf in SHELVES:
            for given in self._called(plugin, shelf.hook, arguments):
                self._take(plugin, shelf, given)

    def _called(self, plugin: Plugin, hook: str, arguments: Mapping[str, Any]) -> Iterator[Any]:
        """What the plugin gives for a hook; nothing when it does not implement it, or fails."""
        caller = getattr(self.manager.hook, hook, None)
        for implementation in caller.get_hookimpls() if caller is not None else ():
            if implementation.plugin_name != plugin.name:
                continue
            try:
                given = implementation.function(*(arguments[n] for n in implementation.argnames))
            except FAILURES as error:
                self._lost(plugin, f"failed in `{hook}`", error, hook)
                continue
            if given is not None:
                yield given

    def _take(self, plugin: Plugin, shelf: Shelf, given: Any) -> None:
        if any(old.what == shelf.hook for old in self.api.deprecated):
            self._retired(plugin, shelf.hook)
        try:
            rows = list(given.items()) if shelf.row is None else [(getattr(r, "name", None), r) for r in given]
        except FAILURES as error:
            self._lost(
                plugin, f"gives no {'mapping' if shelf.row is None else 'list'} in `{shelf.hook}`", error, shelf.hook
            )
            return
        for name, row in rows:
            wrong = _wrong(plugin, shelf, name, row, self.into[shelf.table])
            for why in wrong:
                self._refuse(plugin, shelf, name, why)
            if not wrong and isinstance(name, str):
                self._put(plugin, shelf, name, row)

    def _put(self, plugin: Plugin, shelf: Shelf, name: str, row: Any) -> None:
        table, key = self.into[shelf.table], (shelf.table, name)
        first = self.givers.get(key) or (ENGINE if name in table else None)
        if first is not None:
            self._twice(plugin, shelf, name, first)
            return
        table[name] = row
        self.givers[key] = plugin.name
        options = getattr(row, "options", {})
        plugin.gives.append(Gift(shelf.hook, shelf.what, name, _help(shelf, row), options))
        self._retired_fields(plugin, row)

    def _twice(self, plugin: Plugin, shelf: Shelf, name: str, first: str) -> None:
        """A name that is given twice is nobody's; that of the engine, or of a built-in plugin, stays what it is."""
        table = self.into[shelf.table]
        stays = first == ENGINE or first in self.own
        both = f"`{first}`" if first != ENGINE else ENGINE
        message = f"the {shelf.what} `{name}` is given by {both} and by the plugin `{plugin.name}`"
        help_ = "give it a name of its own" if stays else "leave one of them out with `plugins.allow`, or rename it"
        if not stays:
            table.pop(name, None)
            table.lacking[name] = message
        self.faults.append(Fault("P702", message, None, help_, f"plugin `{plugin.name}`"))

    def _refuse(self, plugin: Plugin, shelf: Shelf, name: Any, why: str) -> None:
        called = f"`{str(name)[:60]}`" if isinstance(name, str) else "without a name"
        message = f"the plugin `{plugin.name}` gives a {shelf.what} {called} that cannot be taken"
        if isinstance(name, str):
            self.into[shelf.table].lacking[name] = f"{message}: {why}"
        self.faults.append(Fault("P706", message, None, why, f"plugin `{plugin.name}`", "warning"))

    def _lost(self, plugin: Plugin, doing: str, error: BaseException, hook: str | None = None) -> None:
        """A plugin, or one of its hooks, that failed: who names what it would have given reads why it is not there."""
        fault = failed(plugin.name, doing, error)
        self.faults.append(fault)
        why = f"{fault.message}: {fault.help}"
        if hook is None:
            plugin.state, plugin.reason = State.FAILED, why
        for shelf in SHELVES:
            if hook in (None, shelf.hook):
                self.into[shelf.table].lacking.setdefault(plugin.name, why)

    def _retired(self, plugin: Plugin, what: str) -> None:
        """Warns once of a hook or field that goes away."""
        old = next(d for d in self.api.deprecated if d.what == what)
        message = f"the plugin `{plugin.name}` uses `{what}`, deprecated since version {old.since} of the plugin API"
        help_ = f"it works until version {old.until}: {old.instead}"
        fault = Fault("P708", message, None, help_, f"plugin `{plugin.name}`", "warning")
        if fault not in self.faults:
            self.faults.append(fault)

    def _retired_fields(self, plugin: Plugin, row: Any) -> None:
        if not is_dataclass(row):
            return
        for old in self.api.deprecated:
            of, _, name = old.what.partition(".")
            known = {f.name: f for f in fields(row)} if of == type(row).__name__ else {}
            if name in known and getattr(row, name) != _default(known[name]):
                self._retired(plugin, old.what)

    def _fault(self, code: str, plugin: Plugin, what: str, help_: str | None) -> None:
        message = f"the plugin `{plugin.name}` {what}"
        self.faults.append(Fault(code, message, None, help_, f"plugin `{plugin.name}`", "warning"))


def _help(shelf: Shelf, row: Any) -> str:
    """What a thing is, in a line: as it says itself, its schema does, or its docstring."""
    if shelf.table == "packs":
        return f"{len(row)} file{'' if len(row) == 1 else 's'} of definitions."
    said = getattr(row, "help", "") or getattr(row, "options", {}).get("description", "")
    if not said and callable(row):
        said = (row.__doc__ or "").strip().partition("\n")[0]
    return str(said)


def _default(known: Any) -> Any:
    if known.default is not MISSING:
        return known.default
    return known.default_factory() if known.default_factory is not MISSING else None


def _wrong(plugin: Plugin, shelf: Shelf, name: Any, row: Any, table: Mapping[str, Any]) -> list[str]:
    """What is wrong with a row. One whose fields are of other types than they should be may fail anywhere."""
    try:
        return list(wrong_row(plugin, shelf, name, row, table))
    except FAILURES as error:
        return [f"it is not what it seems: {told(error)}"]


def wrong_row(plugin: Plugin, shelf: Shelf, name: Any, row: Any, table: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a row, a sentence each."""
    if shelf.row is not None and not isinstance(row, shelf.row):
        yield f"it is of type {type(row).__name__}, and `{shelf.hook}` gives {shelf.row.__name__}"
        return
    if not isinstance(name, str) or not name:
        yield "it has no name"
        return
    yield from _wrong_name(plugin, shelf, name)
    yield from _RULES[shelf.table](plugin, row, table) if shelf.table in _RULES else ()


def _wrong_name(plugin: Plugin, shelf: Shelf, name: str) -> Iterator[str]:
    parts = name.split(".")
    if not all(p.isascii() and p.isidentifier() and p == p.lower() for p in parts):
        yield "names are of `a`–`z`, `0`–`9` and `_`, joined by dots"
    elif plugin.own or shelf.naming == "bare":
        return
    elif parts[0] != plugin.name or (shelf.naming == "dotted" and len(parts) == 1):
        mine = f"`{plugin.name}.{parts[-1]}`"
        yield f"names of a plugin begin with its own: call it {mine}"


def _wrong_function(plugin: Plugin, row: Function, table: Mapping[str, Any]) -> Iterator[str]:
    return iter(()) if plugin.own else wrong_templates(row)


def _wrong_pack(plugin: Plugin, files: Any, table: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(files, list | tuple):
        yield "a pack is a list of files, each a path to show and a text"
    elif not all(isinstance(f, tuple | list) and len(f) == 2 and all(isinstance(t, str) for t in f) for f in files):
        yield "each file of a pack is a path to show and a text"


def _wrong_model(plugin: Plugin, row: RowModel, table: Mapping[str, Any]) -> Iterator[str]:
    if any(gift.hook == "tally_transforms" and gift.name == row.name for gift in plugin.gives):
        yield "the plugin gives a transform of that name, and both are called alike"


def _wrong_unit(plugin: Plugin, row: UnitRow, table: Mapping[str, Any]) -> Iterator[str]:
    if row.of and row.of not in table:
        yield f"it is of `{row.of}`, which is no unit given before it"
    elif row.of and table[row.of].of:
        yield f"it is of `{row.of}`, which is itself of `{table[row.of].of}`: say how much of that it is"
    elif row.of and row.of.partition(".")[0] != plugin.name:
        yield f"it is of `{row.of}`, a unit of another plugin"


def _wrong_format(plugin: Plugin, row: Format, table: Mapping[str, Any]) -> Iterator[str]:
    for suffix in row.suffixes:
        first = next((f.name for f in table.values() if suffix in f.suffixes), None)
        if first is not None and first != row.name:
            yield f"files that end in `{suffix}` are of the format `{first}` already"
        if not suffix.startswith(".") or suffix != suffix.lower():
            yield f"`{suffix}` is no ending of a file: it begins with a dot, in small letters"


def _wrong_sample(plugin: Plugin, write: Any, table: Mapping[str, Any]) -> Iterator[str]:
    if not callable(write):
        yield "a sample is a function that writes a project into an empty folder"


_RULES: Mapping[str, Callable[[Plugin, Any, Mapping[str, Any]], Iterator[str]]] = {
    "functions": _wrong_function,
    "models": _wrong_model,
    "packs": _wrong_pack,
    "units": _wrong_unit,
    "formats": _wrong_format,
    "samples": _wrong_sample,
}
"""What further rules rows of a table follow."""
