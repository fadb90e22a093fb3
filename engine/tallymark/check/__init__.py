"""Definitions become a catalog: names bound, types and units known, every mistake reported."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.catalog import Catalog
from tallymark.check.datasets import Describe, bind_datasets
from tallymark.check.metrics import bind_metrics
from tallymark.definitions import Definitions
from tallymark.errors import Fault, in_order
from tallymark.formula.functions import TABLE, Function

__all__ = ["Describe", "check"]


def check(
    definitions: Definitions, describe: Describe, functions: Mapping[str, Function] = TABLE
) -> tuple[Catalog, tuple[Fault, ...]]:
    """Binds everything that can be bound. A metric with a fault stays in the catalog without an expression, so that the
    others can be asked; warnings are faults of severity `warning`. Never raises for what users wrote."""
    faults: list[Fault] = []
    catalog = bind_datasets(definitions, describe, functions, faults)
    catalog = bind_metrics(catalog, definitions.metrics, functions, faults)
    return catalog, in_order(faults)
