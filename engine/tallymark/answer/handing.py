"""Rows handed on at full precision: as CSV, as a Parquet file, to packages that may not be installed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark.errors import Fault, FaultError
from tallymark.show.raw import raw

if TYPE_CHECKING:
    import pyarrow


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows under the names of their columns (RFC 4180, but lines end in a line feed)."""
    return _csv_line(names) + "".join(_csv_line([raw(v) for v in row]) for row in rows)


def _csv_line(values: Sequence[Any]) -> str:
    # Written with both marks and cut, so that a carriage return inside a text is quoted like a line feed.
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)
    return out.getvalue().removesuffix("\r\n") + "\n"


def write_parquet(table: pyarrow.Table, path: str | Path) -> None:
    """Writes a table to a Parquet file. Raises FaultError (D490) when it cannot be written."""
    import pyarrow.parquet

    try:
        pyarrow.parquet.write_table(table, str(path))
    except OSError as error:
        raise FaultError(Fault("D490", f"cannot write {path}: {error.strerror or error}")) from error


def require(package: str) -> None:
    """Raises FaultError naming the extra when an optional package is not installed."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise FaultError(
            Fault("P790", f"{package} is not installed", help=f"install it with `pip install 'tallymark[{package}]'`")
        )
