"""The packs' tests as cases for the naive evaluator: typed rows for every canonical dataset, a question, the cells.

They are read here by PyYAML and typed anew, so that what reads them in the product is held against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

import yaml

from tallymark.windows import Calendar, parse_period
from tallymark_packs import CONTENTS, packs, trials_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `datasets` holds every canonical dataset, each row with all columns that are not computed.

    Values are str, int, float, bool, Decimal, naive datetime or None, by the column's declared type. A cell with a
    period has its first day as `time`.
    """

    name: str
    why: str
    datasets: Mapping[str, list[Row]]
    ask: Mapping[str, Any]
    expect: tuple[Mapping[str, Any], ...]


@cache
def contents() -> dict[str, dict[str, Any]]:
    """Every file of the packs as PyYAML reads it, by path; those of later packs after those of earlier ones."""
    return {path: yaml.safe_load(text) for files in packs().values() for path, text in files}


@cache
def entries(section: str) -> dict[str, dict[str, Any]]:
    """All `datasets`, `metrics` or `parameters` of the packs, by name."""
    return {name: said for file in contents().values() for name, said in file.get(section, {}).items()}


@cache
def written() -> dict[str, dict[str, Any]]:
    """Every test of the packs as PyYAML reads it, by name."""
    texts = {path: text for pack in CONTENTS for path, text in trials_of(pack)}
    return {name: said for text in texts.values() for name, said in yaml.safe_load(text)["tests"].items()}


@cache
def cases() -> tuple[Case, ...]:
    """Every test that gives rows, in the order of the files."""
    return tuple(_case(name, said) for name, said in written().items() if "metrics" not in said)


def types_of(dataset: str) -> dict[str, str]:
    """The columns of a canonical dataset that data must give, each with its declared type."""
    return {name: said["type"] for name, said in entries("datasets")[dataset]["columns"].items() if "type" in said}


def _case(name: str, said: dict[str, Any]) -> Case:
    rows = (written()[said["rows_of"]]["rows"] if "rows_of" in said else {}) | said.get("rows", {})
    given = {dataset: [*_repeated(listed)] for dataset, listed in rows.items()}
    assert said["others"] == "keys"
    for partner, reference in (("customers", "customer"), ("users", "user")):
        if partner not in given:
            given[partner] = [{"id": key} for key in _named_by(given, partner, reference)]
    datasets = {d: [_typed(row, types_of(d)) for row in given.get(d, [])] for d in entries("datasets")}
    cells = said["expect"] if isinstance(said["expect"], list) else [said["expect"]]
    keys = {*said["ask"].get("by", ()), "period"}
    ask = {"metrics": [metric for metric in cells[0] if metric not in keys], **said["ask"]}
    return Case(name, said["why"], datasets, ask, tuple(_timed(cell) for cell in cells))


def _timed(cell: Mapping[str, Any]) -> Row:
    plain = {name: value for name, value in cell.items() if name != "period"}
    if "period" not in cell:
        return plain
    return plain | {"time": parse_period(str(cell["period"]), Calendar()).start.date()}


def _repeated(rows: list[Row]) -> Iterator[Row]:
    """The rows, those with `repeat: N` written out N times."""
    for row in rows:
        plain = {name: value for name, value in row.items() if name != "repeat"}
        for n in range(1, row.get("repeat", 1) + 1):
            yield {k: v.replace("{n}", str(n)) if isinstance(v, str) else v for k, v in plain.items()}


def _named_by(given: Mapping[str, list[Row]], partner: str, reference: str) -> dict[str, None]:
    """The keys of `partner` that rows of other datasets name, each once."""
    found: dict[str, None] = {}
    for name, rows in given.items():
        if entries("datasets")[name].get("refs", {}).get(reference) == partner:
            found |= {row[reference]: None for row in rows if row.get(reference) is not None}
    return found


def _typed(row: Row, types: Mapping[str, str]) -> Row:
    unknown = row.keys() - types.keys()
    if unknown:
        raise KeyError(f"no such columns: {sorted(unknown)}")
    return {name: _value(row.get(name), kind) for name, kind in types.items()}


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "text":
        return str(value)
    if kind == "decimal":
        return Decimal(str(value))
    if kind == "double":
        return float(value)
    if kind == "timestamp":
        whole_day = isinstance(value, date) and not isinstance(value, datetime)
        return datetime.combine(value, time()) if whole_day else value
    if kind in ("integer", "boolean"):
        return value
    raise ValueError(f"no rule for a column of type {kind}")
