"""Where datasets lie changes no number: random worlds spread over three databases, against the naive evaluator."""

from __future__ import annotations

import os
from random import Random

import pytest

import tallymark
from naive.world import World

from ..elsewhere import Elsewhere, spread
from . import acme
from .engine_side import Ask, cells, definitions, query, tables
from .questions import question
from .verdict import complaints, report
from .worlds import sample

CASES = max(1, int(os.environ.get("TALLY_CASES", "2000")) // 20)
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 25
MOST_SHOWN = 2


def opened_apart(world: World, seed: int) -> Ask:
    """The engine on a world whose datasets lie in three databases, as something to ask."""
    made = tables(world)
    book = tallymark.open(
        definitions=spread(definitions(world), Random(f"apart {seed}")), tables=made, plugins=[Elsewhere(made), acme]
    )
    return lambda asked: cells(book.ask(query(asked)), asked)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_numbers_do_not_depend_on_where_datasets_lie(seed: int) -> None:
    """Every cell of every random question is what the naive evaluator gives, wherever chance has put the datasets."""
    drawn = sample(seed)
    ask = opened_apart(drawn.world, seed)
    failing = []
    for number in range(seed * 1000 + 500, seed * 1000 + 500 + EACH):
        asked = question(number, drawn)
        if complaints(drawn.world, asked, ask):
            failing.append((number, asked))
    if failing:
        shown = [
            report(
                drawn.world, asked, f"sample({seed}), question({number}, …), made smaller:",
                lambda world: opened_apart(world, seed),
            )
            for number, asked in failing[:MOST_SHOWN]
        ]  # fmt: skip
        pytest.fail(f"{len(failing)} of {EACH} questions differ\n\n" + "\n\n".join(shown), pytrace=False)
