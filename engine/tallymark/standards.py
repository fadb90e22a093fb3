"""What a metric is held against: a target, and bands that its values are sorted into, in its unit's own measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tallymark.definitions import BandDef, Texts
from tallymark.definitions.bands import band_of
from tallymark.formula.bound import Bound
from tallymark.place import Place
from tallymark.units import NUMBER, Unit


@dataclass(frozen=True, slots=True)
class Target:
    """What a metric should reach, or by `direction` down stay at or below.

    `value` is a number, `formula` computes one; `by_period` are numbers by the names of periods, with the place of
    each. With a `grain` it is for whole periods of that grain alone; with `exact` a number by period is for that very
    period, and none of the periods in it. The numbers of a target with `whole` are of all members together: what adds
    up over members is not held, member by member, against what all should reach. A formula is of whatever is asked.
    """

    text: str
    direction: str
    value: Decimal | None = None
    formula: Bound | None = None
    unit: Unit = NUMBER
    by_period: Mapping[str, tuple[Decimal, Place]] = field(default_factory=dict)
    grain: str | None = None
    exact: bool = False
    whole: bool = False

    def reached(self, value: Decimal, target: Decimal) -> bool:
        """Whether a value is where it should be; the target itself is."""
        return value >= target if self.direction == "up" else value <= target


@dataclass(frozen=True, slots=True)
class Standards:
    """The bands, from the lowest values on, and the target of a metric. Bands with a `grain` are of its periods."""

    bands: tuple[BandDef, ...] = ()
    grain: str | None = None
    target: Target | None = None
    direction: str | None = None

    def band(self, value: Decimal | float) -> BandDef | None:
        """The band that a value lies in; None of what is not a number."""
        return band_of(self.bands, value)


def judged(name: str, metrics: Mapping[str, Any]) -> tuple[str, str] | None:
    """The metric, and `band` or `target`, that `nrr_band` and `nrr_target` mean; None of what no metric has."""
    for what, suffix in (("band", "_band"), ("target", "_target")):
        of = name.removesuffix(suffix)
        metric = metrics.get(of) if of != name else None
        standards: Standards | None = metric.standards if metric is not None else None
        if standards is not None and (standards.bands if what == "band" else standards.target):
            return of, what
    return None


_RAMPS: Mapping[int, tuple[str, ...]] = {
    1: ("grey",),
    2: ("red", "green"),
    3: ("red", "yellow", "green"),
    4: ("red", "orange", "lime", "green"),
}
_RAMP = ("red", "orange", "yellow", "lime", "green")
"""From the worst on."""


def colours(bands: tuple[BandDef, ...], direction: str | None) -> tuple[str, ...]:
    """The colour of each band: its own, else by its place among the bands, the best of them being green."""
    count = len(bands)
    ramp = _RAMPS.get(count) or tuple(_RAMP[round(n * (len(_RAMP) - 1) / (count - 1))] for n in range(count))
    placed = ramp if direction == "up" else ramp[::-1] if direction == "down" else ("grey",) * count
    return tuple(b.colour or c for b, c in zip(bands, placed, strict=True))


_WORDS: Mapping[str, Texts] = {
    "leading": {"en": "Leading", "fr": "En tête", "ro": "De vârf"},
    "excellent": {"en": "Excellent", "fr": "Excellent", "ro": "Excelent"},
    "great": {"en": "Great", "fr": "Très bon", "ro": "Foarte bun"},
    "healthy": {"en": "Healthy", "fr": "Sain", "ro": "Sănătos"},
    "good": {"en": "Good", "fr": "Bon", "ro": "Bun"},
    "acceptable": {"en": "Acceptable", "fr": "Acceptable", "ro": "Acceptabil"},
    "fair": {"en": "Fair", "fr": "Correct", "ro": "Satisfăcător"},
    "average": {"en": "Average", "fr": "Moyen", "ro": "Mediu"},
    "watch": {"en": "Watch", "fr": "À surveiller", "ro": "De urmărit"},
    "warning": {"en": "Warning", "fr": "Attention", "ro": "Atenție"},
    "at_risk": {"en": "At risk", "fr": "À risque", "ro": "În pericol"},
    "weak": {"en": "Weak", "fr": "Faible", "ro": "Slab"},
    "poor": {"en": "Poor", "fr": "Insuffisant", "ro": "Insuficient"},
    "bad": {"en": "Bad", "fr": "Mauvais", "ro": "Rău"},
    "critical": {"en": "Critical", "fr": "Critique", "ro": "Critic"},
    "low": {"en": "Low", "fr": "Bas", "ro": "Scăzut"},
    "medium": {"en": "Medium", "fr": "Moyen", "ro": "Mediu"},
    "high": {"en": "High", "fr": "Élevé", "ro": "Ridicat"},
    "met": {"en": "met", "fr": "atteint", "ro": "atins"},
    "missed": {"en": "missed", "fr": "manqué", "ro": "ratat"},
    "total": {"en": "total", "fr": "total", "ro": "total"},
    "other": {"en": "other", "fr": "autres", "ro": "altele"},
}
STANDARD_WORDS = tuple(name for name in _WORDS if name not in ("met", "missed", "total", "other"))
"""Names of bands that have labels of their own, in English, French and Romanian."""


def word(name: str, label: Texts, language: str) -> str:
    """What a band is called: its label, else the standard one, else its name in words."""
    own = language.replace("-", "_").split("_")[0]
    known = _WORDS.get(name, {})
    shown = label.get(language) or label.get(own) or known.get(own) or label.get("en") or next(iter(label.values()), "")
    return shown or known.get("en") or name.replace("_", " ").capitalize()
