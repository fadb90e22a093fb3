"""Projects spread over PostgreSQL and the embedded database, and over two of PostgreSQL: the same answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

import tallymark
from cases.reading import cases, folders
from cases.test_cases import agrees, assert_rows
from naive.world import World
from properties import acme
from properties.engine_side import Ask, cells, definitions, query, tables
from properties.questions import question
from properties.verdict import complaints, report
from properties.worlds import sample
from tallymark.definitions import SourceDef
from tallymark.plugins import load
from tallymark.read import read_project

from ..elsewhere import Elsewhere, spread
from .moved import moved
from .server import Cluster

CASES = max(1, int(os.environ.get("TALLY_CASES", "2000")) // 40)
FIRST = int(os.environ.get("TALLY_SEED", "0"))
EACH = 25


def others(server: Cluster, schema: str) -> dict[str, SourceDef]:
    """Two sources on the server, each a database of its own to the engine, and one that is embedded elsewhere."""
    here = replace(server.source(schema), name="near"), replace(server.source(schema), name="far")
    return {each.name: each for each in here} | {"east": SourceDef("east", "elsewhere")}


@contextmanager
def opened_apart(folder: Path, server: Cluster) -> Iterator[tallymark.Book]:
    """The project of a case folder, some of its datasets here and some in each of two sources on the server."""
    read, _ = read_project(folder, load(False).packs)
    random = Random(folder.name)
    with tallymark.open(folder, strict=False) as book:
        there = moved(book, read, server, folder.name)
    on_server = {name: source for name, source in others(server, folder.name).items() if name != "east"}
    datasets = {
        name: replace(d, source=random.choice(list(on_server))) if d.source == "pg" else d
        for name, d in there.datasets.items()
    }
    datasets = {n: random.choice((d, read.datasets[n])) for n, d in datasets.items()}
    mixed = replace(there, datasets=datasets, sources={**there.sources, **on_server})
    with tallymark.open(definitions=mixed, strict=False) as book:
        yield book


# Each third folder: all of them are asked of the server alone, and spread over embedded databases, elsewhere.
SOME = [f for f in folders() if f.name != "many_digits"][::3]


@pytest.mark.parametrize("folder", [pytest.param(f, id=f.name) for f in SOME])
def test_answers_do_not_depend_on_where_datasets_lie(folder: Path, server: Cluster) -> None:
    """Cells and receipts are as when all datasets lie together."""
    with opened_apart(folder, server) as book:
        for case in cases():
            if case.folder != folder or case.rows is None:
                continue
            assert_rows(case, book.ask(*case.metrics, **case.options))
            if case.single:
                receipt = book.explain(case.metrics[0], **case.options)
                assert agrees(case.rows[0][0], receipt.value), case.says


def world_apart(world: World, seed: int, server: Cluster) -> Ask:
    """The engine on a world whose datasets lie here, on the server and in another embedded database."""
    made = tables(world)
    server.put("apart", made)
    spread_out = spread(definitions(world), Random(f"there {seed}"), others(server, "apart"))
    book = tallymark.open(definitions=spread_out, tables=made, plugins=[Elsewhere(made), acme])
    return lambda asked: cells(book.ask(query(asked)), asked)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // EACH)))
def test_random_worlds_spread_over_servers(seed: int, server: Cluster) -> None:
    """Every cell of every random question is what the naive evaluator gives, wherever chance has put the datasets."""
    drawn = sample(seed)
    ask = world_apart(drawn.world, seed, server)
    failing = []
    for number in range(seed * 1000 + 700, seed * 1000 + 700 + EACH):
        asked = question(number, drawn)
        if complaints(drawn.world, asked, ask):
            failing.append((number, asked))
    if failing:
        shown = [
            report(
                drawn.world, asked, f"sample({seed}), question({number}, …), made smaller:",
                lambda world: world_apart(world, seed, server),
            )
            for number, asked in failing[:2]
        ]  # fmt: skip
        pytest.fail(f"{len(failing)} of {EACH} questions differ\n\n" + "\n\n".join(shown), pytrace=False)
