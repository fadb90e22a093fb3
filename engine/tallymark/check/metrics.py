"""Metrics in the order of their dependencies: each bound, typed, its declared unit held against what its formula gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tallymark.catalog import Catalog, Metric
from tallymark.check import measuring, operators
from tallymark.check.datasets import unit_of
from tallymark.check.empty_windows import Windows
from tallymark.check.measures import Measures
from tallymark.check.report import POISON, Report
from tallymark.definitions import MetricDef
from tallymark.errors import Fault
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound
from tallymark.formula.functions import Function, Kind
from tallymark.graph import in_order
from tallymark.kinds import Type
from tallymark.units import NUMBER, Unit


def bind_metrics(
    catalog: Catalog, definitions: Mapping[str, MetricDef], functions: Mapping[str, Function], faults: list[Fault]
) -> Catalog:
    """The catalog with every metric bound. A faulty metric stays in it without an expression."""

    def needs(name: str) -> list[str]:
        node = definitions[name].formula.node
        return [] if node is None else [m for m in metric_names(node, functions) if m in definitions]

    order = in_order(definitions, needs)
    ringed = {name for ring in order.rings for name in ring}
    for ring in order.rings:
        faults.append(_ring_fault(ring, definitions))
    blank = {name: Metric(name, d, None, language=catalog.project.language) for name, d in definitions.items()}
    metrics: dict[str, Metric] = dict(blank)
    catalog = replace(catalog, metrics=metrics)
    for name in order.names:
        if name not in ringed:
            metrics[name] = _bind(catalog, blank[name], functions, faults)
    Windows(catalog, faults).check_all()
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


def _ring_fault(ring: tuple[str, ...], definitions: Mapping[str, MetricDef]) -> Fault:
    first = definitions[ring[0]]
    places = ", ".join(f"`{name}` {definitions[name].place}" for name in ring[1:-1])
    message = f"metrics are defined in a ring: {' → '.join(ring)}"
    node = first.formula.node
    used = next((x for x in n.walk(node) if isinstance(x, n.Name) and x.parts == (ring[1],)), None) if node else None
    place = first.formula.written.place(used.span if used else None)
    return Fault("T120", message, place, f"break the ring ({places})" if places else "break the ring", f"metric `{ring[0]}`")


def _bind(catalog: Catalog, metric: Metric, functions: Mapping[str, Function], faults: list[Fault]) -> Metric:
    definition = metric.definition
    if definition.formula.node is None:
        return metric
    report = Report(definition.formula.written, f"metric `{metric.name}`")
    bound = measuring.settle(Measures(catalog, functions, report, definition.missing).bind(definition.formula.node))
    lint(definition.formula.node, report)
    if report.needs:
        faults.extend(f for f in report.faults if f.severity == "error")
        broken = {f"dataset {name}" for name in catalog.broken}
        if definition.pack is None and not broken & set(report.needs):
            listed = ", ".join(report.needs)
            message = f"`{metric.name}` cannot be answered: the project has no {listed}"
            faults.append(Fault("T119", message, definition.place, None, report.subject, "warning"))
        return replace(metric, needs=tuple(report.needs))
    unit = NUMBER
    if bound is not POISON:
        unit = declared_unit(bound, definition, catalog, report)
    faults.extend(report.faults)
    if bound is POISON:
        return metric
    return replace(metric, expression=bound, type=bound.type, unit=unit)


# --- declared units ----------------------------------------------------------------------------------------------------


def declared_unit(bound: Bound, definition: MetricDef, catalog: Catalog, report: Report) -> Unit:
    """The metric's unit: the declared one, held against what the formula gives, or the inferred one."""
    found = NUMBER if bound.unit.free else bound.unit
    if definition.unit is None:
        return found
    unit, _ = unit_of(definition.unit, catalog.project.currency)
    if not bound.type.numeric:
        if bound.type is not Type.NULL:
            report.fault("U306", f"a {bound.type.family} has no unit, `{unit.name}` is declared", None)
        return unit
    problem = _disagreement(found, unit, bound.unit.free)
    if problem is not None:
        code, message, help_ = problem
        report.fault(code, message, None, help_)
    return unit


def _disagreement(found: Unit, declared: Unit, free: bool) -> tuple[str, str, str | None] | None:
    if free:
        return None
    if found.powers != declared.powers:
        help_ = "percent is for dimensionless numbers" if declared.percent else None
        if declared.powers and found.dimensionless:
            help_ = "give its columns a unit, or declare the unit the formula has"
        return "U305", f"declared {declared}, the formula gives {found}", help_
    if found.powers:
        return None
    if declared.percent and found.hundreds == 0 and (found.fraction or found.name == "count"):
        return "U307", f"declared percent, the formula gives a {found.name}", "multiply by 100: `… * 100`"
    if declared.percent and found.hundreds > 1:
        return "U304", "declared percent, the formula multiplies by 100 twice", "leave out one `* 100`"
    if declared.name == "ratio" and found.percent:
        return "U308", "declared ratio, the formula gives a percent", "leave out `* 100`, or declare `unit: percent`"
    return None


# --- slips that parse ------------------------------------------------------------------------------------------------


def lint(node: n.Node, report: Report) -> None:
    """Precedence slips of published formulas: `a - b / b`, `a / b ?? 0`."""
    for here in n.walk(node):
        if not isinstance(here, n.Binary):
            continue
        right = here.right
        if here.operator in "+-" and _divides_itself(right, report):
            assert isinstance(right, n.Binary)
            text = report.written.text
            left, below = _text(text, here.left), _text(text, right.right)
            help_ = f"probably `({left} {here.operator} {below}) / {below}`"
            report.fault("U309", "a number divided by itself is 1: division binds tighter", right.span, help_)
        elif here.operator == "/" and isinstance(right, n.Binary) and right.operator == "??" and _bare(right, report):
            text = report.written.text
            above, below, value = _text(text, here.left), _text(text, right.left), _text(text, right.right)
            help_ = f"to replace a null quotient say `({above} / {below}) ?? {value}`"
            report.fault("U310", f"`??` binds tighter than `/`: this reads {above} / ({below} ?? {value})", right.span, help_)


def _divides_itself(node: n.Node, report: Report) -> bool:
    if not (isinstance(node, n.Binary) and node.operator == "/" and _bare(node, report)):
        return False
    return n.shape(node.left) == n.shape(node.right)


def _bare(node: n.Node, report: Report) -> bool:
    """Whether the author wrote no parentheses around the node."""
    before = report.written.text[: node.span[0]].rstrip()
    after = report.written.text[node.span[1] :].lstrip()
    return not (before.endswith("(") and after.startswith(")"))


def _text(text: str, node: n.Node) -> str:
    return text[node.span[0] : node.span[1]]
