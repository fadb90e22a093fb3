"""Datasets as the catalog has them: canonical definitions joined with the project's tables, columns typed and bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tallymark.catalog import Catalog, Column, Dataset, Reference
from tallymark.check.measures import Measures
from tallymark.check.report import POISON, Report
from tallymark.check.rows import Rows, row_scope
from tallymark.definitions import NOWHERE, ColumnDef, DatasetDef, Definitions, UnitDef
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Aggregate
from tallymark.formula.functions import Function, Kind
from tallymark.graph import in_order
from tallymark.kinds import DECLARABLE, Type
from tallymark.source import Table, TableColumn, WantedColumn
from tallymark.units import DURATION_SCALES, NUMBER, Unit, alike, named

Describe = Callable[[str, Table], tuple[TableColumn, ...]]
"""Gives the columns of a source's table; raises FaultError."""

DEFAULT_SOURCE = "files"
MEMORY = "memory"


@dataclass(slots=True)
class Joined:
    """A dataset of the project and, when it implements one, the canonical dataset laid under it."""

    definition: DatasetDef
    alias: str | None
    lacking: set[str] = field(default_factory=set)


def bind_datasets(
    definitions: Definitions, describe: Describe, functions: Mapping[str, Function], faults: list[Fault]
) -> Catalog:
    """The catalog without metrics: every dataset with bound, typed columns. Faults are collected."""
    joined = _join_all(definitions, faults)
    datasets, aliases = {}, {}
    for item in joined.values():
        dataset = _dataset(item, definitions, describe, faults)
        if dataset is not None:
            datasets[dataset.name] = dataset
            if item.alias:
                aliases[item.alias] = dataset.name
    broken = frozenset(joined) - frozenset(datasets)
    missing = {c.name: c.pack or "" for c in definitions.canonical.values() if c.name not in datasets}
    catalog = Catalog(
        project=definitions.project,
        sources=definitions.sources,
        datasets=datasets,
        aliases=aliases,
        missing=missing,
        broken=broken,
        parameters=definitions.parameters,
    )
    return _bind_columns(catalog, joined, functions, faults)


# --- joining what the project maps with what the pack defines ----------------------------------------------------------


def _join_all(definitions: Definitions, faults: list[Fault]) -> dict[str, Joined]:
    joined: dict[str, Joined] = {}
    for definition in definitions.datasets.values():
        item = _join(definition, definitions.canonical, faults)
        name = item.definition.name
        if name in joined:
            message = f"two datasets are called `{name}`"
            faults.append(Fault("T112", message, definition.place, f"the other: {joined[name].definition.place}"))
        else:
            joined[name] = item
    return joined


def _join(definition: DatasetDef, canonical: Mapping[str, DatasetDef], faults: list[Fault]) -> Joined:
    if definition.implements is None:
        return Joined(definition, None)
    under = canonical.get(definition.implements)
    if under is None:
        message = f"no pack in use defines a dataset `{definition.implements}`"
        help_ = did_you_mean(definition.implements, canonical) or "name the pack under `packs:` in tally.yaml"
        faults.append(Fault("T113", message, definition.place, help_))
        return Joined(definition, None)
    columns = {name: _column_over(c, definition.columns.get(name)) for name, c in under.columns.items()}
    columns.update({name: c for name, c in definition.columns.items() if name not in columns})
    whole = replace(
        definition,
        name=under.name,
        key=definition.key or under.key,
        time=definition.time or under.time,
        valid=definition.valid or under.valid,
        refs={**under.refs, **definition.refs},
        columns=columns,
        label=definition.label or under.label,
        description=definition.description or under.description,
        pack=under.pack,
    )
    return Joined(whole, definition.name if definition.name != under.name else None)


def _column_over(canonical: ColumnDef, mapped: ColumnDef | None) -> ColumnDef:
    """The project's mapping of a column over the pack's definition of it."""
    if mapped is None:
        return replace(canonical, place=NOWHERE)
    read = mapped.column is not None or mapped.formula is None
    formula = mapped.formula if mapped.formula is not None else None if mapped.column else canonical.formula
    return replace(
        canonical,
        column=mapped.column if read else None,
        formula=formula,
        type=mapped.type or canonical.type,
        unit=mapped.unit or canonical.unit,
        format=mapped.format or canonical.format,
        place=mapped.place,
    )


# --- typing ------------------------------------------------------------------------------------------------------------


