"""Whatever happens to data, rules and notifiers between runs: a receiver believes what is so, and hears it once.

A model in a few lines, the receiver, against the fold of the rule's machine and the ledger on the disk.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark.definitions import NoDataDef, RuleDef
from tallymark.rules.machine import fold
from tallymark.rules.states import Evaluation, Instance, Observation, Point, Told
from tests.alerts.conftest import memory
from tests.alerts.pretend import Pretend, Remembers
from tests.alerts.written import MONTHS, rule

Series = dict[str, list[str]]
"""Of each instance a letter a month: `y`, `n`, `?` for unknown; a month without its first row yet is `-`."""

NAMES = ("pro", "free", "old")


@dataclass
class Receiver:
    """Somebody who believes what they are told, and nothing else."""

    believed: dict[str, Told] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def hear(self, channel: Remembers) -> None:
        """Takes in what came since: each notification once, each from what was believed before it."""
        for each in channel.told:
            assert each.key is not None
            assert each.key not in self.keys
            self.keys.add(each.key)
            who = each.fields["instance"]["plan"]
            assert each.fields["before"] == self.believed.get(who, "ok")
            assert each.fields["before"] != each.fields["state"]
            self.believed[who] = each.fields["state"]
        channel.told.clear()


@st.composite
def rules(draw: st.DrawFn) -> RuleDef:
    """A rule with some patience."""
    patience = draw(st.none() | st.integers(1, 3))
    return rule(
        by=("plan",), notify=("log",), lasting=draw(st.integers(1, 3)), keep_firing=draw(st.integers(0, 2)),
        no_data=NoDataDef(patience),
    )  # fmt: skip


def evaluated(of: RuleDef, series: Series, until: int, meaning: str) -> Evaluation:
    """The rule's evaluation of the first `until` months."""
    periods = MONTHS[:until]
    instances: dict[Instance, tuple[Point, ...]] = {}
    for name, letters in series.items():
        began = next((n for n, letter in enumerate(letters[:until]) if letter != "-"), None)
        if began is None:
            continue
        seen = [_observation(m, c) for m, c in zip(periods[began:], letters[began:until], strict=True)]
        instances[("plan", name),] = fold(of, seen)
    labels = {m: f"{m:%Y-%m}" for m in periods}
    return Evaluation(of, date(2026, 1, 1), meaning, periods, labels, instances)


def _observation(month: date, letter: str) -> Observation:
    when = {"y": True, "n": False}.get(letter)
    return Observation(month, when, None if when is None else not when, present=letter in "yn")


def changed(draw: st.DrawFn, series: Series, until: int) -> None:
    """Rewrites some of the past: late data, corrections, instances that come and go."""
    for name in NAMES:
        if draw(st.integers(0, 5)) == 0 and name in series:
            del series[name]
        elif name not in series and draw(st.booleans()):
            series[name] = draw(st.lists(st.sampled_from("yn?-"), min_size=len(MONTHS), max_size=len(MONTHS)))
        elif name in series:
            for at in draw(st.lists(st.integers(0, max(until - 1, 0)), max_size=3)):
                series[name][at] = draw(st.sampled_from("yn?"))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_receiver_believes_what_is_so(data: st.DataObject) -> None:
    """After every run that sent all, each instance is believed to be what the fold says; again, nothing is told."""
    draw: Any = data.draw
    series: Series = {}
    of, receiver, log = draw(rules()), Receiver(), Remembers()
    until, meaning = draw(st.integers(1, 6)), 0
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        book = Pretend(Path(folder), channels={"log": log})
        for _ in range(draw(st.integers(1, 6))):
            changed(draw, series, until)
            if draw(st.integers(0, 4)) == 0:
                of, meaning = draw(rules()), meaning + 1
            log.fails = draw(st.sampled_from((None, None, "down")))
            book.evaluations["churn_high"] = found = evaluated(of, series, until, f"meaning {meaning}")
            done = book.run()
            receiver.hear(log)
            if log.fails is None:
                believed = {name: told for name, told in receiver.believed.items() if told != "ok"}
                assert so(found) == believed
            assert () == book.run().transitions
            assert [] == ([] if log.fails else log.told)
            assert done.whole == (log.fails is None or not done.deliveries)
            until = min(until + draw(st.integers(0, 3)), len(MONTHS))


def so(found: Evaluation) -> dict[str, Told]:
    """What fires or has no data after the newest period."""
    told = {instance[0][1]: points[-1].state.told for instance, points in found.instances.items()}
    return {name: state for name, state in told.items() if state != "ok"}
