"""Metrics that are of one member at a time, as a customer's risk is: where they may stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tallymark.catalog import Catalog, Metric, Unreached
from tallymark.check.dimensions import explain_unreached, leaves
from tallymark.check.report import Report
from tallymark.errors import Fault
from tallymark.formula.bound import (
    Apply,
    Bound,
    Constant,
    DimensionUse,
    Filtered,
    Lifted,
    MetricUse,
    Nested,
    ParameterUse,
    parts,
)

Parts = tuple[str, ...]


def level_of(metric: Metric) -> Parts | None:
    """The dimension of whose single members the metric is; None where it means something for several together."""
    said = metric.definition.level
    return None if said is None else tuple(said.split("."))


def check_level(metric: Metric, bound: Bound, catalog: Catalog, report: Report) -> None:
    """Notes uses of metrics off their level (T280), and a level that what the metric reads does not reach."""
    own = level_of(metric)
    for use in off_level(bound, [own] if own is not None else (), catalog):
        message, help_ = misplaced(use, catalog)
        if own is None:
            help_ += f"; or give `{metric.name}` the same `level:`"
        report.fault("T280", message, use.span, help_)
    if own is None:
        return
    for dataset in sorted(leaves(catalog, bound, own)):
        found = catalog.reach(dataset, own)
        if isinstance(found, Unreached):
            code, message, help_text = explain_unreached(catalog, dataset, own, found)
            report.faults.append(Fault(code, message, metric.definition.level_place, help_text, report.subject))


def misplaced(use: MetricUse, catalog: Catalog) -> tuple[str, str]:
    """What is wrong with a metric that stands off its level, and what to write."""
    level = ".".join(level_of(catalog.metrics[use.name]) or ())
    message = f"`{use.name}` is of one `{level}`, and this would be of several together"
    return message, f"say what becomes of them: `avg({use.name} per {level})`, for example"


def off_level(bound: Bound, members: Iterable[Parts], catalog: Catalog) -> Iterator[MetricUse]:
    """The uses of metrics where no single member of their level is known. `members`: the dimensions of which one is."""
    nobody: frozenset[Parts] = frozenset()
    waiting = [(bound, frozenset(members), nobody)]
    while waiting:
        here, known, innermost = waiting.pop()
        match here:
            case MetricUse(name=name):
                level = level_of(catalog.metrics[name]) if name in catalog.metrics else None
                if level is not None and level not in known:
                    yield here
            case Nested(body=body, member=member, by_grain=False):
                waiting.append((body, known | {member}, frozenset((member,))))
            case Lifted(body=body, alone=True):
                waiting.append((body, innermost, innermost))
            case Lifted(body=body, dimensions=dimensions):
                lifted = frozenset(dimensions) if dimensions is not None else known
                waiting.append((body, known - lifted, innermost - lifted))
            case Filtered(body=body, condition=condition):
                waiting.append((body, known | set(pinned(condition)), innermost))
            case _:
                waiting += [(part, known, innermost) for part in parts(here)]


def pinned(condition: Bound) -> Iterator[Parts]:
    """The dimensions of which a condition leaves one member: `customer = 'a'`."""
    match condition:
        case Apply(function="and", arguments=arguments):
            for each in arguments:
                yield from pinned(each)
        case Apply(function="=", arguments=(DimensionUse(parts=named), Constant() | ParameterUse(many=False))):
            yield named
