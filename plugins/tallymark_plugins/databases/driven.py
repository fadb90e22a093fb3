"""What is the same of every database that is read through a driver, whichever the driver is."""

from __future__ import annotations

from collections.abc import Hashable
from time import monotonic

from tallymark.errors import Fault
from tallymark.place import Place
from tallymark.source import Table
from tallymark_plugins.databases.options import scrubbed
from tallymark_plugins.tabular.staged import Spot


class Driven:
    """The part of a `Reader` that needs no connection.

    `secrets` are values that no message repeats. `fresh_for` are the seconds that rows count as unchanged, as no
    database tells in a common way when a table changed.
    """

    def __init__(self, source: str, place: Place, schema: str | None, fresh_for: float, secrets: list[str]) -> None:
        self._source = source
        self._place = place
        self._schema = schema
        self._fresh_for = fresh_for
        self._secrets = secrets

    def spot(self, table: Table, position: int) -> Spot:
        """The row by its number, in the order in which the database gave them."""
        return Spot(f"table {table.name} of `{self._source}`", position + 1)

    def state(self, table: Table) -> Hashable:
        """A number that changes every `fresh_for` seconds."""
        return int(monotonic() / self._fresh_for) if self._fresh_for else monotonic()

    @property
    def _subject(self) -> str:
        return f"source `{self._source}`"

    def _parts(self, table: Table) -> tuple[str | None, str]:
        schema, dot, name = table.name.rpartition(".")
        return (schema, name) if dot else (self._schema, table.name)

    def _failed(self, error: object, reached: bool) -> Fault:
        """What the driver said, as D433 of a database that was reached, else as D470."""
        said = scrubbed(str(error), self._secrets)
        if reached:
            return Fault("D433", f"the database refused to give rows: {said}", self._place, None, self._subject)
        return Fault("D470", f"the database is not reached: {said}", self._place, None, self._subject)
