"""Which plugins there are: installed ones by their entry points, and those a project names."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from tallymark.definitions import PluginsDef
from tallymark.errors import Fault, did_you_mean
from tallymark.hookspecs import INFO, NAMESPACE, PluginInfo
from tallymark.place import Place
from tallymark.plugins.plugin import OWN, Plugin, State

NAME = re.compile(r"[a-z_][a-z0-9_]*")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def found(outside: bool, settings: PluginsDef, folder: Path, more: Iterable[object]) -> Iterator[Plugin]:
    """Every plugin, the built-in ones first, then by name; none is imported yet. Those left out say why."""
    points = entry_points(group=NAMESPACE)
    for point in sorted(points, key=lambda p: (_distribution(p) != OWN, p.name, _distribution(p) or "")):
        yield _settled(_installed(point), outside, settings)
    for entry in settings.load:
        plugin = _local(entry, folder)
        yield plugin if outside else _without(plugin, State.LEFT_OUT, "`--no-plugins` leaves it out")
    for module in more:
        yield Plugin(_name_of(module), "given by the program", lambda module=module: module)  # type: ignore[misc]  # each keeps its own module


def misnamed(settings: PluginsDef, plugins: Iterable[Plugin]) -> Iterator[Fault]:
    """Warnings of names under `allow:` and `config:` that no plugin has."""
    known = [p.name for p in plugins]
    for number, name in enumerate(settings.allow or ()):
        if name not in known:
            yield _unknown(
                name, known, settings, ("allow", number) if ("allow", number) in settings.places else ("allow",)
            )
    for name in settings.config:
        if name not in known:
            yield _unknown(name, known, settings, ("config", name))


def _unknown(name: str, known: list[str], settings: PluginsDef, path: tuple[str | int, ...]) -> Fault:
    place = settings.places[path].key if path in settings.places else None
    help_ = did_you_mean(name[:60], known)
    return Fault("P711", f"no plugin `{name[:60]}` is installed", place, help_, severity="warning")


def _distribution(point: EntryPoint) -> str | None:
    return point.dist.name if point.dist is not None else None


def _installed(point: EntryPoint) -> Plugin:
    version = point.dist.version if point.dist is not None else None
    return Plugin(point.name, point.value, point.load, _distribution(point), version)


def _settled(plugin: Plugin, outside: bool, settings: PluginsDef) -> Plugin:
    if plugin.own:
        return plugin
    if not outside:
        return _without(plugin, State.LEFT_OUT, "`--no-plugins` leaves it out")
    if settings.allow is not None and plugin.name not in settings.allow:
        return _without(plugin, State.NOT_ALLOWED, "`plugins.allow` in tally.yaml does not name it")
    return plugin


def _without(plugin: Plugin, state: State, why: str) -> Plugin:
    plugin.state, plugin.reason = state, f"the plugin `{plugin.name}` is not loaded: {why}"
    return plugin


def _name_of(module: object) -> str:
    """The name of a module that a program hands over: the one it says, else the last part of its own."""
    info = getattr(module, INFO, None)
    if isinstance(info, PluginInfo):
        return info.name
    own = str(getattr(module, "__name__", type(module).__name__)).rpartition(".")[2]
    return re.sub(r"[^a-z0-9_]", "_", own.lower())


def _local(entry: str, folder: Path) -> Plugin:
    if not entry.endswith(".py"):
        return Plugin(entry.rpartition(".")[2], entry, lambda: _module(entry))
    return Plugin(Path(entry).stem, entry, lambda: _file(entry, folder))


def _module(entry: str) -> ModuleType:
    if not _DOTTED.fullmatch(entry):
        raise ImportError(f"{entry!r} is no name of a module, and no path of a .py file")
    return import_module(entry)


def _file(entry: str, folder: Path) -> ModuleType:
    """The module in a file of the project's folder. Raises ImportError for a file that is not in it."""
    home = folder.resolve()
    path = (home / entry).resolve()
    if not path.is_relative_to(home) or Path(entry).is_absolute():
        raise ImportError(f"{entry} is not inside the project's folder")
    if not path.is_file():
        raise ImportError(f"there is no file {entry} in the project's folder")
    # Of its own name, so that two projects of one process may each have a `plugins/ours.py`.
    name = f"tallymark_project_{abs(hash(str(path))):x}_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{entry} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def place_of(plugin: Plugin, settings: PluginsDef) -> Place | None:
    """Where a project names the plugin under `load:`; None for an installed one."""
    if plugin.origin not in settings.load:
        return None
    path = ("load", settings.load.index(plugin.origin))
    found_at = settings.places.get(path) or settings.places.get(("load",))
    return found_at.value if found_at is not None else None
