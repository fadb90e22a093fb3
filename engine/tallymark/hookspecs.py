"""What a plugin may give: one hook a sentence. Built-in plugins use these and nothing else.

`plugins/HOOKS.md` tells each with its types and an example; a test holds it to this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from tallymark.definitions import SourceDef
from tallymark.errors import Fault
from tallymark.formula.functions import Function
from tallymark.notifier import NotifierKind
from tallymark.source import Backend, Landing, Source
from tallymark.transforms.row_model import RowModel
from tallymark.transforms.transform import Transform
from tallymark.units import UnitRow

if TYPE_CHECKING:
    from tallymark.answer import Answer
    from tallymark.catalog import Catalog
    from tallymark.embedded import Embedded

NAMESPACE = "tallymark"

API_VERSION = "1.0"
"""The version of what this module asks of plugins. The second number grows with what is added, the first with what is
taken away or means something else; a plugin says in `PluginInfo.requires_api` which versions it is written for."""

INFO = "tally_plugin"
"""The name that a plugin's module gives its `PluginInfo`."""

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)

Pack = Sequence[tuple[str, str]]
"""The files of a metric pack: the path to show in faults, and the text."""

Config = Mapping[str, Any]
"""A plugin's options from `tally.yaml`, as its schema allows them: defaults filled in, secrets as `Secret`."""


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """Who a plugin is: stands in its module as `tally_plugin = PluginInfo("acme", …)`.

    `name` is that of its entry point, or of its file; all it gives is named `acme.…`. `requires_api` are the versions
    of the engine's plugin API that it is written for (PEP 440: `>=1.0,<2`). `version` is for a plugin that no
    distribution has. `config` is the JSON Schema of its options; one that is a secret has `"secret": true`.
    """

    name: str
    description: str = ""
    requires_api: str = ""
    version: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


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
    text of `metrics/NAME.yaml`. `secrets` are the variables that the user must set, each with what it is; `fill` the
    options in which something must be put in place of an example.
    """

    options: str
    definitions: str
    packs: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    fill: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write an answer: `tally ask --format NAME`, `answer.to(NAME)`.

    `write(answer)` gives a text, or bytes when the format is `binary` (and then not for a terminal). `suffixes` are
    the endings of files that mean it (`.html`).
    """

    name: str
    write: Callable[[Answer], str | bytes]
    help: str
    suffixes: tuple[str, ...] = ()
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A rule of a team's own about how a project is written; `tally check` runs it.

    `run(catalog)` gives faults, whose codes begin with the plugin's name: `Fault("acme.owner", "…", metric.place)`.
    Those of severity `error` make `tally check` fail; none of them keeps a metric from being asked.
    """

    name: str
    run: Callable[[Catalog], Iterable[Fault]]
    help: str


@dataclass(frozen=True, slots=True)
class Deprecated:
    """A hook, or a field of a type (`SourceKind.reads`), that goes away.

    From `since` on, a plugin that uses it is warned of; it works until the version before `until`, which is the next
    first number at the earliest. `instead` says what to write.
    """

    what: str
    since: str
    until: str
    instead: str


class Hooks:
    """The hooks, each called once when an engine opens a project.

    An implementation takes as many of the arguments as it wants: the plugin's options (`config`), and the project's
    folder (`folder`; empty when definitions are given by a program).
    """

    # A specification has no body: mypy is told so at each.

    @hookspec
    def tally_sources(self, config: Config, folder: Path) -> Sequence[SourceKind]:  # type: ignore[empty-body]
        """Gives kinds of data sources."""

    @hookspec
    def tally_packs(self, config: Config, folder: Path) -> Mapping[str, Pack]:  # type: ignore[empty-body]
        """Gives metric packs by name."""

    @hookspec
    def tally_tests(self, config: Config, folder: Path) -> Mapping[str, Callable[[], Pack]]:  # type: ignore[empty-body]
        """Gives the tests of metric packs by the pack's name: functions that give their files."""

    @hookspec
    def tally_functions(self, config: Config, folder: Path) -> Sequence[Function]:  # type: ignore[empty-body]
        """Gives functions and aggregates for formulas, as rows of the function table."""

    @hookspec
    def tally_transforms(self, config: Config, folder: Path) -> Sequence[Transform]:  # type: ignore[empty-body]
        """Gives transforms of datasets, as rows of the table of transforms."""

    @hookspec
    def tally_models(self, config: Config, folder: Path) -> Sequence[RowModel]:  # type: ignore[empty-body]
        """Gives row models: Python that computes columns of rows, used as a transform."""

    @hookspec
    def tally_units(self, config: Config, folder: Path) -> Sequence[UnitRow]:  # type: ignore[empty-body]
        """Gives units that columns and metrics may have."""

    @hookspec
    def tally_formats(self, config: Config, folder: Path) -> Sequence[Format]:  # type: ignore[empty-body]
        """Gives formats that answers may be written in."""

    @hookspec
    def tally_checks(self, config: Config, folder: Path) -> Sequence[Check]:  # type: ignore[empty-body]
        """Gives checks of how a project is written."""

    @hookspec
    def tally_notifiers(self, config: Config, folder: Path) -> Sequence[NotifierKind]:  # type: ignore[empty-body]
        """Gives kinds of notifiers, which send notifications somewhere."""

    @hookspec
    def tally_samples(self, config: Config, folder: Path) -> Mapping[str, Callable[[Path], None]]:  # type: ignore[empty-body]
        """Gives sample projects by name: functions that write one into an empty folder."""


@dataclass(frozen=True, slots=True)
class Api:
    """What plugins are held against: the hooks, their version, and what of them goes away."""

    hooks: type = Hooks
    version: str = API_VERSION
    deprecated: tuple[Deprecated, ...] = ()


API = Api()


__all__ = [
    "API",
    "API_VERSION",
    "Api",
    "Backend",
    "Check",
    "Config",
    "Deprecated",
    "Format",
    "Hooks",
    "Landing",
    "NotifierKind",
    "Pack",
    "PluginInfo",
    "SourceKind",
    "Starter",
    "UnitRow",
    "hookimpl",
    "hookspec",
]
