"""One plugin manager per engine. A plugin that fails is reported and harms only what uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy

from tallymark.errors import Fault
from tallymark.formula.functions import TABLE, Function
from tallymark.hookspecs import NAMESPACE, Hooks, Pack, SourceKind
from tallymark.transforms.row_model import RowModel
from tallymark.transforms.table import TRANSFORMS, Transform

OWN = "tallymark"
"""The distribution whose entry points are the built-in plugins."""


@dataclass(slots=True)
class Plugins:
    """What the plugins give, and the faults of those that failed."""

    manager: pluggy.PluginManager
    faults: list[Fault] = field(default_factory=list)
    sources: dict[str, SourceKind] = field(default_factory=dict)
    packs: dict[str, Pack] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=lambda: dict(TABLE))
    transforms: dict[str, Transform] = field(default_factory=lambda: dict(TRANSFORMS))
    models: dict[str, RowModel] = field(default_factory=dict)
    samples: dict[str, Callable[[Path], None]] = field(default_factory=dict)


def load(outside: bool = True, more: Iterable[object] = ()) -> Plugins:
    """The built-in plugins and, unless `outside` is False, those of other distributions; and the modules in `more`."""
    plugins = Plugins(pluggy.PluginManager(NAMESPACE))
    plugins.manager.add_hookspecs(Hooks)
    for point in sorted(entry_points(group=NAMESPACE), key=lambda p: (p.dist is None or p.dist.name != OWN, p.name)):
        if outside or (point.dist is not None and point.dist.name == OWN):
            _register(plugins, point)
    for number, module in enumerate(more):
        plugins.manager.register(module, name=getattr(module, "__name__", f"given {number}"))
    _collect(plugins)
    return plugins


def functions(outside: bool = True) -> tuple[Function, ...]:
    """Every function and operator of formulas, those of plugins included, by kind and name."""
    return tuple(sorted(load(outside).functions.values(), key=lambda f: (f.kind.value, f.name)))


def _register(plugins: Plugins, point: EntryPoint) -> None:
    try:
        plugins.manager.register(point.load(), name=point.name)
    except Exception as error:  # a plugin may fail in any way it likes
        plugins.faults.append(_failed(point.name, "could not be loaded", error))


def _failed(name: str, what: str, error: Exception) -> Fault:
    detail = f"{type(error).__name__}: {error}"
    return Fault("P701", f"the plugin `{name}` {what}", None, detail, f"plugin `{name}`", "warning")


def _taken(plugin: str, name: str) -> Fault:
    message = f"the plugin `{plugin}` gives `{name}`, which is there already"
    return Fault("P702", message, None, "give it a name of its own", f"plugin `{plugin}`", "warning")


def _collect(plugins: Plugins) -> None:
    for name, module in plugins.manager.list_name_plugin():
        _take(plugins, name, module, "tally_sources", lambda kinds: {k.name: k for k in kinds}, plugins.sources)
        _take(plugins, name, module, "tally_packs", dict, plugins.packs)
        _take(plugins, name, module, "tally_functions", lambda rows: {f.name: f for f in rows}, plugins.functions)
        _take(plugins, name, module, "tally_transforms", lambda rows: {t.name: t for t in rows}, plugins.transforms)
        _take(plugins, name, module, "tally_models", lambda rows: {m.name: m for m in rows}, plugins.models)
        for model in plugins.models.keys() & plugins.transforms.keys():
            plugins.faults.append(_taken(name, model))
            del plugins.models[model]
        _take(plugins, name, module, "tally_samples", dict, plugins.samples)


def _take(
    plugins: Plugins,
    name: str,
    module: object,
    hook: str,
    named: Callable[[Any], Mapping[str, Any]],
    into: dict[str, Any],
) -> None:
    """Calls one hook of one plugin; a name that is taken already is an error of the later plugin."""
    given = getattr(module, hook, None)
    if given is None:
        return
    try:
        found = named(given())
    except Exception as error:  # a plugin may fail in any way it likes
        plugins.faults.append(_failed(name, f"failed in `{hook}`", error))
        return
    for key, value in found.items():
        if key in into:
            plugins.faults.append(_taken(name, key))
        else:
            into[key] = value
