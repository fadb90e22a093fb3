"""What a source of a plugin must do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlglot import exp

from tallymark.definitions import Definitions, Project, SourceDef
from tallymark.engine.sources import Sources
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.source import Source, Table, WantedColumn
from tallymark.testing.books import near
from tallymark.testing.plugin import given, loaded

ABSENT = "kit_absent"
"""The name of a table and of a column that are not there."""


class SourceConformance:
    """Inherit it in a test class and set what stands below.

    `plugin` is the module with the hooks and `kind` the kind's name. `options(folder)` prepares the data, in `folder`
    if it likes, and gives the options of the source. `table` is the name of a table, `columns` its columns with their
    types as a dataset would declare them, `rows` its rows in any order: tuples in the order of `columns`, of
    int, float, Decimal, str, bool, date, datetime or None.

    `change(folder)` changes the data and gives the table's new rows; leave it out if the source cannot notice changes.
    """

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    kind: ClassVar[str]
    table: ClassVar[str]
    columns: ClassVar[Mapping[str, str]]
    rows: ClassVar[Sequence[tuple[Any, ...]]]

    def options(self, folder: Path) -> Mapping[str, Any]:
        """The options of a source over the data, which it prepares."""
        raise NotImplementedError("give `options(folder)`")

    def change(self, folder: Path) -> Sequence[tuple[Any, ...]] | None:
        """Changes the data; gives the new rows, or None when this source cannot notice."""
        return None

    # --- what must hold --------------------------------------------------------------------------------------------

    def test_describes_the_columns(self, tmp_path: Path) -> None:
        """The declared columns are described in their order, each with a type that serves as the declared one."""
        with self._source(tmp_path) as source:
            described = source.describe(self._table())
        assert list(self.columns) == [column.name for column in described]
        for column in described:
            declared = Type(self.columns[column.name])
            assert serves(column.type, declared), f"`{column.name}` is {column.type}, declared {declared}"

    def test_describes_what_it_finds(self, tmp_path: Path) -> None:
        """Without declared columns all are described, and under the same names."""
        with self._source(tmp_path) as source:
            described = source.describe(replace(self._table(), columns=()))
        assert set(self.columns) <= {column.name for column in described}

    def test_gives_the_rows(self, tmp_path: Path) -> None:
        """The relation has the rows, typed as declared, null where there is no value."""
        with self._source(tmp_path) as source:
            assert_rows(self.rows, self._rows(source))

    def test_gives_one_column(self, tmp_path: Path) -> None:
        """A dataset that declares one column gets that one, of all the rows."""
        last = len(self.columns) - 1
        name = list(self.columns)[last]
        with self._source(tmp_path) as source:
            assert_rows([(row[last],) for row in self.rows], self._rows(source, self._table(name)))

    def test_asked_again_it_is_the_same(self, tmp_path: Path) -> None:
        """While nothing changes, the state stays, and so do the rows."""
        with self._source(tmp_path) as source:
            states = {source.state(self._table()) for _ in range(3)}
            assert 1 == len(states)
            assert_rows(self._rows(source), self._rows(source))

    def test_a_change_is_noticed(self, tmp_path: Path) -> None:
        """When the data changes, so does the state, and the next question sees the new rows."""
        with self._source(tmp_path) as source:
            before = source.state(self._table())
            self._rows(source)
            changed = self.change(tmp_path)
            if changed is None:
                pytest.skip("this source says that it cannot notice changes")
            assert before != source.state(self._table())
            assert_rows(changed, self._rows(source))

    def test_several_at_once(self, tmp_path: Path) -> None:
        """Threads that ask at once all get the rows."""
        with self._source(tmp_path) as source, ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: self._rows(source), range(8)):
                assert_rows(self.rows, found)

    def test_an_absent_table_is_a_fault(self, tmp_path: Path) -> None:
        """A table that is not there is a fault that names it."""
        with self._source(tmp_path) as source:
            fault = faulty(source, replace(self._table(), name=ABSENT))
        assert ABSENT in f"{fault.message} {fault.help}"

    def test_an_absent_column_is_a_fault(self, tmp_path: Path) -> None:
        """A declared column that is not there is a fault that names it."""
        wanted = WantedColumn(ABSENT, Type.TEXT)
        with self._source(tmp_path) as source:
            fault = faulty(source, replace(self._table(), columns=(*self._table().columns, wanted)))
        assert ABSENT in fault.message

    def test_a_wished_column_may_be_absent(self, tmp_path: Path) -> None:
        """A column that is not required is left out when it is not there."""
        wished = WantedColumn(ABSENT, Type.TEXT, required=False)
        asked = replace(self._table(), columns=(*self._table().columns, wished))
        with self._source(tmp_path) as source:
            assert list(self.columns) == [column.name for column in source.describe(asked)]
            assert_rows(self.rows, self._rows(source, asked, list(self.columns)))

    def test_notes_are_texts(self, tmp_path: Path) -> None:
        """What a reader should know is told in sentences."""
        with self._source(tmp_path) as source:
            self._rows(source)
            assert all(isinstance(note, str) for note in source.notes(self._table()))

    def test_options_are_described(self) -> None:
        """The options have a JSON Schema, each with a description, and no others are taken."""
        from jsonschema import Draft202012Validator

        schema = self._kind().options
        Draft202012Validator.check_schema(schema)
        assert schema.get("additionalProperties") is False, "say `additionalProperties: false`, so that slips are found"
        for name, option in schema.get("properties", {}).items():
            assert option.get("description"), f"the option `{name}` has no `description`"

    # --- how -------------------------------------------------------------------------------------------------------

    def _kind(self) -> Any:
        return given(self.plugin, "sources", self.config)[self.kind]

    def _typed(self) -> dict[str, Type]:
        return {name: Type(type_) for name, type_ in self.columns.items()}

    def _table(self, *names: str) -> Table:
        wanted = tuple(WantedColumn(n, t) for n, t in self._typed().items() if not names or n in names)
        return Table("kit", self.table, wanted)

    @contextmanager
    def _source(self, folder: Path) -> Iterator[Source]:
        definition = SourceDef("kit", self.kind, dict(self.options(folder)))
        definitions = Definitions(Project(folder=str(folder)), {"kit": definition})
        sources = Sources(definitions, loaded(self.plugin, self.config, folder), {})
        try:
            yield sources.source("kit")
        finally:
            sources.close()

    def _rows(self, source: Source, table: Table | None = None, names: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        asked = table or self._table()
        parts = source.prepare(asked)
        columns = [exp.column(exp.to_identifier(n, quoted=True)) for n in names or [c.name for c in asked.columns]]
        schema, catalog = parts[-2] if len(parts) > 1 else None, parts[-3] if len(parts) > 2 else None
        relation = exp.table_(parts[-1], schema, catalog, quoted=True)
        found = source.backend.run(exp.select(*columns).from_(relation).sql(source.backend.dialect))
        return [tuple(map(plain, row.values())) for row in found.to_pylist()]


def assert_rows(expected: Sequence[tuple[Any, ...]], found: Sequence[tuple[Any, ...]]) -> None:
    """Both hold the same rows, whatever their order."""
    assert len(expected) == len(found), f"{len(found)} rows, not {len(expected)}"
    for wanted, got in zip(sorted(expected, key=repr), sorted(found, key=repr), strict=True):
        assert all(map(near, wanted, got)), f"{got} is not {wanted}"


def serves(held: Type, declared: Type) -> bool:
    """Whether a column may be offered as what it is: numbers are not widened, and days are timestamps at midnight."""
    widened = held.numeric and declared.numeric and declared is not Type.INTEGER
    return held is declared or widened or (held, declared) == (Type.DATE, Type.TIMESTAMP)


def faulty(source: Source, table: Table) -> Fault:
    """The fault that both looking at and preparing a table must raise; only faults may be raised."""
    for look in (source.describe, source.prepare):
        with pytest.raises(FaultError) as caught:
            look(table)
    return caught.value.faults[0]


def plain(value: Any) -> Any:
    """A value as a test writes it: instants without their zone, which is UTC."""
    return value.replace(tzinfo=None) if getattr(value, "tzinfo", None) is not None else value
