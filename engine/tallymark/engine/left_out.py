"""Rows that a transform leaves out because a value is missing: events of nobody belong to no session."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from tallymark.catalog import Catalog, Dataset, Input, Making
from tallymark.engine.unseen import Remark, hollow, undecided
from tallymark.formula.bound import Apply, Axis, Bound, ColumnUse, Constant, walk
from tallymark.formula.functions import Function
from tallymark.kinds import Type
from tallymark.lower.forms import conjuncts
from tallymark.render.tallies import Scope, Tally, is_null, not_false


def left_out(
    catalog: Catalog,
    datasets: Iterable[str],
    columns: Collection[tuple[str, str]],
    functions: Mapping[str, Function],
) -> list[Remark]:
    """What is worth counting of the transforms that make these datasets, near or far; and of the columns they give."""
    found: dict[str, Remark] = {}
    for dataset in catalog.made(datasets):
        making = dataset.making
        assert making is not None
        for remark in (
            *_by_conditions(catalog, making, functions),
            *_by_nulls(catalog, making),
            *_by_words(catalog, making),
            *_absent(dataset, columns),
        ):
            found.setdefault(remark.one, remark)
    return list(found.values())


def _by_conditions(catalog: Catalog, making: Making, functions: Mapping[str, Function]) -> Iterator[Remark]:
    """Rows that a condition of an input has no value for though it says what rows are not."""
    for rows in making.inputs:
        parts = conjuncts(rows.condition) if rows.condition is not None else ()
        doubtful = [c for c in parts if hollow(catalog, rows.dataset, c)]
        for condition in doubtful:
            others = [not_false(c) if c in doubtful else c for c in parts if c != condition]
            test, one, many = undecided(rows.dataset, condition, functions)
            yield _remark(catalog, rows, test, frozenset(others), (one, many))


def _by_nulls(catalog: Catalog, making: Making) -> Iterator[Remark]:
    """Rows without a value that the transform needs."""
    for argument, (one, many) in making.transform.needs.items():
        for rows in making.inputs:
            for column in _needed(making, rows, argument):
                if column == rows.shape.key:
                    continue
                test = is_null(ColumnUse((), column, catalog.datasets[rows.dataset].columns[column].type))
                own = f"`{rows.dataset}`"
                said = (
                    f"1 row of {own} has no `{column}` and {one}",
                    f"{{count}} rows of {own} have no `{column}` and {many}",
                )
                conditions = frozenset({rows.condition} if rows.condition is not None else ())
                yield _remark(catalog, rows, test, conditions, said)


def _absent(dataset: Dataset, columns: Collection[tuple[str, str]]) -> Iterator[Remark]:
    """Rows for which a transform that may fail to find a value found none."""
    assert dataset.making is not None
    own = f"`{dataset.name}`"
    for column in dataset.columns.values():
        field = dataset.making.fields.get(column.stored or "")
        if field is not None and field.absent is not None and (dataset.name, column.name) in columns:
            test = is_null(ColumnUse((), column.name, column.type))
            one = f"1 row of {own} has no `{column.name}`{field.absent}"
            many = f"{{count}} rows of {own} have no `{column.name}`{field.absent}"
            yield Remark(Tally(dataset.name, test), None, frozenset({dataset.name}), one, many)


def _by_words(catalog: Catalog, making: Making) -> Iterator[Remark]:
    """Rows with a word that the transform does not know."""
    for rows in making.inputs:
        for column, words in known_words(making, rows).items():
            own, known = f"`{rows.dataset}`", f"only {', '.join(words)} are known"
            said = (
                f"1 row of {own} has an unknown `{column}` and counts for nothing: {known}",
                f"{{count}} rows of {own} have an unknown `{column}` and count for nothing: {known}",
            )
            conditions = frozenset({rows.condition} if rows.condition is not None else ())
            yield _remark(catalog, rows, is_other(column, words), conditions, said)


def known_words(making: Making, rows: Input) -> dict[str, tuple[str, ...]]:
    """The columns of an input of which the transform knows a few words alone."""
    return {c: w for c, w in making.transform.words.items() if c in rows.columns}


def is_other(column: str, words: Iterable[str]) -> Bound:
    """Whether a column holds a text that is none of the words."""
    use = ColumnUse((), column, Type.TEXT)
    listed = Apply("in", (use, *(Constant(w, Type.TEXT) for w in words)), Type.BOOLEAN)
    return Apply("not", (listed,), Type.BOOLEAN)


def _needed(making: Making, rows: Input, name: str) -> tuple[str, ...]:
    """The columns of an input that `name` stands for: its time, what an argument names, or the column of that name."""
    if name == "time":
        return (rows.shape.time,) if rows.shape.time is not None else ()
    if making.transform.take(name) is None:
        return (name,) if name in rows.shape.fields else ()
    return tuple(making.arguments.get(name, ()))


def _remark(catalog: Catalog, rows: Input, test: Bound, conditions: frozenset[Bound], said: tuple[str, str]) -> Remark:
    own = catalog.datasets[rows.dataset]
    used = [u for u in walk(test) if isinstance(u, ColumnUse)]
    # What is stored stays as long as the data does; what is made or computed may depend on the knowledge date.
    lasting = own.making is None and all(not u.path and own.columns[u.column].stored is not None for u in used)
    named = [(b.path, b.column) for e in (test, *conditions) for b in walk(e) if isinstance(b, ColumnUse)]
    changes = any(catalog.changes(own.name, path, column) for path, column in named)
    axis = Axis("flow", (rows.shape.time,)) if changes and rows.shape.time is not None else None
    counted = Tally(own.name, test, (Scope(conditions),) if conditions else (), axis=axis)
    return Remark(counted, Tally(own.name, test) if lasting else None, frozenset({own.name}), *said)
