"""Small books for tests: definitions as YAML text, rows as Arrow tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tallymark
from tallymark.definitions import Project
from tallymark.read import read_texts


def opened(
    yaml: str, tables: Mapping[str, Any] | None = None, *, strict: bool = True, project: Project | None = None
) -> tallymark.Book:
    """A book of YAML definitions over in-memory tables. Faults of reading are raised, those of `check` if `strict`."""
    definitions, faults = read_texts([("book.yaml", yaml)], project=project or Project(folder=""))
    if faults:
        raise tallymark.FaultError(faults)
    return tallymark.open(definitions=definitions, tables=tables or {}, strict=strict, plugins=False)
