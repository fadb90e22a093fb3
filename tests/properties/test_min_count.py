"""On random worlds a metric with a `min_count` is what it is without, and null exactly where too little stands behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tallymark
from naive.clock import NEVER
from naive.evaluate import Answer, parsed
from naive.hiding import standing
from naive.world import Question
from tallymark.definitions import Definitions, Formula, MetricDef, MinCountDef
from tallymark.place import Written

from . import acme
from .engine_side import definitions, tables
from .worlds import sample

LEAST = 3
FORMULAS = (
    "revenue", "avg(orders.amount)", "count(orders where done)", "count(orders where done) / count(orders)",
    "trailing(avg(orders.quantity), 28 days)", "previous(max(orders.amount))", "growth(revenue)", "change(count(orders))",
    "avg(revenue per customer)", "sum(avg(orders.quantity) per customer)", "max(sum(orders.quantity) per week)", "mrr",
    "mrr / count(orders)", "divide(5, count(orders.quantity), 0)", "opening(count(subs))", "cumulative(last(orders.kind))",
    "(avg(orders.amount) where kind = 'new')", "total(avg(orders.amount))", "revenue / 100", "1 + 1",
    "if(revenue > 5, avg(orders.quantity), mrr)", "buyers",
)  # fmt: skip


def hidden(made: Definitions) -> Definitions:
    """The definitions, and each formula as a metric that hides."""
    least = MinCountDef(LEAST)
    metrics = {
        f"m{n}": MetricDef(f"m{n}", Formula(Written(t), parsed(t)), min_count=least) for n, t in enumerate(FORMULAS)
    }
    return Definitions(
        project=made.project, datasets=made.datasets, metrics={**made.metrics, **metrics}, parameters=made.parameters
    )


@pytest.mark.parametrize("by", [(), ("customer",)], ids=["all", "customer"])
def test_a_cell_is_hidden_where_too_little_stands_behind_it(by: tuple[str, ...]) -> None:
    """Both by month, cell by cell; the engine counts in SQL, the naive evaluator row by row."""
    found = [decided(seed, by) for seed in range(4)]
    assert sum(hid for hid, _ in found) > 0
    assert sum(told for _, told in found) > 0


def decided(seed: int, by: tuple[str, ...]) -> tuple[int, int]:
    """How many cells of a world are hidden, and how many are shown though they might be, each held to be right."""
    drawn = sample(seed)
    world, anchor = drawn.world, drawn.anchor
    start, end = (anchor - timedelta(days=40)).replace(day=1), anchor.replace(day=28)
    names = [f"m{n}" for n in range(len(FORMULAS))]
    with tallymark.open(definitions=hidden(definitions(world)), tables=tables(world), plugins=[acme]) as book:
        shown = book.ask(*names, by=by, grain="month", start=start, end=end).to_dicts()
        plain = book.ask(*FORMULAS, by=by, grain="month", start=start, end=end).to_dicts()
    asked = Answer(world, Question(FORMULAS, by=by, grain="month", start=start, end=end))
    assert asked.as_of == NEVER
    periods = {asked.label(p): p for p in asked.periods()}
    hid, told = 0, 0
    for row, whole in zip(shown, plain, strict=True):
        context = asked.context(periods[row["period"]], tuple(row[d] for d in by))
        for name, formula in zip(names, FORMULAS, strict=True):
            counts = standing(asked.evaluator, parsed(formula), context)
            expected = None if counts and min(counts) < LEAST else whole[formula]
            # The last digit of a mean of doubles depends on the order in which threads add them up.
            assert pytest.approx(expected) == row[name], (seed, formula, row["period"], counts)
            hid += whole[formula] is not None and expected is None
            told += bool(counts) and expected is not None
    return hid, told
