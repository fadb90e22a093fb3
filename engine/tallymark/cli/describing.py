"""What the command asks of the engine apart from a book: functions, samples, the columns of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tallymark.cli.guessing import MONEY, slug
from tallymark.cli.opening import folder_of
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import Type

if TYPE_CHECKING:
    from tallymark.cli.session import Session
    from tallymark.engine.sources import Sources
    from tallymark.formula.functions import Function
    from tallymark.plugins import Plugins
    from tallymark.transforms.transform import Transform


def plugins_here(session: Session) -> Plugins:
    """The plugins of the project that the command is about, or of none: they are told of outside a project too."""
    from tallymark.engine.loading import plugins_of
    from tallymark.plugins import load

    try:
        folder = folder_of(session)
    except FaultError:
        if session.project is not None:
            raise
        return load(session.plugins)
    return plugins_of(folder, session.plugins)


def functions_of(plugins: Plugins) -> list[Function]:
    """The rows of the function table, those of plugins included, by kind and name."""
    return sorted(plugins.functions.values(), key=lambda f: (f.kind.value, f.name))


def transforms_of(plugins: Plugins) -> list[Transform]:
    """The rows of the table of transforms, those of plugins included, by name."""
    from tallymark.transforms.modelled import with_models

    return sorted(with_models(plugins.transforms, plugins.models).values(), key=lambda t: t.name)


def sample_writer(name: str) -> Callable[[Path], None]:
    """The function that writes the sample project of that name into an empty folder. Raises FaultError."""
    from tallymark.plugins import load

    samples = load(False).samples
    if name not in samples:
        raise FaultError(Fault("P791", f"no plugin gives a sample `{name}`", help=did_you_mean(name, samples)))
    return samples[name]


NUMBERS: tuple[dict[str, str], ...] = ({}, {"decimal": ",", "thousands": " "}, {"decimal": ",", "thousands": "."})
FORMATS = tuple({**numbers, **dates} for dates in ({}, {"dates": "day_first"}) for numbers in NUMBERS)
"""How texts in a file may be written, likeliest first."""

DELIMITED = (".csv", ".tsv")


def columns_of(path: Path) -> tuple[tuple[tuple[str, Type], ...], dict[str, str]]:
    """The columns of a data file and their types, as the source of files finds them, and how its texts are written.

    Of several ways to read the texts the first is taken that leaves the fewest columns as mere text. Raises FaultError.
    """
    from tallymark.definitions import Definitions, Project
    from tallymark.engine.sources import Sources
    from tallymark.plugins import load

    sources = Sources(Definitions(Project(folder=str(path.parent))), load(False), {})
    delimited = any(ending in path.suffixes for ending in DELIMITED)
    try:
        read = [(_read(sources, path, form), form) for form in (FORMATS if delimited else FORMATS[:1])]
    finally:
        sources.close()
    return min(read, key=lambda each: sum(1 for _, kind in each[0] if kind is Type.TEXT))


def _read(sources: Sources, path: Path, form: dict[str, str]) -> tuple[tuple[str, Type], ...]:
    """The columns read in one way; texts that are amounts with a currency sign are decimals."""
    from tallymark.source import Table

    found = sources.describe("files", Table(path.stem, path.name, format=form))
    return tuple((c.name, _amounts(sources, path, form, c.name) if c.type is Type.TEXT else c.type) for c in found)


def _amounts(sources: Sources, path: Path, form: dict[str, str], column: str) -> Type:
    from tallymark.source import Table, WantedColumn

    if not MONEY.search(slug(column)):
        return Type.TEXT
    wanted = (WantedColumn(column, Type.DECIMAL),)
    try:
        sources.source("files").prepare(Table(f"{path.stem} {column}", path.name, wanted, form))
    except FaultError:
        return Type.TEXT
    return Type.DECIMAL
