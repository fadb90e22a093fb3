"""The columns of an answer: what is asked, and what a question adds to it: comparisons, shares, places.

What is added is a formula over the metric, so that it means what the same formula means anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tallymark.catalog import Metric
from tallymark.definitions import Formula, MetricDef
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula.bound import (
    Apply,
    Bound,
    Filtered,
    History,
    Lifted,
    MetricUse,
    Nested,
    Ranked,
    Rated,
    Shift,
    Windowed,
)
from tallymark.formula.nodes import TIME_UNITS, Node
from tallymark.formula.parse import parse
from tallymark.kinds import Type
from tallymark.place import Written
from tallymark.query import Query
from tallymark.standards import judged
from tallymark.units import COUNT, PERCENT, POINTS, Unit

COMPARISONS = "`previous`, `year_ago`, `previous:3` or `previous:1 year`"

MAX_BACK = 100_000
"""Periods, or units of time, that a comparison may go back."""

WORDS = {
    "previous": {"en": "previous", "fr": "précédent", "ro": "anterior"},
    "year_ago": {"en": "a year ago", "fr": "un an avant", "ro": "acum un an"},
    "change": {"en": "change", "fr": "variation", "ro": "variație"},
    "growth": {"en": "growth", "fr": "croissance", "ro": "creștere"},
    "share": {"en": "share", "fr": "part", "ro": "pondere"},
    "rank": {"en": "rank", "fr": "rang", "ro": "rang"},
    "band": {"en": "band", "fr": "niveau", "ro": "nivel"},
    "target": {"en": "target", "fr": "objectif", "ro": "obiectiv"},
    "to target": {"en": "to target", "fr": "écart à l’objectif", "ro": "față de obiectiv"},
    "result": {"en": "result", "fr": "résultat", "ro": "rezultat"},
    "period": {"en": "period", "fr": "période", "ro": "perioadă"},
    "by": {"en": "by", "fr": "par", "ro": "pe"},
    "age": {"en": "age", "fr": "âge", "ro": "vârstă"},
}
"""What the added columns are called, after the metric's label, by language."""

Binder = Callable[[str, Node, Written], Metric]
"""Makes a nameless metric of a formula. Raises FaultError."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another period to compare with: what its columns are named by, and how far back it lies."""

    name: str
    count: int
    unit: str | None = None

    @property
    def length(self) -> str:
        """The second argument of `previous`, `change` and `growth`; empty for one period."""
        if self.unit is None:
            return "" if self.count == 1 else f", {self.count}"
        return f", {self.count} {self.unit}{'' if self.count == 1 else 's'}"


def comparison(text: str) -> Comparison:
    """The comparison that a text names. Raises FaultError (Q550)."""
    wanted = " ".join(text.split())
    if wanted == "previous":
        return Comparison("previous", 1)
    if wanted == "year_ago":
        return Comparison("year_ago", 1, "year")
    found = re.fullmatch(r"previous ?: ?([0-9]{1,6})(?: ([a-z]+?)s?)?", wanted)
    if found is None or not 0 < int(found[1]) <= MAX_BACK or (found[2] and found[2] not in TIME_UNITS):
        help_ = did_you_mean(found[2], TIME_UNITS) if found is not None and found[2] else None
        usual = did_you_mean(wanted, ("previous", "year_ago")) or ""
        near = help_ or (usual if usual.startswith("did you mean") else f"say {COMPARISONS}")
        raise FaultError(Fault("Q550", f"`{wanted[:60]}` is no comparison", None, near))
    count = int(found[1])
    if found[2] is None:
        return Comparison("previous" if count == 1 else f"previous_{count}", count)
    return Comparison(f"previous_{count}_{found[2]}{'' if count == 1 else 's'}", count, found[2])


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers. `metric` says what readers see; `bound` is what is computed, of a `ranked` one the metric
    whose place it is. `quiet`: another column has its notes.
    """

    name: str
    metric: Metric
    bound: Bound
    quiet: bool = False
    ranked: bool = False
    asked: str | None = None
    target: bool = False
    """Whether it is what the metric before it should reach."""


@dataclass(slots=True)
class Columns:
    """Makes the columns of one question. `catalogued` says whether a metric is the catalog's."""

    query: Query
    bind: Binder
    catalogued: Callable[[Metric], bool]
    language: str
    made: list[Column] = field(default_factory=list)

    def of(self, metrics: Sequence[Metric]) -> tuple[Column, ...]:
        """The columns of the metrics asked, each followed by what is added to it. Raises FaultError."""
        comparisons = tuple(dict.fromkeys(comparison(text) for text in self.query.compare))
        for text, metric in zip(self.query.metrics, metrics, strict=True):
            known = self.catalogued(metric)
            bound = MetricUse(metric.name, metric.type, metric.unit) if known else metric.bound
            base = Column(self._unused(metric.name if known else text), metric, bound, asked=text)
            self.made.append(base)
            if self.query.target and known:
                self._target(base)
            for comparison_ in comparisons:
                self._compare(base, comparison_)
            if self.query.share and metric.type.numeric:
                self._add(base, "share", "_share", "share({}) * 100", unit=PERCENT)
            if self.query.rank and metric.type.numeric:
                self._rank(base)
        return tuple(self.made)

    def _compare(self, base: Column, with_: Comparison) -> None:
        kind, length = base.metric.type, with_.length
        stem = "" if with_.name == "previous" else f"_{with_.name}"
        self._add(base, with_.name, f"_{with_.name}", f"previous({{}}{length})", base.metric.definition.decimals, True)
        if kind.numeric or kind.temporal:
            points = POINTS if base.metric.unit.percent or base.metric.unit.name == "score" else None
            decimals = base.metric.definition.decimals if kind.numeric else None
            self._add(base, "change", f"{stem}_change", f"change({{}}{length})", decimals, True, points, with_)
        if kind.numeric:
            self._add(base, "growth", f"{stem}_growth", f"growth({{}}{length}) * 100", None, False, PERCENT, with_)

    def _add(
        self, base: Column, word: str, suffix: str, form: str, decimals: int | None = None, quiet: bool = False,
        unit: Unit | None = None, with_: Comparison | None = None,
    ) -> None:  # fmt: skip
        """A column that is a formula over another one's metric."""
        named = self.catalogued(base.metric)
        written = Written(form.format(base.metric.name if named else base.metric.formula), "<question>")
        node = parse(written)
        bound = self.bind(written.text, node, written)
        expression = _like_for_like(bound.bound) if self.query.like_for_like else bound.bound
        name = self._unused(base.name + suffix if named else written.text.removesuffix(" * 100"))
        label = self._label(base.metric, word, with_)
        definition = MetricDef(name, Formula(written, node), label=label, decimals=decimals)
        metric = replace(bound, name=name, definition=definition, expression=expression, unit=unit or bound.unit)
        self.made.append(Column(name, metric, expression, quiet))

    def _target(self, base: Column) -> None:
        """What a formula gives as the metric's target; a number is no matter of the question's."""
        metric = base.metric
        target = metric.standards.target if metric.standards is not None else None
        if target is None or target.formula is None:
            return
        name = self._unused(f"{base.name}_target")
        label = beside(metric, "target", self.language)
        definition = MetricDef(name, metric.definition.formula, label=label, decimals=metric.definition.decimals)
        made = Metric(name, definition, target.formula, target.formula.type, metric.unit)
        self.made.append(Column(name, made, target.formula, target=True))

    def _rank(self, base: Column) -> None:
        named = self.catalogued(base.metric)
        name = self._unused(f"{base.name}_rank" if named else f"rank of {base.name}")
        definition = MetricDef(name, base.metric.definition.formula, label=self._label(base.metric, "rank"))
        metric = Metric(name, definition, base.bound, Type.INTEGER, COUNT)
        self.made.append(Column(name, metric, base.bound, quiet=True, ranked=True))

    def _unused(self, name: str) -> str:
        """The name, numbered when a column bears it."""
        taken = {c.name for c in self.made}
        return next(n for n in _numbered(name) if n not in taken)

    def _label(self, metric: Metric, word: str, with_: Comparison | None = None) -> dict[str, str]:
        """What readers see: the metric's label and a word; of a formula that was typed in, the column's own name."""
        if not self.catalogued(metric):
            return {}
        made = beside(metric, word, self.language)
        if with_ is None or with_.name == "previous":
            return made
        return {language: f"{text} ({said(with_.name, language)})" for language, text in made.items()}