def _dataset(item: Joined, definitions: Definitions, describe: Describe, faults: list[Fault]) -> Dataset | None:
    definition = item.definition
    stored = [c for c in definition.columns.values() if c.formula is None]
    source = definition.source or (DEFAULT_SOURCE if definition.table else MEMORY)
    wanted = tuple(
        WantedColumn(c.column or c.name, _wanted_type(c), c.format, c.place, _demanded(item, c)) for c in stored
    )
    table = Table(definition.name, definition.table or definition.name, wanted, definition.format, definition.place)
    try:
        described = describe(source, table)
    except FaultError as error:
        faults.extend(f.within(f"dataset `{definition.name}`") for f in error.faults)
        return None
    found = {c.name: c for c in described}
    columns = _stored_columns(item, stored, found, definitions, faults)
    columns.update(_undeclared(definition, found))
    for c in definition.columns.values():
        if c.formula is not None:
            columns[c.name] = Column(c.name, Type.OPAQUE, label=c.label, description=c.description, place=c.place)
    kept = tuple(w for w in table.columns if w.name in found)
    return Dataset(
        name=definition.name,
        source=source,
        table=replace(table, columns=kept),
        key=definition.key,
        time=definition.time,
        valid=definition.valid,
        columns=columns,
        lacking=frozenset(item.lacking),
        label=definition.label,
        description=definition.description,
        pack=definition.pack,
        place=definition.place,
    )


def _demanded(item: Joined, column: ColumnDef) -> bool:
    """Whether a column must be there: a pack's columns are only wished for, unless the project maps them itself."""
    return item.definition.pack is None or column.place is not NOWHERE


def _wanted_type(column: ColumnDef) -> Type | None:
    if column.type is not None:
        return DECLARABLE.get(column.type)
    return Type.DECIMAL if column.unit is not None and column.unit.name == "money" else None


def _stored_columns(
    item: Joined, stored: list[ColumnDef], found: Mapping[str, TableColumn], definitions: Definitions, faults: list[Fault]
) -> dict[str, Column]:
    columns = {}
    for c in stored:
        name = c.column or c.name
        if name in found:
            columns[c.name] = _stored(c, name, found[name], definitions, faults)
        elif not _demanded(item, c):
            item.lacking.add(c.name)
        else:
            message = f"`{item.definition.table or item.definition.name}` has no column `{name}`"
            faults.append(Fault("D404", message, c.place, did_you_mean(name, found), f"dataset `{item.definition.name}`"))
    return columns


def _stored(
    definition: ColumnDef, name: str, found: TableColumn, definitions: Definitions, faults: list[Fault]
) -> Column:
    kind = _read_as(_wanted_type(definition) or found.type, found.type)
    if kind is None:
        declared, native = definition.type, found.native or found.type.value
        message = f"column `{definition.name}` is declared {declared}, the source has {native}"
        faults.append(Fault("D405", message, definition.place, "declare the type it has, or compute a column by a formula"))
        kind = found.type
    unit, factor = unit_of(definition.unit, definitions.project.currency)
    return Column(
        definition.name,
        Type.DOUBLE if factor != 1.0 else kind,
        unit,
        name,
        found.type,
        factor,
        label=definition.label,
        description=definition.description,
        place=definition.place,
    )


def _read_as(wanted: Type, found: Type) -> Type | None:
    """The type a stored column is read as: numbers widen, dates and local times convert; None when it cannot be."""
    if wanted is found:
        return wanted
    if wanted.numeric and found.numeric:
        return found if wanted is Type.INTEGER else wanted
    if wanted.temporal and found.temporal:
        return wanted if Type.INSTANT not in (wanted, found) else found
    return None


def unit_of(unit: UnitDef | None, currency: str) -> tuple[Unit, float]:
    """The unit a definition names, and what stored values are multiplied by to reach it."""
    if unit is None:
        return NUMBER, 1.0
    if unit.name == "duration":
        return named("duration", None, currency), DURATION_SCALES.get(unit.detail or "seconds", 1.0)
    try:
        return named(unit.name, unit.detail, currency), 1.0
    except KeyError:
        return NUMBER, 1.0


def _undeclared(definition: DatasetDef, found: Mapping[str, TableColumn]) -> dict[str, Column]:
    """Columns of the source that nobody declared keep their names, if those are names a formula can say."""
    used = {c.column or c.name for c in definition.columns.values() if c.formula is None}
    return {
        name: Column(name, c.type, stored=name, physical=c.type)
        for name, c in found.items()
        if name not in used and name not in definition.columns and _sayable(name)
    }


