"""The first test of a new project: a few rows made up for one of its datasets, and how many of them are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

IN, AFTER = (date(2024, 1, 15), date(2024, 1, 31)), date(2024, 2, 1)
"""Days of the month that is asked, and the one after them."""

_WRITTEN = ("integer", "decimal", "double", "text")
"""Types of columns that a whole number may stand in."""


def first_test(datasets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The `tests:` section of a project whose `datasets:` are these and whose metrics count them: one test."""
    name = next((n for n, d in datasets.items() if "time" in d), next(iter(datasets)))
    dataset = datasets[name]
    named = _named(dataset)
    time = dataset.get("time")
    said = name.replace("_", " ")
    days: Sequence[Any] = (*IN, AFTER) if time is not None else (None, None)
    rows = [({named: n} if named else {}) | ({time: day} if time else {}) for n, day in enumerate(days, start=1)]
    why = f"A row counts in the month of its `{time}`" if time is not None else f"Each row of {said} counts once"
    return {
        f"{name}_are_counted": {
            "why": f"{why}. Put rows and figures of your own in the place of these.",
            "rows": {name: rows},
            "ask": {"period": "2024-01"},
            "expect": {f"{name}_count": 2},
        }
    }


def _named(dataset: Mapping[str, Any]) -> str | None:
    """The column by which rows are told apart, or else any that takes a number."""
    columns = {name: said if isinstance(said, str) else said["type"] for name, said in dataset["columns"].items()}
    fitting = [name for name, kind in columns.items() if kind in _WRITTEN]
    key = dataset.get("key")
    return key if key in fitting else next(iter(fitting), None)
