"""Which metric somebody may have meant who asked for one in words that are no metric's name."""

from __future__ import annotations

from collections.abc import Sequence

from tallymark.catalog import Metric
from tallymark.spoken import proposed


def near_in_words(text: str, metrics: Sequence[Metric]) -> str | None:
    """A help line with the metric whose names say most of the text, else whose description does; None without one."""
    by_name = {m.name: m for m in metrics}
    named = proposed(text, {m.name: m.called() for m in metrics})
    if named is not None:
        return f"did you mean {_introduced(by_name[named])}?"
    told = proposed(text, {m.name: m.definition.description.values() for m in metrics})
    return f"{_introduced(by_name[told])} speaks of it" if told is not None else None


def _introduced(metric: Metric) -> str:
    label = metric.label()
    return f"`{metric.name}` ({label})" if label and label != metric.name else f"`{metric.name}`"
