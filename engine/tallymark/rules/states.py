"""What rules are evaluated to: observations, states, and the changes of what somebody has been told.

An *instance* of a rule is one combination of the values of its `by` dimensions; without `by` there is one. Of each
whole period an instance has an *observation*, and after it a *state*. A state follows from the observations up to its
period and nothing else: the same rule, instance, period and knowledge date give the same state, in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from tallymark.definitions import RuleDef
from tallymark.show.sheet import text_of

Moment = date | datetime
Status = Literal["ok", "pending", "firing", "no_data"]
Told = Literal["ok", "firing", "no_data"]
"""What is told of an instance. Pending is told to nobody."""

Instance = tuple[tuple[str, Any], ...]
"""Dimensions of a rule's `by`, in its order, each with its value: `(("plan", "pro"),)`."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of an instance in one period.

    `when` and `clear` are the values of the rule's conditions; None is unknown: null, not a number, or no row at all.
    Without a `clear` in the rule, `clear` is the opposite of `when`. `values` are those of the metrics and formulas
    that the rule's conditions and message name, by their text; `shown` the same as a reader sees them.
    """

    period: Moment
    """Its start."""
    when: bool | None
    clear: bool | None
    values: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    present: bool = True
    """False when the answer has no row for the instance: its dimension's value is not there."""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How an instance stands after a period.

    `status` is that of the period: `ok`, `pending` (the condition holds, but not for long enough yet), `firing`, or
    `no_data` (the period is unknown). `told` is what somebody who was told everything believes: `pending` is `ok` to
    them, and an unknown period what it was before, until patience with it ends. `since` is the start of the period in
    which `status` became what it is, `told_since` the same of `told`. `holding`, `clearing` and `unknown` count
    periods: for how many the condition has held, for how many it could have ended, and for how many nothing is known.
    """

    status: Status = "ok"
    told: Told = "ok"
    since: Moment | None = None
    told_since: Moment | None = None
    holding: int = 0
    clearing: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """An observation and the state after it. `why` is one sentence on how the one led to the other."""

    observation: Observation
    state: State
    why: str = ""

    @property
    def period(self) -> Moment:
        return self.observation.period


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A rule over all periods up to the knowledge date.

    `meaning` changes when the rule means something else: a digest of its conditions, dimensions, filter, grain and
    patience, of the formulas and computed columns they rest on, and of the project's time zone and calendar; not of
    message, severity, labels or whom it tells. `labels` are the periods' names by their start. `skipped` are the labels
    of partial periods that were left out.
    """

    rule: RuleDef
    as_of: Moment
    meaning: str
    periods: tuple[Moment, ...]
    labels: Mapping[Moment, str]
    instances: Mapping[Instance, tuple[Point, ...]]
    """Of each instance a point for each period, in order."""
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    names: Mapping[tuple[str, Any], str] = field(default_factory=dict)
    """What values that are keys are called, by dimension and value: `("customer", "c1")` is `Ada`."""

    def shown(self, dimension: str, value: Any) -> str:
        """The value of a dimension as a reader sees it: `c1 (Ada)`, or itself where it has no name."""
        name = self.names.get((dimension, value))
        return text_of(value) if name is None else f"{text_of(value)} ({text_of(name)})"

    def spoken(self, instance: Instance) -> str:
        """The instance as a reader sees it: `plan = pro, customer = c1 (Ada)`; without dimensions an empty text."""
        return ", ".join(f"{name} = {self.shown(name, value)}" for name, value in instance)


Reason = Literal["new period", "first run", "data changed", "rule changed", "rule removed", "instance gone"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of what somebody has been told: exactly one notification goes out for each.

    `period` is the start of the period whose state it is, `since` of the one in which that state began. `key` is the
    same for the same transition in every run.
    """

    rule: str
    instance: Instance
    period: Moment
    before: Told
    after: Told
    since: Moment
    reason: Reason
    key: str
