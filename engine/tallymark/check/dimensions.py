"""Which datasets a metric rests on, and whether each of them reaches a dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tallymark.catalog import Catalog, Column, Dataset, Reached, Reference, Unreached
from tallymark.errors import nearest
from tallymark.formula.bound import (
    Aggregate,
    AxisKind,
    Bound,
    ColumnUse,
    DimensionUse,
    Filtered,
    Lifted,
    MetricUse,
    Nested,
    is_conversion,
    parts,
    walk,
)
from tallymark.kinds import Type

Parts = tuple[str, ...]
NOTHING: Mapping[str, frozenset[str]] = MappingProxyType({})

MAX_SUGGESTED = 1_000
"""Names among which the nearest to a misspelt one is looked for."""


class Problem(NamedTuple):
    """A fault that knows no place yet: its code, its message, its help."""

    code: str
    message: str
    help: str | None = None


def leaves(
    catalog: Catalog,
    node: Bound,
    dimension: Parts | None = None,
    known: Mapping[str, frozenset[str]] = NOTHING,
    kind: AxisKind | None = None,
) -> frozenset[str]:
    """The datasets whose rows `node` aggregates, near or far; without those for which `dimension` is lifted.

    `known`: the answer for metrics, when neither a dimension nor a kind is given. `kind`: only rows placed so in time.
    """
    found: set[str] = set()
    seen: set[tuple[str, int]] = set()
    waiting: list[tuple[Bound, int]] = [(node, 0)]
    while waiting:
        here, level = waiting.pop()
        match here:
            case Aggregate(dataset=dataset, axis=axis):
                found |= {dataset} if kind in (None, axis.kind) else set()
            case MetricUse(name=name) if dimension is None and kind is None and name in known:
                found |= known[name]
            case MetricUse(name=name):
                expression = catalog.metrics[name].expression if name in catalog.metrics else None
                if expression is not None and (name, level) not in seen:
                    seen.add((name, level))
                    waiting.append((expression, level))
            case Lifted() if dimension is not None and _lifts(catalog, here, dimension, level):
                pass
            case Nested(body=body, by_grain=by_grain):
                waiting.append((body, level if by_grain else level + 1))
            case Filtered(body=body):
                waiting.append((body, level))
            case _:
                waiting.extend((p, level) for p in parts(here))
    return frozenset(found)


def _lifts(catalog: Catalog, lifted: Lifted, dimension: Parts, level: int) -> bool:
    """Whether a `total` at this many levels of `per` below the dimension's own lifts it.

    Where all but the member is lifted, the rows must reach what is asked all the same: it says whose members there are.
    """
    if lifted.alone:
        return False
    if lifted.dimensions is None:
        return level == 0
    return bool(catalog.called(lifted.dimensions, (dimension,), leaves(catalog, lifted.body)))


def reach_all(catalog: Catalog, datasets: frozenset[str], parts: Parts) -> Reached | tuple[str, Unreached]:
    """The dimension as the first of `datasets` finds it, or the first that does not and why."""
    found: Reached | None = None
    for dataset in sorted(datasets):
        reached = catalog.reach(dataset, parts)
        if isinstance(reached, Unreached):
            return dataset, reached
        found = found or reached
    return found if found is not None else ("", Unreached())


def explain_unreached(catalog: Catalog, dataset: str, parts: Parts, why: Unreached) -> Problem:
    """The fault of a dimension that `dataset` does not reach."""
    name = ".".join(parts)
    if why.candidates:
        listed = ", ".join(f"`{c}`" for c in why.candidates)
        return Problem("T107", f"`{name}` is ambiguous from `{dataset}`", f"say one of {listed}")
    if not dataset:
        return Problem("T118", f"`{name}` has no meaning here: no rows are read", "say it of a metric that reads rows")
    known = catalog.dimensions(dataset)
    message = f"`{dataset}` does not reach the dimension `{name}`"
    return Problem("T111", message, _near(parts, known[:MAX_SUGGESTED]) or "it reaches " + _listed(known))


def _near(parts: Parts, known: Parts) -> str | None:
    """The dimension meant, by its whole name, or by its last part alone: `contry` for `customer.country`."""
    last = {k.rpartition(".")[2]: k for k in reversed(known)}
    close = nearest(".".join(parts), known) or last.get(nearest(parts[-1], last) or "")
    return f"did you mean `{close}`?" if close else None


def _listed(names: Parts) -> str:
    shown = ", ".join(f"`{n}`" for n in names[:12])
    return f"{shown}{', …' if len(names) > 12 else ''}"


def undeclared(catalog: Catalog, datasets: Iterable[str], name: str) -> str | None:
    """How to get at a column that the table of one of `datasets` has, where others are declared and it is not."""
    for dataset in datasets:
        own = catalog.datasets[dataset]
        if own.table.columns and name not in own.columns and (kind := catalog.stored(own).get(name)) is not None:
            known = "" if kind is Type.OPAQUE else f": {kind.value}"
            return f"the table of `{dataset}` has it, and its `columns:` leave it out: declare `{name}{known}` there"
    return None


# --- what waits for data ---------------------------------------------------------------------------------------------


def needs_of(catalog: Catalog, dataset: str, parts: Parts) -> tuple[str, ...]:
    """What the project's data would need for `dataset` to reach the dimension; empty when that is not the reason."""
    own = catalog.datasets[dataset]
    head, *rest = (part.partition(" at ")[0] for part in parts)
    tail = tuple(rest)
    if tail and catalog.dataset(head) is own:
        return needs_of(catalog, dataset, tail)
    for here in (own, *(d for _, d in catalog.ways(own))):
        found = _lacked(catalog, here, head, tail)
        if found:
            return found
    return (f"dataset {head}",) if tail and absent(catalog, head) else ()


