"""Scorecards as written: one score from 0 to 100 of several weighted measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tallymark.definitions.bands import BandDef
from tallymark.definitions.words import NOWHERE, Formula, Texts
from tallymark.place import Place, Written

Among = Literal["segment", "all"]
"""Whom a member is compared with: those of its segment, or all that are scored."""

BEST, WORST, NEUTRAL = Decimal(100), Decimal(0), Decimal(50)


@dataclass(frozen=True, slots=True)
class ScaleDef:
    """A straight line: `low` is worth 0 and `high` 100, each a literal or a parameter as written.

    What lies outside is worth as much as the nearer end, or is missing where `ignores`; an end that is not included
    lies outside itself.
    """

    low: Written
    high: Written
    low_included: bool = True
    high_included: bool = True
    ignores: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class PercentileDef:
    """The share of the others that are behind, from 0 to 100."""

    among: Among = "segment"


@dataclass(frozen=True, slots=True)
class ZScoreDef:
    """The distance from the mean in standard deviations: `low` of them are worth 0 and `high` 100."""

    low: Decimal = Decimal(-2)
    high: Decimal = Decimal(2)
    among: Among = "segment"
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class LookupDef:
    """What each text is worth; other texts are worth `otherwise`, or are missing."""

    scores: Mapping[str, Decimal]
    otherwise: Decimal | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class TruthDef:
    """What true and false are worth."""

    true: Decimal = BEST
    false: Decimal = WORST


@dataclass(frozen=True, slots=True)
class LevelsDef:
    """Bands of values, each worth its `score`."""

    bands: tuple[BandDef, ...]


ScoringDef = ScaleDef | PercentileDef | ZScoreDef | LookupDef | TruthDef | LevelsDef


@dataclass(frozen=True, slots=True)
class MissingDef:
    """What becomes of a measure without a value: `score` (None: it is left out), once the last known value within
    `steps` periods, or so many of `unit`, was looked for.
    """

    score: Decimal | None = None
    steps: int = 0
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class StaleDef:
    """When a measure is too old: where none of `rows` came in the last `after`, a duration as written."""

    after: Written
    rows: Formula


@dataclass(frozen=True, slots=True)
class MeasureDef:
    """A measure of a scorecard: a formula, how its value becomes 0 to 100, and how much that weighs."""

    name: str
    value: Formula
    weight: Decimal = Decimal(1)
    group: str | None = None
    direction: str | None = None
    """`down` when less is better."""
    scoring: ScoringDef | None = None
    """None: the value is from 0 to 100 already."""
    missing: MissingDef | None = None
    """None: as the card says."""
    stale: StaleDef | None = None
    label: Texts = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class GroupDef:
    """Measures that weigh together. `weight` None is the sum of theirs."""

    name: str
    weight: Decimal | None = None
    label: Texts = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class SegmentDef:
    """Members for whom other weights hold: those of whom `when` is true, or who have a row with `where`.

    The one named `default` has neither, and takes everybody else.
    """

    name: str
    when: Formula | None = None
    where: Formula | None = None
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    """By measure or group."""
    without: tuple[str, ...] = ()
    label: Texts = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class OverrideDef:
    """What the score becomes where `when` is true: at most, at least or exactly `value`."""

    when: Formula
    kind: Literal["at_most", "at_least", "exactly"]
    value: Decimal
    label: Texts = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class TrendDef:
    """What a score is compared with (`against`, as the second argument of `change`), and what counts as a change."""

    against: Written | None = None
    threshold: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class RollUpDef:
    """What several members' scores are together: their mean, their least, or their mean weighted by a formula."""

    kind: Literal["mean", "min", "weighted"] = "mean"
    by: Formula | None = None


@dataclass(frozen=True, slots=True)
class ScorecardDef:
    """A scorecard. `metrics` are the names of those it stands for that are not hidden, the score first."""

    name: str
    per: str
    measures: Mapping[str, MeasureDef]
    groups: Mapping[str, GroupDef] = field(default_factory=dict)
    of: str | None = None
    """The dataset whose rows are the members, which tells who is in a segment; None: the one that `per` refers to."""
    population: Formula | None = None
    """Who is scored; None: whoever has rows that a measure reads."""
    missing: MissingDef = field(default_factory=MissingDef)
    min_coverage: Decimal = Decimal(0)
    """From 0 to 1."""
    segments: Mapping[str, SegmentDef] = field(default_factory=dict)
    """In the order in which they are tried; `default` is the last."""
    overrides: tuple[OverrideDef, ...] = ()
    roll_up: RollUpDef = field(default_factory=RollUpDef)
    trend: TrendDef = field(default_factory=TrendDef)
    bands: tuple[BandDef, ...] = ()
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decimals: int | None = 0
    tags: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    pack: str | None = None
    place: Place = NOWHERE
    per_place: Place = NOWHERE
    lines: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """Of the file, for carets under formulas that nobody wrote."""

    def of_group(self, name: str) -> tuple[MeasureDef, ...]:
        """The measures of a group."""
        return tuple(m for m in self.measures.values() if m.group == name)
