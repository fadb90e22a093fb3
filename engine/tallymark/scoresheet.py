"""What a score is made of: each measure with its value, its score, its weight and the points that it adds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

from tallymark.kinds import Type
from tallymark.show.numbers import ABSENT, plain
from tallymark.show.numbers import number as shown
from tallymark.show.sheet import Heading, Sheet, text_of
from tallymark.show.tables import table
from tallymark.units import PERCENT, Unit

State = Literal["measured", "missing", "unscored", "stale", "last known", "not counted"]
"""What became of a measure's value.

`missing`: there is none; `unscored`: there is one that is worth no score; `stale`: it is too old; `last known`: it
is of an earlier period; `not counted`: the segment leaves the measure out.
"""

BLANK = "\u00a0"
"""Sets a measure in under its group: a blank that tables keep."""

_WORDS = {
    "en": {
        "value": "value", "score": "score", "weight": "weight", "points": "points", "together": "together",
        "overrides": "overrides",
        "segment": "Segment: {0}", "covered": "{0} of the weights have a value",
        "enough": "{0} of the weights have a value; a score needs {1}",
        "none": "there is no score: {0} of the weights have a value, and a score needs {1}",
        "nobody": "there is no score: {0} does not belong to those who are scored",
        "nothing": "there is no score: no measure has a value",
        "missing": "{0}: no value", "unscored": "{0}: {1} is worth no score", "stale": "{0}: {1} is older than {2}",
        "last known": "{0}: no value, {1} is the last one known", "not counted": "{0}: does not count in this segment",
        "left": "{0}; left out, so that the others weigh more", "as": "{0}; counts as {1}",
        "at_most": "at most {0}", "at_least": "at least {0}", "exactly": "exactly {0}",
        "idle": "{0}: applies, and changes nothing", "up": "up", "down": "down", "steady": "steady",
        "trend": "{0}: {1} against {2}", "before": "the period before",
        "members": "{0} of {1} members have a score; measures and points are told as theirs together",
    },
    "fr": {
        "value": "valeur", "score": "score", "weight": "poids", "points": "points", "together": "ensemble",
        "overrides": "règles appliquées",
        "segment": "Segment : {0}", "covered": "{0} des poids ont une valeur",
        "enough": "{0} des poids ont une valeur ; un score en demande {1}",
        "none": "pas de score : {0} des poids ont une valeur, et un score en demande {1}",
        "nobody": "pas de score : {0} ne fait pas partie de ceux qui sont notés",
        "nothing": "pas de score : aucune mesure n'a de valeur",
        "missing": "{0} : pas de valeur", "unscored": "{0} : {1} ne vaut aucun score",
        "stale": "{0} : {1} date de plus de {2}",
        "last known": "{0} : pas de valeur, {1} est la dernière connue",
        "not counted": "{0} : ne compte pas dans ce segment",
        "left": "{0} ; écartée, les autres pèsent davantage", "as": "{0} ; compte pour {1}",
        "at_most": "au plus {0}", "at_least": "au moins {0}", "exactly": "exactement {0}",
        "idle": "{0} : s'applique sans rien changer", "up": "en hausse", "down": "en baisse", "steady": "stable",
        "trend": "{0} : {1} par rapport à {2}", "before": "la période précédente",
        "members": "{0} membres sur {1} ont un score ; mesures et points sont les leurs ensemble",
    },
    "ro": {
        "value": "valoare", "score": "scor", "weight": "pondere", "points": "puncte", "together": "împreună",
        "overrides": "reguli aplicate",
        "segment": "Segment: {0}", "covered": "{0} din ponderi au o valoare",
        "enough": "{0} din ponderi au o valoare; un scor cere {1}",
        "none": "nu există scor: {0} din ponderi au o valoare, iar un scor cere {1}",
        "nobody": "nu există scor: {0} nu face parte dintre cei notați",
        "nothing": "nu există scor: nicio măsură nu are valoare",
        "missing": "{0}: fără valoare", "unscored": "{0}: {1} nu valorează niciun scor",
        "stale": "{0}: {1} este mai vechi de {2}", "last known": "{0}: fără valoare, {1} este ultima cunoscută",
        "not counted": "{0}: nu contează în acest segment",
        "left": "{0}; lăsată deoparte, celelalte cântăresc mai mult",
        "as": "{0}; contează ca {1}", "at_most": "cel mult {0}", "at_least": "cel puțin {0}",
        "exactly": "exact {0}", "idle": "{0}: se aplică fără să schimbe nimic", "up": "în creștere",
        "down": "în scădere", "steady": "stabil", "trend": "{0}: {1} față de {2}", "before": "perioada precedentă",
        "members": "{0} din {1} membri au un scor; măsurile și punctele sunt ale lor împreună",
    },
}  # fmt: skip
"""What a sheet says, by language; English where there is no other."""


@dataclass(frozen=True, slots=True)
class Part:
    """A measure, or a group of them (`measures` are its). Of several members together there is no value and no state.

    `weight` is what share of the score it decides, from 0 to 1, of what is there.
    """

    name: str
    label: str
    score: float | None
    weight: float | None
    points: float | None
    value: Any = None
    type: Type = Type.NULL
    unit: Unit | None = None
    state: State | None = None
    limit: str = ""
    """How old the value may be, where it is too old."""
    measures: tuple[Part, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The part as plain data."""
        data = {
            "name": self.name, "label": self.label, "value": self.value, "score": self.score, "weight": self.weight,
            "points": self.points, "state": self.state,
        }  # fmt: skip
        return data | ({"measures": [m.as_dict() for m in self.measures]} if self.measures else {})


