"""Faults in what checks of data stand for, as faults of the checks: nobody wrote those metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tallymark.definitions import CheckDef
from tallymark.errors import Fault


def told_of_checks(faults: Iterable[Fault], checks: Mapping[str, CheckDef]) -> list[Fault]:
    """The faults, those in a check's metrics said to be in the check. What several of them share is told once."""
    of = {f"metric `{metric}`": f"check `{check.name}`" for check in checks.values() for metric in check.metrics}
    others = [f for f in faults if f.subject not in of]
    told: dict[tuple[object, ...], Fault] = {}
    for fault in (replace(f, subject=of[f.subject]) for f in faults if f.subject in of):
        place = fault.place
        key = (fault.code, fault.message, fault.subject, place and (place.file, place.line, place.column))
        first = told.setdefault(key, fault)
        # The same stretch with more of it written by somebody shows more.
        if place is not None and first.place is not None and place.width > first.place.width:
            told[key] = fault
    return [*others, *told.values()]
