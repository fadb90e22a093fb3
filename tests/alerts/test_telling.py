"""Which transitions are told: each row of the rules of telling, as data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tallymark.rules.moments import instance_of, instance_text, moment_of, moment_text
from tallymark.rules.states import Instance, Transition
from tallymark.rules.telling import Covered, Kept, after, covering, due, removed
from tests.alerts.written import MONTHS, evaluation, rule

Told = dict[Instance, Kept]
PRO, FREE = (("plan", "pro"),), (("plan", "free"),)


def seen(transitions: tuple[Transition, ...]) -> list[str]:
    """`2024-03 ok>firing new period`, with the instance's value before and the start of a longer state behind."""
    lines = []
    for t in transitions:
        who = "".join(f"{value} " for _, value in t.instance)
        since = "" if t.since == t.period else f" since {t.since:%Y-%m}"
        lines.append(f"{who}{t.period:%Y-%m} {t.before}>{t.after} {t.reason}{since}")
    return lines


def runs(*steps: Any) -> tuple[list[str], Told, Covered | None]:
    """What the last of several runs tells, each over the series as it was known then, and what is kept after it."""
    told: Told = {}
    covered: Covered | None = None
    lines: list[str] = []
    for step in steps:
        step = step if isinstance(step, dict) else {"series": step}
        found = evaluation(**step)
        transitions = due(found, told, covered)
        lines, told, covered = seen(transitions), after(told, transitions), covering(found, covered)
    return lines, told, covered


