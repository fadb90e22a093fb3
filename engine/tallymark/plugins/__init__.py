"""One plugin manager per engine. A plugin that fails is reported and harms only what uses it.

plugin.py       one plugin: who it is, what became of it, what it gives
finding.py      which plugins there are, and which of them a project takes
identity.py     who a plugin says it is; the versions it is for; its options
collecting.py   the hooks, and what is sound of what they give
templates.py    the SQL of functions
failing.py      what a plugin raises, as a fault
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pluggy

from tallymark.definitions import PluginsDef
from tallymark.errors import Fault
from tallymark.formula.functions import TABLE, Function
from tallymark.given import Given
from tallymark.hookspecs import API, NAMESPACE, Api, Check, Format, NotifierKind, Pack, SourceKind, UnitRow
from tallymark.plugins.collecting import SHELVES, Collector
from tallymark.plugins.failing import FAILURES, failed, isolated
from tallymark.plugins.finding import found, misnamed, place_of
from tallymark.plugins.identity import identify
from tallymark.plugins.plugin import OWN, Gift, Plugin, State
from tallymark.transforms.row_model import RowModel
from tallymark.transforms.table import TRANSFORMS, Transform

__all__ = ["OWN", "Gift", "Plugin", "Plugins", "State", "failed", "functions", "isolated", "load"]


@dataclass(slots=True)
class Plugins:
    """What the plugins give, by name, and the faults of those that failed.

    `found` are all of them, those that are not loaded too. `givers` says which plugin gives what, by the name of the
    table (`functions`) and of the row; what is the engine's own has none.
    """

    manager: pluggy.PluginManager
    faults: list[Fault] = field(default_factory=list)
    found: list[Plugin] = field(default_factory=list)
    givers: dict[tuple[str, str], str] = field(default_factory=dict)
    sources: Given[SourceKind] = field(default_factory=Given)
    packs: Given[Pack] = field(default_factory=Given)
    tests: Given[Callable[[], Pack]] = field(default_factory=Given)
    """By pack: what gives the files of its tests, which nobody reads who does not run them."""
    functions: Given[Function] = field(default_factory=lambda: Given(TABLE))
    transforms: Given[Transform] = field(default_factory=lambda: Given(TRANSFORMS))
    models: Given[RowModel] = field(default_factory=Given)
    units: Given[UnitRow] = field(default_factory=Given)
    formats: Given[Format] = field(default_factory=Given)
    checks: Given[Check] = field(default_factory=Given)
    notifiers: Given[NotifierKind] = field(default_factory=Given)
    samples: Given[Callable[[Path], None]] = field(default_factory=Given)

    def giver(self, table: str, name: str) -> str | None:
        """The plugin that gives a row; None for one of the engine's own."""
        return self.givers.get((table, name))


def load(
    outside: bool = True,
    more: Iterable[object] = (),
    settings: PluginsDef | None = None,
    folder: Path | None = None,
    api: Api = API,
) -> Plugins:
    """The built-in plugins and, unless `outside` is False, those of other distributions; and the modules in `more`.

    `settings` are the project's: which plugins it takes, and their options; `folder` is its folder. Never raises.
    """
    settings, folder = settings or PluginsDef(), folder if folder is not None else Path()
    plugins = Plugins(pluggy.PluginManager(NAMESPACE))
    plugins.manager.add_hookspecs(api.hooks)
    plugins.found = list(found(outside, settings, folder, more))
    _part_namesakes(plugins)
    tables: dict[str, Given[Any]] = {s.table: getattr(plugins, s.table) for s in SHELVES}
    own = frozenset(p.name for p in plugins.found if p.own)
    collector = Collector(plugins.manager, api, settings, folder, tables, plugins.givers, plugins.faults, own)
    for plugin in plugins.found:
        if plugin.state is State.LOADED and _fetched(plugin, settings, plugins):
            if plugins.manager.is_registered(plugin.module):  # installed, and named once more
                plugin.state = State.AGAIN
                continue
            plugins.faults += identify(plugin, api, settings)
            _require_name_of_its_own(plugin, plugins)
        if plugin.state is State.LOADED and collector.register(plugin):
            collector.collect(plugin)
        if plugin.state is not State.LOADED:
            for table in tables.values():
                table.lacking.setdefault(plugin.name, plugin.reason)
    plugins.found = [p for p in plugins.found if p.state is not State.AGAIN]
    plugins.faults += misnamed(settings, plugins.found)
    return plugins


def functions(outside: bool = True) -> tuple[Function, ...]:
    """Every function and operator of formulas, those of plugins included, by kind and name."""
    return tuple(sorted(load(outside).functions.values(), key=lambda f: (f.kind.value, f.name)))


def _fetched(plugin: Plugin, settings: PluginsDef, plugins: Plugins) -> bool:
    """Imports a plugin; whether that went well."""
    try:
        plugin.module = plugin.fetch()
        return True
    except FAILURES as error:
        fault = failed(plugin.name[:60], "could not be loaded", error)
        place = place_of(plugin, settings)
        if place is not None:  # named in tally.yaml, and so a mistake of the project
            fault = Fault("P712", fault.message, place, fault.help, fault.subject)
        plugin.state, plugin.reason = State.FAILED, f"{fault.message}: {fault.help}"
        plugins.faults.append(fault)
        return False


def _require_name_of_its_own(plugin: Plugin, plugins: Plugins) -> None:
    """A plugin that no entry point names may say the name of another one: it is not loaded then."""
    first = next((p for p in plugins.found if p.name == plugin.name and p.module is not None), plugin)
    if plugin.state is State.LOADED and first is not plugin:
        message = f"several plugins are called `{plugin.name}`: {first.described} and {plugin.described}"
        plugins.faults.append(Fault("P702", message, None, "rename one, or leave one out", f"plugin `{plugin.name}`"))
        plugin.state, plugin.reason = State.FAILED, message


def _part_namesakes(plugins: Plugins) -> None:
    """Of several installed plugins of one name none is loaded, but a built-in one."""
    named: dict[str, list[Plugin]] = {}
    for plugin in plugins.found:
        if plugin.state is State.LOADED and plugin.distribution is not None:
            named.setdefault(plugin.name, []).append(plugin)
    for name, several in named.items():
        if len(several) == 1:
            continue
        message = f"several plugins are called `{name[:60]}`: {' and '.join(p.described for p in several)}"
        plugins.faults.append(Fault("P702", message, None, "uninstall or rename one", f"plugin `{name[:60]}`"))
        for plugin in several:
            if not plugin.own:
                plugin.state, plugin.reason = State.FAILED, message