def targets_of(columns: Sequence[Column]) -> dict[str, str]:
    """The name of the column that computes a metric's target, by the name of the metric's own."""
    return {base.name: made.name for base, made in pairwise(columns) if made.target}


def require_targets(asked: bool, metrics: Sequence[Metric]) -> None:
    """Raises FaultError (Q600) when targets are asked of metrics of which none has one."""
    if not asked or not metrics or any(m.standards is not None and m.standards.target is not None for m in metrics):
        return
    named = ", ".join(f"`{m.name}`" for m in metrics)
    have = "has" if len(metrics) == 1 else "have"
    help_ = "give one a `target:` in its definition, or leave out `--target`"
    raise FaultError(Fault("Q600", f"targets are asked, and {named} {have} none", None, help_))


def beside(metric: Metric, word: str, language: str) -> dict[str, str]:
    """What a column beside a metric's is called: the metric's label and what is added to it."""
    return {language: f"{metric.label(language)}, {said(word, language)}"}


def called(name: str, metrics: Mapping[str, Metric], language: str) -> str:
    """What readers call a metric, its band or its target: `nrr`, `nrr_band`; of anything else the name itself."""
    if name in metrics:
        return metrics[name].label(language)
    held = judged(name, metrics)
    return name if held is None else beside(metrics[held[0]], held[1], language)[language]


def said(word: str, language: str) -> str:
    """A word of WORDS in a language, else in English; of what is none, its name in words."""
    known = WORDS.get(word, {})
    return known.get(language) or known.get("en") or word.replace("_", " ")


def _numbered(name: str) -> Iterator[str]:
    yield name
    count = 2
    while True:
        yield f"{name} ({count})"
        count += 1


def _like_for_like(bound: Bound) -> Bound:
    """The formula with the shift that its first word stands for made like for like; those further in stay."""
    match bound:
        case Shift(span=(0, _)):
            return replace(bound, like=True)
        case Apply(arguments=arguments):
            return replace(bound, arguments=tuple(map(_like_for_like, arguments)))
    return bound


def inlined(bound: Bound, columns: dict[str, Bound]) -> Bound:
    """The formula with the names of `columns` replaced by what they are."""
    changed: dict[str, Any] = {}
    match bound:
        case MetricUse(name=name):
            return columns.get(name, bound)
        case Apply(arguments=arguments):
            changed["arguments"] = tuple(inlined(a, columns) for a in arguments)
        case Shift(body=body) | Windowed(body=body) | Filtered(body=body) | Lifted(body=body) | Nested(body=body):
            changed["body"] = inlined(body, columns)
        case Rated(body=body) | Ranked(body=body) | History(body=body):
            changed["body"] = inlined(body, columns)
    return replace(bound, **changed) if changed else bound
