"""What a transform of a plugin must do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pyarrow

from tallymark.testing.books import near, opened
from tallymark.testing.plugin import given


class TransformConformance:
    """Inherit it in a test class and set what stands below; a class for each way of calling the transform.

    `plugin` is the module with the hooks. `datasets` is YAML: the inputs, and the dataset `made` by the transform.
    `tables` are the inputs' rows, as Arrow tables by dataset. `rows` are the rows of `made` in any order, as dicts of
    its columns: at least one, and none without the dataset's time, as such rows lie in no period.
    """

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    datasets: ClassVar[str]
    made: ClassVar[str]
    tables: ClassVar[Mapping[str, pyarrow.Table]]
    rows: ClassVar[Sequence[Mapping[str, Any]]]

    def test_is_documented(self) -> None:
        """The help is a sentence, and each argument has one."""
        rows = given(self.plugin, "transforms", self.config).values()
        assert all(row.help.endswith(".") for row in rows), "`help` is a sentence"
        assert all(take.help for row in rows for take in row.takes), "each argument has a `help`"

    def test_gives_the_rows(self) -> None:
        """The rows are the ones said, no more and no fewer."""
        self._hold(self.tables)

    def test_the_order_of_rows_does_not_matter(self) -> None:
        """The same rows in another order give the same."""
        self._hold({name: rows.take(list(reversed(range(len(rows))))) for name, rows in self.tables.items()})

    def test_more_columns_do_no_harm(self) -> None:
        """A column of the table that the dataset does not declare changes nothing."""
        more = {
            n: t.append_column("kit_more", pyarrow.array(["x"] * len(t), pyarrow.string()))
            for n, t in self.tables.items()
        }
        self._hold(more)

    def test_no_rows_make_no_rows(self) -> None:
        """Inputs without rows make a dataset without rows."""
        assert [] == self._found({name: rows.slice(0, 0) for name, rows in self.tables.items()})

    def _hold(self, tables: Mapping[str, pyarrow.Table]) -> None:
        expected = sorted((tuple(row.values()) for row in self.rows), key=repr)
        found = sorted(self._found(tables), key=repr)
        assert len(expected) == len(found), f"{len(found)} rows, not {len(expected)}: {found}"
        for wanted, got in zip(expected, found, strict=True):
            assert all(map(near, wanted, got)), f"{got} is not {wanted}"

    def _found(self, tables: Mapping[str, pyarrow.Table]) -> list[tuple[Any, ...]]:
        """The rows of the dataset, each as often as it is there."""
        names = list(self.rows[0])
        with opened(self.datasets, tables, self.plugin, self.config) as book:
            answer = book.ask(
                f"count({self.made})", by=[f"{self.made}.{n}" for n in names], start="1900-01-01", end="2199-12-31"
            )
            return [tuple(row.values())[:-1] for row in answer for _ in range(tuple(row.values())[-1])]
