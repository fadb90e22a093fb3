"""The project's datasets, laid over the canonical ones of packs that they implement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tallymark.definitions import NOWHERE, ColumnDef, DatasetDef, Definitions
from tallymark.errors import Fault, did_you_mean


@dataclass(frozen=True, slots=True)
class Joined:
    """A dataset of the project, what the canonical one says laid under it. `alias`: its own name, when that differs."""

    definition: DatasetDef
    alias: str | None = None
    own_references: frozenset[str] = frozenset()
    """References that the project itself has written."""

    def demands(self, column: ColumnDef) -> bool:
        """Whether a column must be there: a pack's are only wished for, unless the project maps them itself."""
        return self.definition.pack is None or column.place is not NOWHERE


def join_all(definitions: Definitions, faults: list[Fault]) -> dict[str, Joined]:
    """Every dataset of the project, by the name formulas know it by."""
    joined: dict[str, Joined] = {}
    for definition in definitions.datasets.values():
        item = _join(definition, definitions.canonical, faults)
        name = item.definition.name
        if name in joined:
            first = joined[name]
            help_ = f"the other is at {first.definition.place}; only one table can be `{name}`"
            message = f"two datasets are called `{name}`"
            if item.alias or first.alias:
                message = f"`{first.alias or name}` and `{item.alias or name}` both stand for the dataset `{name}`"
            faults.append(Fault("T112", message, definition.place, help_, f"dataset `{definition.name}`"))
        else:
            joined[name] = item
    return joined


def _join(definition: DatasetDef, canonical: Mapping[str, DatasetDef], faults: list[Fault]) -> Joined:
    own = frozenset(definition.refs)
    if definition.implements is None:
        return Joined(definition, own_references=own)
    under = canonical.get(definition.implements)
    if under is None:
        message = f"no pack in use defines a dataset `{definition.implements}`"
        help_ = did_you_mean(definition.implements, canonical) or "name the pack under `packs:` in tally.yaml"
        faults.append(Fault("T113", message, definition.place, help_, f"dataset `{definition.name}`"))
        return Joined(definition, own_references=own)
    columns = {name: _over(c, definition.columns.get(name)) for name, c in under.columns.items()}
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
    return Joined(whole, definition.name if definition.name != under.name else None, own)


def _over(canonical: ColumnDef, mapped: ColumnDef | None) -> ColumnDef:
    """The project's mapping of a column over the pack's definition of it: what the mapping leaves out stays.

    A mapping with a source column or a type replaces the pack's formula; one with a unit or a label alone does not.
    """
    if mapped is None:
        return replace(canonical, place=NOWHERE)
    stored = mapped.column is not None or (mapped.type is not None and mapped.formula is None)
    return replace(
        canonical,
        column=mapped.column,
        formula=mapped.formula or (None if stored else canonical.formula),
        type=mapped.type or canonical.type,
        unit=mapped.unit or canonical.unit,
        currency=mapped.currency or canonical.currency,
        label={**canonical.label, **mapped.label},
        description={**canonical.description, **mapped.description},
        format=mapped.format or canonical.format,
        place=mapped.place,
    )
