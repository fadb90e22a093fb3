"""Datasets on their tables: the columns that sources give, as declared; what keys, times and references name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tallymark.catalog import Catalog, Column, Dataset, Reference
from tallymark.check.declared import unit_of
from tallymark.check.dimensions import unlike
from tallymark.check.joining import Joined
from tallymark.definitions import ColumnDef, DatasetDef, Definitions
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import DECLARABLE, Type
from tallymark.source import Table, TableColumn, WantedColumn
from tallymark.units import NUMBER

Describe = Callable[[str, Table], tuple[TableColumn, ...]]
"""Gives the columns of a source's table; raises FaultError."""

DEFAULT_SOURCE = "files"
MEMORY = "memory"


def put_on_table(item: Joined, definitions: Definitions, describe: Describe, faults: list[Fault]) -> Dataset | None:
    """The dataset with its stored columns typed and its computed ones still empty.

    None when its table cannot be described, with the faults that say why.
    """
    definition = item.definition
    stored = [c for c in definition.columns.values() if c.formula is None]
    source = definition.source or (DEFAULT_SOURCE if definition.table else MEMORY)
    wanted = tuple(WantedColumn(c.column or c.name, wanted_type(c), c.format, c.place, item.demands(c)) for c in stored)
    wanted += _needed(definition) if stored else ()
    table = Table(definition.name, definition.table or definition.name, wanted, definition.format,
                  definition.table_place, definition.source_place)  # fmt: skip
    try:
        found = {c.name: c for c in describe(source, table)}
    except FaultError as error:
        faults.extend(f.within(f"dataset `{definition.name}`") for f in error.faults)
        return None
    columns = _Columns(item, definitions.project.currency, found, faults)
    return Dataset(
        name=definition.name,
        source=source,
        table=replace(table, columns=tuple(w for w in table.columns if w.name in found)),
        key=definition.key,
        time=definition.time,
        valid=definition.valid,
        columns=columns.all(),
        lacking=frozenset(c.name for c in stored if not columns.has(c) and not item.demands(c)),
        label=definition.label,
        description=definition.description,
        pack=definition.pack,
        place=definition.place,
    )


def _needed(definition: DatasetDef) -> tuple[WantedColumn, ...]:
    """The columns that keys, times and references name and nobody declared: where some are declared, a source gives
    no others.
    """
    read = {c.column or c.name for c in definition.columns.values() if c.formula is None}
    named = [definition.key, definition.time, *(definition.valid or ()), *(r.column for r in definition.refs.values())]
    named += [c.currency for c in definition.columns.values()]
    missing = dict.fromkeys(c for c in named if c is not None and c not in definition.columns and c not in read)
    return tuple(WantedColumn(name, place=definition.place, required=False) for name in missing)


def wanted_type(column: ColumnDef) -> Type | None:
    """The type a column is declared to have; money is decimal unless declared otherwise."""
    if column.type is not None:
        return DECLARABLE.get(column.type)
    return Type.DECIMAL if column.unit is not None and column.unit.name == "money" else None


def empty_column(definition: ColumnDef) -> Column:
    """A column without values: not computed yet, or never, because something is wrong with it."""
    return Column(
        definition.name, Type.OPAQUE, label=definition.label, description=definition.description, place=definition.place
    )


class _Columns:
    """The columns of one dataset, from what its source found."""

    def __init__(self, item: Joined, currency: str, found: Mapping[str, TableColumn], faults: list[Fault]) -> None:
        self.item = item
        self.currency = currency
        self.found = found
        self.faults = faults

    def all(self) -> dict[str, Column]:
        """Declared columns in their order, then those nobody declared."""
        definition = self.item.definition
        columns = {}
        for c in definition.columns.values():
            if c.formula is not None:
                columns[c.name] = empty_column(c)
            elif self.has(c):
                columns[c.name] = self._stored(c, self.found[c.column or c.name])
            elif self.item.demands(c):
                columns[c.name] = self._not_there(c)
        return {**columns, **self._undeclared(definition)}

    def has(self, column: ColumnDef) -> bool:
        """Whether the source has what the column reads."""
        return (column.column or column.name) in self.found

    def _fault(self, code: str, message: str, column: ColumnDef, help_: str | None) -> None:
        subject = f"column `{self.item.definition.name}.{column.name}`"
        self.faults.append(Fault(code, message, column.place, help_, subject))

    def _not_there(self, column: ColumnDef) -> Column:
        name = column.column or column.name
        message = f"`{self.item.definition.table or self.item.definition.name}` has no column `{name}`"
        self._fault("D404", message, column, did_you_mean(name, self.found))
        return empty_column(column)

    def _stored(self, column: ColumnDef, found: TableColumn) -> Column:
        kind = _read_as(wanted_type(column) or found.type, found.type)
        if kind is None:
            declared, native = column.type or "money", found.native or found.type.value
            message = f"column `{column.name}` is declared {declared}, the source has {native}"
            self._fault("D405", message, column, "declare the type it has, or compute a column by a formula")
            return empty_column(column)
        unit, factor = unit_of(column.unit, self.currency)
        if column.unit is not None and not kind.numeric:
            help_ = "leave out `unit:`, or declare the type of a number"
            self._fault("U306", f"a {kind.family} has no unit, `{column.unit.name}` is declared", column, help_)
            unit, factor = NUMBER, 1.0
        return Column(
            column.name,
            Type.DOUBLE if factor != 1.0 else kind,
            unit,
            found.name,
            found.type,
            factor,
            label=column.label,
            description=column.description,
            place=column.place,
        )

    def _undeclared(self, definition: DatasetDef) -> dict[str, Column]:
        """Columns of the source that nobody declared keep their names, if those are names a formula can say."""
        used = {c.column or c.name for c in definition.columns.values() if c.formula is None}
        return {
            name: Column(name, c.type, stored=name, physical=c.type)
            for name, c in self.found.items()
            if name not in used and name not in definition.columns and _sayable(name)
        }


