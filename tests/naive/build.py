"""Short ways to build a world by hand, for tests and generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tallymark.definitions import ColumnDef, DatasetDef, Formula, Project, RefDef
from tallymark.formula.parse import parse_text
from tallymark.place import Written
from tallymark.read import read_texts

from .world import Metric, World


def dataset(
    name: str,
    columns: Mapping[str, str],
    *,
    key: str | None = None,
    time: str | None = None,
    valid: tuple[str, str] | None = None,
    refs: Mapping[str, str] | None = None,
    computed: Mapping[str, str] | None = None,
) -> DatasetDef:
    """A dataset. `columns` gives types by name, `refs` the dataset each reference leads to, `computed` formulas."""
    defined = {n: ColumnDef(n, type=t) for n, t in columns.items()}
    for column, text in (computed or {}).items():
        defined[column] = ColumnDef(column, formula=Formula(Written(text), parse_text(text)))
    leads = {n: RefDef(n, d, n) for n, d in (refs or {}).items()}
    return DatasetDef(name, key=key, time=time, valid=valid, refs=leads, columns=defined)


def made(text: str, name: str = "made", **more: str) -> DatasetDef:
    """A dataset that the transform in `text` makes; what else is said of it as YAML: `key="id"`."""
    said = "".join(f", {key}: {value}" for key, value in more.items())
    definitions, faults = read_texts([("made.yaml", f'datasets:\n  {name}: {{transform: "{text}"{said}}}')])
    assert [] == [str(f) for f in faults]
    return definitions.datasets[name]


def world(
    datasets: list[tuple[DatasetDef, list[dict[str, Any]]]],
    metrics: Mapping[str, str | tuple[str, str]] | None = None,
    project: Project | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> World:
    """A world of datasets with rows. A metric is its formula, or its formula and its `missing`."""
    written = {n: (m, None) if isinstance(m, str) else m for n, m in (metrics or {}).items()}
    return World(
        project=project or Project(),
        datasets={d.name: d for d, _ in datasets},
        rows={d.name: rows for d, rows in datasets},
        metrics={n: Metric(parse_text(text), missing) for n, (text, missing) in written.items()},
        parameters=parameters or {},
    )


def table(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Rows from the names of their columns and their values."""
    names = columns.split()
    return [dict(zip(names, row, strict=True)) for row in rows]
