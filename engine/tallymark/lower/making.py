"""Parameters put into the transforms that make datasets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tallymark.catalog import Catalog, Making
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import ParameterUse, walk
from tallymark.formula.nodes import Duration
from tallymark.lower.settle import SECONDS, settle


def default_values(catalog: Catalog) -> dict[str, Any]:
    """The parameters that have a value without a question, with it."""
    return {p.name: p.default for p in catalog.parameters.values() if p.default is not None}


def unsettled(catalog: Catalog, dataset: str, values: Mapping[str, Any]) -> bool:
    """Whether rows of a dataset cannot be made by these values of parameters alone."""
    making = catalog.datasets[dataset].making
    if making is None:
        return False
    return not _parameters_of(making) <= values.keys() or any(
        unsettled(catalog, i.dataset, values) for i in making.inputs
    )


def settle_datasets(catalog: Catalog, values: Mapping[str, Any], only: Collection[str] | None = None) -> Catalog:
    """The catalog with parameters put into the transforms that make datasets, or `only` some of them.

    Raises FaultError (Q504, T206).
    """
    changed = {
        d.name: replace(d, making=_settled_making(d.making, values))
        for d in catalog.datasets.values()
        if d.making is not None and _parameters_of(d.making) and (only is None or d.name in only)
    }
    return replace(catalog, datasets={**catalog.datasets, **changed}) if changed else catalog


def _parameters_of(making: Making) -> set[str]:
    """The parameters that a transform's inputs and arguments speak of."""
    conditions = [i.condition for i in making.inputs if i.condition is not None]
    spoken = [b for c in conditions for b in walk(c)] + list(making.arguments.values())
    return {b.name for b in spoken if isinstance(b, ParameterUse)}


def _settled_making(making: Making, values: Mapping[str, Any]) -> Making:
    inputs = tuple(
        replace(i, condition=settle(i.condition, values) if i.condition is not None else None) for i in making.inputs
    )
    arguments = {
        name: _length(name, value, values[value.name], making) if isinstance(value, ParameterUse) else value
        for name, value in making.arguments.items()
    }
    return replace(making, inputs=inputs, arguments=arguments)


def _length(argument: str, use: ParameterUse, value: Any, making: Making) -> timedelta:
    """The fixed length of time that a parameter gives an argument of a transform."""
    if not isinstance(value, Duration):
        message = f"the parameter `{use.name}` has no value, and `{argument}:` of `{making.transform.name}` needs one"
        raise FaultError(Fault("Q504", message, making.place, f"say one: `--param {use.name}='30 minutes'`"))
    if value.unit not in SECONDS:
        message = f"`{argument}: ${use.name}`: a {value.unit} has no fixed length"
        raise FaultError(Fault("T206", message, making.place, "give the parameter days or weeks"))
    return timedelta(microseconds=int(value.count * SECONDS[value.unit] * 1_000_000))
