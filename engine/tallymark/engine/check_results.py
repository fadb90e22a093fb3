"""What came of checks of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.definitions import NOWHERE
from tallymark.errors import Fault, Severity
from tallymark.place import Place

CODES: Mapping[str, str] = {
    "fresh": "D600",
    "rows": "D601",
    "not_null": "D602",
    "unique": "D603",
    "exists": "D604",
    "accepted": "D605",
    "between": "D606",
    "matches": "D607",
    "every": "D608",
    "equal": "D609",
}
"""What a check that fails is, by its kind."""
UNKNOWN = "D610"
BROKEN = "it has faults of its own"
"""Why nothing is known of a check that is written wrongly."""


@dataclass(frozen=True, slots=True)
class CheckExample:
    """Rows, a slice or a period that break a check: what they are told apart by, and the numbers there."""

    of: Mapping[str, Any] = field(default_factory=dict)
    """Values by column or dimension."""
    period: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """By the word after the check's name: `rows`; `newest`; `count` and `usual`; `left`, `right` and `difference`."""

    def as_dict(self) -> dict[str, Any]:
        """The example as plain data."""
        return {"of": dict(self.of), "period": self.period, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check: `passed` is None where it is not known, and `why` says what stands in the way.

    `measured` is the number that decides: how many rows break it, the time of the newest row (of the slice where it is
    the oldest), how many rows the last period that fails has (the last of all where none does), the largest difference.
    `cells` are the periods and slices looked at, `failing` those that fail, `unknown` those of which nothing is known.
    """

    name: str
    kind: str
    passed: bool | None
    severity: Severity
    measured: Any = None
    limit: str = ""
    cells: int = 0
    failing: int = 0
    unknown: int = 0
    examples: tuple[CheckExample, ...] = ()
    """At most three, the worst first."""
    why: str | None = None
    message: str = ""
    """What was found, in a sentence."""
    label: str = ""
    description: str = ""
    dataset: str | None = None
    place: Place = NOWHERE

    @property
    def fault(self) -> Fault | None:
        """The fault that a check is which fails, or of which nothing is known; None of one that passes."""
        if self.passed:
            return None
        place, subject = (self.place if self.place is not NOWHERE else None), f"check `{self.name}`"
        if self.passed is None:
            return Fault(UNKNOWN, self.message, place, "what is not known is not passed", subject, "warning")
        of_rows = self.kind not in ("fresh", "rows", "equal")
        more = f"`tally explain {self.name}_rows --rows 10` shows the rows" if of_rows else None
        help_ = "; ".join(said for said in (self.description.rstrip("."), more) if said) or None
        return Fault(CODES[self.kind], self.message, place, help_, subject, self.severity)

    def as_dict(self) -> dict[str, Any]:
        """The result as plain data, for `--format json`."""
        state = {True: "passed", False: "failed", None: "unknown"}[self.passed]
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "dataset": self.dataset,
            "state": state,
            "severity": self.severity,
            "measured": self.measured,
            "limit": self.limit,
            "cells": self.cells,
            "failing": self.failing,
            "unknown": self.unknown,
            "examples": [e.as_dict() for e in self.examples],
            "why": self.why,
            "message": self.message,
            "file": self.place.file,
            "line": self.place.line,
        }