@dataclass(frozen=True, slots=True)
class Rule:
    """An override that applies: what it says of the score, and what it adds or takes."""

    label: str
    kind: str
    limit: float
    points: float

    def as_dict(self) -> dict[str, Any]:
        """The override as plain data."""
        return {"label": self.label, self.kind: self.limit, "points": self.points}


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """A score of one member, or of several together (`member` None), and what it is made of.

    `coverage` and `least` are percents. `change` is against `against`, "" being the period before.
    """

    label: str
    score: float | None
    before: float | None
    coverage: float | None
    least: float
    parts: tuple[Part, ...]
    rules: tuple[Rule, ...] = ()
    member: str | None = None
    members: int = 1
    with_score: int = 1
    moved: float | None = None
    """What overrides add to the score of several together, or take from it."""
    among: bool = True
    """Whether the member belongs to those who are scored."""
    segment: str | None = None
    change: float | None = None
    trend: str | None = None
    against: str = ""
    decimals: int = 0
    locale: str = "en"

    def as_dict(self) -> dict[str, Any]:
        """The sheet as plain data."""
        return {
            "member": self.member, "members": self.members, "with_score": self.with_score, "score": self.score,
            "before_overrides": self.before, "coverage": self.coverage, "least_coverage": self.least,
            "segment": self.segment, "change": self.change, "trend": self.trend,
            "parts": [p.as_dict() for p in self.parts], "overrides": [r.as_dict() for r in self.rules],
        }  # fmt: skip

    def text(self, width: int) -> str:
        """The sheet as a table, and below it what a reader should know."""
        names = ("score", "points") if self.member is None else ("value", "score", "weight", "points")
        headings = (Heading(""), *(Heading(self._word(name), number=True) for name in names))
        drawn = table(Sheet(headings, tuple(self._rows())), width)
        said = (line for text in self._said() for line in wrap(text, width, subsequent_indent="  "))
        return drawn + "\n" + "".join(f"{line}\n" for line in said)

    # --- the table -------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for part in self.parts:
            yield self._row(part, "")
            for measure in part.measures:
                yield self._row(measure, BLANK * 2)
        if self.rules or self.moved:
            yield self._line(self._word("together"), points=self.before)
        if self.moved:
            yield self._line(self._word("overrides"), points=self.moved)
        for rule in self.rules:
            limit = self._word(rule.kind).format(self._number(rule.limit, 0))
            yield self._line(f"{text_of(rule.label)}: {limit}", points=rule.points)
        yield self._line(self.label, points=self.score, decimals=self.decimals)

    def _row(self, part: Part, indent: str) -> tuple[str, ...]:
        counts = part.score is not None
        score, points = self._number(part.score, self.decimals), part.points if counts else None
        value = "" if part.measures else ABSENT if part.state in (None, "missing") else self._value(part)
        weight = self._percent(part.weight) if counts else ABSENT
        cells = (score,) if self.member is None else (value, score, weight)
        return (indent + text_of(part.label), *cells, self._number(points, self.decimals + 1))

    def _line(self, text: str, points: float | None, decimals: int | None = None) -> tuple[str, ...]:
        blank = ("",) * (1 if self.member is None else 3)
        return (text, *blank, self._number(points, self.decimals + 1 if decimals is None else decimals))

    def _value(self, part: Part) -> str:
        if part.type.numeric:
            return shown(part.value, part.unit, part.type, locale=self.locale)
        return text_of(part.value)

    def _number(self, value: float | None, decimals: int) -> str:
        return ABSENT if value is None else plain(value, decimals, self.locale)

    def _percent(self, share: float | None) -> str:
        return ABSENT if share is None else shown(share * 100, PERCENT, Type.DOUBLE, decimals=0, locale=self.locale)

    # --- what is said below ----------------------------------------------------------------------------------------

    def _said(self) -> Iterator[str]:
        if self.segment is not None:
            yield self._word("segment").format(text_of(self.segment))
        if self.member is None:
            yield self._word("members").format(self.with_score, self.members)
        yield from self._covered()
        for part in (m for p in self.parts for m in (p.measures or (p,))):
            yield from self._of_measure(part)
        for rule in self.rules:
            if not rule.points and self.score is not None:
                yield self._word("idle").format(text_of(rule.label))
        if self.trend is not None and self.change is not None:
            signed = ("+" if self.change > 0 else "") + self._number(self.change, self.decimals)
            yield self._word("trend").format(self._word(self.trend), signed, self.against or self._word("before"))

    def _covered(self) -> Iterator[str]:
        if not self.among:
            yield self._word("nobody").format(text_of(self.member))
        elif self.coverage is not None:
            covered, least = self._percent(self.coverage / 100), self._percent(self.least / 100)
            lacking = self.score is None and self.member is not None
            with_least = "none" if lacking else "enough"
            said = with_least if self.least else "nothing" if lacking else "covered"
            yield self._word(said).format(covered, least)

    def _of_measure(self, part: Part) -> Iterator[str]:
        if part.state in (None, "measured") or not self.among:
            return
        text = self._word(part.state).format(text_of(part.label), self._value(part), part.limit)
        if part.state in ("missing", "unscored", "stale"):
            as_ = self._number(part.score, 0)
            text = self._word("left").format(text) if part.score is None else self._word("as").format(text, as_)
        yield text

    def _word(self, name: str) -> str:
        return _WORDS.get(self.locale[:2], _WORDS["en"])[name]
