"""Definitions become a catalog: names bound, types and units known, every mistake reported.

The way of a definition, a file a step:

    joining.py        a project's datasets laid over the canonical ones they implement
    tables.py         stored columns as their source has them and as they are declared; references, keys, times
    transforms.py     datasets that a transform makes of others
    arguments.py      and what is said to the transform
    making.py         the order in which they are made
    columns.py        computed columns, in the order of their dependencies
    datasets.py       all these, one after the other
    calendar.py       the table of a calendar
    metrics.py        metrics, in the order of their dependencies
    formulas.py       one formula as a whole
    checks.py         checks of data: their slices, and faults in the metrics they stand for

and of a formula:

    expressions.py    literals and operators, alike at both levels
    calls.py          scalar functions
    rows.py           row level: names are columns
    aggregation.py    aggregates over rows
    measures.py       metric level: names are metrics, forms change the context
    conditions.py     `where` at metric level: names are dimensions
    dimensions.py     which datasets a metric rests on, and what they reach
    operators.py      types of what is applied
    measuring.py      units of what is applied
    currencies.py     amounts in several currencies: where their currency is, and the rates
    levels.py         metrics that are of one member at a time
    declared.py       units as declared, against what formulas give
    standards.py      targets and bands: in the metric's unit, for periods whose numbers they can be
    extents.py        whether numbers grow with the period, and add up over members
    slips.py          formulas that mean something else than they seem to
    empty_windows.py  windows in which a formula means nothing
    caps.py           how large a formula may be
"""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.catalog import Catalog
from tallymark.check.calendar import check_calendar
from tallymark.check.checks import told_of_checks, unreached
from tallymark.check.datasets import Describe, bind_datasets
from tallymark.check.metrics import bind_metrics
from tallymark.definitions import Definitions
from tallymark.errors import Fault, in_order
from tallymark.formula.functions import TABLE, Function
from tallymark.transforms.table import TRANSFORMS, Transform

__all__ = ["Describe", "check"]


def check(
    definitions: Definitions,
    describe: Describe,
    functions: Mapping[str, Function] = TABLE,
    transforms: Mapping[str, Transform] = TRANSFORMS,
) -> tuple[Catalog, tuple[Fault, ...]]:
    """Binds everything that can be bound. A metric with a fault stays in the catalog without an expression, so that the
    others can be asked; warnings are faults of severity `warning`. Never raises for what users wrote.
    """
    faults: list[Fault] = []
    catalog = bind_datasets(definitions, describe, functions, transforms, faults)
    check_calendar(catalog, faults)
    catalog = bind_metrics(catalog, definitions.metrics, functions, faults)
    return catalog, in_order([*told_of_checks(faults, definitions.checks), *unreached(catalog)])
