"""Amounts in several currencies: on random worlds the engine gives what the naive evaluator gives, and adds up.

`TALLY_CASES` sets how many questions are asked in all (600 unless set), `TALLY_SEED` the first world.
"""

from __future__ import annotations

import os
from datetime import date

import pytest

from naive.world import Question
from tallymark.definitions import ConvertDef

from .engine_side import opened
from .money import question, world
from .verdict import complaints, report

CASES = int(os.environ.get("TALLY_CASES", "600"))
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 25
MOST_SHOWN = 3


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_the_engine_gives_what_the_naive_evaluator_gives(seed: int) -> None:
    """Every cell of every random question about amounts is the same from both evaluators."""
    drawn = world(seed)
    ask = opened(drawn)
    asked = [question(number) for number in range(seed * 1000, seed * 1000 + EACH)]
    failing = [q for q in asked if complaints(drawn, q, ask)]
    if failing:
        shown = [report(drawn, q, f"world({seed}), made smaller:", opened) for q in failing[:MOST_SHOWN]]
        pytest.fail(f"{len(failing)} of {EACH} questions differ\n\n" + "\n\n".join(shown), pytrace=False)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // 60)))
@pytest.mark.parametrize("currency", [None, "GBP"])
def test_movements_and_drift_explain_a_stock(seed: int, currency: str | None) -> None:
    """Opening, the movements at the opening's rates and the drift of rates add up to the closing, in every cell."""
    drawn = world(seed, ConvertDef("period_end"), complete=True)
    # Movements are per customer: what belongs to none has no part in them.
    drawn.rows["subs"][:] = [row for row in drawn.rows["subs"] if row["customer"] is not None]
    ask = opened(drawn)
    whole = "opening(mrr) + at_opening_rates(gained + grown - shrunk - lost) + fx_drift(mrr) - closing(mrr)"
    for by in ((), ("customer",), ("country",)):
        asked = Question((whole,), by, "month", date(2024, 1, 1), date(2024, 4, 20), currency=currency)
        found = [cell[whole] for cell in ask(asked)]
        assert found == pytest.approx([0] * len(found), abs=1e-6)
