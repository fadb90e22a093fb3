"""The proof: on random worlds, the engine gives what the naive evaluator gives.

`TALLY_CASES` sets how many questions are asked in all (2,000 unless set), `TALLY_SEED` the first world. A failure
prints the smallest case found, and the seeds that make the whole one again.
"""

from __future__ import annotations

import os

import pytest

from .engine_side import opened
from .questions import question
from .verdict import complaints, report
from .worlds import sample

CASES = int(os.environ.get("TALLY_CASES", "2000"))
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 100
MOST_SHOWN = 3


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_the_engine_gives_what_the_naive_evaluator_gives(seed: int) -> None:
    """Every cell of every random question of a world is the same from both evaluators."""
    drawn = sample(seed)
    ask = opened(drawn.world)
    failing = []
    for number in range(seed * 1000, seed * 1000 + min(EACH, CASES)):
        asked = question(number, drawn)
        if complaints(drawn.world, asked, ask):
            failing.append((number, asked))
    if failing:
        shown = [
            report(drawn.world, asked, f"sample({seed}), question({number}, …), made smaller:", opened)
            for number, asked in failing[:MOST_SHOWN]
        ]
        pytest.fail(f"{len(failing)} of {EACH} questions differ\n\n" + "\n\n".join(shown), pytrace=False)
