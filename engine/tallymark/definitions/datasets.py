"""Datasets and their columns as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.definitions.words import NOWHERE, Formula, Texts, UnitDef
from tallymark.place import Place


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
