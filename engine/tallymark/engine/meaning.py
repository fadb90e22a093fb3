"""What a rule means, as a digest: it changes when the same data could be told otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tallymark.catalog import Catalog, Metric
from tallymark.definitions import Formula, RuleDef
from tallymark.formula.bound import Bound, MetricUse, ParameterUse, walk
from tallymark.formula.nodes import shape

DIGITS = 32


def meaning(rule: RuleDef, conditions: Iterable[Bound], catalog: Catalog, values: Mapping[str, Any]) -> str:
    """The digest of a rule's conditions, dimensions, filter, grain and patience, of the formulas of all metrics that
    they rest on, and of the parameters' `values` that those name. Not of message, severity, labels or whom it tells.
    """
    bounds = list(conditions)
    metrics = {m.name: m for m in _metrics(bounds, catalog)}
    read = [*bounds, *(m.expression for m in metrics.values() if m.expression is not None)]
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