def wanting(catalog: Catalog, datasets: frozenset[str], parts: Parts) -> tuple[str, ...]:
    """What the datasets that do not reach the dimension need for it; empty when one of them has another reason."""
    found: dict[str, None] = {}
    for dataset in sorted(datasets):
        reached = catalog.reach(dataset, parts)
        if isinstance(reached, Reached):
            continue
        needs = () if reached.candidates else needs_of(catalog, dataset, parts)
        if not needs:
            return ()
        found.update(dict.fromkeys(needs))
    return tuple(found)


def _lacked(catalog: Catalog, here: Dataset, head: str, tail: Parts) -> tuple[str, ...]:
    """What one dataset on the way lacks: the column itself, or one behind a reference."""
    if head in here.waiting:
        return here.waiting[head]
    if head in here.lacking and not (tail and head in here.unreferenced):
        return (f"column {here.name}.{head}",)
    if tail and head in here.unreferenced:
        target = here.unreferenced[head]
        # The dataset may be there, and the column that refers to it not.
        return (f"reference {here.name}.{head}" if target in catalog.datasets else f"dataset {target}",)
    if tail and head in here.references:
        return _lacked(catalog, catalog.datasets[here.references[head].dataset], tail[0], tail[1:])
    if not tail:
        targets = (t for t in here.unreferenced.values() if head in catalog.wished.get(t, ()))
        return tuple(f"dataset {t}" for t in targets)[:1]
    return ()


def absent(catalog: Catalog, dataset: str) -> bool:
    """Whether a pack defines the dataset, or the project does with faults, and there are no rows of it."""
    return (dataset in catalog.missing or dataset in catalog.broken) and catalog.dataset(dataset) is None


def known_anywhere(catalog: Catalog, parts: Parts) -> bool:
    """Whether any dataset, one without data included, could have the dimension."""
    if any(isinstance(r := catalog.reach(d, parts), Reached) or r.candidates for d in catalog.datasets):
        return True
    wanted = any(needs_of(catalog, d, parts) for d in catalog.datasets)
    return wanted or any(parts[0] in names for names in catalog.wished.values())


# --- ways that cannot be taken ---------------------------------------------------------------------------------------


def blocked(catalog: Catalog, dataset: str, found: Reached, name: str) -> Problem | None:
    """The fault when a dimension cannot be read: its way must lead to keys, and only what changes has a start."""
    here = catalog.datasets[dataset]
    for step in found.path:
        before = here
        here = catalog.datasets[here.references[step].dataset]
        if here.key is None or here.key not in here.columns:
            return Problem("T221", f"`{here.name}` has no key to refer to", "give it a `key:`")
        apart = unlike(catalog, before, before.references[step]) or without_validity(here)
        if apart is not None:
            return apart
    if found.at is not None and not catalog.changes(dataset, found.path, found.column):
        return _unchanging(here, found, name)
    return None


def without_validity(dataset: Dataset) -> Problem | None:
    """The fault of rows valid for a time that nobody knows: one of the two columns is not there, or is no time."""
    for name in dataset.valid or ():
        column = dataset.columns.get(name)
        if column is None or not (column.faulty or column.type.temporal):
            what = "is not there" if column is None else f"is a {column.type.family}"
            message = f"nothing tells when a row of `{dataset.name}` is valid: `{name}` {what}"
            return Problem("T264", message, f"give `{dataset.name}` a column `{name}` that is a time")
    return None


def unlike(catalog: Catalog, dataset: Dataset, reference: Reference) -> Problem | None:
    """The fault of a reference whose column can never be equal to the key it refers to, for their types."""
    target = catalog.datasets[reference.dataset]
    holder = dataset.columns[reference.column]
    key = target.columns.get(target.key) if target.key is not None else None
    if key is None or holder.faulty or key.faulty or Type.NULL in (holder.type, key.type):
        return None
    if holder.type.family == key.type.family and holder.type is not Type.OPAQUE:
        return None
    message = (
        f"reference `{reference.name}` finds no partner: `{dataset.name}.{holder.name}` is {_kind(holder.type)},"
        f" the key `{target.name}.{key.name}` {_kind(key.type)}"
    )
    return Problem("T270", message, _alike(dataset, holder, target, key))


