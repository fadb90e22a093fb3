"""The machine of a rule: worked histories, and the properties that every history has."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark.rules.machine import fold
from tallymark.rules.states import Point
from tests.rules.histories import OBSERVED, a_rule, initials, observed
from tests.rules.model import Patience, states

WORKED = {
    "it fires at once and ends at once": (Patience(), "CTTC", "offo", "offo"),
    "flapping": (Patience(), "TCTCT", "fofof", "fofof"),
    "it must hold twice in a row": (Patience(lasting=2), "TCTTC", "popfo", "ooofo"),
    "unknown stands still in a run": (Patience(lasting=2), "T_TC", "pnfo", "oofo"),
    "no row is as unknown": (Patience(lasting=2), "T.TC", "pnfo", "oofo"),
    "unknown alone begins nothing": (Patience(), "___", "nnn", "ooo"),
    "unknown ends nothing": (Patience(), "T___C", "fnnno", "ffffo"),
    "the third unknown one is told": (Patience(no_data=3), "C____C", "onnnno", "ooonno"),
    "what held before silence counts no more": (Patience(lasting=2, no_data=2), "T__TT", "pnnpf", "oonnf"),
    "firing ends in silence": (Patience(no_data=2), "T__T", "fnnf", "ffnf"),
    "silence ends in ok": (Patience(lasting=2, no_data=1), "_TC", "npo", "nno"),
    "silence after a pending period": (Patience(lasting=3, no_data=2), "_T_", "npn", "ooo"),
    "hysteresis": (Patience(clears=True), "THHCH", "fffoo", "fffoo"),
    "both hold and it fires on": (Patience(clears=True), "TBC", "ffo", "ffo"),
    "both hold and it fires": (Patience(clears=True), "CB", "of", "of"),
    "an unknown clear is unknown while it fires": (Patience(clears=True, no_data=2), "TMMC", "fnno", "ffno"),
    "an unknown clear matters to nobody else": (Patience(clears=True), "MM", "oo", "oo"),
    "unknown, although it may end": (Patience(clears=True), "TUC", "fno", "ffo"),
    "kept firing": (Patience(keep_firing=2), "TCCCC", "fffoo", "fffoo"),
    "kept firing begins anew": (Patience(keep_firing=1), "TCTCC", "ffffo", "ffffo"),
    "kept firing over a gap": (Patience(keep_firing=1), "TC_C", "ffno", "fffo"),
    "kept firing and held": (Patience(keep_firing=1, clears=True), "TCHCC", "ffffo", "ffffo"),
    "the first period fires": (Patience(), "T", "f", "f"),
    "the first period is unknown": (Patience(no_data=1), "_C", "no", "no"),
}
"""Patience, history, the status after each period and what is told then, by initials."""


@pytest.mark.parametrize(("patience", "history", "status", "told"), WORKED.values(), ids=WORKED)
def test_a_worked_history(patience: Patience, history: str, status: str, told: str) -> None:
    """Each history leads to the states that were worked out by hand, in the machine and in the model."""
    points = fold(a_rule(patience), observed(history))
    assert (status, told) == (_status(points), _told(points))
    modelled = states(patience, observed(history))
    assert (status, told) == (initials([s.status for s in modelled]), initials([s.told for s in modelled]))


def test_why_is_said_of_every_period() -> None:
    """The sentence names what was seen, how far the run came, and what became of it."""
    rule = a_rule(Patience(lasting=2, keep_firing=1, no_data=2, clears=True))
    assert [
        "the condition does not hold",
        "the condition holds, in the 1st period of the 2 it must: not told yet",
        "the condition holds, in the 2nd period of 2: it fires",
        "the condition holds: it goes on firing",
        "the condition does not hold, but neither does `clear`: it goes on firing",
        "`clear` holds, and it is kept firing: 1 of 1 period",
        "the condition does not hold, and it is unknown whether it may end (1 of 2): told stays firing",
        "`clear` holds, after 1 period in which it was kept firing: it ends",
        "there is no row for it (1 of 2): told stays ok",
        "it is unknown whether the condition holds, in 2 periods in a row; the rule waits for 2: it is told",
        "there is no row for it, in 3 periods in a row; that stays told",
        "the condition does not hold; data is back",
    ] == [point.why for point in fold(rule, observed("CTTTHCMC._.C"))]


def test_since_is_the_first_period_of_the_state() -> None:
    """What is told keeps its beginning over an unknown period, the status does not."""
    points = fold(a_rule(Patience()), observed("CTT_T"))
    assert [1, 2, 2, 4, 5] == [p.state.since.month for p in points if p.state.since is not None]
    assert [1, 2, 2, 2, 2] == [p.state.told_since.month for p in points if p.state.told_since is not None]


# --- every history ---------------------------------------------------------------------------------------------------

PATIENCE = st.builds(
    Patience,
    lasting=st.integers(1, 4),
    keep_firing=st.integers(0, 3),
    no_data=st.none() | st.integers(1, 4),
    clears=st.booleans(),
)
LETTERS = st.text(alphabet="".join(OBSERVED), max_size=24)


@given(patience=PATIENCE, history=LETTERS)
@settings(max_examples=600, deadline=None)
def test_the_machine_and_the_model_agree(patience: Patience, history: str) -> None:
    """Step by step or declared over the whole history, the states are the same, with their beginnings."""
    seen = observed(history)
    expected = [(s.status, s.told, seen[s.since].period, seen[s.told_since].period) for s in states(patience, seen)]
    points = fold(a_rule(patience), seen)
    assert expected == [(p.state.status, p.state.told, p.state.since, p.state.told_since) for p in points]


@given(patience=PATIENCE, history=LETTERS, cut=st.integers(0, 24))
@settings(max_examples=300, deadline=None)
def test_what_comes_later_changes_nothing(patience: Patience, history: str, cut: int) -> None:
    """The states of the first periods are those of a history that ends with them."""
    rule = a_rule(patience)
    assert fold(rule, observed(history)[:cut]) == fold(rule, observed(history))[:cut]


@given(patience=PATIENCE, history=LETTERS)
@settings(max_examples=300, deadline=None)
def test_unknown_is_neither_ok_nor_firing(patience: Patience, history: str) -> None:
    """An unknown period has the status `no_data`, and after it nothing is told but what was, or that there is none."""
    before = "ok"
    for point in fold(a_rule(patience), observed(history)):
        if point.observation.when is None or not point.observation.present:
            assert "no_data" == point.state.status
            assert point.state.told in (before, "no_data")
        before = point.state.told


@given(patience=PATIENCE, history=LETTERS)
@settings(max_examples=300, deadline=None)
def test_firing_begins_with_enough_true_periods(patience: Patience, history: str) -> None:
    """Nothing fires but in a period in which `when` holds, and after as many of those as it takes."""
    points = fold(a_rule(patience), observed(history))
    for number, point in enumerate(points):
        if point.state.told == "firing" and (number == 0 or points[number - 1].state.told != "firing"):
            assert point.observation.when is True
            assert patience.lasting <= sum(
                1 for p in points[: number + 1] if p.observation.present and p.observation.when
            )


@given(history=LETTERS, holding=st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_without_patience_nobody_hears_of_silence(history: str, holding: int) -> None:
    """A rule that never tells of unknown periods tells of nothing but firing and ok."""
    points = fold(a_rule(Patience(lasting=holding)), observed(history))
    assert {"ok", "firing"} >= {p.state.told for p in points}


@given(patience=PATIENCE, history=LETTERS)
@settings(max_examples=300, deadline=None)
def test_rows_that_are_missing_are_as_unknown_ones(patience: Patience, history: str) -> None:
    """It is the same to the states whether the condition is null or the instance has no row."""
    one, other = (fold(a_rule(patience), observed(h)) for h in (history, history.replace("_", ".")))
    assert [p.state for p in one] == [p.state for p in other]


def _status(points: tuple[Point, ...]) -> str:
    return initials([p.state.status for p in points])


def _told(points: tuple[Point, ...]) -> str:
    return initials([p.state.told for p in points])
