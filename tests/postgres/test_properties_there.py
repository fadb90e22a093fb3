"""Random worlds on PostgreSQL: the server gives what the naive evaluator gives."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

import tallymark
from naive.world import World
from properties.engine_side import Ask, cells, definitions, query, tables
from properties.questions import question
from properties.verdict import complaints, report
from properties.worlds import sample

from .server import Cluster

CASES = int(os.environ.get("TALLY_POSTGRES_CASES", "150"))
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 30
MOST_SHOWN = 2


def opener(server: Cluster) -> Callable[[World], Ask]:
    """Opens worlds on the server, each in place of the one before."""

    def opened(world: World) -> Ask:
        made = definitions(world)
        rows = tables(world)
        server.put("world", rows)
        there = {n: replace(d, source="pg", table=n) if n in rows else d for n, d in made.datasets.items()}
        moved = replace(made, datasets=there, sources={"pg": server.source("world", connections=1)})
        book = tallymark.open(definitions=moved)
        return lambda asked: cells(book.ask(query(asked)), asked)

    return opened


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_the_server_gives_what_the_naive_evaluator_gives(seed: int, server: Cluster) -> None:
    """Every cell of every random question of a world is the same from PostgreSQL and the naive evaluator."""
    drawn = sample(seed)
    opens = opener(server)
    ask = opens(drawn.world)
    asked = {n: question(n, drawn) for n in range(seed * 1000, seed * 1000 + EACH)}
    failing = {n: q for n, q in asked.items() if complaints(drawn.world, q, ask)}
    if failing:
        shown = [
            report(drawn.world, q, f"sample({seed}), question({n}, …), made smaller:", opens)
            for n, q in list(failing.items())[:MOST_SHOWN]
        ]
        pytest.fail(f"{len(failing)} of {EACH} questions differ\n\n" + "\n\n".join(shown), pytrace=False)
