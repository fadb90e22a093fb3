"""Checks of data held against the catalog: their slices; and faults in what they stand for, which nobody wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tallymark.catalog import Catalog
from tallymark.check.dimensions import explain_unreached, leaves, reach_all
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


def unreached(catalog: Catalog) -> Iterator[Fault]:
    """The faults of dimensions in a check's `by` that its data does not reach. Codes are those of a question's."""
    for check in catalog.checks.values():
        metric = catalog.metrics.get(check.name)
        bound = metric.expression if metric is not None else None
        for number, text in enumerate(check.by if bound is not None else ()):
            assert bound is not None
            parts = tuple(" ".join(text.split()).removesuffix(" at start").removesuffix(" at end").split("."))
            found = reach_all(catalog, leaves(catalog, bound, parts), parts)
            if isinstance(found, tuple):
                problem = explain_unreached(catalog, found[0], parts, found[1])
                written = check.places.get(f":by.{number}")
                place = written.place() if written is not None else check.place
                yield Fault(problem.code, problem.message, place, problem.help, f"check `{check.name}`")
