"""All that the files of a project and its packs define."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tallymark.definitions.checks import CheckDef
from tallymark.definitions.datasets import DatasetDef
from tallymark.definitions.metrics import FunnelDef, MetricDef, ParameterDef
from tallymark.definitions.rules import NotifierDef, RuleDef
from tallymark.definitions.scorecards import ScorecardDef
from tallymark.definitions.settings import Project, SourceDef
from tallymark.definitions.trials import TrialDef


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything the files of a project and its packs define."""

    project: Project = field(default_factory=Project)
    sources: Mapping[str, SourceDef] = field(default_factory=dict)
    parameters: Mapping[str, ParameterDef] = field(default_factory=dict)
    datasets: Mapping[str, DatasetDef] = field(default_factory=dict)
    """By their own name; a dataset that implements a canonical one is kept apart until `check` joins them."""
    metrics: Mapping[str, MetricDef] = field(default_factory=dict)
    """Those that funnels, scorecards and checks stand for included."""
    funnels: Mapping[str, FunnelDef] = field(default_factory=dict)
    scorecards: Mapping[str, ScorecardDef] = field(default_factory=dict)
    canonical: Mapping[str, DatasetDef] = field(default_factory=dict)
    """The packs' datasets without data, by name."""
    rules: Mapping[str, RuleDef] = field(default_factory=dict)
    notifiers: Mapping[str, NotifierDef] = field(default_factory=dict)
    tests: Mapping[str, TrialDef] = field(default_factory=dict)
    """Those of the project; packs have theirs where nobody looks who does not run them."""
    checks: Mapping[str, CheckDef] = field(default_factory=dict)
