"""Case folders as data: what is asked, and what must come.

A case is a folder with a project of its own (`tally.yaml`, `metrics.yaml`, tables as CSV) and `questions.yaml`: a list
of

    says      what must hold, in one sentence
    ask       metrics (a list of names and formulas), and any other keyword of `Book.ask`
    expect    the cells: a list of rows, each `[dimensions…, period if a grain is asked, metrics…]`; a single value is
              the only cell of the only metric. Rows come in any order unless `order` is asked.
    notes     texts that notes of the answer contain; an empty list says that there are no notes
    columns   the names of the answer's columns, in their order
    partial   the periods that are cut by `as_of`
    faults    instead of `expect`: what is wrong, each with `code` and any of `message`, `help` (parts of them),
              `file`, `line`, `column`, `width`; exactly these faults must come

`faults.yaml`, if there, lists in the same way what `check` finds in the project, warnings included; without, nothing.

A whole number or a text of digits is exact; a number with a point agrees to 1e-9 of its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
NOT_EXPLAINED = frozenset(
    ("by", "grain", "order", "limit", "sparse", "compare", "like_for_like", "having", "share", "rank", "top", "other",
     "total", "age", "pivot", "partial", "bands", "target")
)  # fmt: skip
"""What a question may say that a receipt of one cell has no use for."""

KEYS = {"says", "ask", "expect", "notes", "partial", "faults", "columns"}


@dataclass(frozen=True, slots=True)
class Case:
    """One question to one folder."""

    folder: Path
    number: int
    says: str
    ask: Mapping[str, Any]
    rows: tuple[tuple[Any, ...], ...] | None = None
    faults: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] | None = None
    partial: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        return f"{self.folder.name}-{self.number}: {self.says}"

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(self.ask["metrics"])

    @property
    def options(self) -> dict[str, Any]:
        """The keywords of `Book.ask`."""
        return {k: v for k, v in self.ask.items() if k != "metrics"}

    @property
    def single(self) -> bool:
        """Whether there is one cell of one metric, which `explain` can explain."""
        return len(self.metrics) == 1 and self.rows is not None and not self.ask.keys() & NOT_EXPLAINED


@cache
def folders() -> tuple[Path, ...]:
    """Every case folder."""
    return tuple(sorted(p.parent for p in HERE.glob("*/tally.yaml")))


@cache
def cases() -> tuple[Case, ...]:
    """Every question of every folder."""
    return tuple(_case(folder, n, entry) for folder in folders() for n, entry in enumerate(_entries(folder), 1))


def expected_faults(folder: Path) -> list[dict[str, Any]]:
    """What `check` must find in a folder's project."""
    file = folder / "faults.yaml"
    found = yaml.safe_load(file.read_text("utf-8")) if file.exists() else []
    assert isinstance(found, list)
    return found


def _entries(folder: Path) -> list[dict[str, Any]]:
    file = folder / "questions.yaml"
    found = yaml.safe_load(file.read_text("utf-8")) if file.exists() else []
    assert isinstance(found, list), folder
    return found


def _case(folder: Path, number: int, entry: dict[str, Any]) -> Case:
    unknown = entry.keys() - KEYS
    if unknown or ("expect" in entry) == ("faults" in entry):
        raise ValueError(f"{folder.name}, question {number}: {unknown or 'either `expect` or `faults` is wanted'}")
    ask = {k: str(v) if k == "period" else _plain(v) for k, v in entry["ask"].items()}
    rows = None
    if "expect" in entry:
        expect = entry["expect"]
        rows = tuple(tuple(row) for row in expect) if isinstance(expect, list) else ((expect,),)
    notes, partial, columns = entry.get("notes"), entry.get("partial"), entry.get("columns")
    return Case(
        folder, number, entry["says"], ask, rows, tuple(entry.get("faults", ())),
        None if notes is None else tuple(notes), None if partial is None else tuple(str(p) for p in partial),
        None if columns is None else tuple(str(c) for c in columns),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """What YAML reads as a date where `ask` takes text, `start: 2024-03-01` for example."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
