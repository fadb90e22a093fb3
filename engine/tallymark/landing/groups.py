"""The dlt source that a kind gives, and which of its resources are read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dlt
from dlt.extract import DltResource, DltSource

from tallymark.errors import Fault, FaultError
from tallymark.landing.run import Run


def source_of(run: Run) -> DltSource:
    """The source as dlt has it. Raises FaultError (L804) when the kind gives something else or nothing to read."""
    definition, subject = run.definition, f"source `{run.definition.name}`"
    assert run.kind.land is not None
    given = run.kind.land(definition, run.folder, run.landing())
    if isinstance(given, DltSource):
        source = given
    else:
        resources = list(given) if isinstance(given, Sequence) else [given]
        if not resources or not all(isinstance(each, DltResource) for each in resources):
            message = f"the kind `{definition.kind}` gives no dlt source, but {type(given).__name__}"
            raise FaultError(Fault("L804", message, definition.place, subject=subject))

        @dlt.source(name=definition.name)
        def together() -> Any:
            return resources

        source = together()
    if not source.selected_resources:
        raise FaultError(Fault("L804", "it has no table to read", definition.place, subject=subject))
    if not (source.schema_contract or {}):
        # A column that changes its type would otherwise go on in a second column, and the first be null from then on.
        source.schema_contract = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
    return source


def groups(source: DltSource) -> list[tuple[str, ...]]:
    """The selected resources, those fed by one another together, in the order in which the source names them."""
    order = {name: number for number, name in enumerate(source.resources)}
    parts = [sorted(part.selected_resources, key=order.__getitem__) for part in source.decompose("scc")]
    return [tuple(part) for part in sorted((p for p in parts if p), key=lambda part: order[part[0]])]
