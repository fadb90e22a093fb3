"""What a load did to each table: rows that are new, that are other than before, that are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

Counts = tuple[int, int | None, int | None, int | None]
"""Rows, and of them added, changed; and those deleted. None where rows cannot be told apart."""

_OLD = "before"
_LOAD = "_dlt_load_id"


def changes(
    connection: duckdb.DuckDBPyConnection,
    before: Path | None,
    loads: Sequence[str],
    keys: Mapping[str, Sequence[str]],
) -> dict[str, Counts]:
    """The counts of every table of the open file, against the file as it was `before`.

    Only rows that `loads` wrote are compared with those they replaced.
    """
    if before is not None:
        shown = str(before).replace("'", "''")
        connection.execute(f"ATTACH '{shown}' AS {_OLD} (READ_ONLY)")
    try:
        new, old = _columns(connection, None), _columns(connection, _OLD) if before else {}
        return {
            name: _counts(connection, name, columns, old.get(name, {}), loads, keys.get(name, ()))
            for name, columns in new.items()
        }
    finally:
        if before is not None:
            connection.execute(f"DETACH {_OLD}")


def _columns(connection: duckdb.DuckDBPyConnection, catalog: str | None) -> dict[str, dict[str, str]]:
    asked = """SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_catalog = coalesce(?, current_catalog()) AND table_schema = 'main'
            AND NOT starts_with(table_name, '_dlt_')
        ORDER BY table_name, ordinal_position"""
    found: dict[str, dict[str, str]] = {}
    for table, column, type_ in connection.execute(asked, [catalog]).fetchall():
        found.setdefault(table, {})[column] = type_
    return found


def _counts(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    old: Mapping[str, str],
    loads: Sequence[str],
    keys: Sequence[str],
) -> Counts:
    def one(sql: str, *values: object) -> int:
        row = connection.execute(sql, list(values)).fetchone()
        assert row is not None
        return int(row[0])

    table, earlier = _quoted(name), f"{_OLD}.main.{_quoted(name)}"
    rows = one(f"SELECT count(*) FROM {table}")
    if _LOAD not in columns:
        return (0, 0, 0, 0) if rows == 0 else (rows, None, None, None)
    written = f"n.{_LOAD} IN (SELECT unnest(?))"
    if not old:
        return rows, rows, 0, 0
    if not keys or not set(keys) <= set(old):
        return rows, one(f"SELECT count(*) FROM {table} n WHERE {written}", list(loads)), None, None
    same = " AND ".join(f"n.{_quoted(k)} = o.{_quoted(k)}" for k in keys)
    kept = one(f"SELECT count(*) FROM {table} n SEMI JOIN {earlier} o ON {same}")
    other = " OR ".join(_differs(c, columns, old) for c in columns if not c.startswith("_dlt_"))
    both = f"SELECT count(*) FROM {table} n JOIN {earlier} o ON {same} WHERE {written} AND ({other})"
    before = one(f"SELECT count(*) FROM {earlier}")
    return rows, rows - kept, one(both, list(loads)), before - kept


def _differs(column: str, columns: Mapping[str, str], old: Mapping[str, str]) -> str:
    name = _quoted(column)
    if column not in old:
        return f"n.{name} IS NOT NULL"
    if columns[column] != old[column]:
        return f"CAST(n.{name} AS VARCHAR) IS DISTINCT FROM CAST(o.{name} AS VARCHAR)"
    return f"n.{name} IS DISTINCT FROM o.{name}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
