"""Rows that a transform leaves out because a value is missing: events of nobody belong to no session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tallymark.catalog import Catalog, Input, Making
from tallymark.engine.unseen import Remark
from tallymark.formula.bound import ColumnUse
from tallymark.render.tallies import Scope, Tally, is_null


def left_out(catalog: Catalog, datasets: Iterable[str]) -> list[Remark]:
    """What is worth counting of the transforms that make these datasets, near or far."""
    found: dict[tuple[str, str], Remark] = {}
    waiting, seen = list(datasets), set(datasets)
    while waiting:
        making = catalog.datasets[waiting.pop(0)].making
        if making is None:
            continue
        for remark in _of(catalog, making):
            found.setdefault((remark.one, remark.many), remark)
        further = [i.dataset for i in making.inputs if i.dataset not in seen]
        waiting += further
        seen.update(further)
    return list(found.values())


def _of(catalog: Catalog, making: Making) -> Iterator[Remark]:
    for argument, (one, many) in making.transform.needs.items():
        for rows in making.inputs:
            times = (rows.shape.time,) if rows.shape.time is not None else ()
            columns = times if argument == "time" else making.arguments.get(argument, ())
            for column in columns:
                if column != rows.shape.key:
                    yield _remark(catalog, rows, column, one, many)


def _remark(catalog: Catalog, rows: Input, column: str, one: str, many: str) -> Remark:
    own = catalog.datasets[rows.dataset]
    test = is_null(ColumnUse((), column, own.columns[column].type))
    scopes = (Scope(frozenset({rows.condition})),) if rows.condition is not None else ()
    counted = Tally(own.name, test, scopes)
    return Remark(
        counted,
        None if own.making is not None else counted,
        frozenset({own.name}),
        f"1 row of `{own.name}` has no `{column}` and {one}",
        f"{{count}} rows of `{own.name}` have no `{column}` and {many}",
    )
