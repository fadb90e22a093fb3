"""The keys of YAML files: what each means, a value to show, and its shape where a field's type says too little.

The definitions say which keys there are; `json_schema` makes the schema of both. A module for each kind of thing that
files define, with its `KEYS` and `SECTIONS`; here they come together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tallymark.json_keys import (
    bands,
    checks,
    datasets,
    metrics,
    notifiers,
    rules,
    scorecards,
    settings,
    trials,
)
from tallymark.json_keys.datasets import FORMAT
from tallymark.json_keys.metrics import FORMULA_KEYS, PARAMETER_TYPES
from tallymark.json_keys.rules import SEVERITIES
from tallymark.json_keys.scorecards import SHORT
from tallymark.json_keys.settings import MONTHS, PARTIAL, POLICIES, WEEKDAYS
from tallymark.json_keys.shapes import (
    CURRENCY,
    DAY,
    NAME_PATTERN,
    TEXT,
    Key,
    Kinds,
    Schema,
    choice,
    like,
    mapping_of,
    ref,
    whole,
)

__all__ = [
    "CURRENCY",
    "DAY",
    "FORMAT",
    "FORMULA_KEYS",
    "KEYS",
    "METRIC_SECTIONS",
    "MONTHS",
    "NAME_PATTERN",
    "PARAMETER_TYPES",
    "PARTIAL",
    "POLICIES",
    "PROJECT_SECTIONS",
    "SECTIONS",
    "SEVERITIES",
    "SHORT",
    "TEXT",
    "WEEKDAYS",
    "Key",
    "Schema",
    "choice",
    "like",
    "mapping_of",
    "ref",
    "whole",
]

_ROOMS = (
    settings,
    notifiers,
    datasets,
    metrics,
    bands,
    scorecards,
    checks,
    rules,
    trials,
)

KEYS: Kinds = MappingProxyType({name: kind for room in _ROOMS for name, kind in room.KEYS.items()})
"""For each kind of mapping: its definition, its keys, and the fields that are no keys."""

SECTIONS: Mapping[str, Schema] = MappingProxyType({n: s for room in _ROOMS for n, s in room.SECTIONS.items()})
"""The shape of each section of a file."""

PROJECT_SECTIONS = ("sources", "notifiers", "parameters", "datasets")
"""The sections of `tally.yaml`."""

METRIC_SECTIONS = (
    "parameters",
    "datasets",
    "metrics",
    "funnels",
    "scorecards",
    "checks",
    "rules",
    "tests",
)
"""The sections of metric files."""
