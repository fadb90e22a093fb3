"""What the project's files say, as written: frozen data with places, formulas parsed, nothing bound.

`read` makes these from YAML; `check` binds them into a catalog; the JSON Schema for editors is generated from them.
A field's metadata says what the schema tells its reader. This module hands names on and defines nothing.
"""

from __future__ import annotations

from tallymark.definitions.bands import AmountDef, BandDef, TargetDef
from tallymark.definitions.checks import CheckDef, LimitsDef, RowCountDef, ToleranceDef
from tallymark.definitions.datasets import ArgumentDef, ColumnDef, DatasetDef, RefDef, TransformDef
from tallymark.definitions.everything import Definitions
from tallymark.definitions.metrics import FunnelDef, MetricDef, MinCountDef, ParameterDef, StepDef
from tallymark.definitions.rules import STANDING, NoDataDef, NotifierDef, RuleDef, names_in
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
from tallymark.definitions.trials import Cell, ExpectDef, InputsDef, RowsDef, Series, TrialDef, Word
from tallymark.definitions.words import EMPTY, NOWHERE, Formula, Texts, UnitDef, in_language

__all__ = [
    "EMPTY",
    "NOWHERE",
    "STANDING",
    "AmountDef",
    "ArgumentDef",
    "BandDef",
    "CalendarDef",
    "Cell",
    "CheckDef",
    "ColumnDef",
    "ConvertDef",
    "DatasetDef",
    "Definitions",
    "ExpectDef",
    "Formula",
    "FunnelDef",
    "InputsDef",
    "LimitsDef",
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
    "RowCountDef",
    "RowsDef",
    "RuleDef",
    "ScorecardDef",
    "Series",
    "SourceDef",
    "StepDef",
    "TargetDef",
    "Texts",
    "ToleranceDef",
    "TransformDef",
    "TrialDef",
    "UnitDef",
    "Word",
    "in_language",
    "names_in",
]
