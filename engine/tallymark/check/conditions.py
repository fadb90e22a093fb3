"""Conditions at metric level: names are dimensions that every dataset below a metric reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tallymark.catalog import Catalog, Reached, Unreached
from tallymark.check.calls import Calls
from tallymark.check.dimensions import blocked_anywhere, explain_unreached, faulty_anywhere, reach_all, wanting
from tallymark.check.report import POISON, Missing, Report
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound, DimensionUse
from tallymark.formula.functions import Function
from tallymark.kinds import Type


class Conditions(Calls):
    """Binds a `where` at metric level: names are dimensions that all of `datasets` reach."""

    def __init__(
        self,
        catalog: Catalog,
        functions: Mapping[str, Function],
        report: Report,
        datasets: frozenset[str],
        timeless: Callable[[], frozenset[str]],
    ) -> None:
        super().__init__(catalog, functions, report)
        self.datasets = datasets
        self.timeless = timeless
        """Gives those of the datasets that are read without a time."""

    def name(self, node: n.Name) -> Bound:
        """The dimension of that name. Raises Missing."""
        found = reach_all(self.catalog, self.datasets, node.parts)
        if not isinstance(found, Reached):
            return self._unknown(node, *found)
        if faulty_anywhere(self.catalog, self.datasets, node.parts):
            return POISON
        problem = blocked_anywhere(self.catalog, self.datasets, node.parts, self.timeless)
        if problem is not None:
            return self.report.fault(problem.code, problem.message, node.span, problem.help)
        reached = (self.catalog.reach(d, node.parts) for d in self.datasets)
        kinds = {r.type for r in reached if isinstance(r, Reached)}
        families = sorted({k.family for k in kinds})
        if len(families) > 1:
            message = f"`{node}` is a {' and a '.join(families)} in different datasets"
            help_ = "filter each metric on its own, or declare one type for all"
            return self.report.fault("T217", message, node.span, help_)
        # Instants and naive times meet as local times.
        kind = Type.TIMESTAMP if Type.INSTANT in kinds else found.type
        return DimensionUse(node.parts, kind, found.unit, node.span)

    def _unknown(self, node: n.Name, dataset: str, why: Unreached) -> Bound:
        name = str(node)
        if name in self.catalog.metrics and not why.candidates:
            message = f"`{name}` is a metric; this condition speaks of dimensions"
            help_ = f"to filter members by a metric, nest: `count({name} > 0 per customer)`"
            return self.report.fault("T106", message, node.span, help_)
        needs = wanting(self.catalog, self.datasets, node.parts)
        if needs:
            raise Missing(*needs)
        problem = explain_unreached(self.catalog, dataset, node.parts, why)
        return self.report.fault(problem.code, problem.message, node.span, problem.help)

    def scoped(self, node: n.Scoped) -> Bound:
        """`(plan at start)`: a dimension as it stood. No other postfix may stand in a condition."""
        if isinstance(node.body, n.Name) and (node.at, node.on, node.where, node.per) == (node.at, None, None, None):
            return self.name(n.Name((*node.body.parts[:-1], f"{node.body.parts[-1]} at {node.at}"), node.span))
        help_ = "join two conditions with `and`"
        return self.report.fault("T207", "a condition has no `on`, `at`, `where` or `per` of its own", node.span, help_)

    def special(self, function: Function, node: n.Call) -> Bound:
        """An aggregate or a context form inside a condition, where none may stand."""
        message = f"`{node.name}` inside a condition over dimensions"
        help_ = "to filter members by a metric, nest: `count(revenue > 0 per customer)`"
        return self.report.fault("T211", message, node.span, help_)
