"""What the command asks of the engine apart from a book: functions, samples, the columns of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import Type

if TYPE_CHECKING:
    from tallymark.formula.functions import Function


def functions_of(plugins: bool) -> list[Function]:
    """The rows of the function table, those of plugins included, by kind and name."""
    import tallymark

    return list(tallymark.functions(plugins))


def sample_writer(name: str) -> Callable[[Path], None]:
    """The function that writes the sample project of that name into an empty folder. Raises FaultError."""
    from tallymark.plugins import load

    samples = load(False).samples
    if name not in samples:
        raise FaultError(Fault("P791", f"no plugin gives a sample `{name}`", help=did_you_mean(name, samples)))
    return samples[name]


def columns_of(path: Path) -> tuple[tuple[str, Type], ...]:
    """The columns of a data file and their types, as the source of files finds them. Raises FaultError."""
    from tallymark.definitions import Definitions, Project
    from tallymark.engine.sources import Sources
    from tallymark.plugins import load
    from tallymark.source import Table

    sources = Sources(Definitions(Project(folder=str(path.parent))), load(False), {})
    try:
        return tuple((c.name, c.type) for c in sources.describe("files", Table(path.stem, path.name)))
    finally:
        sources.close()
