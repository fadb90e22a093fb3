"""`plugins:` of `tally.yaml`, and the options of sources and plugins, each with where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tallymark.definitions import OptionPath, OptionPlace, PluginsDef
from tallymark.place import Place
from tallymark.read.files import project_file, read_file
from tallymark.read.values import data, entries, texts
from tallymark.yaml_text import Entries, Items, Scalar, Value, load, resolved


def read_plugins(folder_or_file: Path) -> PluginsDef:
    """Which plugins the project in a folder takes, before anything else of it is read. Never raises.

    Faults are not told here: `read_project` reads the same file again and tells all of them.
    """
    found = read_file(project_file(folder_or_file))
    root, _ = load(found.content, found.name) if found.fault is None else (None, [])
    return plugins(root.get("plugins")) if isinstance(root, Entries) else PluginsDef()


def plugins(value: Value | None) -> PluginsDef:
    """Which plugins are taken; what is not of its shape, which the schema tells, counts as left out."""
    if not isinstance(value, Entries):
        return PluginsDef()
    allow, config = value.get("allow"), value.get("config")
    said = allow is not None and not (isinstance(allow, Scalar) and resolved(allow) is None)
    mappings = {key.text: data(item) for key, item in entries(config) if isinstance(item, Entries)}
    places = dict(_places(value, ()))
    return PluginsDef(texts(allow) if said else None, texts(value.get("load")), mappings, places)


def option_places(value: Entries) -> dict[OptionPath, OptionPlace]:
    """Where each option in a mapping is written, those within others too."""
    return dict(_places(value, ()))


def _places(value: Value, path: OptionPath) -> Iterator[tuple[OptionPath, OptionPlace]]:
    if isinstance(value, Entries):
        for key, item in value.entries:
            yield (*path, key.text), OptionPlace(headed(key), _shown(item))
            yield from _places(item, (*path, key.text))
    if isinstance(value, Items):
        for number, item in enumerate(value.items):
            yield (*path, number), OptionPlace(_shown(item), _shown(item))
            yield from _places(item, (*path, number))


def headed(key: Scalar) -> Place:
    """The place of a key, whose line is shown no further than the key.

    What follows may be a secret that somebody wrote in the open, or under a key that is misspelt.
    """
    place = key.place()
    end = place.column - 1 + place.width
    after = place.text[end:].lstrip()
    head = place.text[:end]
    if "{" in head or "," in head:  # keys before it on the line have values too
        return replace(place, text="")
    return replace(place, text=f"{head}: …" if after.removeprefix(":").strip() else place.text)


def _shown(value: Value) -> Place:
    """The place of a value; its line is shown when nothing else stands on it but the key."""
    place = value.place()
    alone = not ({"{", "[", ","} & set(place.text))
    return place if alone else replace(place, text="")
