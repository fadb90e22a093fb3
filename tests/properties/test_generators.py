"""The generators and the comparison: they reach every form, and a planted fault is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from naive.contexts import Step, window
from naive.evaluate import answer
from naive.metrics import Evaluator
from naive.world import Question, World
from tallymark.check import check
from tallymark.definitions import Definitions, Formula, MetricDef
from tallymark.errors import Fault, FaultError
from tallymark.formula import nodes
from tallymark.formula.functions import TABLE
from tallymark.formula.parse import parse_text
from tallymark.kinds import DECLARABLE
from tallymark.place import Written
from tallymark.source import Table, TableColumn

from . import acme
from .engine_side import Ask, definitions
from .questions import question
from .verdict import NOT_ANSWERED, complaints, report
from .worlds import Sample, sample

FORMS = frozenset(
    ("previous", "year_ago", "change", "growth", "trailing", "to_date", "cumulative", "opening", "closing", "total",
     "share", "sum", "avg", "min", "max", "count", "count_distinct", "median", "percentile", "stddev", "variance",
     "first", "last", "regardless")
)  # fmt: skip


def drawn(worlds: int, each: int) -> list[tuple[Sample, Question]]:
    """The first questions of the first worlds."""
    return [(s, question(w * 1000 + q, s)) for w in range(worlds) for s in [sample(w)] for q in range(each)]


def faults(world: World, formulas: list[str]) -> list[Fault]:
    """What the checker has against formulas in a world."""
    known = definitions(world)
    asked = {f"asked_{i}": MetricDef(f"asked_{i}", Formula(Written(t), parse_text(t))) for i, t in enumerate(formulas)}

    def describe(source: str, table: Table) -> tuple[TableColumn, ...]:
        columns = world.datasets[table.dataset].columns.values()
        return tuple(TableColumn(c.name, DECLARABLE[c.type or "text"]) for c in columns if c.formula is None)

    whole = Definitions(
        project=known.project, datasets=known.datasets, metrics={**known.metrics, **asked}, parameters=known.parameters
    )
    return [f for f in check(whole, describe, {**TABLE, acme.MIX.name: acme.MIX})[1] if f.severity == "error"]


@pytest.mark.parametrize("seed", range(8))
def test_every_random_formula_checks(seed: int) -> None:
    """The checker accepts whatever is drawn, so that no question is lost to a refusal."""
    known = sample(seed)
    formulas = [m for q in range(50) for m in question(seed * 1000 + q, known).metrics]
    refused = [str(f) for f in faults(known.world, formulas) if f.code not in NOT_ANSWERED]
    assert [] == refused


def test_every_form_is_drawn() -> None:
    """A thousand questions hold every aggregate, context form, postfix, grain and kind of question."""
    questions = drawn(10, 100)
    parsed = [n for _, q in questions for m in q.metrics for n in nodes.walk(parse_text(m))]
    called = Counter(n.name for n in parsed if isinstance(n, nodes.Call))
    assert set() == FORMS - called.keys()
    scoped = [n for n in parsed if isinstance(n, nodes.Scoped)]
    members = {str(n.per) for n in scoped if n.per is not None}
    assert set() == {"hour", "day", "week", "month", "customer", "country", "kind", "plan"} - members
    assert {"start", "end", None} == {n.at for n in scoped}
    assert any(n.on for n in scoped)
    assert {None, *nodes.GRAINS} == {q.grain for _, q in questions}
    assert {0, 1, 2} == {len(q.by) for _, q in questions}
    assert any(q.where for _, q in questions)
    assert any(q.as_of for _, q in questions)
    assert any(q.sparse for _, q in questions)


def test_answers_say_something() -> None:
    """At least a sixth of the random cells hold a number other than zero: a proof over nothing proves nothing."""
    values = [c[m] for s, q in drawn(24, 25) for c in answer(s.world, q) for m in q.metrics]
    assert len(values) / 6 < sum(v is not None and v != 0 for v in values)


def planted(change: Callable[[Evaluator], None]) -> Callable[[World], Ask]:
    """A fake engine: the naive evaluator with one fault in it."""
    from naive.evaluate import Answer

    def opens(world: World) -> Ask:
        def ask(asked: Question) -> list[dict[str, Any]]:
            faulty = Answer(world, asked)
            change(faulty.evaluator)
            return faulty.cells()

        return ask

    return opens


def closed_end(evaluator: Evaluator) -> None:
    """Rows on a window's end count as inside."""
    table = evaluator.table
    table.precedes = lambda value, moment: not table.follows(value, moment)  # type: ignore[method-assign]