def _kind(found: Type) -> str:
    return f"{'an' if found.value[0] in 'aeio' else 'a'} {found.value}"


def _alike(dataset: Dataset, holder: Column, target: Dataset, key: Column) -> str:
    """How both columns become texts, or get one type."""
    if holder.type is Type.TEXT and key.stored is not None:
        return f"declare both alike: `{key.name}: text` in `{target.name}`"
    if key.type is Type.TEXT and holder.stored is not None:
        return f"declare both alike: `{holder.name}: text` in `{dataset.name}`"
    return "hold the reference in a column of the key's type"


def _unchanging(home: Dataset, found: Reached, name: str) -> Problem:
    """The fault of `plan at start` where nothing tells what the plan was at another time."""
    plain = name.removesuffix(f" at {found.at}")
    message = f"`{name}`: a row of `{home.name}` has one `{plain}`, which does not change"
    if found.path:
        help_ = f"give `{home.name}` one row for each version and `valid: [from, to]`; its key may then repeat"
        return Problem("T262", message, help_)
    versions = f"`{plain.rpartition('.')[2]}_versions`"
    help_ = f"describe its versions as a dataset {versions} with `key`, which may repeat, and `valid: [from, to]`"
    return Problem("T262", message, f"{help_}, and refer to it: the same table may serve for both")


def untimed(dataset: str, name: str) -> Problem:
    """The fault of rows without a time that look up what changes."""
    message = f"`{name}` changes, and the rows of `{dataset}` have no time at which to look it up"
    return Problem("T260", message, f"say `{name} at end` by the side of the metric, or give `{dataset}` a `time`")


def untimed_use(catalog: Catalog, dataset: str, bound: Bound) -> ColumnUse | None:
    """The first column that changes among those a row-level expression names."""
    used = (b for b in walk(bound) if isinstance(b, ColumnUse))
    return next((u for u in used if catalog.changes(dataset, u.path, u.column)), None)


def blocked_anywhere(
    catalog: Catalog, datasets: Iterable[str], parts: Parts, timeless: Callable[[], frozenset[str]]
) -> Problem | None:
    """The first fault with the dimension as one of several datasets finds it: its way, its type, or its time.

    `timeless` gives the datasets that are read without a time.
    """
    name = ".".join(parts)
    for dataset, found in _each(catalog, datasets, parts):
        if found.type is Type.OPAQUE:
            return opaque(name)
        problem = blocked(catalog, dataset, found, name) or mixed(catalog, dataset, found, name)
        if problem is not None:
            return problem
        if found.at is None and catalog.changes(dataset, found.path, found.column) and dataset in timeless():
            return untimed(dataset, name)
    return None


def mixed(catalog: Catalog, dataset: str, found: Reached, name: str) -> Problem | None:
    """The fault when a dimension is an amount in several currencies, or made of one: 10 USD is no 10 EUR."""
    column = catalog.home(dataset, found.path).columns[found.column]
    converts = column.formula is not None and any(is_conversion(b) for b in walk(column.formula))
    if column.currency is None and not converts:
        return None
    message = f"`{name}` holds amounts of several currencies, which cannot be told apart or compared as they stand"
    help_ = (
        f"put the condition inside the aggregate, where amounts are converted: `count({dataset} where {name} > 100)`"
    )
    return Problem("U323", message, help_)


def opaque(name: str) -> Problem:
    """The fault of a column whose values no formula can handle."""
    message = f"`{name}` is of a kind formulas do not handle (a list, a structure or binary data)"
    return Problem("T210", message, "give the project a table or a view with plain columns")


def faulty(catalog: Catalog, dataset: str, found: Reached) -> bool:
    """Whether the column that was found has faults of its own, already reported."""
    return catalog.home(dataset, found.path).columns[found.column].faulty


def faulty_anywhere(catalog: Catalog, datasets: Iterable[str], parts: Parts) -> bool:
    """Whether the column that one of several datasets finds has faults of its own, already reported."""
    return any(faulty(catalog, dataset, found) for dataset, found in _each(catalog, datasets, parts))


def _each(catalog: Catalog, datasets: Iterable[str], parts: Parts) -> Iterator[tuple[str, Reached]]:
    for dataset in sorted(datasets):
        found = catalog.reach(dataset, parts)
        if isinstance(found, Reached):
            yield dataset, found


def uses(node: Bound) -> Iterator[DimensionUse]:
    """The dimensions a condition speaks of."""
    return (part for part in walk(node) if isinstance(part, DimensionUse))
