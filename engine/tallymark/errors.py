"""One family of errors.

    TallymarkError                everything this package raises on purpose
    ├── FaultError                one or more faults: coded, placed, with help; what users see
    └── PluginError               a plugin broke its promise
    Cancelled                     the caller stopped a running question

A `Fault` is data. Stages collect faults in a list and go on, so that one run reports all of them; `FaultError` carries
the list when nothing more can be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

from tallymark.place import Place

Severity = Literal["error", "warning"]

FAMILIES = {
    "R": "reading project files: YAML, keys, values",
    "S": "the syntax of formulas, and their caps",
    "T": "names and types",
    "U": "units",
    "D": "data and sources",
    "L": "landing data: `tally sync`",
    "Q": "questions",
    "P": "plugins",
    "A": "alerts: rules, and who is told",
    "E": "tests of metrics: `tally test`",
}
"""What the first letter of a fault's code says. The number after it is stable once released."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in what the user wrote or in the data: a code, a message, a place, a way out."""

    code: str
    message: str
    place: Place | None = None
    help: str | None = None
    subject: str | None = None
    """What the fault is in, as shown after the caret: "metric `nrr`"."""
    severity: Severity = "error"

    def within(self, subject: str) -> Fault:
        """The same fault, said to be in `subject` unless it already says so."""
        return self if self.subject else replace(self, subject=subject)

    def as_dict(self) -> dict[str, Any]:
        """The fault as plain data, for `--format json`."""
        place = self.place
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "width": place.width if place else None,
            "subject": self.subject,
            "help": self.help,
        }

    def __str__(self) -> str:
        lines = [f"{self.severity}[{self.code}]: {self.message}"]
        if self.place is not None:
            lines += _picture(self.place, self.subject)
        elif self.subject:
            lines.append(f"  --> in {self.subject}")
        if self.help:
            margin = " " * (len(str(self.place.line)) + 1) if self.place else "  "
            lines.append(f"{margin}= help: {self.help}")
        return "\n".join(lines)


def _picture(place: Place, subject: str | None) -> list[str]:
    number = str(place.line)
    margin = " " * (len(number) + 1)
    lines = [f"{margin[:-1]}--> {place}"]
    if place.text:
        start = place.column - 1
        pad = "".join("\t" if c == "\t" else " " for c in place.text[:start])
        width = max(1, min(place.width, len(place.text) - start))
        note = f" in {subject}" if subject else ""
        lines += [f"{margin}|", f"{number} | {place.text}", f"{margin}| {pad}{'^' * width}{note}"]
    elif subject:
        lines.append(f"{margin}  in {subject}")
    return lines


class TallymarkError(Exception):
    """The root of every error this package raises on purpose."""


class FaultError(TallymarkError):
    """One or more faults. `faults` holds all of them, in the order of their places."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        listed = (faults,) if isinstance(faults, Fault) else tuple(faults)
        self.faults: tuple[Fault, ...] = in_order(listed)
        super().__init__("\n\n".join(str(f) for f in self.faults))


class PluginError(TallymarkError):
    """A plugin failed to load or broke its promise; names the plugin."""


class Cancelled(TallymarkError):  # noqa: N818 - nothing went wrong
    """The caller stopped a running question."""


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """The faults by file, line and column, each once; those without a place last."""

    def key(fault: Fault) -> tuple[bool, str, int, int, str]:
        p = fault.place
        return (p is None, p.file if p else "", p.line if p else 0, p.column if p else 0, fault.code)

    return tuple(sorted(dict.fromkeys(faults), key=key))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name`, or None if none is close."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Sequence[str] | Iterable[str]) -> str | None:
    """A help line with the nearest of the known names, or with a few of them when none is near."""
    names = sorted(known)
    close = nearest(name, names)
    if close:
        return f"did you mean `{close}`?"
    if not names:
        return None
    shown = ", ".join(f"`{n}`" for n in names[:8])
    return f"known: {shown}{', …' if len(names) > 8 else ''}"
