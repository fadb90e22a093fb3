"""The catalog: everything a project defines, all names bound, all types and units known. Frozen after `check`.

This module hands names on and defines nothing.
"""

from __future__ import annotations

from tallymark.catalog.datasets import Column, Dataset, Input, Making, Reference
from tallymark.catalog.everything import EDGES, MAX_WAYS, Catalog, Rates, Reached, Unreached
from tallymark.catalog.metrics import Metric, MinCount

__all__ = [
    "EDGES",
    "MAX_WAYS",
    "Catalog",
    "Column",
    "Dataset",
    "Input",
    "Making",
    "Metric",
    "MinCount",
    "Rates",
    "Reached",
    "Reference",
    "Unreached",
]
