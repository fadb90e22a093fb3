"""Tests of metrics and rules, as written.

The code calls them *trials*, so that no tool takes them for tests of its own; files and readers call them tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tallymark.definitions.words import EMPTY, NOWHERE, Texts
from tallymark.errors import Fault
from tallymark.place import Place


@dataclass(frozen=True, slots=True)
class Word:
    """A value as written: its text, and what it means (bool, int, Decimal, str or None)."""

    text: str
    value: Any
    place: Place = field(default=NOWHERE, compare=False)


Cell = Mapping[str, Word]
"""Values by name: of a row by column, of an expected cell by dimension, `period` and metric."""

Series = Mapping[str | None, tuple[Word, ...]]
"""One value a period for each instance; by None where there is but one."""


@dataclass(frozen=True, slots=True)
class RowsDef:
    """The rows of a dataset: written out, or in a CSV `file` of the project's folder."""

    rows: tuple[Cell, ...] = ()
    file: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class InputsDef:
    """Values of metrics, in place of what their formulas would give.

    Each metric has one `values` for the whole of what is asked, or a series; or all of them stand in `cells`.
    """

    values: Mapping[str, Word] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    cells: tuple[Cell, ...] = ()
    place: Place = NOWHERE
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where each metric is named."""

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics that have values, those of `cells` left out: which of their names are metrics, check knows."""
        return (*self.values, *self.series)


@dataclass(frozen=True, slots=True)
class ExpectDef:
    """What must come out: cells; of a rule the states of each instance, and the notifications."""

    cells: tuple[Cell, ...] = ()
    states: Series = field(default_factory=dict)
    notifications: tuple[Cell, ...] | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class TrialDef:
    """A test: what goes in (`rows`, or values of `metrics`), what is asked, and what must come out.

    `others` says what the datasets hold that `rows` does not give: `empty`, nothing; `keys`, a row with nothing but
    its key for each that a given row refers to. Without it, reading one of them fails the test.
    """

    name: str
    why: Texts = field(default_factory=dict)
    rows: Mapping[str, RowsDef] = field(default_factory=dict)
    rows_of: Word | None = None
    """The test whose rows it takes too."""
    others: str | None = None
    metrics: InputsDef | None = None
    rule: Word | None = None
    start: Word | None = None
    """In YAML `from`: the period of the first value of a series."""
    ask: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    """What a question takes, by name: texts, lists of texts, whole numbers, true or false."""
    expect: ExpectDef | None = None
    within: Decimal | None = None
    """How far a number may be from the expected one."""
    some: bool = False
    """Whether there may be cells that are not expected."""
    only_nulls: bool = False
    """Whether nothing but nulls is expected."""
    notes: tuple[str, ...] = ()
    """Texts that the answer's notes must hold."""
    fault: Word | None = None
    """The code of the fault that the question must end in."""
    faults: tuple[Fault, ...] = ()
    """What is wrong with it as it is written: it fails, and keeps nothing else of the project from being used."""
    pack: str | None = None
    place: Place = NOWHERE
    ask_place: Place = NOWHERE
