"""The settings of a project, its sources and its plugins as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tallymark.definitions.words import NOWHERE
from tallymark.place import Place


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
