"""Which changes are to be told: what somebody believes so far against what the evaluation says now.

A run evaluates the whole history anew, with the data as it is now. Of the periods that earlier runs covered, one
transition at most brings an instance from what was told to what is so; every period after them tells its own changes.
Pure: what was told comes in, what is to be told goes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Literal

from tallymark.rules.moments import instance_text, moment_text
from tallymark.rules.states import Evaluation, Instance, Moment, Point, Reason, Told, Transition


@dataclass(frozen=True, slots=True)
class Covered:
    """Up to where earlier runs of a rule came: the last period they told of, its grain, and what the rule meant.

    `as_of` is the knowledge date they told with; None where it is not known.
    """

    period: Moment
    grain: str
    meaning: str
    as_of: Moment | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an instance: what was told last, since when it is so, and how many transitions there were.

    `period` is that of the last transition. An instance without any is `ok`, and kept by nobody.
    """

    told: Told = "ok"
    since: Moment | None = None
    period: Moment | None = None
    number: int = 0


Standing = Literal["first run", "older", "empty", "further", "same"]


def standing(evaluation: Evaluation, covered: Covered | None) -> Standing:
    """How an evaluation stands to what earlier runs covered.

    `older` has an older knowledge date, or ends before it, and `empty` has no period: neither tells anything, as less
    is known than was. `further` has new periods, `same` has none. Another grain has no order with the one before.
    """
    if not evaluation.periods:
        return "empty"
    if covered is None:
        return "first run"
    if covered.as_of is not None and _order(evaluation.as_of) < _order(covered.as_of):
        return "older"
    if covered.grain != evaluation.rule.grain:
        return "further"
    newest, last = _order(evaluation.periods[-1]), _order(covered.period)
    return "older" if newest < last else "further" if newest > last else "same"


def due(
    evaluation: Evaluation, told: Mapping[Instance, Kept], covered: Covered | None = None
) -> tuple[Transition, ...]:
    """The transitions to tell, in the order of their periods, those of an instance in order too.

    `told` and `covered` are what earlier runs left: nothing and None before the first.
    """
    stands = standing(evaluation, covered)
    if stands in ("older", "empty"):
        return ()
    reason: Reason = "data changed"
    if covered is None:
        reason = "first run"
    elif covered.meaning != evaluation.meaning:
        reason = "rule changed"
    # In the first run, and where the periods are others than before, only what stands now is told.
    fresh = covered is None or covered.grain != evaluation.rule.grain
    last = evaluation.periods[-1] if fresh or covered is None else covered.period
    found: list[Transition] = []
    for instance, points in evaluation.instances.items():
        kept = told.get(instance, Kept())
        found += _numbered(evaluation.rule.name, instance, kept.number, _changes(points, kept, last, reason))
    missing = {i: k for i, k in told.items() if i not in evaluation.instances}
    gone: Reason = "rule changed" if reason == "rule changed" else "instance gone"
    found += _endings(evaluation.rule.name, missing, last, gone)
    return tuple(sorted(found, key=lambda each: _order(each.period)))


def removed(rule: str, told: Mapping[Instance, Kept], covered: Covered) -> tuple[Transition, ...]:
    """The transitions of a rule that the project no longer has: whatever was told of ends."""
    return tuple(_endings(rule, told, covered.period, "rule removed"))


def covering(evaluation: Evaluation, covered: Covered | None) -> Covered | None:
    """Up to where a run with this evaluation comes; what it was before when it tells nothing."""
    if standing(evaluation, covered) in ("older", "empty"):
        return covered
    return Covered(evaluation.periods[-1], evaluation.rule.grain, evaluation.meaning, evaluation.as_of)


def after(told: Mapping[Instance, Kept], transitions: Iterable[Transition]) -> dict[Instance, Kept]:
    """What is kept once the transitions are told."""
    kept = dict(told)
    for each in transitions:
        number = kept.get(each.instance, Kept()).number + 1
        kept[each.instance] = Kept(each.after, each.since, each.period, number)
    return kept


@dataclass(frozen=True, slots=True)
class _Change:
    period: Moment
    before: Told
    after: Told
    since: Moment
    reason: Reason


def _changes(points: Sequence[Point], kept: Kept, last: Moment, reason: Reason) -> Iterator[_Change]:
    """What was told becomes what is so at `last`, in one step; from there on each change counts."""
    past = [p for p in points if _order(p.period) <= _order(last)]
    so, since = (past[-1].state.told, past[-1].state.told_since) if past else ("ok", None)
    if so != kept.told:
        yield _Change(last, kept.told, so, since or (past[0].period if past else last), reason)
    for point in points[len(past) :]:
        state = point.state
        if state.told != so:
            yield _Change(point.period, so, state.told, state.told_since or point.period, "new period")
            so = state.told


def _endings(rule: str, told: Mapping[Instance, Kept], last: Moment, reason: Reason) -> Iterator[Transition]:
    for instance, kept in sorted(told.items(), key=lambda item: instance_text(item[0])):
        if kept.told != "ok":
            yield from _numbered(rule, instance, kept.number, [_Change(last, kept.told, "ok", last, reason)])


def _numbered(rule: str, instance: Instance, number: int, changes: Iterable[_Change]) -> Iterator[Transition]:
    for count, each in enumerate(changes, number + 1):
        told = (each.period, each.before, each.after, each.since, each.reason)
        transition = Transition(rule, instance, *told, key="")
        yield replace(transition, key=key_of(transition, count))


def key_of(transition: Transition, number: int) -> str:
    """The key of an instance's transition, the `number`th there is: the same in every run that finds it."""
    which = (transition.rule, instance_text(transition.instance), moment_text(transition.period))
    text = "\n".join((*which, transition.before, transition.after, str(number)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _order(moment: Moment) -> datetime:
    """What periods are ordered by. Times with a zone go by the instant: a local hour may come twice."""
    if isinstance(moment, datetime):
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    return datetime.combine(moment, time.min)
