"""Datasets as the catalog has them: canonical definitions joined with the project's tables, columns typed and bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tallymark.catalog import Catalog
from tallymark.check.columns import bind_columns
from tallymark.check.currencies import bind_currencies, bind_rates, check_currencies, check_rates
from tallymark.check.joining import join_all
from tallymark.check.tables import Describe, check_roles, put_on_table, refer
from tallymark.definitions import Definitions
from tallymark.errors import Fault
from tallymark.formula.functions import Function

__all__ = ["Describe", "bind_datasets"]


def bind_datasets(
    definitions: Definitions, describe: Describe, functions: Mapping[str, Function], faults: list[Fault]
) -> Catalog:
    """The catalog without metrics: every dataset with bound, typed columns. Faults are collected."""
    joined = join_all(definitions, faults)
    made = {name: put_on_table(item, definitions, describe, faults) for name, item in joined.items()}
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
        broken=frozenset(joined) - frozenset(datasets),
        parameters=definitions.parameters,
    )
    referring = {name: refer(dataset, joined[name], catalog, faults) for name, dataset in datasets.items()}
    catalog = replace(catalog, datasets=referring)
    catalog = bind_currencies(catalog, {n: i.definition for n, i in joined.items()}, faults)
    catalog = bind_rates(catalog, definitions.project, faults)
    computed = {
        (name, column.name): column
        for name in datasets
        for column in joined[name].definition.columns.values()
        if column.formula is not None
    }
    catalog = bind_columns(catalog, computed, functions, faults)
    check_currencies(catalog, faults)
    catalog = check_rates(catalog, faults)
    for dataset in catalog.datasets.values():
        check_roles(dataset, faults)
    return catalog
