"""The order in which transforms make datasets: each after its inputs, and after what these compute from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tallymark.catalog import Catalog, Dataset
from tallymark.check.columns import Columns
from tallymark.check.currencies import bind_currencies
from tallymark.check.joining import Joined
from tallymark.check.tables import refer
from tallymark.check.transforms import Postponed, Transforming, making_order
from tallymark.errors import Fault


def make_transformed(joined: Mapping[str, Joined], columns: Columns, transforming: Transforming) -> None:
    """Puts every transformed dataset into the catalog of `columns`, with the columns bound that its making needs.

    One whose inputs compute a column from a dataset that is still to be made is made after that.
    """
    made = {name: item for name, item in joined.items() if item.definition.transform is not None}
    waiting = list(making_order(made, columns.catalog.aliases, transforming.faults))
    while waiting:
        postponed = [name for name in waiting if not _make(joined, name, set(waiting), columns, transforming)]
        if len(postponed) == len(waiting):
            for name in postponed:
                transforming.faults.append(_needs_itself(joined[name]))
            return
        waiting = postponed


def _make(
    joined: Mapping[str, Joined], name: str, pending: set[str], columns: Columns, transforming: Transforming
) -> bool:
    """Makes a dataset, or finds it at fault. False, and nothing changed, when it must be made later."""
    item = joined[name]
    assert item.definition.transform is not None
    before = columns.catalog, dict(columns.levels), set(columns.done), len(columns.faults)
    pending = pending - columns.catalog.datasets.keys()
    try:
        named = tuple(transforming.columns_named(item.definition.transform, columns.catalog))
        _bind(columns, named, pending)
        found = transforming.make(item, columns.catalog, pending)
    except Postponed:
        columns.catalog, columns.levels, columns.done, count = before
        del columns.faults[count:]
        return False
    if found is not None:
        columns.catalog = _with(columns.catalog, *found, joined, columns.faults)
    return True


def _bind(columns: Columns, named: tuple[tuple[str, str], ...], pending: set[str]) -> None:
    """Binds computed columns. Raises Postponed when one of them waits for a dataset that is still to be made."""
    catalog = columns.bind_all(named)
    for dataset, column in named:
        for need in catalog.datasets[dataset].waiting.get(column, ()):
            if need.split(" ", 1)[-1].split(".")[0] in pending:
                raise Postponed(need)


def _with(
    catalog: Catalog, dataset: Dataset, item: Joined, joined: Mapping[str, Joined], faults: list[Fault]
) -> Catalog:
    """The catalog with the dataset in it, and the references that lead to and from it."""
    name = dataset.name
    broken = {other: cause for other, cause in catalog.broken.items() if other != name}
    catalog = replace(catalog, datasets={**catalog.datasets, name: dataset}, broken=broken)
    datasets = {**catalog.datasets, name: refer(dataset, item, catalog, faults)}
    for other in catalog.datasets.values():
        if any(target == name for target in other.unreferenced.values()) and other.name != name:
            # The faults of its other references have been told.
            datasets[other.name] = refer(other, joined[other.name], catalog, [])
    return bind_currencies(replace(catalog, datasets=datasets), {name: item.definition}, faults)


def _needs_itself(item: Joined) -> Fault:
    definition = item.definition
    assert definition.transform is not None
    message = f"`{definition.name}` is made of columns that are computed from `{definition.name}` or wait for it"
    help_ = "leave that column out of the condition, or compute it in another dataset"
    return Fault("T248", message, definition.transform.place, help_, f"dataset `{definition.name}`")
