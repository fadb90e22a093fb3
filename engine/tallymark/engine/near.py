"""Which metric somebody may have meant who asked for one in words that are no metric's name."""

from __future__ import annotations

from collections.abc import Sequence

from tallymark.catalog import Metric
from tallymark.spoken import proposed


def near_in_words(text: str, metrics: Sequence[Metric]) -> str | None:
    """A help line with the metric whose names say most of the text, else whose description and own names of bands do;
    None without one.
    """
    by_name = {m.name: m for m in metrics}
    named = proposed(text, {m.name: m.called() for m in metrics})
    if named is not None:
        return f"did you mean {_introduced(by_name[named])}?"
    told = proposed(text, {m.name: _told(m) for m in metrics})
    return f"{_introduced(by_name[told])} speaks of it" if told is not None else None


def _told(metric: Metric) -> tuple[str, ...]:
    """What the metric says of itself, in each language: its description, and what its bands are called."""
    said = metric.definition
    return tuple(
        " ".join((text, *(band.label.get(language, "") for band in said.bands)))
        for language, text in said.description.items()
    )


def _introduced(metric: Metric) -> str:
    label = metric.label()
    return f"`{metric.name}` ({label})" if label and label != metric.name else f"`{metric.name}`"
