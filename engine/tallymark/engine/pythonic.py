"""Which functions in Python a question calls, near or far."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.catalog import Catalog
from tallymark.formula.bound import Apply, Bound, MetricUse, walk
from tallymark.formula.functions import Function


def called_in_python(catalog: Catalog, functions: Mapping[str, Function], asked: list[Bound]) -> dict[str, Function]:
    """The functions in Python that formulas call, those of the metrics that they rest on included."""
    found: dict[str, Function] = {}
    seen: set[str] = set()
    waiting = list(asked)
    while waiting:
        for node in walk(waiting.pop()):
            match node:
                case Apply(function=name) if name in functions and functions[name].python is not None:
                    found[name] = functions[name]
                case MetricUse(name=name) if name not in seen and name in catalog.metrics:
                    seen.add(name)
                    expression = catalog.metrics[name].expression
                    waiting += [expression] if expression is not None else []
    return found
