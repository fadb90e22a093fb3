"""Sources are asked by several threads at once, and by a caller who changes their mind."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tallymark.embedded import Embedded
from tallymark.errors import Cancelled
from tallymark.kinds import Type

from .conftest import Shop, rows_of, table_of


def test_one_load_for_many_threads(shop: Shop) -> None:
    """Threads that ask for one table at once get the same rows from one load."""
    shop.write("o.csv", "id\n" + "".join(f"{n}\n" for n in range(20_000)))
    source, table = shop.source(), table_of("o.csv", {"id": Type.INTEGER})
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: source.prepare(table), range(16)))
    assert 1 == len(set(names))
    assert 20_000 == len(rows_of(source, table))


def test_many_tables_at_once(shop: Shop) -> None:
    """Threads that ask for different tables and formats do not disturb one another."""
    for number in range(6):
        shop.write(f"o{number}.csv", f"id\n{number}\n")
    source = shop.source()
    tables = [table_of(f"o{n}.csv", {"id": kind}) for n in range(6) for kind in (Type.INTEGER, Type.TEXT)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda table: rows_of(source, table)[0][0], tables))
    assert [value for n in range(6) for value in (n, str(n))] == found


def test_readers_see_the_old_rows_or_the_new(shop: Shop) -> None:
    """While a table is loaded again, questions see all its old rows or all its new ones."""

    def write(value: int, version: int) -> None:
        path = shop.write("new.csv", "id\n" + f"{value}\n" * 5_000)
        os.utime(path, (version, version))
        path.replace(shop.folder / "o.csv")

    write(0, 1)
    source, table = shop.source(), table_of("o.csv", {"id": Type.INTEGER})
    name = ".".join(f'"{part}"' for part in source.prepare(table))
    stop, seen = threading.Event(), set[tuple[int, int, int]]()

    def watch() -> None:
        while not stop.is_set():
            found = source.backend.run(f"SELECT min(id) AS a, max(id) AS b, count(*) AS n FROM {name}").to_pylist()[0]
            seen.add((found["a"], found["b"], found["n"]))

    with ThreadPoolExecutor(2) as pool:
        watching = [pool.submit(watch) for _ in range(2)]
        for version in range(2, 8):
            write(version % 2, version)
            source.prepare(table)
        stop.set()
        for each in watching:
            each.result()
    assert {(0, 0, 5_000), (1, 1, 5_000)} >= seen
    assert seen


def test_a_load_can_be_cancelled(shop: Shop) -> None:
    """`cancel` ends a load with Cancelled, and the next question loads the table."""
    shop.write("o.csv", "id,name\n" + "".join(f"{n},name {n}\n" for n in range(300_000)))
    source, table = shop.source(), table_of("o.csv", {"id": Type.INTEGER, "name": Type.TEXT})
    backend = source.backend
    assert isinstance(backend, Embedded)
    done = threading.Event()

    def nag() -> None:
        while not done.wait(0.01):
            backend.cancel()

    nagging = threading.Thread(target=nag)
    nagging.start()
    try:
        with pytest.raises(Cancelled):
            source.prepare(table)
    finally:
        done.set()
        nagging.join()
    assert 300_000 == len(rows_of(source, table))
