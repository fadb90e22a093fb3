"""The purchases of the CDNOW shop as a project: real data, with the metrics of repeat buying.

23,570 customers, all of whom bought for the first time in the first quarter of 1997, and everything they bought up to
the end of June 1998: 69,659 purchases. Equal rows are purchases of their own.
"""

from __future__ import annotations

import csv
import gzip
import io
from importlib.resources import files
from pathlib import Path

from tallymark_plugins.samples.folder import not_writable, start_project

DATA = files(__package__) / "data" / "cdnow"


def write_cdnow(folder: Path) -> None:
    """Writes the whole project into `folder`, under 1 MB. Raises FaultError when the folder holds anything."""
    start_project(folder, "cdnow")
    try:
        orders = DATA.joinpath("orders.csv.gz").read_bytes()
        (folder / "data" / "orders.csv.gz").write_bytes(orders)
        (folder / "data" / "customers.csv.gz").write_bytes(_customers(orders))
        (folder / "data" / "LICENSE.txt").write_bytes(DATA.joinpath("LICENSE.txt").read_bytes())
    except OSError as error:
        raise not_writable(folder, error) from error


def _customers(orders: bytes) -> bytes:
    """The ids of all customers, each once, as a compressed CSV."""
    reader = csv.DictReader(io.StringIO(gzip.decompress(orders).decode("ascii")))
    ids = dict.fromkeys(row["customer"] for row in reader)
    # Without a time in the header, the same data gives the same file.
    return gzip.compress("\n".join(["id", *ids, ""]).encode("ascii"), mtime=0)
