"""What a test asks, as a question."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from tallymark.definitions.trials import TrialDef
from tallymark.errors import Fault, FaultError
from tallymark.query import Query

LATER = date(2099, 12, 31)
"""The knowledge date of a test that gives none: all of its rows are known, and it gives the same in every year."""

BESIDE = ("_band", "_target", "_to_target", "_result")
"""What the columns of bands and targets are called, after their metric's name."""

_LISTS = ("by", "order", "compare", "having")


def query_of(trial: TrialDef) -> Query:
    """The question of a test; without `metrics`, of what its cells expect beside dimensions and the period.

    Raises FaultError: E101 when it asks nothing, E113 when it does not say of which time.
    """
    said: dict[str, Any] = {name: value for name, value in trial.ask.items() if value is not None}
    for name in _LISTS:
        said[name] = tuple(said.get(name, ()))
    metrics = tuple(said.pop("metrics", ())) or expected_metrics(trial)
    if not metrics:
        message, help_ = "the test asserts nothing: it names no metric", "write `expect: {nrr: 100}`"
        raise FaultError(Fault("E101", message, trial.place, help_))
    when = "period" in said or {"start", "end"} <= said.keys() or "as_of" in said
    if not when and trial.metrics is None:
        message, help_ = "the test does not say of which time", "write `ask: {period: 2024-03}`"
        raise FaultError(Fault("E113", message, trial.ask_place, help_))
    return Query(metrics, **({"as_of": LATER} | said))


def timed(query: Query, first: datetime, last: datetime) -> Query:
    """The question, over a range where it names none. `first` and `last` are its ends."""
    if query.period is not None or query.start is not None:
        return query
    return replace(query, start=first, end=last)


def expected_metrics(trial: TrialDef) -> tuple[str, ...]:
    """The names in the expected cells that are neither dimensions nor the period, each once.

    What stands beside a metric that is expected too, its band or target, is no metric.
    """
    expect = trial.expect
    by = (*trial.ask.get("by", ()), "period", trial.ask.get("age"))
    keys = dict.fromkeys(name for cell in (expect.cells if expect is not None else ()) for name in cell)
    beside = {f"{name}{suffix}" for name in keys for suffix in BESIDE}
    return tuple(name for name in keys if name not in by and name not in beside)
