"""What passes by as a source is read: rows are counted, their keys looked at, long readings cut where they may be."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from dlt.extract import DltResource, DltSource
from dlt.extract.items_transform import MetricsItem

from tallymark.errors import Fault, FaultError
from tallymark.landing.run import Run


def watched(source: DltSource, group: Sequence[str], run: Run) -> dict[str, tuple[str, ...]]:
    """Has the rows of a group counted and checked as they come. Gives the key of each resource that merges by one.

    Raises FaultError (L805) for a resource that merges and says by no key, and later (L806) for a row without one.
    """
    keys: dict[str, tuple[str, ...]] = {}
    faults = []
    for name in group:
        resource = source.resources[name]
        key, merges = _key(resource), resource.write_disposition == "merge"
        if merges and not key and not _hint(resource, "merge_key"):
            message = f"`{name}` merges its rows and has no `primary_key` to know them by"
            help_ = "name the column, or the columns, that tell its rows apart"
            faults.append(Fault("L805", message, run.definition.place, help_, f"source `{run.definition.name}`"))
            continue
        if key:
            keys[name] = key
        if merges:
            _newest_wins(resource)
        _declare(source, resource)
        watcher = _Watcher(run, name, key if merges else (), source.schema.naming, resource)
        resource._pipe.append_step(watcher if len(group) == 1 else MetricsItem(watcher.look))
    if faults:
        raise FaultError(faults)
    return keys


def _hint(resource: DltResource, name: str) -> Any:
    return (resource._hints or {}).get(name)


def _declare(source: DltSource, resource: DltResource) -> None:
    """Puts a table whose columns are declared into the schema, so that it is there even without a row."""
    if not callable(resource.table_name) and _hint(resource, "columns"):
        source.schema.update_table(resource.compute_table_schema(), normalize_identifiers=True)


def _newest_wins(resource: DltResource) -> None:
    """Of several rows with one key in one reading, the one furthest along the cursor stands, unless the source says."""
    columns = _hint(resource, "columns")
    told = any(c.get("dedup_sort") for c in columns.values()) if isinstance(columns, Mapping) else callable(columns)
    cursor = _cursor(resource)
    if not told and cursor is not None and cursor.isidentifier():
        resource.apply_hints(columns={cursor: {"name": cursor, "dedup_sort": "desc"}})


def _cursor(resource: DltResource) -> str | None:
    return getattr(_incremental(resource), "cursor_path", None)


def _incremental(resource: DltResource) -> Any:
    """dlt's `incremental` of a resource: as it is bound, as its function has it by default, or as it is hinted."""
    step = resource.incremental
    if step is None:
        return None
    held = getattr(step, "incremental", None) or (step if hasattr(step, "cursor_path") else None)
    if held is None and callable(resource._pipe.gen):
        defaults = inspect.signature(resource._pipe.gen).parameters.values()
        held = next((p.default for p in defaults if hasattr(p.default, "cursor_path")), None)
    return held


def _key(resource: DltResource) -> tuple[str, ...]:
    told = _hint(resource, "primary_key")
    if isinstance(told, str):
        return (told,)
    if isinstance(told, Sequence) and told:
        return tuple(told)
    columns = _hint(resource, "columns")
    listed = columns.items() if isinstance(columns, Mapping) else ()
    return tuple(name for name, column in listed if column.get("primary_key"))


class _Watcher(MetricsItem):
    """A step of a resource's pipe through which each page passes as it is.

    Rows that come in the order of their cursor may be cut after any page: the next round goes on after the cursor.
    """

    def __init__(self, run: Run, name: str, key: tuple[str, ...], naming: Any, resource: DltResource) -> None:
        super().__init__(lambda items, meta, metrics: self.look(items, meta, metrics))
        self.run, self.name, self.key, self.naming, self.resource = run, name, key, naming, resource
        self.pages = 0
        self.generator: Any = None

    def bind(self, pipe: Any) -> _Watcher:
        """Takes hold of what gives the pages."""
        self.generator = pipe.gen
        return self

    def __call__(self, item: Any, meta: Any = None) -> Any:
        """Lets a page pass, and ends the reading after it when enough was read."""
        ordered = getattr(_incremental(self.resource), "row_order", None) == "asc"
        # Asked before the page is counted: the only page of a round never ends it, so every round gets further.
        cut = ordered and inspect.isgenerator(self.generator) and self.pages > 0 and self.run.pause()
        self.look(item, meta, {})
        if cut:
            self.generator.close()
        return item

    def look(self, items: Any, meta: Any, metrics: Any) -> None:
        """Counts a page and looks at the keys of its rows. Raises FaultError (L806)."""
        rows = items if isinstance(items, list) else [items]
        if hasattr(items, "columns"):
            # An Arrow table or a data frame, whose keys the database looks at.
            self.run.take(self.name, len(items))
            return
        self.pages += 1
        for number, row in enumerate(rows, 1):
            for column in self.key:
                if isinstance(row, dict) and row.get(column) is None and self._lacks(row, column):
                    raise FaultError(self._without_key(column, number, len(rows)))
        self.run.take(self.name, len(rows))

    def _lacks(self, row: dict[str, Any], column: str) -> bool:
        # A source may name its key as the table has it, and give it as the service does: `CustomerID`, `customer_id`.
        normal = self.naming.normalize_identifier(column)
        return all(value is None for name, value in row.items() if self.naming.normalize_identifier(name) == normal)

    def _without_key(self, column: str, number: int, of: int) -> Fault:
        where = f"row {number} of page {self.pages}" if of > 1 else f"row {self.run.seen[self.name] + 1}"
        message = f"`{self.name}`: {where} has no `{column}`, the key of its table"
        help_ = "without it the row cannot be told from others; nothing of this sync is taken over"
        place, subject = self.run.definition.place, f"source `{self.run.definition.name}`"
        return Fault("L806", message, place, help_, subject)
