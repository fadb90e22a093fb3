"""(g) Questions over two databases beside the same in one: aggregated where rows lie, and rows fetched to be joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow

import tallymark
from benchmarks import rows
from benchmarks.race import Race
from tallymark import SourceKind, hookimpl
from tallymark.definitions import Project, SourceDef
from tallymark.embedded import Embedded
from tallymark.read import read_texts
from tallymark.source import Source
from tallymark_plugins.memory import Memory

PROJECT = """
datasets:
  purchases:
    source: {purchases}
    table: purchases
    key: id
    time: moment
    columns: {{id: integer, grp: text, moment: timestamp, amount: decimal}}
    refs: {{group: {{dataset: groups, column: grp}}}}
  visits:
    source: {visits}
    table: purchases
    time: moment
    columns: {{moment: timestamp}}
  groups: {{source: {groups}, table: groups, key: id, columns: {{id: text, region: text}}}}
metrics:
  revenue: sum(purchases.amount)
  per_visit: revenue / count(visits)
"""


class Other:
    """A plugin whose sources are embedded databases of their own."""

    def __init__(self, tables: dict[str, pyarrow.Table]) -> None:
        self.tables = tables

    def make(self, definition: SourceDef, folder: Path, embedded: Embedded, timezone: str) -> Source:
        """A source over a database that no other source shares."""
        memory = Memory(definition.name, Embedded(), timezone)
        for name, table in self.tables.items():
            memory.put(name, table)
        return memory

    @hookimpl
    def tally_sources(self) -> tuple[SourceKind, ...]:
        """The one kind."""
        return (SourceKind("other", self.make),)


def races(scale: float) -> Iterator[Race]:
    """Three million purchases, once more as visits, in 40 groups of four regions."""
    size = int(3_000_000 * scale)
    groups = [f"g{n}" for n in range(rows.GROUPS)]
    regions = pyarrow.table({"id": groups, "region": [f"r{n % 4}" for n in range(rows.GROUPS)]})
    tables = {"purchases": rows.answer(size, "SELECT * FROM purchases"), "groups": regions}
    together = _book(tables)
    aggregated, small, large = (_book(tables, **{name: "other"}) for name in ("visits", "groups", "purchases"))

    def ratio(book: tallymark.Book) -> pyarrow.Table:
        return book.ask("per_visit", grain="month", start=rows.FIRST, end=rows.LAST).to_arrow()

    def by_region(book: tallymark.Book) -> pyarrow.Table:
        return book.ask("revenue", by="group.region", grain="month", start=rows.FIRST, end=rows.LAST).to_arrow()

    yield Race(
        f"a ratio of {size:,} rows and as many, by month",
        {"in one database": lambda: ratio(together), "in two": lambda: ratio(aggregated)},
        same=pyarrow.Table.equals,
    )
    yield Race(
        f"{size:,} rows by what they refer to, by month",
        {
            "in one database": lambda: by_region(together),
            "those few in another": lambda: by_region(small),
            "the many in another": lambda: by_region(large),
        },
        same=pyarrow.Table.equals,
    )
    for book in (together, aggregated, small, large):
        book.close()


def _book(tables: dict[str, pyarrow.Table], **elsewhere: str) -> tallymark.Book:
    text = PROJECT.format_map({"purchases": "memory", "visits": "memory", "groups": "memory"} | elsewhere)
    definitions, faults = read_texts([("metrics.yaml", text)], project=Project(folder=""))
    if faults:
        raise tallymark.FaultError(faults)
    sources = {"other": SourceDef("other", "other")}
    definitions = replace(definitions, sources=sources)
    return tallymark.open(definitions=definitions, tables=tables, plugins=[Other(tables)])
