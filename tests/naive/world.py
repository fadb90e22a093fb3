"""What the naive evaluator is given: definitions with their rows, and a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallymark.definitions import ConvertDef, DatasetDef, Project
from tallymark.formula.nodes import Duration, Node

Value = int | Decimal | float | str | bool | date | datetime | Duration | None
"""What a column, an expression or a metric may be. A naive datetime is local wall time, an aware one an instant."""

Row = Mapping[str, Any]


class Rest:
    """Stands for all members of a dimension but some."""

    def __repr__(self) -> str:
        return "the rest"


REST = Rest()


class NaiveError(Exception):
    """The question or a formula has no meaning: an unknown name, an unreachable dimension, a form not covered here."""


@dataclass(frozen=True)
class Metric:
    """A metric: its parsed formula, and what its aggregates give over no rows: `zero`, `null`, or their own rule."""

    node: Node
    missing: str | None = None
    convert: ConvertDef | None = None
    """Its own rule of conversion."""


@dataclass(frozen=True)
class World:
    """A project in memory. `rows` holds each dataset's rows by column name, a reference under its column."""

    project: Project
    datasets: Mapping[str, DatasetDef]
    rows: Mapping[str, list[dict[str, Any]]]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What is asked. `start` and `end` are local; a plain date as `end` or `as_of` includes its day.

    `metrics` are names of the world's metrics or formulas as text. `by` names dimensions, `plan at start` included.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str | None = None
    start: date | datetime | None = None
    end: date | datetime | None = None
    where: Node | None = None
    as_of: date | datetime | None = None
    sparse: bool = False
    currency: str | None = None
    back: tuple[int, str | None] | None = None
    """The period that each metric is compared with, so many periods or units before; None compares with none."""
    like_for_like: bool = False
    kept: tuple[str, tuple[Any, ...]] | None = None
    """A dimension of `by` and the members that have cells of their own; all others are one, told as REST."""
