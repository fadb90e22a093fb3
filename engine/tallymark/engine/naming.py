"""What the members of a `per` are called: the column `name` of the dataset that a reference leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tallymark.catalog import Catalog, Dataset, Reached
from tallymark.check.dimensions import leaves
from tallymark.errors import FaultError
from tallymark.formula.bound import Aggregate, Apply, Axis, Bound, Constant, DimensionUse
from tallymark.kinds import Type
from tallymark.lower import Question, lower
from tallymark.plan import Parts

NAME = "name"


def names(
    member: Parts, keys: Sequence[Any], body: Bound, question: Question, catalog: Catalog, render: Any
) -> dict[Any, str]:
    """The names of members by key; empty when they are no keys, or nothing is called `name` there."""
    owner = _owner(member, body, catalog)
    if owner is None or not keys:
        return {}
    kind = owner.columns[owner.key or ""].type
    key = DimensionUse((owner.key or "",), kind)
    wanted = Apply("in", (key, *(Constant(k, kind) for k in keys)), Type.BOOLEAN)
    count = Aggregate("count", owner.name, None, None, Axis("timeless"), Type.INTEGER, zero=True)
    asked = replace(
        question, metrics=(("rows", count),), min_counts=(), by=(key.parts, (NAME,)), filters=frozenset({wanted}),
        order=(), limit=None, grain=None, sparse=True,
    )  # fmt: skip
    try:
        lowered = lower(catalog, asked)
        rendered = render(lowered)
        table = rendered.site.run(rendered.sql)
    except FaultError:
        # Keys without names are names enough.
        return {}
    columns = [table.column(k.column).to_pylist() for k in lowered.plan.space.level]
    return {k: name for k, name in zip(*columns, strict=True) if name is not None and name != k}


def _owner(member: Parts, body: Bound, catalog: Catalog) -> Dataset | None:
    """The dataset whose keys the members are, if it has a column of names."""
    for dataset in sorted(leaves(catalog, body, member)):
        found = catalog.reach(dataset, member)
        if not isinstance(found, Reached):
            continue
        here = catalog.datasets[dataset]
        for step in found.path:
            here = catalog.datasets[here.references[step].dataset]
        target = here.name if found.column == here.key else None
        target = next((r.dataset for r in here.references.values() if r.column == found.column), target)
        owner = catalog.datasets.get(target or "")
        if owner is not None and owner.key is not None and owner.valid is None and NAME in owner.columns:
            name = owner.columns[NAME]
            return owner if name.type is Type.TEXT and not name.changes else None
    return None
