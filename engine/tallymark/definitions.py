"""What the project's files say, as written: frozen data with places, formulas parsed, nothing bound.

`read` makes these from YAML; `check` binds them into a catalog; the JSON Schema for editors is generated from them.
A field's metadata says what the schema tells its reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from tallymark.formula.nodes import Node
from tallymark.place import Place, Written

NOWHERE = Place("<none>")
EMPTY: Mapping[str, Any] = MappingProxyType({})

Texts = Mapping[str, str]
"""A text by language: `{"en": …, "fr": …, "ro": …}`. A plain string in YAML is the text in the project's language."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as written and as parsed. `node` is None when the text did not parse (the fault is reported)."""

    written: Written
    node: Node | None

    @property
    def text(self) -> str:
        return self.written.text


@dataclass(frozen=True, slots=True)
class UnitDef:
    """A unit as written: `percent` is name only; `money: EUR` and `duration: ms` have a detail too."""

    name: str
    detail: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ConvertDef:
    """Which rate an amount is converted at: `at_event`, `period_end`, or `fixed`, that of one `day`."""

    policy: str
    day: date | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class RatesDef:
    """Where exchange rates are: a dataset and its columns. One `source` is worth `rate` of `to`.

    Without `source`, every rate is of the `base`; without `base`, that is the project's currency. A rate holds until
    the next, for at most `max_age` days after its own; `missing` says what becomes of an amount without one: `fault` or
    `null`.
    """

    dataset: str
    to: str
    rate: str
    at: str
    source: str | None = None
    base: str | None = None
    max_age: int | None = None
    missing: str = "fault"
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ColumnDef:
    """A column of a dataset: read from the source, or computed by a formula.

    `column` is the name in the source when it differs; `format` overrides the dataset's text format for this column.
    """

    name: str
    type: str | None = None
    unit: UnitDef | None = None
    currency: str | None = None
    """The column, of the dataset or over references, that holds the currency of each row's amount."""
    column: str | None = None
    formula: Formula | None = None
    required: bool = True
    """False in a pack: a project may leave the column out; only the metrics that use it are then unavailable."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    format: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class RefDef:
    """A reference, many-to-one, to the key of `dataset`; held in `column` (the reference's own name unless said)."""

    name: str
    dataset: str
    column: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class DatasetDef:
    """A table of rows. Without `source` and `table` it is a canonical dataset that a project may implement."""

    name: str
    source: str | None = None
    table: str | None = None
    implements: str | None = None
    key: str | None = None
    time: str | None = None
    valid: tuple[str, str] | None = None
    refs: Mapping[str, RefDef] = field(default_factory=dict)
    columns: Mapping[str, ColumnDef] = field(default_factory=dict)
    format: Mapping[str, Any] = field(default_factory=dict)
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    pack: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class MetricDef:
    """A metric: a formula and what is said about it."""

    name: str
    formula: Formula
    unit: UnitDef | None = None
    convert: ConvertDef | None = None
    """How amounts are converted for this metric, where the project's rule does not serve."""
    missing: str | None = None
    """`zero` or `null`: what the aggregates of this formula give over no rows; None is each aggregate's own rule."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    direction: str | None = None
    """`up` when more is better, `down` when less is."""
    decimals: int | None = None
    tags: tuple[str, ...] = ()
    hidden: bool = False
    pack: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ParameterDef:
    """A parameter `$name` of formulas. `type`: number, text, boolean, date, duration or list (of text)."""

    name: str
    type: str
    default: Any = None
    """int, Decimal, str, bool, datetime.date, nodes.Duration or a tuple of str, by `type`."""
    options: tuple[Any, ...] = ()
    description: Texts = field(default_factory=dict)
    pack: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class SourceDef:
    """Where data comes from: a kind (`files`, `duckdb`, a plugin's) and that kind's options."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Project:
    """The settings of `tally.yaml`."""

    name: str = "project"
    folder: str = "."
    currency: str = "USD"
    rates: RatesDef | None = None
    convert: ConvertDef | None = None
    """At which rate amounts are converted; without it, nothing is."""
    timezone: str = "UTC"
    week_start: str = "monday"
    fiscal_year_start: int = 1
    """The month (1–12) in which the fiscal year begins."""
    as_of: str | None = None
    """The day after which nothing is known, for data that has ended; without it, now."""
    language: str = "en"
    locale: str | None = None
    packs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("metrics",)
    max_cells: int = 1_000_000
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything the files of a project and its packs define."""

    project: Project = field(default_factory=Project)
    sources: Mapping[str, SourceDef] = field(default_factory=dict)
    parameters: Mapping[str, ParameterDef] = field(default_factory=dict)
    datasets: Mapping[str, DatasetDef] = field(default_factory=dict)
    """By their own name; a dataset that implements a canonical one is kept apart until `check` joins them."""
    metrics: Mapping[str, MetricDef] = field(default_factory=dict)
    canonical: Mapping[str, DatasetDef] = field(default_factory=dict)
    """The packs' datasets without data, by name."""
