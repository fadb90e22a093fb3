"""The catalog: everything a project defines, with all names bound and all types and units known. Frozen after `check`."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tallymark.definitions import NOWHERE, MetricDef, ParameterDef, Project, SourceDef, Texts
from tallymark.formula.bound import Aggregate, Bound
from tallymark.kinds import Type
from tallymark.place import Place, Written
from tallymark.source import Table
from tallymark.units import NUMBER, Unit


@dataclass(frozen=True, slots=True)
class Column:
    """A column as formulas see it.

    Read from the source as `stored` (of type `physical`, multiplied by `factor` to reach the unit's own measure), or
    computed: `formula` over its own row, or `aggregate` over the rows of another dataset that refer to this one.
    """

    name: str
    type: Type
    unit: Unit = NUMBER
    stored: str | None = None
    physical: Type | None = None
    factor: float = 1.0
    formula: Bound | None = None
    aggregate: Aggregate | None = None
    via: str | None = None
    """For an aggregate: the reference of the other dataset that leads here."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Reference:
    """Many-to-one, from `column` to the key of `dataset`."""

    name: str
    dataset: str
    column: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table of rows with bound columns."""

    name: str
    source: str
    table: Table
    key: str | None = None
    time: str | None = None
    valid: tuple[str, str] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()
    """Columns the pack defines and the project's table does not have."""
    unreferenced: Mapping[str, str] = field(default_factory=dict)
    """References whose dataset the project does not have, with that dataset."""
    label: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    pack: str | None = None
    place: Place = NOWHERE

    @property
    def time_zoned(self) -> bool:
        return self.time is not None and self.columns[self.time].type is Type.INSTANT


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its formula bound; or, when `needs` is not empty, one that waits for data."""

    name: str
    definition: MetricDef
    expression: Bound | None
    type: Type = Type.DOUBLE
    unit: Unit = NUMBER
    needs: tuple[str, ...] = ()
    """What is missing for an answer: `dataset tickets`, `column tickets.reopens`, `metric fcr`."""
    language: str = "en"

    @property
    def available(self) -> bool:
        return self.expression is not None

    @property
    def formula(self) -> str:
        return self.definition.formula.text

    @property
    def written(self) -> Written:
        return self.definition.formula.written

    @property
    def aliases(self) -> tuple[str, ...]:
        return tuple(a for names in self.definition.aliases.values() for a in names)

    @property
    def pack(self) -> str | None:
        return self.definition.pack

    @property
    def tags(self) -> tuple[str, ...]:
        return self.definition.tags

    @property
    def hidden(self) -> bool:
        return self.definition.hidden

    @property
    def direction(self) -> str | None:
        return self.definition.direction

    @property
    def place(self) -> Place:
        return self.definition.place

    def label(self, language: str | None = None) -> str:
        """What people call it, in `language` if there is a text, else in the project's, else in English, else its name."""
        return in_language(self.definition.label, language or self.language) or self.name

    def description(self, language: str | None = None) -> str:
        """What it means, in the same order of languages; empty when nothing is written."""
        return in_language(self.definition.description, language or self.language)


def in_language(texts: Texts, language: str) -> str:
    """The text in `language`, else in English, else any, else an empty one."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True)
class Reached:
    """A dimension found from one dataset: the references to follow, and the column at their end."""

    path: tuple[str, ...]
    column: str
    type: Type
    unit: Unit = NUMBER


@dataclass(frozen=True, slots=True)
class Unreached:
    """A dimension not found from one dataset: why, and the candidates when there are several."""

    candidates: tuple[str, ...] = ()


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
    broken: frozenset[str] = frozenset()
    """Datasets whose data could not be described; the fault says why, and their metrics wait."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    parameters: Mapping[str, ParameterDef] = field(default_factory=dict)

    def dataset(self, name: str) -> Dataset | None:
        """The dataset of that name or alias."""
        return self.datasets.get(self.aliases.get(name, name))

    def reach(self, dataset: str, parts: tuple[str, ...]) -> Reached | Unreached:
        """Finds a dimension from `dataset`: its own column, the key it is known by, or over references.

        A bare name is the dataset's own column or reference first; then the key of the dataset itself when others
        refer to it under that name; then the only column of that name over the fewest references. A dotted name begins
        with a reference or a dataset.
        """
        own = self.datasets[dataset]
        if len(parts) > 1:
            return self._dotted(own, parts)
        name = parts[0]
        if name in own.columns:
            return self._reached(own, (), name)
        if name in own.references:
            return self._reached(own, (), own.references[name].column)
        if own.key is not None and self._known_as(own.name, name):
            return self._reached(own, (), own.key)
        found = list(self._over_references(own, name))
        nearest = [f for f in found if len(f.path) == len(found[0].path)]
        if len(nearest) == 1:
            return nearest[0]
        return Unreached(tuple(".".join((*f.path, f.column)) for f in nearest))

    def _reached(self, dataset: Dataset, path: tuple[str, ...], column: str) -> Reached:
        found = dataset.columns[column]
        return Reached(path, column, found.type, found.unit)

    def _known_as(self, dataset: str, name: str) -> bool:
        return any(r.name == name and r.dataset == dataset for d in self.datasets.values() for r in d.references.values())

    def _dotted(self, own: Dataset, parts: tuple[str, ...]) -> Reached | Unreached:
        *through, column = parts
        here, path = own, []
        for number, name in enumerate(through):
            if name in here.references:
                target = self.datasets.get(here.references[name].dataset)
                path.append(name)
            elif number == 0 and self.dataset(name) is own:
                target = own
            elif number == 0 and own.key is not None and self._known_as(own.name, name):
                target = own
            elif number == 0 and (found := self._only_way(own, name)):
                path, target = list(found[0]), found[1]
            else:
                return Unreached()
            if target is None:
                return Unreached()
            here = target
        if column in here.columns:
            return self._reached(here, tuple(path), column)
        if column in here.references:
            return self._reached(here, tuple(path), here.references[column].column)
        return Unreached()

    def _only_way(self, own: Dataset, dataset: str) -> tuple[tuple[str, ...], Dataset] | None:
        ways = [(p, d) for p, d in self._paths(own) if d is self.dataset(dataset)]
        return ways[0] if len(ways) == 1 else None

    def _over_references(self, own: Dataset, name: str) -> Iterator[Reached]:
        seen = set()
        for path, dataset in self._paths(own):
            if name in dataset.columns:
                yield self._reached(dataset, path, name)
            elif name in dataset.references and (path, name) not in seen:
                seen.add((path, name))
                yield self._reached(dataset, path, dataset.references[name].column)

    def _paths(self, own: Dataset) -> Iterator[tuple[tuple[str, ...], Dataset]]:
        """Every way over references from `own`, shortest first; a dataset is not entered twice on one way."""
        waiting: list[tuple[tuple[str, ...], Dataset, frozenset[str]]] = [((), own, frozenset({own.name}))]
        while waiting:
            path, here, seen = waiting.pop(0)
            for reference in here.references.values():
                target = self.datasets.get(reference.dataset)
                if target is not None and target.name not in seen:
                    way = (*path, reference.name)
                    yield way, target
                    waiting.append((way, target, seen | {target.name}))

    def dimensions(self, dataset: str) -> tuple[str, ...]:
        """The names a question may group `dataset` by: its own columns, references, and columns over references."""
        own = self.datasets[dataset]
        names = dict.fromkeys((*own.columns, *own.references))
        for path, target in self._paths(own):
            names.update(dict.fromkeys(".".join((*path, c)) for c in target.columns))
        return tuple(names)

    def find(self, text: str) -> tuple[Metric, ...]:
        """The metrics whose name, label or alias is `text`, apart from case, accents and punctuation."""
        wanted = plain(text)
        exact = self.metrics.get(text)
        if exact is not None:
            return (exact,)
        return tuple(m for m in self.metrics.values() if wanted in _spoken(m))


def _spoken(metric: Metric) -> set[str]:
    labels = metric.definition.label.values()
    return {plain(t) for t in (metric.name, *labels, *metric.aliases)}


def plain(text: str) -> str:
    """The text in small letters without accents; everything but letters and digits is one blank."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in bare).split())
