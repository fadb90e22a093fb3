"""All that can be asked, and how names lead from one dataset to another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tallymark.catalog.datasets import Dataset, Input
from tallymark.catalog.metrics import Metric
from tallymark.definitions import (
    NOWHERE,
    CheckDef,
    FunnelDef,
    ParameterDef,
    Project,
    ScorecardDef,
    SourceDef,
)
from tallymark.errors import Fault
from tallymark.formula.bound import ColumnUse, Edge, walk
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.spoken import loose, plain
from tallymark.units import NUMBER, Unit

EDGES: Mapping[str, Edge] = {"start": "start", "end": "end"}
"""The edges of the asked period at which attributes that change can be read."""

MAX_WAYS = 1_000
"""Ways over references that are followed from one dataset."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Where exchange rates are read: columns of a dataset. Without `source` every rate is of the `base`."""

    dataset: str
    to: str
    rate: str
    at: str
    base: str
    source: str | None = None
    max_age: int | None = None
    missing: str = "fault"
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Reached:
    """A dimension found from one dataset: the references to follow, and the column at their end."""

    path: tuple[str, ...]
    column: str
    type: Type
    unit: Unit = NUMBER
    at: Edge | None = None
    """The edge of the asked period at which an attribute that changes is read; None is the time of the row."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """A dimension not found from one dataset: why, and the candidates when there are several."""

    candidates: tuple[str, ...] = ()


Stored = Callable[[Dataset], Mapping[str, Type]]
"""Gives the columns that a dataset's table has, declared or not, with their types."""


