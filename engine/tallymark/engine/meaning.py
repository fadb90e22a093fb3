"""What a rule means, as a digest: it changes when the same data could be told otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tallymark.catalog import Catalog, Metric
from tallymark.definitions import Formula, RuleDef
from tallymark.engine.origins import ColumnName, below_column, of_dimension, read_by
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound, MetricUse, ParameterUse, walk
from tallymark.formula.nodes import shape
from tallymark.place import Place

DIGITS = 32

SETTINGS = ("timezone", "week_start", "fiscal_year_start", "calendar", "currency", "convert")
"""The settings of a project that decide which rows are in a period, and how amounts are added up."""

UNSAID = frozenset(("span", "label", "description"))
"""What changes no number."""


def meaning(rule: RuleDef, conditions: Iterable[Metric], catalog: Catalog, values: Mapping[str, Any]) -> str:
    """The digest of a rule's conditions, dimensions, filter, grain and patience, of the formulas of all metrics and
    computed columns that they rest on, of the parameters' `values` that those name, and of the project's time zone,
    calendar and currency. Not of message, severity, labels or whom it tells, and not of the data.
    """
    asked = list(conditions)
    bounds = [m.expression for m in asked if m.expression is not None]
    metrics = {m.name: m for m in _metrics(bounds, catalog)}
    columns = sorted(_columns(rule, [*asked, *metrics.values()], catalog))
    computed = [catalog.datasets[name].columns[column] for name, column in columns]
    made = [part for c in computed for part in (c.formula, c.aggregate) if part is not None]
    read = [*bounds, *(m.expression for m in metrics.values() if m.expression is not None), *made]
    parameters = {use.name for bound in read for use in walk(bound) if isinstance(use, ParameterUse)}
    said = {
        "when": _form(rule.when),
        "clear": _form(rule.clear),
        "where": _form(rule.where),
        "by": rule.by,
        "grain": rule.grain,
        "for": rule.lasting,
        "keep_firing": rule.keep_firing,
        "no_data": rule.no_data.after,
        "partial": rule.partial,
        "since": rule.since,
        "parameters": {name: values[name] for name in sorted(parameters) if name in values},
        "metrics": {name: _metric(metrics[name]) for name in sorted(metrics)},
        "columns": [
            [*name, *_plain((c.formula, c.aggregate, c.via))] for name, c in zip(columns, computed, strict=True)
        ],
        "datasets": [_dataset(name, catalog) for name in sorted({dataset for dataset, _ in columns})],
        "project": [_plain(getattr(catalog.project, name)) for name in SETTINGS],
    }
    text = json.dumps(said, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _form(formula: Formula | None) -> Any:
    """A formula apart from blanks and places."""
    return None if formula is None or formula.node is None else repr(shape(formula.node))


def _metric(metric: Metric) -> Any:
    said = metric.definition
    counted = said.min_count
    hidden = None if counted is None else (counted.at_least, _form(counted.of))
    return [
        _form(said.formula),
        str(metric.unit),
        said.missing,
        hidden,
        said.level,
        repr(said.convert and said.convert.policy),
    ]


def _dataset(name: str, catalog: Catalog) -> Any:
    """What says which rows there are and when they count, beside the rows themselves."""
    dataset = catalog.datasets[name]
    made = None if dataset.making is None else (dataset.making.text, dataset.making.given)
    return [name, dataset.key, dataset.time, dataset.valid, _plain(made)]


def _columns(rule: RuleDef, metrics: Iterable[Metric], catalog: Catalog) -> set[ColumnName]:
    """The columns that metrics read, in the dimensions and the filter of the rule too, down to those of tables."""
    found: dict[ColumnName, None] = {}
    names = [tuple(name.partition(" at ")[0].split(".")) for name in rule.by]
    if rule.where is not None and rule.where.node is not None:
        names += [node.parts for node in n.walk(rule.where.node) if isinstance(node, n.Name)]
    for metric in metrics:
        found |= dict.fromkeys(read_by(catalog, metric))
        if metric.expression is not None:
            for name in names:
                found |= dict.fromkeys(of_dimension(catalog, metric.expression, name))
    waiting = list(found)
    while waiting:
        below = [name for name in below_column(catalog, waiting.pop()) if name not in found]
        found |= dict.fromkeys(below)
        waiting += below
    return set(found)


def _plain(value: Any) -> Any:
    """A definition or bound formula apart from where it is written and what it is called."""
    if isinstance(value, Place):
        return None
    if is_dataclass(value):
        kept = [f.name for f in fields(value) if f.name not in UNSAID]
        return [type(value).__name__, *(_plain(getattr(value, name)) for name in kept)]
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _metrics(bounds: list[Bound], catalog: Catalog) -> Iterator[Metric]:
    """Every metric below some formulas, near or far, each once."""
    seen: set[str] = set()
    waiting = list(bounds)
    while waiting:
        for use in walk(waiting.pop()):
            if isinstance(use, MetricUse) and use.name not in seen and use.name in catalog.metrics:
                seen.add(use.name)
                found = catalog.metrics[use.name]
                yield found
                waiting += [found.expression] if found.expression is not None else []
