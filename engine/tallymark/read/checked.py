"""The checks of a project and its packs as one: a project drops a pack's check, changes it or puts its own in place."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from tallymark.definitions import CheckDef, MetricDef
from tallymark.definitions.checks import KINDS, OF_ROWS
from tallymark.errors import Fault
from tallymark.given import help_for
from tallymark.read.check_metrics import Tables, metrics_of
from tallymark.read.checks import NOT_OF, ROWS_HELP
from tallymark.read.values import Reading

_ITS_OWN = frozenset({"dataset", *KINDS})
"""What a project's entry says when it is a check by itself."""


def checks_and_metrics(
    own: Mapping[str, CheckDef],
    theirs: Mapping[str, CheckDef],
    tables: Tables,
    taken: Container[str],
    faults: list[Fault],
) -> tuple[dict[str, CheckDef], dict[str, MetricDef]]:
    """Every check by name, and the metrics that they stand for.

    `taken` are the names of the project's own metrics: before a pack's check they stand, as before a pack's metric.
    """
    merged: dict[str, CheckDef] = {n: c for n, c in theirs.items() if n not in taken}
    for name, check in own.items():
        pack = theirs.get(name)
        if check.kind is None and pack is None:
            faults.append(_of_nothing(check, theirs))
        elif check.off:
            merged.pop(name, None)
        elif check.kind is None and pack is not None and not check.given & _ITS_OWN:
            merged[name] = _changed(pack, check, faults)
        elif check.kind is None:
            faults.append(_of_nothing(check, theirs))
        else:
            merged[name] = check
    checks: dict[str, CheckDef] = {}
    metrics: dict[str, MetricDef] = {}
    reading = Reading(faults=faults)
    for name, check in merged.items():
        made = metrics_of(check, tables, reading)
        if made:
            checks[name] = replace(check, metrics=tuple(m.name for m in made))
        for metric in made:
            first = metrics.setdefault(metric.name, metric)
            if first is not metric or (metric.name in taken and check.pack is None):
                message = f"the check `{name}` stands for the metric `{metric.name}`, which is defined already"
                faults.append(Fault("R025", message, check.place, "call one of the two something else"))
    return checks, metrics


def _changed(pack: CheckDef, said: CheckDef, faults: list[Fault]) -> CheckDef:
    """A pack's check with what the project says anew."""
    subject = f"check `{said.name}`"
    for key in sorted(said.given & set(NOT_OF.get(pack.kind or "", ()))):
        message = f"`{key}` means nothing beside `{pack.kind}`, which the pack's check is of"
        faults.append(Fault("R130", message, said.place, "leave it out", subject))
    few = said.tolerance
    if few is not None and pack.kind in OF_ROWS and not few.of_rows:
        faults.append(Fault("R132", f"`{few.text}` is no number of rows", few.place, ROWS_HELP, subject))
        few = None
    changes: dict[str, Any] = {key: getattr(said, key) for key in said.given - {"label", "description"}}
    for key in said.given & {"label", "description"}:
        changes[key] = {**getattr(pack, key), **getattr(said, key)}
    return replace(pack, **{**changes, "tolerance": few or pack.tolerance, "given": pack.given | said.given})


def _of_nothing(check: CheckDef, packs: Mapping[str, CheckDef]) -> Fault:
    if check.off:
        help_ = help_for(check.name, packs) or "leave it out"
        return Fault("R135", f"no pack has a check `{check.name}` to drop", check.place, help_)
    said = ", ".join(f"`{kind}`" for kind in KINDS)
    help_ = f"say what is checked: one of {said}"
    return Fault("R023", "a check of nothing", check.place, help_, f"check `{check.name}`")
