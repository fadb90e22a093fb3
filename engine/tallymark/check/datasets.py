"""Datasets as the catalog has them: canonical definitions joined with the project's tables, columns typed and bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from tallymark.catalog import Catalog, Dataset
from tallymark.check.columns import bind_columns
from tallymark.check.joining import join_all
from tallymark.check.tables import Describe, check_references, check_roles, put_on_table, refer
from tallymark.definitions import Definitions
from tallymark.errors import Fault, FaultError
from tallymark.formula.functions import Function
from tallymark.kinds import Type

__all__ = ["Describe", "bind_datasets"]


def _stored(describe: Describe, dataset: Dataset) -> Mapping[str, Type]:
    """The columns of a dataset's table; none when it cannot be described."""
    try:
        return {c.name: c.type for c in describe(dataset.source, replace(dataset.table, columns=()))}
    except FaultError:
        return {}


def bind_datasets(
    definitions: Definitions, describe: Describe, functions: Mapping[str, Function], faults: list[Fault]
) -> Catalog:
    """The catalog without metrics: every dataset with bound, typed columns. Faults are collected."""
    joined = join_all(definitions, faults)
    made: dict[str, Dataset | None] = {}
    causes: dict[str, Fault | None] = {}
    for name, item in joined.items():
        before = len(faults)
        made[name] = put_on_table(item, definitions, describe, faults)
        if made[name] is None:
            causes[name] = next(iter(faults[before:]), None)
    datasets = {name: dataset for name, dataset in made.items() if dataset is not None}
    absent = {
        **{c.name: c for c in definitions.canonical.values() if c.name not in datasets},
        **{name: joined[name].definition for name, dataset in made.items() if dataset is None},
    }
    catalog = Catalog(
        project=definitions.project,
        sources=definitions.sources,
        datasets=datasets,
        aliases={item.alias: name for name, item in joined.items() if item.alias and name in datasets},
        missing={c.name: c.pack or "" for c in definitions.canonical.values() if c.name not in datasets},
        wished={name: frozenset((*d.columns, *d.refs)) for name, d in absent.items()},
        broken=causes,
        parameters=definitions.parameters,
        funnels=definitions.funnels,
        stored=partial(_stored, describe),
    )
    referring = {name: refer(dataset, joined[name], catalog, faults) for name, dataset in datasets.items()}
    catalog = replace(catalog, datasets=referring)
    computed = {
        (name, column.name): column
        for name in datasets
        for column in joined[name].definition.columns.values()
        if column.formula is not None
    }
    catalog = bind_columns(catalog, computed, functions, faults)
    for dataset in catalog.datasets.values():
        check_roles(dataset, faults)
        check_references(dataset, catalog, faults)
    return catalog