def _sayable(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum() and name == name.lower() and not name[0].isdigit()


# --- references --------------------------------------------------------------------------------------------------------


def _bind_columns(
    catalog: Catalog, joined: Mapping[str, Joined], functions: Mapping[str, Function], faults: list[Fault]
) -> Catalog:
    datasets = {
        name: _refer(d, joined[name].definition, catalog, faults) for name, d in catalog.datasets.items()
    }
    catalog = replace(catalog, datasets=datasets)
    computed = {
        (d.name, c.name): c
        for item in joined.values()
        if (d := item.definition).name in datasets
        for c in d.columns.values()
        if c.formula is not None and c.formula.node is not None
    }
    names = {f"{d}.{c}": (d, c) for d, c in computed}

    def needs(name: str) -> list[str]:
        return _computed_below(catalog, names[name][0], computed[names[name]], names)

    order = in_order(names, needs)
    ringed = {name for ring in order.rings for name in ring}
    for ring in order.rings:
        dataset, column = names[ring[0]]
        place = computed[dataset, column].formula.written.place()  # type: ignore[union-attr]
        faults.append(Fault("T120", f"columns are computed in a ring: {' → '.join(ring)}", place, "break the ring"))
    for name in order.names:
        dataset, column = names[name]
        if name in ringed:
            catalog = _put(catalog, dataset, _poisoned(computed[dataset, column]))
            continue
        catalog = _bind_computed(catalog, dataset, computed[dataset, column], functions, faults)
    return catalog


def _computed_below(
    catalog: Catalog, dataset: str, definition: ColumnDef, names: Mapping[str, tuple[str, str]]
) -> list[str]:
    """The computed columns that a computed column's formula may name."""
    assert definition.formula is not None and definition.formula.node is not None
    below = []
    for node in n.walk(definition.formula.node):
        if isinstance(node, n.Name):
            home = _home(catalog, dataset, node.parts)
            own = f"{dataset}.{node.parts[-1]}"
            bare = len(node.parts) == 1 and own in names
            below += [own] if bare else [k for k, (d, c) in names.items() if c == node.parts[-1] and home in (None, d)]
    return below


def _home(catalog: Catalog, dataset: str, parts: tuple[str, ...]) -> str | None:
    """The dataset a dotted name ends in, when one step leads there."""
    if len(parts) != 2:
        return None
    reference = catalog.datasets[dataset].references.get(parts[0])
    if reference is not None:
        return reference.dataset
    named = catalog.dataset(parts[0])
    return named.name if named is not None else None


def _refer(dataset: Dataset, definition: DatasetDef, catalog: Catalog, faults: list[Fault]) -> Dataset:
    references, unreferenced = {}, {}
    for ref in definition.refs.values():
        target = catalog.aliases.get(ref.dataset, ref.dataset)
        if ref.column not in dataset.columns:
            if dataset.pack is None or ref.place is not NOWHERE and definition.pack is None:
                help_ = did_you_mean(ref.column, dataset.columns)
                message = f"`{dataset.name}` has no column `{ref.column}` for its reference `{ref.name}`"
                faults.append(Fault("T114", message, ref.place, help_))
        elif target in catalog.datasets:
            references[ref.name] = Reference(ref.name, target, ref.column, ref.place)
        elif target in catalog.missing or target in catalog.broken:
            unreferenced[ref.name] = target
        else:
            help_ = did_you_mean(ref.dataset, catalog.datasets)
            message = f"reference `{ref.name}` leads to an unknown dataset `{ref.dataset}`"
            faults.append(Fault("T102", message, ref.place, help_, f"dataset `{dataset.name}`"))
    _check_roles(dataset, definition, faults)
    return replace(dataset, references=references, unreferenced=unreferenced)


def _check_roles(dataset: Dataset, definition: DatasetDef, faults: list[Fault]) -> None:
    """`key`, `time` and `valid` must name columns of the dataset."""
    roles = [("key", dataset.key), ("time", dataset.time), *(("valid", v) for v in dataset.valid or ())]
    for role, column in roles:
        if column is not None and column not in dataset.columns and column not in dataset.lacking:
            help_ = did_you_mean(column, dataset.columns)
            message = f"`{role}: {column}`: `{dataset.name}` has no such column"
            faults.append(Fault("T115", message, definition.place, help_))
        found = dataset.columns.get(column or "")
        if role != "key" and found is not None and found.type is not Type.OPAQUE and not found.type.temporal:
            message = f"`{role}: {column}` must be a time, it is a {found.type.family}"
            faults.append(Fault("T116", message, definition.place, f"declare `{column}: timestamp`"))


# --- computed columns --------------------------------------------------------------------------------------------------


def _bind_computed(
    catalog: Catalog, dataset: str, definition: ColumnDef, functions: Mapping[str, Function], faults: list[Fault]
) -> Catalog:
    assert definition.formula is not None and definition.formula.node is not None
    report = Report(definition.formula.written, f"column `{dataset}.{definition.name}`")
    column = _computed(catalog, dataset, definition, functions, report)
    if report.needs:
        own = catalog.datasets[dataset]
        columns = {k: v for k, v in own.columns.items() if k != definition.name}
        lacking = own.lacking | {definition.name}
        return replace(
            catalog, datasets={**catalog.datasets, dataset: replace(own, columns=columns, lacking=lacking)}
        )
    column = _agree(column, definition, catalog, report)
    faults.extend(report.faults)
    return _put(catalog, dataset, column)


def _computed(
    catalog: Catalog, dataset: str, definition: ColumnDef, functions: Mapping[str, Function], report: Report
) -> Column:
    formula = definition.formula
    assert formula is not None and formula.node is not None
    node = formula.node
    column = _poisoned(definition)
    call = functions.get(node.name) if isinstance(node, n.Call) else None
    if call is not None and call.kind is Kind.AGGREGATE:
        return _gathered(catalog, dataset, column, node, functions, report)
    bound = Rows(catalog, functions, report, dataset, columns_only=True).bind(row_scope(node).body)
    if isinstance(node, n.Scoped):
        report.fault("T207", "a computed column has no `on`, `at`, `where` or `per`", node.span)
    if bound is POISON:
        return column
    return replace(column, type=bound.type, unit=bound.unit if not bound.unit.free else NUMBER, formula=bound)


def _gathered(
    catalog: Catalog, dataset: str, column: Column, node: n.Node, functions: Mapping[str, Function], report: Report
) -> Column:
    """A column that is one aggregate over the rows of another dataset that refer to this one."""
    bound = Measures(catalog, functions, report).bind(node)
    if not isinstance(bound, Aggregate):
        if bound is not POISON:
            report.fault("T218", "a computed column may be one plain aggregate over referring rows", node.span)
        return column
    other = catalog.datasets[bound.dataset]
    ways = [r for r in other.references.values() if r.dataset == dataset]
    if len(ways) != 1:
        found = "no reference" if not ways else "several references"
        help_ = f"add `refs: {{{dataset}: {dataset}}}` to `{other.name}`" if not ways else None
        report.fault("T219", f"`{other.name}` has {found} to `{dataset}`", node.span, help_)
        return column
    if catalog.datasets[dataset].key is None:
        report.fault("T221", f"`{dataset}` has no key for others to refer to", node.span, "give it a `key:`")
        return column
    return replace(column, type=bound.type, unit=bound.unit, aggregate=bound, via=ways[0].name)


def _agree(column: Column, definition: ColumnDef, catalog: Catalog, report: Report) -> Column:
    """Holds the formula's type and unit against the declared ones; the declared unit is the column's."""
    wanted, found = _wanted_type(definition), column.type
    if found in (Type.OPAQUE, Type.NULL):
        return column
    if wanted is not None and wanted.family != found.family:
        help_ = f"`{definition.name}` is declared {wanted.value}"
        report.fault("T202", f"the formula gives a {found.family}, the column is a {wanted.family}", None, help_)
    if definition.unit is None:
        return column
    unit, _ = unit_of(definition.unit, catalog.project.currency)
    if not alike(unit, column.unit) and not column.unit.dimensionless:
        report.fault("U305", f"the formula gives {column.unit}, the column is declared {unit}", None)
    return replace(column, unit=unit)


def _poisoned(definition: ColumnDef) -> Column:
    return Column(
        definition.name, Type.OPAQUE, label=definition.label, description=definition.description, place=definition.place
    )


def _put(catalog: Catalog, dataset: str, column: Column) -> Catalog:
    own = catalog.datasets[dataset]
    changed = replace(own, columns={**own.columns, column.name: column})
    return replace(catalog, datasets={**catalog.datasets, dataset: changed})
