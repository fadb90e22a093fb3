"""What the spaces of a plan are written with, and what is written of them so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from tallymark.plan import Plan
from tallymark.render.branch import Branch
from tallymark.render.expressions import Writer
from tallymark.render.groups import Groups
from tallymark.render.rows import Statement
from tallymark.windows import Calendar, Resolved, Window, resolve


@dataclass(slots=True)
class Written:
    """A space as written: the relation that holds its wanted nodes, each under `n` and its number."""

    relation: str
    columns: dict[int, str] = field(default_factory=dict)


class Building:
    """The rows of a plan's groups, and its spaces as far as they are written."""

    def __init__(self, plan: Plan, groups: Groups, writer: Writer, calendar: Calendar, statement: Statement) -> None:
        self.plan = plan
        self.groups = groups
        self.writer = writer
        self.calendar = calendar
        self.statement = statement
        self.written: dict[int, Written] = {}
        self.branches: dict[int, list[Branch]] = {g.number: groups.write(g) for g in plan.groups}

    def resolved(self, window: Window, grid: int) -> list[Resolved]:
        """The instants of a window over every period of a grid."""
        return self.plan.grids[grid].resolve(window, self.calendar, self.plan.clock.as_of)

    def first_void(self, window: Window, grid: int) -> int | None:
        """The first period of a grid that has no value in this window, because it begins after `as_of`."""
        here = self.plan.grids[grid]
        as_of = self.plan.clock.as_of
        for number in range(len(here.periods) - 1, -1, -1):
            over = here.moved(window, number)
            if not resolve(over, here.periods[number], here.grain, self.calendar, as_of).void:
                return number + 1 if number + 1 < len(here.periods) else None
        return 0
