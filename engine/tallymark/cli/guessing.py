"""From the columns of data files to datasets: names, keys, times and references, guessed and meant to be corrected."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.formula.nodes import RESERVED
from tallymark.kinds import Type

MONEY = re.compile(r"(^|_)(amount|cost|fee|mrr|arr|price|revenue|spend|total_price|montant|prix|suma|pret)(_|$)")
TIMES = ("created_at", "date", "time", "at", "timestamp", "occurred_at", "opened_at", "started_at", "signed_up_at")
"""Names by which a row's time usually goes, best first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A data file: the dataset's name, where it is, its columns by the names the file has."""

    name: str
    table: str
    columns: tuple[tuple[str, Type], ...]
    source: str | None = None
    format: Mapping[str, str] = field(default_factory=dict)


def datasets(found: Iterable[Found]) -> dict[str, dict[str, Any]]:
    """The `datasets:` section for these files."""
    listed = list(found)
    named = {f.name: _named(f.columns) for f in listed}
    keys = {f.name: _key(f.name, named[f.name]) for f in listed}
    return {f.name: _dataset(f, named[f.name], keys) for f in listed}


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """A name that formulas can say, made from any text; numbered if it is taken."""
    if re.fullmatch("[a-z_][a-z0-9_]*", text) and text not in {*RESERVED, *taken}:
        return text
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    name = re.sub(r"[^a-z0-9]+", "_", bare.lower()).strip("_") or "column"
    if name[0].isdigit() or name in RESERVED:
        name = f"_{name}"
    used, number, made = set(taken), 2, name
    while made in used:
        made, number = f"{name}_{number}", number + 1
    return made


def _named(columns: Iterable[tuple[str, Type]]) -> dict[str, tuple[str, Type]]:
    """The columns formulas can handle, by the name they get."""
    named: dict[str, tuple[str, Type]] = {}
    for column, type_ in columns:
        if type_ not in (Type.OPAQUE, Type.NULL):
            named[slug(column, named)] = (column, type_)
    return named


def _dataset(found: Found, columns: Mapping[str, tuple[str, Type]], keys: Mapping[str, str | None]) -> dict[str, Any]:
    made: dict[str, Any] = {"source": found.source} if found.source else {}
    made["table"] = found.table
    if found.format:
        made["format"] = dict(found.format)
    key = keys[found.name]
    if key is not None:
        made["key"] = key
    time = _time(columns)
    if time is not None:
        made["time"] = time
    refs = _refs(found.name, columns, keys)
    if refs:
        made["refs"] = refs
    made["columns"] = {name: _column(name, column, type_) for name, (column, type_) in columns.items()}
    return made


def _column(name: str, column: str, type_: Type) -> Any:
    money = type_.numeric and MONEY.search(name) is not None
    if name == column and not money:
        return type_.value
    made = {"type": "decimal" if money else type_.value}
    if money:
        made["unit"] = "money"
    if name != column:
        made["column"] = column
    return made


def _key(dataset: str, columns: Mapping[str, tuple[str, Type]]) -> str | None:
    for name in ("id", f"{_one(dataset)}_id", f"{dataset}_id", "key"):
        if name in columns:
            return name
    return None


def _time(columns: Mapping[str, tuple[str, Type]]) -> str | None:
    temporal = [name for name, (_, type_) in columns.items() if type_.temporal]
    return next((name for name in TIMES if name in temporal), temporal[0] if temporal else None)


def _refs(own: str, columns: Mapping[str, tuple[str, Type]], keys: Mapping[str, str | None]) -> dict[str, Any]:
    refs: dict[str, Any] = {}
    for other, key in keys.items():
        if key is None or other == own:
            continue
        for column in (_one(other), f"{_one(other)}_id"):
            if column in columns:
                name = _one(other)
                refs[name] = other if column == name else {"dataset": other, "column": column}
                break
    return refs


def _one(name: str) -> str:
    """The singular of a dataset's name, as far as an `s` tells."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