def inner_join(evaluator: Evaluator) -> None:
    """Rows without a value for a dimension are lost."""
    inside = evaluator.in_slice
    evaluator.in_slice = lambda dataset, row, read, context: (  # type: ignore[method-assign]
        inside(dataset, row, read, context)
        and all(
            evaluator.dimension(n, dataset, row, read, context) is not None
            for level in context.levels
            for n, _ in level
        )
    )


def narrowed_members(evaluator: Evaluator) -> None:
    """A shift inside `per` adds no members."""
    glances = evaluator.glances
    evaluator.members = lambda node, name, context: sorted(  # type: ignore[method-assign]
        {
            value
            for glance in glances(node, context)
            if glance.window == window(context, evaluator.clock, evaluator.as_of)
            and evaluator.reaches(glance.source.dataset, [name])
            for row, read in evaluator.slice_rows(glance, context)
            for value in [evaluator.dimension(name, glance.source.dataset, row, read, context)]
            if value is not None
        }
    )


def late_opening(evaluator: Evaluator) -> None:
    """`at start` reads a stock at the window's end."""
    evaluator.opened = lambda leaf, context: context.stepped(Step("closing")) if leaf.opens else context  # type: ignore[method-assign]


@pytest.mark.parametrize("fault", [closed_end, inner_join, narrowed_members, late_opening])
def test_a_planted_fault_is_found(fault: Callable[[Evaluator], None]) -> None:
    """A fake engine with one fault differs somewhere in the first questions, and not at all without it."""
    questions = drawn(12, 40)
    right, wrong = planted(lambda evaluator: None), planted(fault)
    assert [] == [c for s, q in questions[:60] for c in complaints(s.world, q, right(s.world))]
    assert any(complaints(s.world, q, wrong(s.world)) for s, q in questions)


def test_a_failing_case_is_made_small() -> None:
    """The report of a failure keeps the fault, one metric, and a few rows of the world it was found in."""
    wrong = planted(closed_end)
    known, asked = next((s, q) for s, q in drawn(12, 40) if complaints(s.world, q, wrong(s.world)))
    text = report(known.world, asked, "the title", wrong)
    assert text.startswith("the title")
    assert "wanted" in text
    assert len(text.splitlines()) < 24


def test_a_refusal_is_a_difference_unless_it_is_announced() -> None:
    """An engine that refuses is reported, except with the codes of what it says it does not answer yet."""
    known, asked = drawn(1, 1)[0]

    def refuses(code: str) -> Ask:
        def ask(asked: Question) -> list[dict[str, Any]]:
            raise FaultError(Fault(code, "no"))

        return ask

    assert [] == complaints(known.world, asked, refuses("Q511"))
    assert ["refused: error[T101]: no"] == complaints(known.world, asked, refuses("T101"))


def test_numbers_are_compared_as_exactly_as_they_are_kept() -> None:
    """Integers and decimals must be equal, doubles to nine digits, and a missing cell is a difference."""
    asked = Question(("m",), grain=None)
    ask = replace(asked, by=("d",))

    def differ(expected: Any, actual: Any) -> bool:
        return bool(complaints_of([{"d": "x", "m": expected}], [{"d": "x", "m": actual}]))

    def complaints_of(expected: list[dict[str, Any]], actual: list[dict[str, Any]]) -> list[str]:
        from .comparison import differences

        return differences(expected, actual, ask)

    assert not differ(0.1 + 0.2, 0.3)
    assert differ(0.3001, 0.3)
    assert differ(10**17 + 1, 10**17)
    assert not differ(None, None)
    assert differ(None, 0)
    assert differ(True, 1)
    assert complaints_of([{"d": None, "m": 1}], [])
    assert complaints_of([], [{"d": None, "m": 1}])