CASES: Mapping[str, tuple[list[Any], list[str]]] = {
    "nothing fires at first": (["ooo"], []),
    "the first run tells what stands now, with its beginning": (["oFoFF"], ["2024-05 ok>firing first run since 2024-04"]),
    "the first run does not tell what is over": (["oFFo"], []),
    "the first run tells of no data that stands": (["oFn"], ["2024-03 ok>no_data first run"]),
    "the same again is nothing new": (["oF", "oF"], []),
    "a new period that changes nothing": (["oF", "oFF"], []),
    "a new period in which it fires": (["oo", "ooF"], ["2024-03 ok>firing new period"]),
    "a new period in which it ends": (["oF", "oFo"], ["2024-03 firing>ok new period"]),
    "catching up tells every change in order": (
        ["o", "oFFono"],
        [
            "2024-02 ok>firing new period",
            "2024-04 firing>ok new period",
            "2024-05 ok>no_data new period",
            "2024-06 no_data>ok new period",
        ],
    ),
    "a backfill that ends what was told": (["oFF", "ooo"], ["2024-03 firing>ok data changed since 2024-01"]),
    "a backfill that begins what was not": (["ooo", "oFF"], ["2024-03 ok>firing data changed since 2024-02"]),
    "a backfill of what is over is told by nobody": (["oooo", "oFFo"], []),
    "a backfill, and new periods after it": (
        ["ooo", "oFFoF"],
        [
            "2024-03 ok>firing data changed since 2024-02",
            "2024-04 firing>ok new period",
            "2024-05 ok>firing new period",
        ],
    ),
    "a backfill that moves the beginning only": (["oooF", "oFFF"], []),
    "late data takes no data back": (["oFn", "oFF"], ["2024-03 no_data>firing data changed since 2024-02"]),
    "a period that was partial and turned": (["ooF", "ooo"], ["2024-03 firing>ok data changed since 2024-01"]),
    "a changed rule says so": (
        ["ooo", {"series": "oFF", "meaning": "other"}],
        ["2024-03 ok>firing rule changed since 2024-02"],
    ),
    "a changed rule that says the same": (["oFF", {"series": "oFF", "meaning": "other"}], []),
    "a changed rule, and new periods": (
        ["ooo", {"series": "oFFo", "meaning": "other"}],
        ["2024-03 ok>firing rule changed since 2024-02", "2024-04 firing>ok new period"],
    ),
    "a rule that looks back less far": (
        ["oFF", {"series": "FF", "start": 3, "meaning": "other"}],
        ["2024-03 firing>ok rule changed", "2024-04 ok>firing new period"],
    ),
    "an older knowledge date": (["oFFo", "oFF"], []),
    "an older knowledge date, and then now": (["oFFo", "oFF", "oFFoF"], ["2024-05 ok>firing new period"]),
    "no period at all is not an end": (["oFF", ""], []),
    "no data at all, and then data again": (["oFF", "", "oFFo"], ["2024-04 firing>ok new period"]),
    "an instance that the data no longer has": (
        [{"series": {PRO: "oF", FREE: "oF"}}, {"series": {PRO: "oF"}}],
        ["free 2024-02 firing>ok instance gone"],
    ),
    "an instance that is gone and was fine": ([{"series": {PRO: "oF", FREE: "oo"}}, {"series": {PRO: "oF"}}], []),
    "an instance that a changed rule no longer has": (
        [{"series": {PRO: "oF"}}, {"series": "oF", "meaning": "other"}],
        ["2024-02 ok>firing rule changed", "pro 2024-02 firing>ok rule changed"],
    ),
    "an instance that begins later": (
        [{"series": {PRO: "oo"}}, {"series": {PRO: "ooo", FREE: "  F"}}],
        ["free 2024-03 ok>firing new period"],
    ),
    "several instances at once are told one by one": (
        [{"series": {PRO: "oo", FREE: "oo"}}, {"series": {PRO: "ooFo", FREE: "ooF"}}],
        ["pro 2024-03 ok>firing new period", "free 2024-03 ok>firing new period", "pro 2024-04 firing>ok new period"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_the_last_run_tells(case: str) -> None:
    """A run tells what is new since those before it, and nothing else."""
    steps, expected = CASES[case]
    assert expected == runs(*steps)[0]


@pytest.mark.parametrize("case", CASES)
def test_the_same_again_tells_nothing(case: str) -> None:
    """Whatever was told: the same data once more has nothing to tell."""
    steps, _ = CASES[case]
    assert [] == runs(*steps, steps[-1])[0]


def test_another_grain_tells_what_stands_now() -> None:
    """A rule that went from days to months tells where it stands, not the months behind it."""
    days = tuple(date(2024, 6, 1) + timedelta(d) for d in range(28))
    daily = evaluation("oFF", months=days, of=rule(), meaning="daily")
    told, covered = after({}, due(daily, {})), Covered(days[2], "day", "daily")
    monthly = evaluation("oFoFF", meaning="monthly")
    assert [] == seen(due(monthly, told, covered))
    ended = evaluation("oFoFo", meaning="monthly")
    assert ["2024-05 firing>ok rule changed"] == seen(due(ended, told, covered))


def test_a_removed_rule_ends_what_it_told() -> None:
    """What a rule told that the project no longer has ends, once, whether it fired or had no data."""
    _, told, covered = runs({"series": {PRO: "oF", FREE: "on", (("plan", "old"),): "oo"}})
    assert covered is not None
    ended = removed("churn_high", told, covered)
    assert ["free 2024-02 no_data>ok rule removed", "pro 2024-02 firing>ok rule removed"] == seen(ended)
    assert () == removed("churn_high", after(told, ended), covered)


def test_keys_are_the_same_in_every_run_and_never_twice() -> None:
    """The same transition has the same key however often it is found; one that comes back after a backfill another."""
    first = due(evaluation("oF"), {})
    assert [t.key for t in first] == [t.key for t in due(evaluation("oF"), {})]
    keys = set()
    kept: Told = {}
    covered: Covered | None = None
    for series in ("oF", "oo", "oF", "oo", "oF"):
        found = evaluation(series)
        transitions = due(found, kept, covered)
        keys |= {t.key for t in transitions}
        kept, covered = after(kept, transitions), covering(found, covered)
    assert 5 == len(keys)
    assert 5 == kept[()].number


def test_hours_that_a_clock_repeats_stay_in_order() -> None:
    """The local hour that comes twice in autumn is told in the order in which it passed."""
    hours = tuple(datetime(2024, 10, 27, h, tzinfo=UTC) for h in range(6))
    assert ["2024-10 firing>ok new period"] == seen(due(evaluation("ooFo", months=hours), *kept_after("ooF", hours)))


def kept_after(series: str, months: tuple[datetime, ...]) -> tuple[Told, Covered]:
    """What is kept after a run over hours."""
    found = evaluation(series, months=months)
    covered = covering(found, None)
    assert covered is not None
    return after({}, due(found, {})), covered


@pytest.mark.parametrize(
    "instance",
    [
        (),
        (("plan", "pro"), ("country", None)),
        (("paid", True), ("seats", 3), ("share", 0.5)),
        (("day", date(2024, 6, 1)), ("at", datetime(2024, 6, 1, 14, tzinfo=UTC))),
        (("name", 'a "quoted", é\n{x}'),),
    ],
)
def test_instances_and_moments_are_kept_as_they_are(instance: Instance) -> None:
    """What is written into the ledger is read as it was."""
    assert instance == instance_of(instance_text(instance))
    for moment in (MONTHS[3], datetime(2024, 6, 1, 14), datetime(2024, 6, 1, 14, tzinfo=UTC)):
        assert moment == moment_of(moment_text(moment))
