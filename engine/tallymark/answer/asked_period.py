"""The stretch of time that a receipt is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tallymark.show.periods import moment


@dataclass(frozen=True, slots=True)
class AskedPeriod:
    """The stretch `[start, end)` that a receipt is for, in the project's time zone; None is an unbounded side."""

    label: str
    start: date | datetime | None = None
    end: date | datetime | None = None

    def __str__(self) -> str:
        if self.start is None or self.end is None or " to " in self.label:
            return self.label
        first, last = moment(self.start), moment(self.end)
        if first == str(self.start)[:10] and last == str(self.end)[:10]:
            last = moment(self.end - timedelta(days=1))
        return self.label if first == last == self.label else f"{self.label} ({first} to {last})"

    def as_dict(self) -> dict[str, Any]:
        """The period as plain data."""
        return {"label": self.label, "start": self.start, "end": self.end}
