"""(l) Checks of data over one dataset, asked together, beside one by one; all of them pass, as on most days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tallymark
from benchmarks import rows
from benchmarks.race import Race
from tallymark.definitions import Project
from tallymark.read import read_texts

CHECKS = """
checks:
  filled: {dataset: purchases, not_null: [customer, grp]}
  amounts: {dataset: purchases, every: amount >= 0}
  item_counts: {dataset: purchases, between: {items: [0, 4]}}
  words: {dataset: purchases, accepted: {items: [0, 1, 2, 3, 4]}}
  ids: {dataset: purchases, every: id >= 0}
  small: {dataset: purchases, where: items = 0, between: {amount: [null, 1000]}}
"""


def races(scale: float) -> Iterator[Race]:
    """Six checks of 3 million rows."""
    definitions, faults = read_texts([("metrics.yaml", rows.METRICS), ("checks.yaml", CHECKS)], Project(folder=""))
    if faults:
        raise tallymark.FaultError(faults)
    table = rows.answer(int(3_000_000 * scale), "SELECT * FROM purchases")
    book = tallymark.open(definitions=definitions, tables={"purchases": table}, plugins=False)

    def one_by_one() -> list[Any]:
        return [result for name in definitions.checks for result in book.data_checks(name)]

    def same(left: Any, right: Any) -> bool:
        return list(left) == list(right)

    yield Race("six checks of one dataset", {"together": book.data_checks, "one by one": one_by_one}, same=same)
