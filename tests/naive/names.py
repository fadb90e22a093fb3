"""What a column or dimension name means for one dataset (language, Syntax and Datasets)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tallymark.definitions import DatasetDef
from tallymark.formula import nodes

from .aggregates import NAMES
from .world import NaiveError

DEEPEST = 4


@dataclass(frozen=True)
class Path:
    """References to follow one after the other, then a column of the last dataset, or the reference named so."""

    refs: tuple[str, ...]
    column: str


def resolve(datasets: Mapping[str, DatasetDef], dataset: str, name: str) -> Path | None:
    """The path a name takes from the rows of `dataset`, None when it does not reach one. Raises NaiveError on two."""
    head, *tail = name.split(".")
    here = datasets[dataset]
    if tail and head == dataset:
        return resolve(datasets, dataset, ".".join(tail))
    if tail and head not in here.columns and head not in here.refs and head in datasets:
        return _through_dataset(datasets, dataset, head, tail)
    first = _first(datasets, dataset, head)
    return first if not tail or first is None else _follow(datasets, dataset, first, tail)


def resolve_at(datasets: Mapping[str, DatasetDef], dataset: str, name: str) -> Path | None:
    """The path of `plan at start`, whose name this is: a bare one is looked for among attributes that change."""
    found = resolve(datasets, dataset, name)
    if "." in name or (found is not None and changes(datasets, dataset, found)):
        return found
    others = [
        path
        for refs, end in _paths(datasets, dataset)
        for path in [Path(refs, name)]
        if refs and name in datasets[end].columns and changes(datasets, dataset, path)
    ]
    return _only(others, dataset, name) or found


def changes(datasets: Mapping[str, DatasetDef], dataset: str, path: Path) -> bool:
    """Whether the value at the end of a path depends on when a row is read."""
    for ref in path.refs:
        dataset = datasets[dataset].refs[ref].dataset
        if datasets[dataset].valid is not None:
            return True
    column = datasets[dataset].columns.get(path.column)
    if column is None or column.formula is None or column.formula.node is None:
        return False
    node = column.formula.node
    if isinstance(node, nodes.Call) and node.name in NAMES:
        return False
    used = (resolve(datasets, dataset, str(n)) for n in nodes.walk(node) if isinstance(n, nodes.Name))
    return any(changes(datasets, dataset, p) for p in used if p is not None)


def _first(datasets: Mapping[str, DatasetDef], dataset: str, name: str) -> Path | None:
    """A bare name: an own column or reference, the own key under the name others refer by, the only referenced one."""
    here = datasets[dataset]
    if name in here.columns or name in here.refs:
        return Path((), name)
    if here.key is not None and _is_target(datasets, dataset, name):
        return Path((), here.key)
    found = [
        Path(refs, name)
        for refs, end in _paths(datasets, dataset)
        if refs and (name in datasets[end].columns or name in datasets[end].refs)
    ]
    return _only(found, dataset, name)


def _is_target(datasets: Mapping[str, DatasetDef], dataset: str, name: str) -> bool:
    return any(name in d.refs and d.refs[name].dataset == dataset for d in datasets.values())


def _only(found: list[Path], dataset: str, name: str) -> Path | None:
    if len(found) > 1:
        listed = ", ".join(".".join((*p.refs, p.column)) for p in found)
        raise NaiveError(f"{name} is ambiguous from {dataset}: {listed}")
    return found[0] if found else None


def _paths(datasets: Mapping[str, DatasetDef], dataset: str) -> Iterator[tuple[tuple[str, ...], str]]:
    waiting: list[tuple[tuple[str, ...], str]] = [((), dataset)]
    while waiting:
        refs, end = waiting.pop(0)
        yield refs, end
        if len(refs) < DEEPEST:
            waiting.extend(((*refs, r), d.dataset) for r, d in datasets[end].refs.items())


def _through_dataset(datasets: Mapping[str, DatasetDef], dataset: str, target: str, tail: list[str]) -> Path | None:
    """`customers.country` from the orders: through the only path of references to that dataset."""
    found = []
    for refs, end in _paths(datasets, dataset):
        rest = resolve(datasets, end, ".".join(tail)) if end == target and refs else None
        if rest is not None:
            found.append(Path((*refs, *rest.refs), rest.column))
    return _only(found, dataset, f"{target}.{'.'.join(tail)}")


def _follow(datasets: Mapping[str, DatasetDef], dataset: str, first: Path, tail: list[str]) -> Path | None:
    """The rest of a dotted name, after its first part was found."""
    end = dataset
    for ref in first.refs:
        end = datasets[end].refs[ref].dataset
    if first.column in datasets[end].refs:
        refs, end = (*first.refs, first.column), datasets[end].refs[first.column].dataset
    elif first.column == datasets[end].key:
        refs = first.refs
    else:
        return None
    rest = resolve(datasets, end, ".".join(tail))
    return None if rest is None else Path((*refs, *rest.refs), rest.column)