def _nothing_stored(dataset: Dataset) -> Mapping[str, Type]:
    return {}


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that can be asked."""

    project: Project = field(default_factory=Project)
    sources: Mapping[str, SourceDef] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names of datasets: a dataset that implements `tickets` may be called by its own name too."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Canonical datasets that no table implements, and the pack that defines each."""
    wished: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The names of columns and references that missing and broken datasets would have."""
    broken: Mapping[str, Fault | None] = field(default_factory=dict)
    """Datasets whose data could not be described, each with the first fault that says why; their metrics wait."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    funnels: Mapping[str, FunnelDef] = field(default_factory=dict)
    scorecards: Mapping[str, ScorecardDef] = field(default_factory=dict)
    checks: Mapping[str, CheckDef] = field(default_factory=dict)
    parameters: Mapping[str, ParameterDef] = field(default_factory=dict)
    rates: Rates | None = None
    """None when the project has none, or when something is wrong with them; the fault says what."""
    stored: Stored = field(default=_nothing_stored, compare=False, repr=False)
    """Looks into a dataset's table, for columns that it has and nobody declared."""

    def dataset(self, name: str) -> Dataset | None:
        """The dataset of that name or alias."""
        return self.datasets.get(self.aliases.get(name, name))

    def reach(self, dataset: str, parts: tuple[str, ...]) -> Reached | Unreached:
        """Finds a dimension from `dataset`: its own column, the key it is known by, or one over references.

        A bare name is the dataset's own column or reference; else the key of the dataset itself when others refer to it
        under that name; else the column or reference of that name over the fewest references. A dotted name begins with
        such a reference, or with the name of a dataset that one way leads to. When several fit alike, none is taken.
        `plan at start` is looked for among attributes that change: what a row has of its own is the same at all times.
        """
        *way, last = parts
        name, _, edge = last.partition(" at ")
        if edge in EDGES:
            return self._reach_at(dataset, (*way, name), EDGES[edge])
        return self._reach(dataset, parts)

    def _reach_at(self, dataset: str, parts: tuple[str, ...], edge: Edge) -> Reached | Unreached:
        """A dimension as it stands at an edge of the asked period."""
        found = self._reach(dataset, parts)
        if isinstance(found, Reached):
            if len(parts) == 1 and not self.changes(dataset, found.path, found.column):
                name, own = parts[0], self.datasets[dataset]
                ways = ((way, d) for way, d in self.ways(own) if _has(d, name))
                reached = (self._reached(d, way, name) for way, d in ways)
                other = self._only(r for r in reached if self.changes(dataset, r.path, r.column))
                found = other if isinstance(other, Reached) or other.candidates else found
            if isinstance(found, Reached):
                return replace(found, at=edge)
        return Unreached(tuple(f"{c} at {edge}" for c in found.candidates))

    def changes(self, dataset: str, path: tuple[str, ...], column: str) -> bool:
        """Whether a column reached from `dataset` depends on when a row is read: the way leads into versions of rows
        that are valid for a time, or the column is computed from such.
        """
        here = self.datasets[dataset]
        for step in path:
            here = self.datasets[here.references[step].dataset]
            if here.valid is not None:
                return True
        return here.columns[column].changes

    def _reach(self, dataset: str, parts: tuple[str, ...]) -> Reached | Unreached:
        own = self.datasets[dataset]
        if len(parts) > 1:
            return self._dotted(own, parts[0], parts[1:])
        name = parts[0]
        if name in own.columns or name in own.references:
            return self._reached(own, (), name)
        if self._absent(own, name):
            return Unreached()
        if self.known_as(own, name):
            return self._reached(own, (), own.key or "")
        return self._only(self._reached(d, way, name) for way, d in self.ways(own) if _has(d, name))

    def called(
        self, names: Iterable[tuple[str, ...]], dimensions: Iterable[tuple[str, ...]], datasets: Iterable[str]
    ) -> frozenset[tuple[str, ...]]:
        """Those of `dimensions` that `names` speak of, however each is written: `country` and `customer.country`.

        Two names are one dimension when `datasets` find the same column under both, or, where none of those finds
        either, when all other datasets do.
        """
        wanted, own = tuple(names), frozenset(datasets)
        return frozenset(d for d in dimensions if any(n == d or self._same(n, d, own) for n in wanted))

    def _same(self, one: tuple[str, ...], other: tuple[str, ...], datasets: frozenset[str]) -> bool:
        found = [self._both(d, one, other) for d in sorted(datasets)]
        if all(pair is None for pair in found):
            found = [self._both(d, one, other) for d in self.datasets]
        known = [pair for pair in found if pair is not None]
        return bool(known) and all(known)

    def _both(self, dataset: str, one: tuple[str, ...], other: tuple[str, ...]) -> bool | None:
        """Whether two names lead to the same column from `dataset`; None when one of them leads nowhere."""
        first, second = self.reach(dataset, one), self.reach(dataset, other)
        return first == second if isinstance(first, Reached) and isinstance(second, Reached) else None

    def known_as(self, dataset: Dataset, name: str) -> bool:
        """Whether other datasets refer to the key of `dataset` under that name."""
        if dataset.key is None or dataset.key not in dataset.columns:
            return False
        referring = (d.references.get(name) for d in self.datasets.values())
        return any(r is not None and r.dataset == dataset.name for r in referring)

    def _dotted(self, own: Dataset, head: str, tail: tuple[str, ...]) -> Reached | Unreached:
        if head in own.references:
            return self._beyond((head,), own.references[head].dataset, tail)
        if head in own.unreferenced or self._absent(own, head):
            return Unreached()
        named = self.dataset(head)
        if named is own or self.known_as(own, head):
            return self._reach(own.name, tail) if len(tail) == 1 else self._beyond((), own.name, tail)
        if named is not None and head not in own.columns:
            return self._only(self._beyond(way, d.name, tail) for way, d in self.ways(own) if d is named)
        through = ((way, d.references[head]) for way, d in self.ways(own) if head in d.references)
        return self._only(self._beyond((*way, r.name), r.dataset, tail) for way, r in through)

    def _beyond(self, way: tuple[str, ...], dataset: str, tail: tuple[str, ...]) -> Reached | Unreached:
        """What `tail` names at the end of `way`, which leads to `dataset`: references to follow, then a column."""
        here = self.datasets[dataset]
        for step in tail[:-1]:
            if step not in here.references:
                return Unreached()
            way = (*way, step)
            here = self.datasets[here.references[step].dataset]
        return self._reached(here, way, tail[-1]) if _has(here, tail[-1]) else Unreached()

    def _only(self, candidates: Iterator[Reached | Unreached]) -> Reached | Unreached:
        """The one over the fewest references; none when two are as near."""
        found = [c for c in candidates if isinstance(c, Reached)]
        least = min((len(c.path) for c in found), default=0)
        nearest = [c for c in found if len(c.path) == least]
        return nearest[0] if len(nearest) == 1 else Unreached(tuple(".".join((*c.path, c.column)) for c in nearest))

    def _absent(self, dataset: Dataset, name: str) -> bool:
        """Whether `name` is a column of `dataset` that waits for data: then it is no other's column either."""
        return name in dataset.lacking or name in dataset.waiting

    def _reached(self, dataset: Dataset, path: tuple[str, ...], name: str) -> Reached:
        column = name if name in dataset.columns else dataset.references[name].column
        found = dataset.columns[column]
        return Reached(path, column, found.type, found.unit)

    def ways(self, own: Dataset) -> Iterator[tuple[tuple[str, ...], Dataset]]:
        """Every way over references from `own`, shortest first; a dataset is not entered twice on one way.

        References that lead everywhere make more ways than anybody can tell apart: after MAX_WAYS no more are followed.
        """
        waiting: deque[tuple[tuple[str, ...], Dataset, frozenset[str]]] = deque([((), own, frozenset({own.name}))])
        found = 0
        while waiting:
            path, here, seen = waiting.popleft()
            for reference in here.references.values():
                target = self.datasets.get(reference.dataset)
                if target is not None and target.name not in seen and found < MAX_WAYS:
                    found += 1
                    way = (*path, reference.name)
                    yield way, target
                    waiting.append((way, target, seen | {target.name}))

    def home(self, dataset: str, path: tuple[str, ...]) -> Dataset:
        """The dataset at the end of a way over references."""
        here = self.datasets[dataset]
        for step in path:
            here = self.datasets[here.references[step].dataset]
        return here

    def basis(self, dataset: str) -> tuple[Dataset, ...]:
        """The datasets with tables that the rows of `dataset` come from: itself, unless a transform makes it."""
        return tuple(d for d in self._sources_of((dataset,)) if d.making is None)

    def made(self, datasets: Iterable[str]) -> tuple[Dataset, ...]:
        """The datasets among these, and behind them, that transforms make."""
        return tuple(d for d in self._sources_of(datasets) if d.making is not None)

    def _sources_of(self, datasets: Iterable[str]) -> tuple[Dataset, ...]:
        """The datasets, and all that they are made of; also those behind references that inputs' conditions follow."""
        found: dict[str, None] = dict.fromkeys(datasets)
        waiting = list(found)
        while waiting:
            making = self.datasets[waiting.pop(0)].making
            further = [d for i in making.inputs for d in (i.dataset, *self._behind(i))] if making is not None else []
            waiting += [d for d in dict.fromkeys(further) if d not in found]
            found.update(dict.fromkeys(further))
        return tuple(self.datasets[name] for name in found)

    def _behind(self, rows: Input) -> Iterator[str]:
        """The datasets on the ways that an input's condition follows."""
        for use in walk(rows.condition) if rows.condition is not None else ():
            if isinstance(use, ColumnUse):
                for length in range(1, len(use.path) + 1):
                    yield self.home(rows.dataset, use.path[:length]).name

    def dimensions(self, dataset: str) -> tuple[str, ...]:
        """The names a question may group `dataset` by: its own columns, references, and columns over references."""
        own = self.datasets[dataset]
        names = dict.fromkeys((*own.columns, *own.references))
        for path, target in self.ways(own):
            names.update(dict.fromkeys(".".join((*path, c)) for c in (*target.columns, *target.references)))
        return tuple(names)

    def find(self, text: str) -> tuple[Metric, ...]:
        """The metrics whose name, label or alias is `text`, apart from case, accents and punctuation; if there are
        none, also apart from plurals and small words such as `of`. Hidden ones only where no other is called so.
        """
        exact = self.metrics.get(text)
        if exact is not None:
            return (exact,)
        for fold in (plain, loose):
            found = tuple(m for m in self.metrics.values() if fold(text) in m.called(fold))
            if found:
                return tuple(m for m in found if not m.hidden) or found
        return ()


def _has(dataset: Dataset, name: str) -> bool:
    return name in dataset.columns or name in dataset.references
