"""The plugins of a project: what its `tally.yaml` takes, before anything else of it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tallymark.definitions import Definitions, PluginsDef
from tallymark.plugins import Plugins, load
from tallymark.read import read_plugins
from tallymark.read.files import project_file


def plugins_of(folder_or_file: Path, plugins: bool | Sequence[object] = True) -> Plugins:
    """The plugins of the project in a folder; `plugins` as `tallymark.open` takes it."""
    return _load(plugins, read_plugins(folder_or_file), project_file(folder_or_file).parent)


def load_for(definitions: Definitions, plugins: bool | Sequence[object] = True) -> Plugins:
    """The plugins that ready definitions take."""
    return _load(plugins, definitions.project.plugins, Path(definitions.project.folder))


def _load(plugins: bool | Sequence[object], settings: PluginsDef, folder: Path) -> Plugins:
    outside, more = (plugins, ()) if isinstance(plugins, bool) else (True, tuple(plugins))
    return load(outside, more, settings, folder)
