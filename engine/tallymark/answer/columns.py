"""A column of an answer: what it is of, and how its values are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tallymark.kinds import Type
from tallymark.show.bands import Band
from tallymark.units import Unit

Role = Literal["dimension", "row", "period", "age", "metric", "band", "target"]
"""What a column is. `row` says what a row is: of a `member`, of all `other` members as one, or a `total`. `band` and
`target` are what a metric's numbers are held against.
"""


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """A column of an answer. `label` is in the reader's language; `decimals` None leaves the display to the unit.

    Of a dimension, `folded` says that members without rows of their own are one row, `grain` that its values are
    periods. In a pivoted answer `of` is the metric that the column is of, `at` the value that it stands for. `judges`
    is the metric that a band or target is of; `bands` are all that the column's values, names of bands, may be.
    """

    name: str
    role: Role
    type: Type
    unit: Unit | None
    label: str
    decimals: int | None = None
    folded: bool = False
    grain: str | None = None
    of: str | None = None
    at: str | None = None
    judges: str | None = None
    bands: tuple[Band, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The column as plain data."""
        unit = str(self.unit) if self.unit is not None else None
        data: dict[str, Any] = {"name": self.name, "role": self.role, "type": self.type.value, "unit": unit}
        data |= {"label": self.label}
        data |= {"metric": self.judges or self.of} if self.judges or self.of else {}
        data |= {"at": self.at} if self.of is not None else {}
        return data | ({"bands": [b.as_dict() for b in self.bands]} if self.bands else {})

    @property
    def keyed(self) -> bool:
        """Whether it tells rows apart; the others say something of each."""
        return self.role in ("dimension", "row", "period", "age")

    @property
    def measured(self) -> bool:
        """Whether its values are numbers that are counted or measured."""
        held = self.role == "metric" or (self.role == "target" and not self.bands)
        return self.role == "age" or (held and (self.type.numeric or self.type is Type.NULL))
