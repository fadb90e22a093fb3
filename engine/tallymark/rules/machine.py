"""The machine of a rule: observations of one instance, in order, become the states after them.

A state follows from the observations up to its period and from what the rule says of patience: nothing is looked up,
and nothing later changes it. Unknown is not "no": an unknown period neither begins, counts for, nor ends anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tallymark.definitions import RuleDef
from tallymark.rules.states import Moment, Observation, Point, State, Status, Told


def fold(rule: RuleDef, observations: Iterable[Observation]) -> tuple[Point, ...]:
    """The state after each of `observations`, which are of one instance and in the order of their periods.

    Before the first one an instance is `ok`. Of `rule` only `clear` (whether there is one), `lasting`, `keep_firing`
    and `no_data` are looked at.
    """
    points: list[Point] = []
    state = State()
    for observation in observations:
        step = _step(rule, state, observation)
        state = _dated(step, state, observation.period)
        points.append(Point(observation, state, step.why))
    return tuple(points)


@dataclass(frozen=True, slots=True)
class _Step:
    status: Status
    told: Told
    why: str
    holding: int = 0
    clearing: int = 0
    unknown: int = 0


def _step(rule: RuleDef, state: State, observation: Observation) -> _Step:
    when = observation.when if observation.present else None
    if when is None:
        missing = "it is unknown whether the condition holds"
        return _unknown(rule, state, missing if observation.present else "there is no row for it")
    if state.told != "firing":
        return _quiet(rule, state, when)
    if when:
        return _Step("firing", "firing", "the condition holds: it goes on firing", holding=state.holding)
    clear = True if rule.clear is None else observation.clear
    if clear is None:
        return _unknown(rule, state, "the condition does not hold, and it is unknown whether it may end")
    return _ending(rule, state) if clear else _held(state)


def _unknown(rule: RuleDef, state: State, missing: str) -> _Step:
    unknown = state.unknown + 1
    patience = rule.no_data.after
    if patience is not None and unknown >= patience:
        why = f"{missing}, in {_periods(unknown)} in a row" if unknown > 1 else missing
        said = "; that stays told" if state.told == "no_data" else f"; the rule waits for {patience}: it is told"
        return _Step("no_data", "no_data", why + said, unknown=unknown)
    said = "; that stays told" if state.told == "no_data" else f": told stays {state.told}"
    waits = f" ({unknown} of {patience})" if patience is not None and state.told != "no_data" else ""
    return _Step("no_data", state.told, missing + waits + said, state.holding, state.clearing, unknown)


def _quiet(rule: RuleDef, state: State, when: bool) -> _Step:
    if not when:
        ends = "; data is back" if state.told == "no_data" else ""
        return _Step("ok", "ok", "the condition does not hold" + ends)
    holding = state.holding + 1
    if holding >= rule.lasting:
        lasts = f", in the {_ordinal(holding)} period of {rule.lasting}" if rule.lasting > 1 else ""
        return _Step("firing", "firing", f"the condition holds{lasts}: it fires", holding=holding)
    why = f"the condition holds, in the {_ordinal(holding)} period of the {rule.lasting} it must: not told yet"
    return _Step("pending", state.told, why, holding=holding)


def _ending(rule: RuleDef, state: State) -> _Step:
    """What firing becomes when the condition does not hold and the one to end it does."""
    may = "the condition does not hold" if rule.clear is None else "`clear` holds"
    clearing = state.clearing + 1
    if clearing > rule.keep_firing:
        kept = f", after {_periods(rule.keep_firing)} in which it was kept firing" if rule.keep_firing else ""
        return _Step("ok", "ok", f"{may}{kept}: it ends")
    why = f"{may}, and it is kept firing: {clearing} of {_periods(rule.keep_firing)}"
    return _Step("firing", "firing", why, state.holding, clearing)


def _held(state: State) -> _Step:
    why = "the condition does not hold, but neither does `clear`: it goes on firing"
    return _Step("firing", "firing", why, holding=state.holding)


def _dated(step: _Step, before: State, period: Moment) -> State:
    """The state of a step, with the periods in which its status and what is told became what they are."""
    after = State(step.status, step.told, period, period, step.holding, step.clearing, step.unknown)
    if before.since is not None and before.status == step.status:
        after = replace(after, since=before.since)
    if before.told_since is not None and before.told == step.told:
        after = replace(after, told_since=before.told_since)
    return after


def _periods(number: int) -> str:
    return "1 period" if number == 1 else f"{number} periods"


def _ordinal(number: int) -> str:
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
