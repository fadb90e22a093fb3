"""Datasets with everything in them bound: columns, references, how rows are made of others'."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.definitions import (
    NOWHERE,
    Texts,
)
from tallymark.formula.bound import Aggregate, Bound, ColumnUse
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.source import Table
from tallymark.transforms.transform import Field, Shape, Transform
from tallymark.units import NUMBER, Unit


@dataclass(frozen=True, slots=True)
class Column:
    """A column as formulas see it.

    Read from the source as `stored` (of type `physical`, multiplied by `factor` to reach the unit's own measure), or
    computed: `formula` over its own row, or `aggregate` over the rows of another dataset that refer to this one.
    """

    name: str
    type: Type
    unit: Unit = NUMBER
    stored: str | None = None
    physical: Type | None = None
    factor: float = 1.0
    formula: Bound | None = None
    aggregate: Aggregate | None = None
    currency: ColumnUse | None = None
    """For amounts in several currencies: where each row's currency is."""
    via: str | None = None
    """For an aggregate: the reference of the other dataset that leads here."""
    changes: bool = False
    """Whether the formula reads attributes that change, so that its value depends on when its row is read."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    place: Place = NOWHERE

    @property
    def faulty(self) -> bool:
        """Whether the column has no values, because something is wrong with it; the fault says what."""
        return self.stored is None and self.formula is None and self.aggregate is None


@dataclass(frozen=True, slots=True)
class Reference:
    """Many-to-one, from `column` to the key of `dataset`."""

    name: str
    dataset: str
    column: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Input:
    """Rows that a transform reads: `columns` of a dataset, where `condition` holds.

    `shape` is what the transform knows of them; by its time rows after the knowledge date are left out.
    """

    dataset: str
    columns: frozenset[str]
    shape: Shape
    condition: Bound | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """How a dataset is made of others. Arguments that a question's parameters give are ParameterUse until then."""

    transform: Transform
    inputs: tuple[Input, ...]
    arguments: Mapping[str, Any]
    fields: Mapping[str, Field]
    """The columns that come out, by name."""
    text: str
    place: Place = NOWHERE

    @property
    def given(self) -> Hashable:
        """What the rows depend on besides the inputs' rows."""
        return tuple(i.condition for i in self.inputs), tuple(self.arguments.items())


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table of rows with bound columns, or rows that are made of others' by a transform."""

    name: str
    source: str
    table: Table
    key: str | None = None
    time: str | None = None
    valid: tuple[str, str] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    making: Making | None = None
    """How its rows are made, when they are in no table."""
    lacking: frozenset[str] = frozenset()
    """Columns the pack defines and the project's table does not have."""
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Computed columns that wait for data the project does not have, with what they need."""
    unreferenced: Mapping[str, str] = field(default_factory=dict)
    """References whose dataset, or whose own column, the project does not have, with that dataset."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    pack: str | None = None
    place: Place = NOWHERE

    @property
    def time_zoned(self) -> bool:
        """Whether its time is a point on the world's time line rather than a local time."""
        return self.time is not None and self.columns[self.time].type is Type.INSTANT
