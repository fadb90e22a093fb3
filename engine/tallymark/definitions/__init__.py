"""What the project's files say, as written: frozen data with places, formulas parsed, nothing bound.

`read` makes these from YAML; `check` binds them into a catalog; the JSON Schema for editors is generated from them.
A field's metadata says what the schema tells its reader. This module hands names on and defines nothing.
"""

from __future__ import annotations

from tallymark.definitions.bands import BandDef
from tallymark.definitions.datasets import ArgumentDef, ColumnDef, DatasetDef, RefDef, TransformDef
from tallymark.definitions.everything import Definitions
from tallymark.definitions.metrics import FunnelDef, MetricDef, MinCountDef, ParameterDef, StepDef
from tallymark.definitions.rules import NoDataDef, NotifierDef, RuleDef
from tallymark.definitions.scorecards import ScorecardDef
from tallymark.definitions.settings import (
    CalendarDef,
    ConvertDef,
    OptionPath,
    OptionPlace,
    PluginsDef,
    Project,
    RatesDef,
    SourceDef,
)
from tallymark.definitions.words import EMPTY, NOWHERE, Formula, Texts, UnitDef

__all__ = [
    "EMPTY",
    "NOWHERE",
    "ArgumentDef",
    "BandDef",
    "CalendarDef",
    "ColumnDef",
    "ConvertDef",
    "DatasetDef",
    "Definitions",
    "Formula",
    "FunnelDef",
    "MetricDef",
    "MinCountDef",
    "NoDataDef",
    "NotifierDef",
    "OptionPath",
    "OptionPlace",
    "ParameterDef",
    "PluginsDef",
    "Project",
    "RatesDef",
    "RefDef",
    "RuleDef",
    "ScorecardDef",
    "SourceDef",
    "StepDef",
    "Texts",
    "TransformDef",
    "UnitDef",
]
