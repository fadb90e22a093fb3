"""A formula taken apart into the aggregates that read rows, each with the forms around it that say which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tallymark.catalog import Catalog
from tallymark.definitions import ConvertDef
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    Constant,
    Filtered,
    History,
    Lifted,
    MetricUse,
    Nested,
    Ranked,
    Rated,
    Sequence,
    Shift,
    Windowed,
)
from tallymark.kinds import Type
from tallymark.lower import settle

Form = Shift | Windowed | Rated | Filtered
NOTHING = Constant(None, Type.NULL)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a formula: its text, the forms around, the `per` around with the forms outside it, whose formula it is.

    `said` is the text of the outermost of these forms.
    """

    source: str
    forms: tuple[Form, ...] = ()
    nest: Nested | None = None
    outside: tuple[Form, ...] = ()
    metric: str | None = None
    said: str = ""
    convert: ConvertDef | None = None
    pieces: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """An aggregate, or a `per` with members, at its place; `text` is how it is written."""

    bound: Aggregate | Nested
    place: Place
    text: str

    def around(self, body: Bound) -> Bound:
        """`body` with the forms that stand around what is read."""
        return wrapped(body, self.place.forms)


def wrapped(body: Bound, forms: tuple[Form, ...]) -> Bound:
    """`body` within forms, the first of them outermost."""
    for form in reversed(forms):
        body = replace(form, body=body, type=body.type, unit=body.unit)
    return body


def readings(bound: Bound, source: str, catalog: Catalog, values: Mapping[str, Any]) -> tuple[Reading, ...]:
    """What a formula reads, each thing once, in the order of the formula; a `per` before what its members read."""
    walking = _Walking(catalog, values)
    walking.visit(bound, Place(source))
    return tuple(walking.found.values())


@dataclass(slots=True)
class _Walking:
    catalog: Catalog
    values: Mapping[str, Any]
    found: dict[Any, Reading] = field(default_factory=dict)
    seen: set[Any] = field(default_factory=set)

    def visit(self, bound: Bound, place: Place) -> None:
        match bound:
            case MetricUse(name=name):
                self._metric(name, place)
            case Aggregate():
                self._put(bound, place)
            case Nested(by_grain=True, body=body):
                self.visit(body, replace(place, pieces=True))
            case Nested(body=body):
                self._put(bound, place)
                inner = place if place.nest is not None else replace(place, nest=bound, outside=place.forms)
                self.visit(body, inner)
            case Lifted(body=body, alone=True):
                self.visit(body, place)
            case Lifted(body=body):
                # The total of all members: rows of one of them would not be all.
                self.visit(body, replace(place, nest=None))
            case Sequence(entry=entry):
                self._put(entry, replace(place, said=place.said or _text(place.source, bound.span)))
            case Shift() | Windowed() | Rated() | Filtered():
                bare = replace(bound, body=NOTHING, type=Type.NULL)
                said = place.said or _text(place.source, bound.span)
                self.visit(bound.body, replace(place, forms=(*place.forms, bare), said=said))
            case Apply(arguments=arguments):
                for argument in arguments:
                    self.visit(argument, place)
            case Ranked(body=body) | History(body=body):
                self.visit(body, place)

    def _metric(self, name: str, place: Place) -> None:
        key = (name, place.forms, place.nest, place.pieces)
        metric = self.catalog.metrics[name]
        if key in self.seen or metric.expression is None:
            return
        self.seen.add(key)
        inner = replace(
            place, source=metric.formula, metric=name, said="" if not place.forms else place.said,
            convert=metric.definition.convert or place.convert,
        )  # fmt: skip
        self.visit(settle(metric.expression, self.values), inner)

    def _put(self, bound: Aggregate | Nested, place: Place) -> None:
        key = (bound, place.forms, place.nest if isinstance(bound, Aggregate) else None, place.pieces)
        self.found.setdefault(key, Reading(bound, place, _text(place.source, bound.span)))


def _text(source: str, span: tuple[int, int]) -> str:
    return source[span[0] : span[1]]
