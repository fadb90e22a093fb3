"""Bands and targets as written: what a metric's values are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tallymark.definitions.words import NOWHERE, Formula, Texts
from tallymark.place import Place

Written = Literal["number", "percent", "duration"]
"""How an amount is written: `110`, `110%` or `4 hours`."""

COLOURS = ("green", "lime", "yellow", "orange", "red", "grey")


@dataclass(frozen=True, slots=True)
class BandDef:
    """A stretch of values with a name: `healthy: {above: 100, to: 120}`.

    `low` and `high` are as `written`: numbers in the measure of the metric's own unit, percents from 0 to 100 or
    durations in seconds; None is unbounded. `from` and `to` include their value, `above` and `below` do not. `colour`
    is one of COLOURS; without it, the place among the bands and the metric's direction decide. `score` is what a
    measure of a scorecard is worth there.
    """

    name: str
    low: Decimal | None = None
    low_included: bool = True
    high: Decimal | None = None
    high_included: bool = False
    colour: str | None = None
    score: Decimal | None = None
    label: Texts = field(default_factory=dict)
    written: Written = "number"
    texts: Mapping[Decimal, str] = field(default_factory=dict, compare=False, repr=False)
    """How its ends are spelled."""
    place: Place = NOWHERE

    @property
    def low_word(self) -> str:
        """The word that begins it."""
        return "from" if self.low_included else "above"

    @property
    def high_word(self) -> str:
        """The word that ends it."""
        return "to" if self.high_included else "below"

    def said(self, end: Decimal) -> str:
        """One of its ends as written."""
        return self.texts.get(end) or f"{end:f}"

    @property
    def spelled(self) -> str:
        """Its stretch as written: `above 100, to 120`."""
        low = [f"{self.low_word} {self.said(self.low)}"] if self.low is not None else []
        high = [f"{self.high_word} {self.said(self.high)}"] if self.high is not None else []
        return ", ".join(low + high) or "all values"

    def holds(self, value: Decimal | float) -> bool:
        """Whether the value lies in the band."""
        above = self.low is None or value > self.low or (self.low_included and value == self.low)
        return above and (self.high is None or value < self.high or (self.high_included and value == self.high))


def band_of(bands: Sequence[BandDef], value: Decimal | float) -> BandDef | None:
    """The band that a value lies in; None of what is not a number. `bands` and value are in one measure.

    Of a binary number the first 12 digits count: 7 / 100 * 100 is 7.000000000000001 there, and no more than 7.
    """
    settled = Decimal(f"{value:.12g}") if isinstance(value, float) else Decimal(value)
    return None if settled.is_nan() else next((band for band in bands if band.holds(settled)), None)


@dataclass(frozen=True, slots=True)
class AmountDef:
    """A number as `written`: percents from 0 to 100, durations in seconds. `text` is how."""

    value: Decimal
    written: Written = "number"
    text: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class TargetDef:
    """What a metric should reach, or stay below, by its direction: `110`, a formula, or numbers by period.

    `by_period` are amounts by the names of periods, `2024`, `2024-Q4`; `amount` or `formula` holds for all others. With
    a `grain` it holds for whole periods of that grain alone.
    """

    amount: AmountDef | None = None
    formula: Formula | None = None
    by_period: Mapping[str, AmountDef] = field(default_factory=dict)
    grain: str | None = None
    place: Place = NOWHERE

    @property
    def text(self) -> str:
        """The target as written, on one line."""
        every = [self.formula.text] if self.formula is not None else [self.amount.text] if self.amount else []
        every += [f"{period}: {amount.text}" for period, amount in self.by_period.items()]
        return ", ".join(every) + (f" a {self.grain}" if self.grain is not None else "")
