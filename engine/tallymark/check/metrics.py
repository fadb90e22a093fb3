"""Metrics in the order of their dependencies: each bound and typed, its declared unit held against its formula's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tallymark.catalog import Catalog, Metric, MinCount
from tallymark.check.caps import MAX_LEVELS, measure
from tallymark.check.declared import declared_unit
from tallymark.check.empty_windows import Windows
from tallymark.check.extents import Extents
from tallymark.check.formulas import Formulas
from tallymark.check.levels import check_level
from tallymark.check.report import POISON, Report
from tallymark.check.standards import with_standards
from tallymark.definitions import MetricDef
from tallymark.errors import Fault
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound, MetricUse, walk
from tallymark.formula.functions import Function, Kind
from tallymark.graph import in_order
from tallymark.kinds import Type
from tallymark.units import NUMBER


def bind_metrics(
    catalog: Catalog, definitions: Mapping[str, MetricDef], functions: Mapping[str, Function], faults: list[Fault]
) -> Catalog:
    """The catalog with every metric bound. A faulty metric stays in it without an expression."""

    def needs(name: str) -> list[str]:
        node = definitions[name].formula.node
        return [] if node is None else [m for m in metric_names(node, functions) if m in definitions]

    order = in_order(definitions, needs)
    ringed = {name for ring in order.rings for name in ring}
    faults += [ring_fault(ring, definitions) for ring in order.rings]
    metrics = {name: Metric(name, d, None, language=catalog.project.language) for name, d in definitions.items()}
    # One mapping, filled as the metrics are bound: each finds those it uses.
    catalog = replace(catalog, metrics=metrics)
    binder = _Binder(catalog, Formulas(catalog, functions, Windows(catalog)), faults)
    for name in order.names:
        if name not in ringed:
            metrics[name] = binder.bind(metrics[name])
    for name, metric in metrics.items():
        if metric.available:
            metrics[name] = binder.bind_min_count(metric)
    for name, metric in metrics.items():
        metrics[name] = with_standards(metric, binder.formulas, binder.extents, faults)
    return catalog


def metric_names(node: n.Node, functions: Mapping[str, Function]) -> Iterator[str]:
    """The names in a formula that stand for metrics: not those inside aggregates of rows, conditions or `per`."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        match here:
            case n.Name(parts=(name,)):
                yield name
            case n.Scoped(body=body):
                waiting.append(body)
            case n.Call(name=name, arguments=arguments) if arguments:
                waiting.extend(_metric_arguments(functions.get(name), arguments))
            case _:
                waiting.extend(n.children(here))


def _metric_arguments(function: Function | None, arguments: tuple[n.Node, ...]) -> tuple[n.Node, ...]:
    if function is None or function.kind is Kind.SCALAR:
        return arguments
    first = arguments[0]
    if function.kind is Kind.AGGREGATE:
        return (first.body,) if isinstance(first, n.Scoped) and first.per is not None else ()
    return (first,)


def ring_fault(ring: tuple[str, ...], definitions: Mapping[str, MetricDef]) -> Fault:
    """The fault of metrics that need one another, `a, b, …, a`: placed at the first one's use of the second."""
    first = definitions[ring[0]]
    places = ", ".join(f"`{name}` at {definitions[name].place}" for name in ring[1:-1])
    node = first.formula.node
    used = [x for x in n.walk(node) if isinstance(x, n.Name) and x.parts == (ring[1],)] if node is not None else []
    place = first.formula.written.place(used[0].span if used else None)
    message = f"metrics are defined in a ring: {' → '.join(ring)}"
    help_ = f"break the ring: {places}" if places else "break the ring: a metric cannot rest on itself"
    return Fault("T120", message, place, help_, f"metric `{ring[0]}`")


@dataclass(slots=True)
class _Binder:
    """Binds metrics one after the other. `levels`: how deep each is, with those it builds on."""

    catalog: Catalog
    formulas: Formulas
    faults: list[Fault]
    levels: dict[str, int] = field(default_factory=dict)
    extents: Extents = field(default_factory=Extents)

    def bind(self, metric: Metric) -> Metric:
        definition = metric.definition
        node = definition.formula.node
        if node is None:
            return metric
        report = Report(definition.formula.written, definition.about or f"metric `{metric.name}`")
        percent = definition.unit is not None and definition.unit.name == "percent"
        bound = self.formulas.bind(node, report, definition.missing, percent, definition.convert)
        if report.needs:
            self._note_needs(definition, report)
            return replace(metric, needs=tuple(report.needs))
        unit = NUMBER
        if bound is not POISON:
            unit = declared_unit(bound, definition.unit, self.catalog.project.currency, report)
            self._count_levels(metric.name, bound, report)
            check_level(metric, bound, self.catalog, report)
        self.faults.extend(report.faults)
        if bound is POISON or report.errors:
            return metric
        self.formulas.remember(metric.name, bound)
        self.extents.remember(metric.name, bound)
        return replace(metric, expression=bound, type=bound.type, unit=unit)

    def bind_min_count(self, metric: Metric) -> Metric:
        """The metric with what decides whether its cells are shown. Where that is at fault, so is the metric."""
        said = metric.definition.min_count
        if said is None or said.of is None:
            return replace(metric, min_count=MinCount(said.at_least) if said is not None else None)
        if said.of.node is None:
            return replace(metric, expression=None)
        report = Report(said.of.written, f"metric `{metric.name}`")
        bound = self.formulas.bind(said.of.node, report)
        if bound is not POISON and not report.needs and bound.type is not Type.INTEGER:
            message = f"`min_count` counts, and this gives a {bound.type.family}"
            help_ = "say what is counted, `count(survey_responses.score)` for example"
            message = message if not bound.type.numeric else "`min_count` counts, and this is no whole number"
            report.fault("T271", message, None, help_)
        self.faults.extend(report.faults)
        if report.needs:
            return replace(metric, expression=None, needs=tuple(report.needs))
        if bound is POISON or report.errors:
            return replace(metric, expression=None)
        return replace(metric, min_count=MinCount(said.at_least, bound, said.of.text))

    def _note_needs(self, definition: MetricDef, report: Report) -> None:
        """A metric that waits for data: of a pack that is no fault, of the project's own a warning."""
        self.faults.extend(report.errors)
        broken = {f"dataset {name}" for name in self.catalog.broken}
        if definition.pack is None and definition.about is None and not broken & set(report.needs):
            message = f"`{definition.name}` cannot be answered: the project has no {', '.join(report.needs)}"
            help_ = "map a table of yours onto it with `implements:`"
            self.faults.append(Fault("T119", message, definition.place, help_, report.subject, "warning"))

    def _count_levels(self, name: str, bound: Bound, report: Report) -> None:
        used = {node.name for node in walk(bound) if isinstance(node, MetricUse)}
        deepest = max(used, key=lambda m: self.levels[m], default=None)
        self.levels[name] = measure(bound)[0] + (self.levels[deepest] if deepest is not None else 0)
        if self.levels[name] > MAX_LEVELS:
            message = f"metrics build on each other {self.levels[name]} levels deep; {MAX_LEVELS} is the most"
            report.fault("T121", message, None, f"the deepest is `{deepest}`: write part of the chain in one formula")
