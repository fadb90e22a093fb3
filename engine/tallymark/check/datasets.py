"""Datasets as the catalog has them: canonical definitions joined with the project's tables, columns typed and bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from tallymark.catalog import Catalog, Dataset
from tallymark.check.columns import Columns
from tallymark.check.currencies import bind_currencies, bind_rates, check_currencies, check_rates
from tallymark.check.joining import Joined, join_all
from tallymark.check.making import make_transformed
from tallymark.check.tables import Describe, check_references, check_roles, put_on_table, refer
from tallymark.check.transforms import Transforming
from tallymark.definitions import Definitions
from tallymark.errors import Fault, FaultError
from tallymark.formula.functions import Function
from tallymark.formula.nodes import Name, walk
from tallymark.kinds import Type
from tallymark.transforms.transform import Transform

__all__ = ["Describe", "bind_datasets"]


def _stored(describe: Describe, dataset: Dataset) -> Mapping[str, Type]:
    """The columns of a dataset's table; none when it cannot be described."""
    try:
        return {c.name: c.type for c in describe(dataset.source, replace(dataset.table, columns=()))}
    except FaultError:
        return {}


def bind_datasets(
    definitions: Definitions,
    describe: Describe,
    functions: Mapping[str, Function],
    transforms: Mapping[str, Transform],
    faults: list[Fault],
) -> Catalog:
    """The catalog without metrics: every dataset with bound, typed columns. Faults are collected."""
    joined = join_all(definitions, faults)
    stored = {name: item for name, item in joined.items() if item.definition.transform is None}
    made: dict[str, Dataset | None] = {}
    causes: dict[str, Fault | None] = {name: None for name in joined if name not in stored}
    for name, item in stored.items():
        before = len(faults)
        made[name] = put_on_table(item, definitions, describe, faults)
        if made[name] is None:
            causes[name] = next(iter(faults[before:]), None)
    datasets = {name: dataset for name, dataset in made.items() if dataset is not None}
    catalog = Catalog(
        project=definitions.project,
        sources=definitions.sources,
        datasets=datasets,
        aliases={item.alias: name for name, item in joined.items() if item.alias and (name not in made or made[name])},
        missing={c.name: c.pack or "" for c in definitions.canonical.values() if c.name not in joined},
        wished={
            **{c.name: frozenset((*c.columns, *c.refs)) for c in definitions.canonical.values()},
            **{name: frozenset((*i.definition.columns, *i.definition.refs)) for name, i in joined.items()},
        },
        broken=causes,
        parameters=definitions.parameters,
        funnels=definitions.funnels,
        scorecards=definitions.scorecards,
        checks=definitions.checks,
        stored=partial(_stored, describe),
    )
    referring = {name: refer(dataset, joined[name], catalog, faults) for name, dataset in datasets.items()}
    catalog = replace(catalog, datasets=referring)
    catalog = bind_currencies(catalog, {n: i.definition for n, i in joined.items()}, faults)
    catalog = bind_rates(catalog, definitions.project, faults)
    computed = {
        (name, column.name): column
        for name, item in joined.items()
        for column in item.definition.columns.values()
        if column.formula is not None
    }
    columns = Columns(catalog, computed, functions, faults)
    make_transformed(joined, columns, Transforming(definitions, functions, transforms, faults))
    catalog = columns.bind_all(c for c in computed if c[0] in columns.catalog.datasets)
    check_currencies(catalog, faults)
    catalog = check_rates(catalog, faults)
    for dataset in catalog.datasets.values():
        check_roles(dataset, faults)
        check_references(dataset, catalog, faults)
    there = catalog.datasets.keys()
    return replace(
        catalog,
        aliases={alias: name for alias, name in catalog.aliases.items() if name in there},
        missing={c.name: c.pack or "" for c in definitions.canonical.values() if c.name not in there},
        wished={name: names for name, names in catalog.wished.items() if name not in there},
        broken={n: cause or _inherited(n, joined, catalog) for n, cause in catalog.broken.items() if n not in there},
    )


def _inherited(name: str, joined: Mapping[str, Joined], catalog: Catalog) -> Fault | None:
    """Why a dataset that a transform makes is not there, when that is because one it is made of is not."""
    seen, waiting = {name}, [name]
    while waiting:
        transform = joined[waiting.pop()].definition.transform
        for node in (n for f in (transform.inputs if transform else ()) if f.node is not None for n in walk(f.node)):
            read = catalog.aliases.get(node.parts[0], node.parts[0]) if isinstance(node, Name) else name
            if read in seen or read not in catalog.broken:
                continue
            if (cause := catalog.broken[read]) is not None:
                return cause
            seen.add(read)
            waiting.append(read)
    return None
