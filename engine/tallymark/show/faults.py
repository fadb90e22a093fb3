"""Faults as a reader sees them."""

from __future__ import annotations

from collections.abc import Sequence

from tallymark.errors import Fault
from tallymark.show.sheet import printable


def fault_text(fault: Fault) -> str:
    """One fault: its code and message, the line with a caret, the way out."""
    return "\n".join(printable(line.replace("\t", "    ")) for line in str(fault).split("\n"))


def summary(faults: Sequence[Fault]) -> str:
    """`2 errors, 1 warning`; `no faults` for none."""
    counts = [(sum(f.severity == s for f in faults), s) for s in ("error", "warning")]
    said = [f"{n} {s}{'s' if n != 1 else ''}" for n, s in counts if n]
    return ", ".join(said) or "no faults"
