"""What passes by as a source is read: rows are counted and their keys looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark.errors import Fault, FaultError
from tallymark.landing.run import Run


def watched(source: Any, group: Sequence[str], run: Run) -> dict[str, tuple[str, ...]]:
    """Has the rows of a group counted and checked as they come. Gives the key of each resource that merges by one.

    Raises FaultError (L805) for a resource that merges and says by no key, and later (L806) for a row without one.
    """
    keys: dict[str, tuple[str, ...]] = {}
    faults = []
    for name in group:
        resource = source.resources[name]
        key = _key(resource)
        if _merges(resource) and not key and not resource._hints.get("merge_key"):
            message = f"`{name}` merges its rows and has no `primary_key` to know them by"
            help_ = "name the column, or the columns, that tell its rows apart"
            faults.append(Fault("L805", message, run.definition.place, help_, f"source `{run.definition.name}`"))
        elif key:
            keys[name] = key
        _declare(source, resource)
        resource.add_metrics(_Watcher(run, name, key if _merges(resource) else (), source.schema.naming))
    if faults:
        raise FaultError(faults)
    return keys


def _declare(source: Any, resource: Any) -> None:
    """Puts a table whose columns are declared into the schema, so that it is there even without a row."""
    if not callable(resource.table_name) and resource._hints.get("columns"):
        table = resource.compute_table_schema()
        source.schema.update_table(table, normalize_identifiers=True)


def _merges(resource: Any) -> bool:
    return bool(resource.write_disposition == "merge")


def _key(resource: Any) -> tuple[str, ...]:
    told = resource._hints.get("primary_key")
    if isinstance(told, str):
        return (told,)
    if isinstance(told, Sequence) and told:
        return tuple(told)
    columns = resource._hints.get("columns")
    listed = columns.items() if isinstance(columns, Mapping) else ()
    return tuple(name for name, column in listed if column.get("primary_key"))


class _Watcher:
    """Called with each page of a resource's rows."""

    def __init__(self, run: Run, resource: str, key: tuple[str, ...], naming: Any) -> None:
        self.run, self.resource, self.key, self.naming = run, resource, key, naming
        self.pages = 0

    def __call__(self, items: Any, meta: Any, metrics: Any) -> None:
        rows = items if isinstance(items, list) else [items]
        if hasattr(items, "num_rows"):
            self.run.take(self.resource, items.num_rows)
            return
        self.pages += 1
        for number, row in enumerate(rows, 1):
            for column in self.key:
                if isinstance(row, dict) and row.get(column) is None and self._lacks(row, column):
                    raise FaultError(self._without_key(column, number, len(rows)))
        self.run.take(self.resource, len(rows))

    def _lacks(self, row: dict[str, Any], column: str) -> bool:
        # A source may name its key as the table has it, and give it as the service does: `CustomerID`, `customer_id`.
        normal = self.naming.normalize_identifier(column)
        return all(value is None for name, value in row.items() if self.naming.normalize_identifier(name) == normal)

    def _without_key(self, column: str, number: int, of: int) -> Fault:
        where = f"row {number} of page {self.pages}" if of > 1 else f"row {self.run.seen[self.resource] + 1}"
        message = f"`{self.resource}`: {where} has no `{column}`, the key of its table"
        help_ = "without it the row cannot be told from others; nothing of this sync is taken over"
        place, subject = self.run.definition.place, f"source `{self.run.definition.name}`"
        return Fault("L806", message, place, help_, subject)
