"""Conversions: members followed from step to step, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Protocol

from tallymark.formula import nodes

from . import contexts, functions, values
from .clock import BEGINNING, Clock, Moment
from .contexts import Context
from .expressions import duration
from .rows import Read, Source, Table
from .world import NaiveError, Row, World

NAMES = frozenset(("conversion", "converted"))


class Slices(Protocol):
    """What knows the rows of a slice."""

    world: World
    clock: Clock
    as_of: Moment
    table: Table

    def rows(self, source: Source, found: contexts.Window, context: Context) -> list[tuple[Row, Read]]: ...


@dataclass(frozen=True)
class Step:
    """The rows of a step: a dataset on one of its times, and a condition."""

    source: Source
    where: nodes.Node | None


def converted(slices: Slices, node: nodes.Call, context: Context) -> tuple[int, int] | None:
    """How many members have the first step in the window, and how many go on to the last; null after the as_of."""
    if context.period.start.utc >= slices.as_of.utc:
        return None
    steps = steps_of(slices.world, node)
    found = contexts.window(context, slices.clock, slices.as_of)
    entered: dict[Any, Any] = {}
    for row, read in slices.rows(steps[0].source, found, context):
        who = member(slices.table, node, steps[0], row, read)
        if who is not None and _holds(slices.table, steps[0], row, read):
            time = _time(slices.table, steps[0], row)
            if who not in entered or _order(time, steps, slices) < _order(entered[who], steps, slices):
                entered[who] = time
    arrived = [w for w, t in entered.items() if _arrives(slices, node, steps, w, t, found)]
    return len(entered), len(arrived)


def steps_of(world: World, node: nodes.Call) -> list[Step]:
    """The steps of a conversion, in order."""
    found = []
    for argument in node.arguments:
        if isinstance(argument, nodes.PerArgument | nodes.WithinArgument | nodes.Text):
            continue
        scoped = argument if isinstance(argument, nodes.Scoped) else nodes.Scoped(argument, argument.span)
        dataset = str(scoped.body)
        axis = str(scoped.on) if scoped.on is not None else world.datasets[dataset].time
        if axis is None:
            raise NaiveError(f"{dataset} has no time")
        found.append(Step(Source(dataset, "flow", axis), scoped.where))
    return found


def member(table: Table, node: nodes.Call, step: Step, row: Row, read: Read) -> Any:
    """Who a row of a step belongs to."""
    name = next(a.member for a in node.arguments if isinstance(a, nodes.PerArgument))
    return table.named(str(name), step.source.dataset, row, read)


def _arrives(
    slices: Slices, node: nodes.Call, steps: list[Step], who: Any, first: date, window: contexts.Window
) -> bool:
    """Whether a member takes each step after the one before, the last one in time."""
    time = first
    for before, step in pairwise(steps):
        after = list(_times(slices, node, before, step, steps, who, time))
        if not after:
            return False
        time = min(after, key=lambda t: _order(t, steps, slices))
    last = _order(time, steps, slices)
    for argument in node.arguments:
        if isinstance(argument, nodes.WithinArgument):
            within = duration(argument.duration, slices.world.parameters)
            if last > _limit(first, within, steps, slices):
                return False
        if isinstance(argument, nodes.Text) and not slices.table.precedes(last, window.end):
            return False
    return True


def _times(
    slices: Slices, node: nodes.Call, before: Step, step: Step, steps: list[Step], who: Any, after: date
) -> Iterator[date]:
    """The times of the member's rows of a step at or after a time; later, of a row that may be the step before."""
    table = slices.table
    for row in slices.world.rows[step.source.dataset]:
        read = table.reads(step.source, row, BEGINNING, slices.as_of)
        if read is None or member(table, node, step, row, read) != who or not _holds(table, step, row, read):
            continue
        time = _time(table, step, row)
        here, there = _order(time, steps, slices), _order(after, steps, slices)
        same = before.source == step.source and _holds(table, before, row, read)
        if here > there or (here == there and not same):
            yield time


def _holds(table: Table, step: Step, row: Row, read: Read) -> bool:
    return step.where is None or table.evaluate(step.where, step.source.dataset, row, read) is True


def _time(table: Table, step: Step, row: Row) -> date:
    found = table.time(step.source, row)
    assert found is not None
    return found


def _kinds(steps: list[Step], slices: Slices) -> set[str]:
    """What the times of the steps are: dates, local times, instants."""
    found: set[str] = set()
    for step in steps:
        times = [slices.table.time(step.source, row) for row in slices.world.rows[step.source.dataset]]
        time = next((t for t in times if t is not None), None)
        if time is not None:
            found.add("instant" if values.is_instant(time) else "local" if isinstance(time, datetime) else "date")
    return found


def _order(time: date, steps: list[Step], slices: Slices) -> date:
    """A time as it compares with those of the other steps: as a date where one is, on the local clock where one is."""
    kinds = _kinds(steps, slices)
    if "date" in kinds:
        return slices.clock.moment(time).wall.date()
    return time if len(kinds) == 1 else slices.clock.moment(time).wall


def _limit(first: date, within: nodes.Duration, steps: list[Step], slices: Slices) -> date:
    start = _order(first, steps, slices)
    precise = within.unit in ("second", "minute", "hour") or within.count != int(within.count)
    if precise and not isinstance(start, datetime):
        raise NaiveError("hours after a date are not covered here")
    moved: date = functions.call("date_add", (start, within), slices.clock)
    return moved
