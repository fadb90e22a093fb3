"""What a plugin may give: one hook a sentence. Built-in plugins use these and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from tallymark.definitions import SourceDef
from tallymark.formula.functions import Function
from tallymark.source import Backend, Landing, Source
from tallymark.transforms.row_model import RowModel
from tallymark.transforms.transform import Transform

if TYPE_CHECKING:
    from tallymark.embedded import Embedded

NAMESPACE = "tallymark"

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)

Pack = Sequence[tuple[str, str]]
"""The files of a metric pack: the path to show in faults, and the text."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source: its name in `kind:`, what makes one, and the JSON Schema of its options.

    `make(definition, folder, embedded, timezone)` gets the project's folder and the engine's embedded database.
    Relative folders that it reads are named by `reads(definition, folder)`, so that the database allows them and no
    others. An option that is a secret has `"secret": true` in its schema, and is written as a reference (`secret.py`).

    A kind whose data must be fetched from a service says so by `land`: `tally sync` lands what it gives in the
    project's store. `views` are further tables made of the landed ones, each a SELECT in DuckDB's SQL, in an order in
    which each may read those before it. `starter(name)` gives what `tally init --from KIND` writes.
    """

    name: str
    make: Callable[[SourceDef, Path, Embedded, str], Source]
    options: Mapping[str, Any] = field(default_factory=dict)
    reads: Callable[[SourceDef, Path], Sequence[Path]] | None = None
    land: Callable[[SourceDef, Path, Landing], Any] | None = None
    views: Mapping[str, str] = field(default_factory=dict)
    starter: Callable[[str], Starter] | None = None


@dataclass(frozen=True, slots=True)
class Starter:
    """What a new project needs for a kind of source: its options, definitions as the text of a YAML file, packs.

    `options` are YAML lines as they stand below `sources: NAME: kind: KIND`, comments included. `definitions` is the
    text of `metrics/NAME.yaml`. `secrets` are the variables that the user must set, each with what it is.
    """

    options: str
    definitions: str
    packs: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)


class Hooks:
    """The hooks, each called once when an engine opens a project."""

    # A specification has no body: mypy is told so at each.

    @hookspec
    def tally_sources(self) -> Sequence[SourceKind]:  # type: ignore[empty-body]
        """Gives kinds of data sources."""

    @hookspec
    def tally_packs(self) -> Mapping[str, Pack]:  # type: ignore[empty-body]
        """Gives metric packs by name."""

    @hookspec
    def tally_functions(self) -> Sequence[Function]:  # type: ignore[empty-body]
        """Gives rows of the function table."""

    @hookspec
    def tally_transforms(self) -> Sequence[Transform]:  # type: ignore[empty-body]
        """Gives rows of the table of transforms, named like `acme.smooth`."""

    @hookspec
    def tally_models(self) -> Sequence[RowModel]:  # type: ignore[empty-body]
        """Gives row models: Python that computes columns of rows, named like `acme.sentiment`."""

    @hookspec
    def tally_samples(self) -> Mapping[str, Callable[[Path], None]]:  # type: ignore[empty-body]
        """Gives sample projects by name: functions that write one into an empty folder."""


__all__ = ["Backend", "Hooks", "Landing", "Pack", "SourceKind", "Starter", "hookimpl", "hookspec"]
