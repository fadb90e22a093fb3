"""Metrics, funnels and parameters as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.definitions.bands import BandDef, TargetDef
from tallymark.definitions.settings import ConvertDef
from tallymark.definitions.words import NOWHERE, Formula, Texts, UnitDef
from tallymark.place import Place


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
    target: TargetDef | None = None
    """What it should reach, or stay below, by its direction."""
    bands: tuple[BandDef, ...] = ()
    """Stretches of values, from the lowest on, which tile all there are."""
    bands_grain: str | None = None
    """Of which periods the bands are: a rate of a year is none of a month. None is of any."""
    decimals: int | None = None
    tags: tuple[str, ...] = ()
    hidden: bool = False
    pack: str | None = None
    about: str | None = None
    r"""What faults call it, where nobody wrote it as a metric: `measure \`voice\` of scorecard \`health\``."""
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
