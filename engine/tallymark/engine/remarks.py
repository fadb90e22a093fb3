"""What a reader of the numbers should know: rows left out for a null, zero denominators, how the data was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from tallymark.catalog import Catalog, Dataset
from tallymark.engine.asking import Asked
from tallymark.engine.facts import count, facts_of
from tallymark.engine.left_out import left_out
from tallymark.engine.pythonic import called_in_python
from tallymark.engine.rates import rate_notes
from tallymark.engine.sources import Sources
from tallymark.engine.unseen import Remark, columns_read, datasets_read, unseen
from tallymark.errors import FaultError
from tallymark.lower import Lowered
from tallymark.plan import Follow
from tallymark.render import Rendered
from tallymark.render.expressions import Writer
from tallymark.render.tallies import Tallies
from tallymark.source import Site
from tallymark.windows import resolve


def remarks(
    asked: Asked, lowered: Lowered, rendered: Rendered, table: Any, catalog: Catalog, sources: Sources
) -> tuple[str, ...]:
    """The notes of an answer, each once. Raises Cancelled, and FaultError for amounts without an exchange rate."""
    notes = _zero_denominators(lowered, table)
    notes += _hidden(asked, table)
    notes += _ripening(lowered)
    notes += rate_notes(lowered, rendered, catalog, sources)
    notes += rendered.site.notes(rendered.sql)
    notes += _counted(lowered, rendered.site, catalog, sources)
    for dataset in dict.fromkeys(g.dataset for g in lowered.plan.groups):
        if any(g.axis.kind == "timeless" for g in lowered.plan.groups if g.dataset == dataset):
            notes.append(f"`{dataset}` has no time: its rows count in every period")
    read = tuple(dict.fromkeys(d.name for name in datasets_read(lowered, catalog) for d in catalog.basis(name)))
    for dataset in read:
        notes += sources.notes(catalog.datasets[dataset])
    notes += sources.modelling.notes(catalog.made(datasets_read(lowered, catalog)))
    bounds = [bound for _, bound in asked.question.metrics]
    notes += sources.modelling.doubtful(called_in_python(catalog, sources.plugins.functions, bounds))
    notes += _aged(lowered, [catalog.datasets[dataset] for dataset in read], sources)
    return tuple(dict.fromkeys(notes))


def _aged(lowered: Lowered, datasets: Sequence[Dataset], sources: Sources) -> list[str]:
    """Which landed sources were last synced before the end of what is asked: what happened since is not known."""
    clock, periods = lowered.plan.clock, lowered.plan.periods
    if not periods:
        return []
    asked = min(max(p.end for p in periods), clock.as_of)
    until: dict[str, datetime] = {}
    for dataset in datasets:
        told = sources.complete_until(dataset)
        if told is not None and told < asked:
            until[dataset.source] = min(told, until.get(dataset.source, told))
    zone = ZoneInfo(clock.calendar.timezone)
    return [
        f"`{source}` was last synced at {at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key}): "
        "what happened later is not counted"
        for source, at in until.items()
    ]


def _zero_denominators(lowered: Lowered, table: Any) -> list[str]:
    notes = []
    for number, output in enumerate(lowered.plan.outputs):
        for column, where in ((f"z{number}", ""), (f"y{number}", " for some members")):
            count = pc.sum(table.column(column)).as_py() if column in table.column_names else None
            if count:
                notes.append(f"{output.name}: {count:,} cell{'' if count == 1 else 's'}: zero denominator{where}")
    return notes


def _hidden(asked: Asked, table: Any) -> list[str]:
    """How many cells of each metric have too little behind them to be shown."""
    notes = []
    for number, ((name, _), wanted) in enumerate(zip(asked.question.metrics, asked.question.min_counts, strict=True)):
        count = pc.sum(table.column(f"h{number}")).as_py() if f"h{number}" in table.column_names else None
        if count and wanted is not None:
            what = f"fewer than {wanted.at_least:,} rows"
            if wanted.of is not None:
                what = f"`{' '.join(wanted.text.split())}` is below {wanted.at_least:,}"
            notes.append(f"{name}: {count:,} cell{'' if count == 1 else 's'} hidden: {what}")
    return notes


def _ripening(lowered: Lowered) -> list[str]:
    """Periods whose last members have not had all the time that a conversion gives them."""
    plan = lowered.plan
    calendar, as_of = plan.clock.calendar, plan.clock.as_of
    found: dict[tuple[str, ...], tuple[int | Decimal, str]] = {}
    for space in plan.spaces:
        grid = plan.grids[space.grid]
        for node in space.nodes:
            if isinstance(node, Follow) and node.limit is not None and grid.outer is None:
                ends = [resolve(node.window, p, grid.grain, calendar, as_of) for p in grid.periods]
                open_ = [p.label for p, r in zip(grid.periods, ends, strict=True)
                         if not r.void and calendar.add(r.end, *node.limit) > as_of]  # fmt: skip
                found[tuple(open_)] = node.limit
    return [_still_rising(periods, limit) for periods, limit in found.items() if periods]


def _still_rising(periods: tuple[str, ...], limit: tuple[int | Decimal, str]) -> str:
    count, unit = limit
    time = f"{count} {unit}{'' if count == 1 else 's'}"
    which = periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"
    return f"{which}: conversions may still rise, the last members have had less than {time}"


def _counted(lowered: Lowered, site: Site, catalog: Catalog, sources: Sources) -> list[str]:
    """The remarks whose rows there are.

    Whether there can be any is known for every state of the data; only then the question's own rows are counted.
    """
    functions = sources.plugins.functions
    found = unseen(lowered, catalog, functions)
    found += left_out(catalog, datasets_read(lowered, catalog), columns_read(lowered, catalog), functions)
    if not found:
        return []
    plan = lowered.plan
    writer = Writer(plan.clock, site.dialect, functions)
    tallies = Tallies(catalog, site.relation, writer, plan.clock.calendar)
    read = sorted({d for r in found for d in r.datasets})
    states = {d: tuple(sources.state(b) for b in catalog.basis(d)) for d in read}
    wanted = {r.fact: tuple(states[d] for d in sorted(r.datasets)) for r in found if r.fact is not None}
    known = facts_of(sources).counts(wanted, site, tallies)
    counts = {r: known[r.fact] for r in found if r.fact in known and (known[r.fact] == 0 or r.fact == r.counted)}
    open_ = [r for r in found if r not in counts]
    try:
        counts.update(zip(open_, count([r.counted for r in open_], site, tallies) if open_ else [], strict=True))
    except FaultError as error:
        # Rows outside the answer may hold what a condition cannot compute; the answer stands all the same.
        return [f"rows that are left out could not be counted: {error.faults[0].message}"]
    return [_sentence(r, counts[r]) for r in found if counts[r]]


def _sentence(remark: Remark, count: int) -> str:
    return remark.one if count == 1 else remark.many.replace("{count}", f"{count:,}", 1)