def _read_as(wanted: Type, found: Type) -> Type | None:
    """The type a stored column is read as: numbers widen, dates and local times convert; None when it cannot be."""
    if wanted is found:
        return wanted
    if wanted.numeric and found.numeric:
        return found if wanted is Type.INTEGER else wanted
    if wanted.temporal and found.temporal:
        return wanted if Type.INSTANT not in (wanted, found) else found
    return None


def _sayable(name: str) -> bool:
    return bool(name) and name.isascii() and name.isidentifier() and name == name.lower()


# --- references and roles --------------------------------------------------------------------------------------------


def refer(dataset: Dataset, item: Joined, catalog: Catalog, faults: list[Fault]) -> Dataset:
    """The dataset with its references, each to a dataset of the catalog."""
    references, unreferenced, lacking = {}, {}, set(dataset.lacking)
    subject = f"dataset `{dataset.name}`"
    for ref in item.definition.refs.values():
        target = catalog.aliases.get(ref.dataset, ref.dataset)
        if ref.column not in dataset.columns:
            lacking |= {ref.name} - dataset.columns.keys()
            unreferenced[ref.name] = target
            if dataset.pack is None or ref.name in item.own_references:
                message = f"`{dataset.name}` has no column `{ref.column}` for its reference `{ref.name}`"
                help_ = did_you_mean(ref.column, dataset.columns)
                faults.append(Fault("T114", message, ref.place, help_, subject))
        elif target in catalog.datasets:
            references[ref.name] = Reference(ref.name, target, ref.column, ref.place)
        elif target in catalog.missing or target in catalog.broken:
            unreferenced[ref.name] = target
        else:
            help_ = did_you_mean(ref.dataset, catalog.datasets)
            message = f"reference `{ref.name}` leads to an unknown dataset `{ref.dataset}`"
            faults.append(Fault("T102", message, ref.place, help_, subject))
    return replace(dataset, references=references, unreferenced=unreferenced, lacking=frozenset(lacking))


def check_references(dataset: Dataset, catalog: Catalog, faults: list[Fault]) -> None:
    """A reference must be held in a column of the key's own kind: no text is ever equal to a number."""
    for reference in dataset.references.values():
        apart = unlike(catalog, dataset, reference)
        if apart is not None:
            subject = f"dataset `{dataset.name}`"
            faults.append(Fault(apart.code, apart.message, reference.place, apart.help, subject))


def check_roles(dataset: Dataset, faults: list[Fault]) -> None:
    """`key`, `time` and `valid` must name columns of the dataset; the last two, times."""
    roles = [("key", dataset.key), ("time", dataset.time), *(("valid", v) for v in dataset.valid or ())]
    for role, column in roles:
        if column is None or column in dataset.lacking or column in dataset.waiting:
            continue
        found = dataset.columns.get(column)
        subject = f"dataset `{dataset.name}`"
        if found is None:
            message = f"`{role}: {column}`: `{dataset.name}` has no such column"
            faults.append(Fault("T115", message, dataset.place, did_you_mean(column, dataset.columns), subject))
        elif role != "key" and not found.faulty and not found.type.temporal:
            message = f"`{role}: {column}` must be a time, it is a {found.type.family}"
            help_ = f"declare `{column}: timestamp`" if found.stored is not None else "compute a time"
            faults.append(Fault("T116", message, dataset.place, help_, subject))
