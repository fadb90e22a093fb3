"""Tables to files: CSV as most tools write it and as a French office does, JSON Lines, Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tallymark_plugins.samples.tables import Columns, rows


def write_csv(path: Path, table: Columns) -> None:
    """Comma-separated UTF-8: ISO times, decimal points, `true` and `false`, nothing for null."""
    _write_csv(path, table, _plain, delimiter=",", encoding="utf-8")


def write_french_csv(path: Path, table: Columns) -> None:
    """What a French accounting program exports: `;`, Windows-1252, `1 234,50 €` with hard spaces, day before month."""
    _write_csv(path, table, _french, delimiter=";", encoding="cp1252")


def _write_csv(path: Path, table: Columns, text: Callable[[Any], Any], *, delimiter: str, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(table)
        writer.writerows([text(value) for value in row] for row in rows(table))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _french(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y %H:%M:%S")
    if isinstance(value, Decimal):
        return f"{value:,} €".translate({ord(","): "\xa0", ord("."): ",", ord(" "): "\xa0"})
    return value


def write_json_lines(path: Path, table: Columns) -> None:
    """One JSON object a line, times as ISO texts."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows(table):
            file.write(json.dumps(dict(zip(table, row, strict=True)), default=datetime.isoformat) + "\n")


def write_parquet(path: Path, table: Columns) -> None:
    """Parquet, compressed; times without a zone, to the microsecond."""
    # Arrow takes a fifth of a second to import, and whoever only lists the samples needs none of it.
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(dict(table)), path, compression="zstd")


def renamed(table: Columns, names: Mapping[str, str]) -> Columns:
    """The table with some of its columns called otherwise."""
    return {names.get(name, name): values for name, values in table.items()}
