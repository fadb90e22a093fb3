"""Parameters put into the transforms that make datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tallymark.catalog import Catalog, Making
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import ParameterUse, walk
from tallymark.formula.nodes import Duration
from tallymark.lower.settle import SECONDS, settle


def settle_datasets(catalog: Catalog, values: Mapping[str, Any]) -> Catalog:
    """The catalog with parameters put into the transforms that make datasets. Raises FaultError (Q504, T206)."""
    changed = {
        d.name: replace(d, making=_settled_making(d.making, values))
        for d in catalog.datasets.values()
        if d.making is not None and _speaks_of_parameters(d.making)
    }
    return replace(catalog, datasets={**catalog.datasets, **changed}) if changed else catalog


def _speaks_of_parameters(making: Making) -> bool:
    conditions = [i.condition for i in making.inputs if i.condition is not None]
    within = any(isinstance(b, ParameterUse) for c in conditions for b in walk(c))
    return within or any(isinstance(a, ParameterUse) for a in making.arguments.values())


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
