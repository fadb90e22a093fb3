"""Bands as written: the stretches that a metric's values are sorted into."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tallymark.definitions.words import NOWHERE, Texts
from tallymark.place import Place


@dataclass(frozen=True, slots=True)
class BandDef:
    """A stretch of values with a name: `healthy: {above: 100, to: 120}`.

    `low` and `high` are in the measure of the metric's own unit (percent from 0 to 100, seconds, amounts); None is
    unbounded. `from` and `to` include their value, `above` and `below` do not. `colour` is one of `green`, `lime`,
    `yellow`, `orange`, `red` or `grey`; without it, the place among the bands and the metric's direction decide.
    `score` is what a measure of a scorecard is worth there.
    """

    name: str
    low: Decimal | None = None
    low_included: bool = True
    high: Decimal | None = None
    high_included: bool = False
    colour: str | None = None
    score: Decimal | None = None
    label: Texts = field(default_factory=dict)
    place: Place = NOWHERE

    def holds(self, value: Decimal | float) -> bool:
        """Whether the value lies in the band."""
        above = self.low is None or value > self.low or (self.low_included and value == self.low)
        return above and (self.high is None or value < self.high or (self.high_included and value == self.high))
