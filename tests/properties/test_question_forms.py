"""On random worlds: what a question may ask beside its metrics means what it says.

`TALLY_FORMS` sets how many questions are asked of each form (100 unless set), `TALLY_SEED` the first world.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

import tallymark
from naive.evaluate import BEFORE, answer
from naive.world import REST, Question
from tallymark.answer import Answer
from tallymark.errors import FaultError
from tallymark.query import Query

from . import acme
from .comparison import same
from .engine_side import definitions, midnight, query, tables
from .questions import question
from .verdict import NOT_ANSWERED
from .worlds import Sample, sample

CASES = int(os.environ.get("TALLY_FORMS", "100"))
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 20
REFUSED = NOT_ANSWERED | {"Q528"}
"""Also a month back from a week, which random comparisons ask for."""

Cells = dict[tuple[Any, ...], list[Any]]
Rows = list[dict[str, Any]]

worlds = pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))


def asked_of(seed: int) -> Iterator[tuple[Random, Sample, Question, Callable[[Query], Answer]]]:
    """Random questions to the world of a seed, each with something that asks the engine; hours without a clock change.

    Questions of no grain or several metrics are among them.
    """
    drawn = sample(seed)
    with tallymark.open(definitions=definitions(drawn.world), tables=tables(drawn.world), plugins=[acme]) as book:
        for number in range(seed * 1000 + 500, seed * 1000 + 500 + min(EACH, CASES)):
            asked = question(number, drawn)
            if asked.grain != "hour":
                yield Random(number), drawn, asked, book.ask


def answered(ask: Callable[[Query], Answer], wanted: Query) -> Answer | None:
    """The answer; None when the engine says that it has none. Other refusals fail the test."""
    try:
        return ask(wanted)
    except FaultError as error:
        if {f.code for f in error.faults} <= REFUSED:
            return None
        raise


def cells(found: Answer, *columns: str) -> Cells:
    """The values of some columns, all metrics by default, by all that tells cells apart but the age."""
    keys = [c.name for c in found.columns if c.role not in ("metric", "age")]
    names = columns or tuple(c.name for c in found.columns if c.role == "metric")
    return {tuple(_plain(row[k]) for k in keys): [row[n] for n in names] for row in found.to_dicts()}


def _plain(value: Any) -> Any:
    return midnight(value) if hasattr(value, "isoformat") else value


def alike(expected: Cells, actual: Cells) -> bool:
    """Whether the same cells have the same values."""
    return expected.keys() == actual.keys() and all(
        len(wanted) == len(actual[key]) and all(map(same, wanted, actual[key])) for key, wanted in expected.items()
    )


BACK: tuple[tuple[str, str, tuple[int, str | None]], ...] = (
    ("previous", "", (1, None)),
    ("previous:2", ", 2", (2, None)),
    ("year_ago", ", 1 year", (1, "year")),
    ("previous:1 month", ", 1 month", (1, "month")),
    ("previous:9 days", ", 9 days", (9, "day")),
)


@worlds
def test_a_comparison_is_the_formula_written_by_hand(seed: int) -> None:
    """The value before, the change and the growth are `previous`, `change` and `growth * 100` of the metric."""
    for random, _, asked, ask in asked_of(seed):
        said, length, _back = random.choice(BACK)
        metric = asked.metrics[0]
        plain = replace(query(asked), metrics=(metric,))
        forms = ("previous({}%s)", "change({}%s)", "growth({}%s) * 100")
        by_hand = answered(ask, replace(plain, metrics=(metric, *((f % length).format(metric) for f in forms))))
        compared = answered(ask, replace(plain, compare=(said,)))
        assert (by_hand is None) == (compared is None), asked
        if by_hand is not None and compared is not None:
            assert alike(cells(by_hand), cells(compared)), (asked, said)


@worlds
def test_like_for_like_is_what_the_naive_evaluator_gives(seed: int) -> None:
    """A cut period is compared with as much of the other one, whatever the metric reads."""
    for random, drawn, asked, ask in asked_of(seed):
        said, _, back = random.choice(BACK)
        wanted = replace(asked, back=back, like_for_like=True, sparse=False)
        found = answered(ask, replace(query(wanted), compare=(said,), like_for_like=True))
        if found is None:
            continue
        names = [c.name for c in found.columns if c.role == "metric" and c.name not in _added(found)]
        before = [c.name for c in found.columns if c.name in _added(found)][:: len(_added(found)) // len(names) or 1]
        assert len(names) == len(before) == len(wanted.metrics)
        expected = answer(drawn.world, wanted)
        columns = [*wanted.metrics, *(BEFORE + m for m in wanted.metrics)]
        assert alike(_naive(expected, wanted, columns), cells(found, *names, *before)), wanted


def _added(found: Answer) -> list[str]:
    """The columns that a comparison added: all metrics but every fourth."""
    metrics = [c.name for c in found.columns if c.role == "metric"]
    return [name for n, name in enumerate(metrics) if n % 4]


def _naive(rows: Rows, asked: Question, columns: list[str]) -> Cells:
    keys = [*asked.by, *(["period"] if asked.grain is not None else [])]
    return {tuple(_plain(row[k]) for k in keys): [row[c] for c in columns] for row in rows}


@worlds
def test_the_others_are_what_the_naive_evaluator_gives(seed: int) -> None:
    """The members left over are one cell, computed anew from their rows; those chosen keep theirs."""
    for random, drawn, asked, ask in asked_of(seed):
        if not asked.by:
            continue
        dimension, count = random.choice(asked.by), random.choice((1, 2, -1, 3))
        wanted = replace(query(asked), sparse=False, top=f"{count} {dimension} by {asked.metrics[0]}", other=True)
        found = answered(ask, wanted)
        if found is None:
            continue
        rows = found.to_dicts()
        own = tuple(dict.fromkeys(row[dimension] for row in rows if row["row"] == "member"))
        assert len(own) <= abs(count)
        folded = replace(asked, sparse=False, kept=(dimension, own))
        told = [
            {
                **{k: v for k, v in row.items() if k != "row"},
                dimension: REST if row["row"] == "other" else row[dimension],
            }
            for row in rows
        ]
        names = [c.name for c in found.columns if c.role == "metric"]
        expected = _naive(answer(drawn.world, folded), folded, list(folded.metrics))
        assert alike(expected, _naive(told, folded, names)), wanted


@worlds
def test_the_chosen_members_have_the_highest_values(seed: int) -> None:
    """No member left over has a higher value over the range than one that was chosen; ties go by the member."""
    for random, _, asked, ask in asked_of(seed):
        if len(asked.by) != 1:
            continue
        count = random.choice((1, 2))
        plain = replace(query(asked), metrics=asked.metrics[:1], grain=None, sparse=False)
        whole = answered(ask, plain)
        chosen = answered(ask, replace(plain, top=count))
        if whole is None or chosen is None:
            continue
        name = whole.columns[-1].name
        ranked = sorted(
            whole.to_dicts(),
            key=lambda r: (r[name] is None, -(r[name] or 0), r[asked.by[0]] is None, r[asked.by[0]]),
        )
        expected = [row[asked.by[0]] for row in ranked[:count]]
        assert expected == [row[asked.by[0]] for row in chosen.to_dicts()], asked


@worlds
def test_as_many_members_as_there_are_is_the_plain_answer(seed: int) -> None:
    """A choice that takes all leaves no others, and changes no number."""
    for random, _, asked, ask in asked_of(seed):
        if not asked.by:
            continue
        plain = answered(ask, query(asked))
        dimension = random.choice(asked.by)
        chosen = answered(ask, replace(query(asked), top=f"500 {dimension} by {asked.metrics[0]}", other=True))
        assert (plain is None) == (chosen is None), asked
        if plain is not None and chosen is not None:
            assert {"member"} >= {row["row"] for row in chosen.to_dicts()}, asked
            kept = {tuple(k for n, k in enumerate(key) if n != len(asked.by)): v for key, v in cells(chosen).items()}
            assert alike(cells(plain), kept), asked


@worlds
def test_members_others_and_total_add_up(seed: int) -> None:
    """Of what is additive, and only of that, the rows of a period make the total; it is what is asked without members."""
    for random, _, asked, ask in asked_of(seed):
        if not asked.by or set(asked.by) & {"plan"}:
            continue
        plain = replace(query(asked), metrics=("count(orders)", *asked.metrics[:1]), sparse=False)
        found = answered(ask, replace(plain, top=random.choice((1, 2)), other=True, total=True))
        alone = answered(ask, replace(plain, by=()))
        if found is None or alone is None:
            continue
        rows, name = found.to_dicts(), [c.name for c in found.columns if c.role == "metric"]
        totals = [row[n] for row in rows if row["row"] == "total" for n in name]
        assert all(map(same, totals, [row[n] for row in alone.to_dicts() for n in name])), asked
        assert len(totals) == len(alone) * len(name), asked
        for total in (row for row in rows if row["row"] == "total"):
            parts = [r[name[0]] for r in rows if r["row"] != "total" and r.get("period") == total.get("period")]
            if total[name[0]] is not None and parts:
                assert total[name[0]] == sum(parts), asked


@worlds
def test_having_keeps_cells_and_never_changes_them(seed: int) -> None:
    """What remains is what was there with the condition true, and the note counts the rest; places stay too."""
    for random, _, asked, ask in asked_of(seed):
        condition = random.choice(
            (f"({asked.metrics[0]}) > 1", "revenue >= 5 or buyers = 0", f"not (({asked.metrics[0]}) <= 0)")
        )
        if "revenue" in condition and (set(asked.by) & {"plan"} or asked.where is not None):
            continue
        plain = replace(query(asked), rank=bool(asked.by), share=bool(asked.by) and random.random() < 0.5)
        whole = answered(ask, replace(plain, metrics=(*asked.metrics, condition), sparse=False))
        kept = answered(ask, replace(plain, having=(condition,), sparse=False))
        if whole is None or kept is None:
            continue
        test = next(c.name for c in whole.columns if c.name == condition)
        holds = {key for key, (value,) in cells(whole, test).items() if value is True}
        names = [c.name for c in kept.columns if c.role == "metric"]
        expected = {key: values for key, values in cells(whole, *names).items() if key in holds}
        assert alike(expected, cells(kept, *names)), (asked, condition)
        dropped = len(whole) - len(kept)
        assert bool(dropped) == any("not meet" in note for note in kept.notes), asked


@worlds
def test_a_pivot_holds_the_same_numbers(seed: int) -> None:
    """Every cell of the long form stands in the wide one, and where that has none it is empty."""
    for random, _, asked, ask in asked_of(seed):
        if not asked.by and asked.grain is None:
            continue
        plain = replace(query(asked), metrics=asked.metrics[:1])
        by = random.choice((*asked.by, *(["period"] if asked.grain else [])))
        long, wide = answered(ask, plain), answered(ask, replace(plain, pivot=by))
        if long is None or wide is None:
            continue
        name = long.columns[-1].name
        pivoted = next(c for c in long.columns if c.name == by)
        labels = [long.period(r[by]) if by == "period" else r[by] for r in long.to_dicts()]
        keys = [c.name for c in long.columns if c.role != "metric" and c is not pivoted]
        expected = {(*(row[k] for k in keys), at): row[name] for row, at in zip(long.to_dicts(), labels, strict=True)}
        stands = dict(
            zip(sorted(set(labels), key=lambda v: (v is None, v)), [c.name for c in wide.columns if c.of], strict=True)
        )
        actual = {
            (*(row[k] for k in keys), at): row[column]
            for number, row in enumerate(wide.to_dicts())
            for at, column in stands.items()
            if (column, number) not in wide.blank
        }
        # A null of a period that has not begun is no cell of the wide form.
        expected = {key: value for key, value in expected.items() if key in actual or value is not None}
        assert expected.keys() == actual.keys(), asked
        assert all(same(expected[key], actual[key]) for key in expected), asked
        assert all(wide.to_dicts()[n][column] is None for column, n in wide.blank)


@worlds
def test_an_age_is_a_cohort_asked_by_its_month(seed: int) -> None:
    """By months, the age of who joined is the plain answer by the month joined, from that month on."""
    for _, drawn, asked, ask in asked_of(seed):
        if asked.grain != "month" or "joined" in asked.by or drawn.world.project.calendar is not None:
            continue
        plain = replace(query(asked), by=("cohort",), metrics=asked.metrics[:1])
        cohorts, ages = answered(ask, plain), answered(ask, replace(plain, by=(), age="joined"))
        if cohorts is None or ages is None:
            continue
        starts = {key: values for key, values in cells(cohorts).items() if key[0] is not None}
        expected = {key: values for key, values in starts.items() if key[0] <= key[1].replace(day=1)}
        assert alike(expected, cells(ages)), asked
        for row in ages.to_dicts():
            began, reached = row["joined"], row["period"]
            assert (reached.year - began.year) * 12 + reached.month - began.month == row["age"], asked
