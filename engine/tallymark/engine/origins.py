"""The columns that a metric's own formula reads, and those that a computed column is computed from."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.catalog import Catalog, Metric, Reached
from tallymark.check.dimensions import leaves
from tallymark.check.dimensions import uses as dimensions_of
from tallymark.formula.bound import (
    Aggregate,
    Bound,
    ColumnUse,
    Filtered,
    MetricUse,
    Nested,
    Sequence,
    is_conversion,
    parts,
    walk,
)

ColumnName = tuple[str, str]
"""A dataset and one of its columns."""


def uses(metric: Metric) -> tuple[str, ...]:
    """The metrics that a formula names, each once."""
    if metric.expression is None:
        return ()
    return tuple(dict.fromkeys(b.name for b in walk(metric.expression) if isinstance(b, MetricUse)))


def counted(metric: Metric) -> tuple[str, ...]:
    """The datasets whose rows a formula aggregates itself, each once."""
    if metric.expression is None:
        return ()
    found: dict[str, None] = {}
    for bound in walk(metric.expression):
        if isinstance(bound, Aggregate):
            found[bound.dataset] = None
        elif isinstance(bound, Sequence):
            found.update((step.dataset, None) for step in bound.later)
    return tuple(found)


def read_by(catalog: Catalog, metric: Metric) -> Iterator[ColumnName]:
    """The columns that a metric's own formula reads, each once: arguments, conditions, times, references, members."""
    found: dict[ColumnName, None] = {}
    waiting = [metric.expression] if metric.expression is not None else []
    while waiting:
        here = waiting.pop()
        match here:
            case Aggregate():
                found.update(dict.fromkeys(_of_aggregate(catalog, here)))
                continue
            case Filtered(body=body, condition=condition):
                for use in dimensions_of(condition):
                    found.update(dict.fromkeys(of_dimension(catalog, body, use.parts)))
                waiting.append(body)
                continue
            case Sequence():
                found.update(dict.fromkeys(_of_sequence(catalog, here)))
                continue
            case Nested(body=body, member=member, by_grain=False):
                found.update(dict.fromkeys(of_dimension(catalog, body, member)))
        waiting.extend(reversed(parts(here)))
    return iter(found)


def below_column(catalog: Catalog, name: ColumnName) -> Iterator[ColumnName]:
    """The columns that a computed column, or one of a transform's, is made of; none for one read from its table."""
    dataset, column = catalog.datasets[name[0]], catalog.datasets[name[0]].columns[name[1]]
    if dataset.making is not None and column.stored is not None:
        inputs = dataset.making.inputs
        yield from ((inputs[number].dataset, own) for number, own in dataset.making.fields[column.stored].of)
    if column.formula is not None:
        yield from _of_rows(catalog, dataset.name, column.formula)
    if column.aggregate is not None:
        other = catalog.datasets[column.aggregate.dataset]
        if column.via is not None:
            yield other.name, other.references[column.via].column
        if dataset.key is not None:
            yield dataset.name, dataset.key
        yield from _of_aggregate(catalog, column.aggregate)


def _of_sequence(catalog: Catalog, bound: Sequence) -> Iterator[ColumnName]:
    """The times, conditions and members of every step."""
    yield from of_dimension(catalog, bound.entry, bound.member)
    yield from _of_aggregate(catalog, bound.entry)
    for step in bound.later:
        member = catalog.reach(step.dataset, bound.member)
        if isinstance(member, Reached):
            yield from _on_the_way(catalog, step.dataset, member.path, member.column)
        for part in (step.time, step.condition):
            if part is not None:
                yield from _of_rows(catalog, step.dataset, part)


def _of_aggregate(catalog: Catalog, leaf: Aggregate) -> Iterator[ColumnName]:
    for bound in (leaf.argument, leaf.condition):
        if bound is not None:
            yield from _of_rows(catalog, leaf.dataset, bound)
    yield from ((leaf.dataset, column) for column in leaf.axis.columns)


def _of_rows(catalog: Catalog, dataset: str, bound: Bound) -> Iterator[ColumnName]:
    for use in walk(bound):
        if isinstance(use, ColumnUse):
            yield from _on_the_way(catalog, dataset, use.path, use.column)
        elif is_conversion(use) and catalog.rates is not None:
            rates = catalog.rates
            named = (rates.source, rates.to, rates.at, rates.rate)
            yield from ((rates.dataset, column) for column in named if column is not None)


def of_dimension(catalog: Catalog, body: Bound, name: tuple[str, ...]) -> Iterator[ColumnName]:
    """A dimension as each dataset below `body` finds it."""
    for dataset in sorted(leaves(catalog, body)):
        found = catalog.reach(dataset, name)
        if isinstance(found, Reached):
            yield from _on_the_way(catalog, dataset, found.path, found.column)


def _on_the_way(catalog: Catalog, dataset: str, path: tuple[str, ...], column: str) -> Iterator[ColumnName]:
    """The references followed from `dataset`, the keys and validities they lead to, and the column at the end."""
    for step in path:
        reference = catalog.datasets[dataset].references[step]
        yield dataset, reference.column
        dataset = reference.dataset
        here = catalog.datasets[dataset]
        yield from ((dataset, c) for c in (here.key, *(here.valid or ())) if c is not None)
    yield dataset, column
