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
from tallymark.units import Measure

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
    """A unit as written: `percent` is name only; `money: EUR` and `duration: ms` have a detail too.

    A plugin's unit comes with its `measure`, and the `scale` that brings stored values to it.
    """

    name: str
    detail: str | None = None
    place: Place = NOWHERE
    measure: Measure | None = None
    scale: float = 1.0


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
class ArgumentDef:
    """An argument of a transform by its name, `gap: 30 minutes` or `per user`: one value, or several in a list."""

    name: str
    values: tuple[Formula, ...]
    listed: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class TransformDef:
    """How a dataset is made of others: `sessionize(events where name != 'ping', gap: 30 minutes, per user)`.

    `inputs` are datasets, each with an `on` or a `where` of its own if need be.
    """

    name: str
    inputs: tuple[Formula, ...]
    arguments: Mapping[str, ArgumentDef] = field(default_factory=dict)
    text: str = ""
    """The whole call on one line, as readers are shown it."""
    place: Place = NOWHERE
    """Of its name."""


@dataclass(frozen=True, slots=True)
class DatasetDef:
    """A table of rows, or a `transform` of other datasets' rows.

    Without a table and a transform it is a canonical dataset that a project may implement.
    """

    name: str
    source: str | None = None
    table: str | None = None
    transform: TransformDef | None = None
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
    table_place: Place = NOWHERE
    """Where its table is named; its own place when it is named nowhere."""
    source_place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class MinCountDef:
    """Below how many of what a metric's cells are hidden: of the formula `of`, or of the rows that the metric reads."""

    at_least: int
    of: Formula | None = None
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
    min_count: MinCountDef | None = None
    level: str | None = None
    """The dimension of whose single members it is: for several together it means nothing."""
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
    level_place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class StepDef:
    """A step of a funnel: rows of a dataset, as `events where name = 'invited'`, and what readers call it."""

    name: str
    rows: Formula
    label: Texts = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class FunnelDef:
    """Steps that members take in order. `metrics` are the names of those it stands for, in the order of the steps."""

    name: str
    per: str
    steps: Mapping[str, StepDef] = field(default_factory=dict)
    within: str | None = None
    counting: str | None = None
    """`same period` when all steps must lie in the period of the first; otherwise a later one may follow after it."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
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


OptionPath = tuple[str | int, ...]
"""The way to an option: keys, and places in lists."""


@dataclass(frozen=True, slots=True)
class OptionPlace:
    """Where an option's key stands, and where its value does; of an item of a list both are the item's."""

    key: Place
    value: Place


@dataclass(frozen=True, slots=True)
class SourceDef:
    """Where data comes from: a kind (`files`, `duckdb`, a plugin's) and that kind's options."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE
    places: Mapping[OptionPath, OptionPlace] = field(default_factory=dict, compare=False, repr=False)
    """Where each option is written."""


@dataclass(frozen=True, slots=True)
class PluginsDef:
    """Which plugins a project takes beside the built-in ones, and their options.

    `allow` None takes every plugin that is installed. `load` names modules, and `.py` files in the project's folder.
    """

    allow: tuple[str, ...] | None = None
    load: tuple[str, ...] = ()
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The options of each plugin, by its name."""
    places: Mapping[OptionPath, OptionPlace] = field(default_factory=dict, compare=False, repr=False)
    """Where each of them is written: `("config", "acme", "key")`."""


@dataclass(frozen=True, slots=True)
class CalendarDef:
    """Months, quarters and years of a project's own: by a rule (`pattern`, `ends`), or from the table `dataset`."""

    pattern: str | None = None
    """The weeks of a quarter's months: `4-4-5`, `4-5-4` or `5-4-4`."""
    ends: str | None = None
    """When a year ends: `last saturday of august`, `sunday nearest 31 december`."""
    week_53: int = 12
    """The month that has the 53rd week of a long year."""
    named_by: str = "end"
    """`end` or `start`: which common year gives its number."""
    dataset: str | None = None
    day: str | None = None
    """The column of a row's day, where the table has one row a day."""
    start: str | None = None
    """The column of a period's first day, where the table has one row a period."""
    end: str | None = None
    """The column of a period's last day; without it each lasts to the next."""
    month: str | None = None
    quarter: str | None = None
    year: str | None = None
    week: str | None = None
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
    partial: str = "mark"
    """What becomes of periods that the knowledge date cuts: `include`, `mark` or `drop`."""
    language: str = "en"
    locale: str | None = None
    packs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("metrics",)
    min_count: int | None = None
    """Of metrics that say none of their own."""
    max_cells: int = 1_000_000
    place: Place = NOWHERE
    calendar: CalendarDef | None = None
    """Months, quarters and years other than the common ones."""
    plugins: PluginsDef = field(default_factory=PluginsDef)
    fetched_rows: int = 5_000_000
    """How many rows of one database are brought to be joined with another's at most."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything the files of a project and its packs define."""

    project: Project = field(default_factory=Project)
    sources: Mapping[str, SourceDef] = field(default_factory=dict)
    parameters: Mapping[str, ParameterDef] = field(default_factory=dict)
    datasets: Mapping[str, DatasetDef] = field(default_factory=dict)
    """By their own name; a dataset that implements a canonical one is kept apart until `check` joins them."""
    metrics: Mapping[str, MetricDef] = field(default_factory=dict)
    """Those that funnels stand for included."""
    funnels: Mapping[str, FunnelDef] = field(default_factory=dict)
    canonical: Mapping[str, DatasetDef] = field(default_factory=dict)
    """The packs' datasets without data, by name."""
