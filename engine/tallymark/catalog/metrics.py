"""A metric with its formula bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tallymark.definitions import (
    MetricDef,
    in_language,
)
from tallymark.formula.bound import Bound
from tallymark.kinds import Type
from tallymark.place import Place, Written
from tallymark.standards import Standards
from tallymark.units import NUMBER, Unit


@dataclass(frozen=True, slots=True)
class MinCount:
    """Below how many, `at_least`, cells are hidden: of `of`, called `text`, or where that is None of rows read."""

    at_least: int
    of: Bound | None = None
    text: str = "rows"
    stands_for: str | None = None
    """The metric that `of` counts for, where it stands inside another formula: in each of its contexts."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its formula bound; or, when `needs` is not empty, one that waits for data."""

    name: str
    definition: MetricDef
    expression: Bound | None
    type: Type = Type.DOUBLE
    unit: Unit = NUMBER
    needs: tuple[str, ...] = ()
    """What is missing for an answer: `dataset tickets`, `column tickets.reopens`, `reference tickets.customer`."""
    language: str = "en"
    min_count: MinCount | None = None
    standards: Standards | None = None
    """What its values are held against, if anything."""

    @property
    def available(self) -> bool:
        return self.expression is not None

    @property
    def bound(self) -> Bound:
        """The bound formula of a metric that is available."""
        assert self.expression is not None
        return self.expression

    @property
    def formula(self) -> str:
        return self.definition.formula.text

    @property
    def written(self) -> Written:
        return self.definition.formula.written

    @property
    def aliases(self) -> tuple[str, ...]:
        return tuple(a for names in self.definition.aliases.values() for a in names)

    def called(self, fold: Callable[[str], str] = str) -> tuple[str, ...]:
        """All its names: its own, its labels and its aliases, each as `fold` makes it."""
        return tuple(fold(t) for t in (self.name, *self.definition.label.values(), *self.aliases))

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
        """What people call it: in `language`, else in the project's, else in English, else its name."""
        return in_language(self.definition.label, language or self.language) or self.name

    def description(self, language: str | None = None) -> str:
        """What it means, in the same order of languages; empty when nothing is written."""
        return in_language(self.definition.description, language or self.language)
