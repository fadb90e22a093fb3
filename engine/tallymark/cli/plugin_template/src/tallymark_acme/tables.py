"""The tables of the source: here JSON files in a folder, a list of objects each. Put your own system in its place."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path

import pyarrow


class JsonFolder:
    """Tables of JSON files. Called from several threads, so that it keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """The tables there are."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def read(self, name: str) -> pyarrow.Table:
        """All rows of a table. Times may be texts: a dataset declares what they are."""
        with (self._folder / f"{name}.json").open(encoding="utf-8") as file:
            return pyarrow.Table.from_pylist(json.load(file))

    def state(self, name: str) -> Hashable:
        """Changes when the data does: the table is then read again."""
        told = (self._folder / f"{name}.json").stat()
        return told.st_mtime_ns, told.st_size
