"""Which datasets a metric rests on, and whether each of them reaches a dimension."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.catalog import Catalog, Reached, Unreached
from tallymark.errors import did_you_mean
from tallymark.formula.bound import Aggregate, Bound, DimensionUse, Filtered, Lifted, MetricUse, Nested, parts

Parts = tuple[str, ...]


def leaves(catalog: Catalog, node: Bound, dimension: Parts | None = None) -> frozenset[str]:
    """The datasets whose rows `node` aggregates, near or far; without those for which `dimension` is lifted."""
    seen: set[str] = set()
    return frozenset(_leaves(catalog, node, dimension, 0, seen))


def _leaves(catalog: Catalog, node: Bound, dimension: Parts | None, depth: int, seen: set[str]) -> Iterator[str]:
    waiting: list[tuple[Bound, int]] = [(node, depth)]
    while waiting:
        here, level = waiting.pop()
        match here:
            case Aggregate(dataset=dataset):
                yield dataset
                continue
            case MetricUse(name=name):
                expression = catalog.metrics[name].expression if name in catalog.metrics else None
                if expression is not None and (name, level) not in seen:
                    seen.add((name, level))  # type: ignore[arg-type]
                    waiting.append((expression, level))
                continue
            case Lifted(dimensions=lifted) if dimension is not None:
                if (lifted is None and level == 0) or (lifted is not None and dimension in lifted):
                    continue
            case Nested(body=body, by_grain=by_grain):
                waiting.append((body, level if by_grain else level + 1))
                continue
            case Filtered(body=body):
                waiting.append((body, level))
                continue
        waiting.extend((p, level) for p in parts(here))


def reach_all(catalog: Catalog, datasets: frozenset[str], parts: Parts) -> Reached | tuple[str, Unreached]:
    """The dimension as the first of `datasets` finds it, or the first that does not and why."""
    found: Reached | None = None
    for dataset in sorted(datasets):
        reached = catalog.reach(dataset, parts)
        if isinstance(reached, Unreached):
            return dataset, reached
        found = found or reached
    return found if found is not None else ("", Unreached())


def explain_unreached(catalog: Catalog, dataset: str, parts: Parts, why: Unreached) -> tuple[str, str, str | None]:
    """The code, message and help of a dimension that `dataset` does not reach."""
    name = ".".join(parts)
    if why.candidates:
        listed = ", ".join(f"`{c}`" for c in why.candidates)
        return "T107", f"`{name}` is ambiguous from `{dataset}`", f"say one of {listed}"
    if not dataset:
        return "T118", f"`{name}` has no meaning here: no rows are read", None
    known = catalog.dimensions(dataset)
    near = did_you_mean(name, known)
    message = f"`{dataset}` does not reach the dimension `{name}`"
    return "T111", message, near if near and near.startswith("did") else "it reaches " + _listed(known)


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{n}`" for n in names[:12])
    return f"{shown}{', …' if len(names) > 12 else ''}"


def blocked(catalog: Catalog, dataset: str, found: Reached, name: str) -> tuple[str, str, str | None] | None:
    """The code, message and help when a way over references cannot be taken: it must lead to keys, and to rows without
    validity."""
    here = catalog.datasets[dataset]
    for step in found.path:
        here = catalog.datasets[here.references[step].dataset]
        if here.valid is not None:
            message = f"`{name}` reaches into `{here.name}`, whose rows are valid for a time only"
            return "T220", message, "this is not answered yet: refer to a dataset without `valid`"
        if here.key is None or here.key not in here.columns:
            return "T221", f"`{here.name}` has no key to refer to", "give it a `key:`"
    return None


def blocked_anywhere(
    catalog: Catalog, datasets: frozenset[str], parts: Parts
) -> tuple[str, str, str | None] | None:
    """As `blocked`, for the first of several datasets whose way is."""
    for dataset in sorted(datasets):
        found = catalog.reach(dataset, parts)
        problem = blocked(catalog, dataset, found, ".".join(parts)) if isinstance(found, Reached) else None
        if problem is not None:
            return problem
    return None


def uses(node: Bound) -> Iterator[DimensionUse]:
    """The dimensions a condition speaks of."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, DimensionUse):
            yield here
        waiting.extend(parts(here))
