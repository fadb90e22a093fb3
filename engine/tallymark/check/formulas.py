"""One formula of a metric, a question or a `where`, bound as a whole: names, types, units, windows, caps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tallymark.catalog import Catalog
from tallymark.check import caps, measuring
from tallymark.check.conditions import Conditions
from tallymark.check.currencies import rule_fits
from tallymark.check.dimensions import leaves
from tallymark.check.empty_windows import Windows
from tallymark.check.measures import Measures
from tallymark.check.report import POISON, Report
from tallymark.check.slips import slips, without_echoes
from tallymark.definitions import ConvertDef
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound
from tallymark.formula.functions import Function
from tallymark.kinds import Type


@dataclass(frozen=True, slots=True)
class Formulas:
    """Binds whole formulas over one catalog. What is wrong or missing is noted in the report that goes with each.

    `known`: the datasets below metrics, so that a chain of metrics is not followed anew from each of its ends.
    """

    catalog: Catalog
    functions: Mapping[str, Function]
    windows: Windows
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    def bind(
        self,
        node: n.Node,
        report: Report,
        missing: str | None = None,
        percent: bool = False,
        convert: ConvertDef | None = None,
    ) -> Bound:
        """A metric's formula, POISON when anything is wrong with it.

        `percent`: the metric is declared one, so that a percent literal alone keeps its scale. `convert`: the metric's
        own rule of conversion.
        """
        bound = Measures(self.catalog, self.functions, report, missing, self.known).bind(node)
        bound = measuring.as_percent(bound) if percent else measuring.settle(bound)
        found = slips(node, report)
        report.faults = without_echoes(report.faults, found, report)
        if bound.type is Type.NULL:
            return report.fault("T233", "the formula is always null", None, "compute a value, or leave the metric out")
        if found or bound is POISON or not caps.fits(bound, report):
            return POISON
        if not rule_fits(bound, convert or self.catalog.project.convert, report):
            return POISON
        return bound if self.windows.check(bound, report) else POISON

    def remember(self, metric: str, bound: Bound) -> None:
        """Keeps what later formulas need to know of a metric."""
        self.known[metric] = leaves(self.catalog, bound, known=self.known)

    def condition(
        self, node: n.Node, report: Report, datasets: frozenset[str], timeless: Callable[[], frozenset[str]]
    ) -> Bound:
        """A condition over dimensions that all of `datasets` reach; POISON when anything is wrong with it.

        `timeless` gives those of the datasets that are read without a time.
        """
        bound = Conditions(self.catalog, self.functions, report, datasets, timeless).condition(node)
        return bound if bound is not POISON and caps.fits(bound, report) else POISON
