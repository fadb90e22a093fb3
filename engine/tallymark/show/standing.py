"""Where a number stands: the band it lies in, and its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.show.bands import Band


@dataclass(frozen=True, slots=True)
class Standing:
    """The band of a receipt's number, and its target with the distance to it. `lines` are what a reader sees of both.

    `target` and `to_target` are in the number's unit, None where none is for its period; `met` says whether it is
    reached.
    """

    band: Band | None = None
    target: Any = None
    to_target: Any = None
    met: bool | None = None
    lines: tuple[str, ...] = field(default=(), repr=False)

    def as_dict(self) -> Mapping[str, Any]:
        """The standing as plain data: `band`, and `target` where there is one."""
        held = {"value": self.target, "to_target": self.to_target, "met": self.met}
        return {
            "band": self.band.as_dict() if self.band is not None else None,
            "target": held if self.target is not None else None,
        }
