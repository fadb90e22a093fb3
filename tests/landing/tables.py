"""What a store holds, for comparisons: rows without what dlt adds to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

Tables = dict[str, list[tuple[Any, ...]]]


def tables(folder: Path, source: str = "service") -> Tables:
    """Every table of a landed source: its rows, sorted, as texts."""
    with duckdb.connect(str(folder / ".tally/landed" / f"{source}.duckdb"), read_only=True) as connection:
        listed = connection.execute(
            """SELECT table_name, list(column_name ORDER BY column_name) FROM information_schema.columns
            WHERE table_schema = 'main' AND NOT starts_with(table_name, '_dlt_') AND NOT starts_with(column_name, '_dlt_')
            GROUP BY table_name"""
        ).fetchall()
        found = {}
        for name, columns in listed:
            shown = ", ".join(f'CAST("{c}" AS VARCHAR)' for c in columns)
            found[name] = sorted(connection.execute(f'SELECT {shown} FROM "{name}"').fetchall(), key=repr)
        return found
