"""The plugin under test, loaded as an engine loads it, beside the built-in ones and no others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from tallymark.definitions import PluginsDef
from tallymark.formula.function import Function, Kind
from tallymark.hookspecs import INFO, PluginInfo
from tallymark.plugins import Plugins, load

Row = TypeVar("Row")


def name_of(plugin: Any) -> str:
    """What the plugin calls itself; a built-in one is called as its entry point. Raises TypeError for any other."""
    info = getattr(plugin, INFO, None)
    if isinstance(info, PluginInfo):
        return info.name
    own = [found.name for found in load(False).found if found.module is plugin]
    if not own:
        raise TypeError(f"the plugin says who it is: `{INFO} = PluginInfo('acme', …)`")
    return own[0]


def settings_of(plugin: Any, config: Mapping[str, Any]) -> PluginsDef:
    """The settings of a project that gives the plugin these options."""
    return PluginsDef(config={name_of(plugin): dict(config)} if config else {})


def loaded(plugin: Any, config: Mapping[str, Any], folder: Path | None = None) -> Plugins:
    """The plugins of an engine that is given this one. Fails when there is anything to say against it."""
    plugins = load(False, [plugin], settings_of(plugin, config), folder)
    assert not plugins.faults, "\n".join(map(str, plugins.faults))
    return plugins


def given(plugin: Any, table: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What the plugin gives to one table of the engine's (`functions`, `sources`), by name."""
    plugins, own = loaded(plugin, config), name_of(plugin)
    return {name: row for name, row in getattr(plugins, table).items() if plugins.giver(table, name) == own}


def functions_of(plugin: Any, kind: Kind, config: Mapping[str, Any]) -> tuple[Function, ...]:
    """The rows of one kind that a plugin gives to the function table."""
    return tuple(row for row in given(plugin, "functions", config).values() if row.kind is kind)
