"""Random worlds on PostgreSQL: the server gives what the naive evaluator gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

import tallymark
from naive.world import Question, World
from properties import acme, money
from properties.engine_side import Ask, cells, definitions, query, tables
from properties.questions import question
from properties.test_transforms import Maker
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
        book = tallymark.open(definitions=moved, plugins=[acme])
        return lambda asked: cells(book.ask(query(asked)), asked)

    return opened


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_the_server_gives_what_the_naive_evaluator_gives(seed: int, server: Cluster) -> None:
    """Every cell of every random question of a world is the same from PostgreSQL and the naive evaluator."""
    drawn = sample(seed)
    hold(drawn.world, [question(n, drawn) for n in range(seed * 1000, seed * 1000 + EACH)], opener(server))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // 75)))
def test_money_is_converted_alike(seed: int, server: Cluster) -> None:
    """Every cell of every random question about amounts in several currencies is the same."""
    asked = [money.question(n) for n in range(seed * 1000, seed * 1000 + EACH)]
    hold(money.world(seed), asked, opener(server))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // 30)))
def test_transforms_make_the_same_rows(seed: int, server: Cluster) -> None:
    """Sessions, versions, unions and rows without repeats are the same."""
    maker = Maker(seed)
    known = maker.world()
    asked = [maker.question(known) for _ in range(EACH // 2)]
    # Python computes beside the embedded database only.
    python = {n for n, d in known.datasets.items() if d.transform is not None and "acme." in d.transform.text}
    sound = replace(known, datasets={n: d for n, d in known.datasets.items() if n not in python})
    hold(sound, [q for q in asked if not any(n in text for text in q.metrics for n in python)], opener(server))


def hold(world: World, asked: Sequence[Question], opens: Callable[[World], Ask]) -> None:
    """Fails with the questions, made smaller, that the server answers otherwise than the naive evaluator."""
    ask = opens(world)
    failing = [q for q in asked if complaints(world, q, ask)]
    if failing:
        shown = [report(world, q, "made smaller:", opens) for q in failing[:MOST_SHOWN]]
        pytest.fail(f"{len(failing)} of {len(asked)} questions differ\n\n" + "\n\n".join(shown), pytrace=False)
