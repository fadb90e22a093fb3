"""One part of a formula with the value it had, and the parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from tallymark.kinds import Type
from tallymark.show.numbers import number
from tallymark.show.sheet import text_of
from tallymark.units import Unit

StepKind = Literal[
    "metric", "aggregate", "operator", "constant", "parameter", "window", "filter", "total", "per", "member"
]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One part of a formula and the value it had.

    `text` is the stretch of the formula, `kind` what it is, `name` and `label` the metric's if it is one, `rows` how
    many rows an aggregate read, `window` the stretch of time read. Of `per` a member, `rows` counts the members and
    `children` are some of them, the weightiest first; `rest` says what the others have in common, if anything. A part
    that a formula has in several places is the same step in all of them.
    """

    text: str
    kind: StepKind
    value: Any
    type: Type = Type.DOUBLE
    unit: Unit | None = None
    name: str | None = None
    rows: int | None = None
    notes: tuple[str, ...] = ()
    children: tuple[Step, ...] = field(default=(), repr=False)
    label: str | None = None
    window: str | None = None
    per: str | None = None
    rest: str = ""

    def shown(self, locale: str = "en", decimals: int | None = None) -> str:
        """The value as a reader sees it."""
        if self.type.numeric or (isinstance(self.value, int | float | Decimal) and not isinstance(self.value, bool)):
            return number(self.value, self.unit, self.type, decimals=decimals, locale=locale)
        return text_of(self.value)

    def as_dict(self) -> dict[str, Any]:
        """The step and all below it as plain data; decimals and dates as they are.

        A step that is met again is told without what is below it, `above` being true.
        """
        return self._told(set())

    def _told(self, told: set[int]) -> dict[str, Any]:
        again = bool(self.children) and id(self) in told
        told.add(id(self))
        return {
            "text": self.text,
            "kind": self.kind,
            "name": self.name,
            "label": self.label,
            "value": self.value,
            "type": self.type.value,
            "unit": str(self.unit) if self.unit is not None else None,
            "window": self.window,
            "rows": self.rows,
            "per": self.per,
            "rest": self.rest,
            "notes": list(self.notes),
            "above": again,
            "children": [] if again else [c._told(told) for c in self.children],
        }
