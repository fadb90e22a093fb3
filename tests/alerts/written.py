"""Evaluations written by hand: what would be told of each instance after each month, in a line of letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tallymark.definitions import Formula, RuleDef
from tallymark.place import Written
from tallymark.rules.states import Evaluation, Instance, Moment, Observation, Point, State, Told

LETTERS: Mapping[str, Told] = {"o": "ok", "F": "firing", "n": "no_data"}
MONTHS = tuple(date(2024 + m // 12, m % 12 + 1, 1) for m in range(24))


def rule(name: str = "churn_high", **more: Any) -> RuleDef:
    """A rule by month; nothing reads its condition."""
    return RuleDef(name, Formula(Written("churn > 10%"), None), **{"grain": "month", **more})


def evaluation(
    series: Mapping[Instance, str] | str,
    *,
    start: int = 0,
    meaning: str = "m",
    of: RuleDef | None = None,
    months: Sequence[Moment] = MONTHS,
) -> Evaluation:
    """A letter a month, `o` ok, `F` firing, `n` no data; a blank is a month before the instance's first row."""
    series = {(): series} if isinstance(series, str) else series
    periods = tuple(months[start : start + max(map(len, series.values()), default=0)])
    labels = {m: f"{m:%Y-%m}" for m in months}
    instances = {i: _points(letters, periods) for i, letters in series.items() if letters.strip()}
    return Evaluation(of or rule(), date(2026, 1, 1), meaning, periods, labels, instances)


def _points(letters: str, periods: Sequence[Moment]) -> tuple[Point, ...]:
    points: list[Point] = []
    state = State()
    for letter, period in zip(letters, periods, strict=False):
        if letter == " ":
            continue
        told = LETTERS[letter]
        since = state.told_since if told == state.told and points else period
        state = State(told, told, since, since)
        shown = {} if told == "no_data" else {"churn": "12.0%" if told == "firing" else "3.0%"}
        values = {} if told == "no_data" else {"churn": 0.12 if told == "firing" else 0.03}
        seen = Observation(period, told == "firing", told == "ok", values, shown, present=told != "no_data")
        points.append(Point(seen, state))
    return tuple(points)
