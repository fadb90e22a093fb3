"""Checks of the data that metrics rest on, as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tallymark.definitions.words import NOWHERE, Formula, Texts
from tallymark.errors import Severity
from tallymark.place import Place, Written

KINDS = ("fresh", "rows", "not_null", "unique", "exists", "accepted", "between", "matches", "every", "equal")
"""What a check may be of: the key that says it, in the order of the reference."""

TAG = "check"
"""What every metric of a check is tagged with."""

OF_ROWS = ("not_null", "unique", "exists", "accepted", "between", "matches", "every")
"""The kinds of checks that rows pass or break one by one."""


@dataclass(frozen=True, slots=True)
class ToleranceDef:
    """How much is let pass: a number, a percentage, or an amount of time.

    Of rows: how many may break the check, or which share of those looked at. Of two metrics: by how much they may
    differ, or by which share of the larger one.
    """

    amount: Decimal
    percent: bool = False
    unit: str | None = None
    """Of time: `minutes` in `2 minutes`."""
    text: str = ""
    place: Place = NOWHERE

    @property
    def of_rows(self) -> bool:
        """Whether it may say of rows how many: a whole number, or a percentage."""
        return self.percent or (self.unit is None and self.amount == int(self.amount))


@dataclass(frozen=True, slots=True)
class RowCountDef:
    """How many rows there may be in each period: bounds, or how far from the periods before."""

    at_least: int | None = None
    at_most: int | None = None
    change: ToleranceDef | None = None
    """A percentage of the usual number."""
    usual: int = 1
    """The usual number is the mean of so many periods before; of one, the period before."""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class LimitsDef:
    """The bounds of a column's values, both included; None is unbounded."""

    low: Formula | None = None
    high: Formula | None = None


@dataclass(frozen=True, slots=True)
class CheckDef:
    """A check of data. One of the fields in `KINDS` says of what; none does in a project's change of a pack's check.

    It stands for a boolean metric of its name, true where the data passes, and for numbers behind it: `metrics`.
    """

    name: str
    fresh: str | None = None
    """A duration: how old the newest row may be."""
    rows: RowCountDef | None = None
    not_null: tuple[Written, ...] = ()
    unique: tuple[Written, ...] = ()
    """Columns whose values together stand in one row only."""
    exists: tuple[Written, ...] = ()
    """References whose partners must be there."""
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By column, the literals that are accepted, as formulas write them."""
    between: Mapping[str, LimitsDef] = field(default_factory=dict)
    matches: Mapping[str, str] = field(default_factory=dict)
    """By column, an RE2 pattern."""
    every: Formula | None = None
    equal: tuple[Formula, ...] = ()
    """Two formulas over metrics."""
    dataset: Written | None = None
    """Whose rows are looked at; none of `equal`."""
    on: Written | None = None
    """The column whose time places a row in a period, instead of the dataset's own."""
    where: Formula | None = None
    """Only these rows; of two metrics, only this slice."""
    tolerance: ToleranceDef | None = None
    per: str | None = None
    """A grain: the data is looked at period by period."""
    by: tuple[str, ...] = ()
    """Dimensions: each combination of their values is looked at by itself."""
    since: date | None = None
    severity: Severity | None = None
    """`error` or `warning`; None is an error."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    off: bool = False
    """Whether a pack's check is dropped."""
    given: frozenset[str] = frozenset()
    """The keys that were written."""
    metrics: tuple[str, ...] = ()
    """The metrics it stands for, itself first."""
    pack: str | None = None
    place: Place = NOWHERE
    places: Mapping[str, Written] = field(default_factory=dict, compare=False, repr=False)
    """Where columns of `accepted`, `between` and `matches` are named, and a duration."""

    @property
    def kind(self) -> str | None:
        """What it is a check of, a word of `KINDS`; None of a change of a pack's check."""
        return next((k for k in KINDS if k in self.given), None)
