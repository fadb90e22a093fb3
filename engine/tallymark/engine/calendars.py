"""The calendar of a project: the common one, a retail one, or one read from a table before questions are planned."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlglot import exp

from tallymark.catalog import Catalog, Dataset
from tallymark.definitions import CalendarDef, Project
from tallymark.engine.sources import Sources
from tallymark.errors import Fault, FaultError
from tallymark.formula.functions import TABLE, Function
from tallymark.lower import default_values, settle_datasets
from tallymark.render.keys import current_writer
from tallymark.render.rows import Rows, Statement
from tallymark.render.values import column
from tallymark.windows import WEEKDAYS, Calendar, Reckoning, Stretch, given, parse_year_end, retail

_DAY = timedelta(days=1)
_UNITS = ("month", "quarter", "year", "week")


def plain_calendar(project: Project) -> Calendar:
    """The calendar as far as the settings alone say it: without the table of one that is given as a table."""
    plain = Calendar(project.timezone, WEEKDAYS.index(project.week_start), project.fiscal_year_start)
    own = project.calendar
    end = parse_year_end(own.ends) if own is not None and own.ends is not None else None
    if own is None or own.pattern is None or end is None:
        return plain
    one, two, three = (int(weeks) for weeks in own.pattern.split("-"))
    reckoning = retail((one, two, three), end, own.week_53, own.named_by == "start")
    return replace(plain, week_start=(end.weekday + 1) % 7, fiscal_year_start=1, own=reckoning)


class Calendars:
    """Gives a project's calendar, read once for every state of its table. Safe to use from several threads."""

    def __init__(self, catalog: Catalog, sources: Sources, functions: Mapping[str, Function] = TABLE) -> None:
        self.plain = plain_calendar(catalog.project)
        self._catalog = catalog
        self._sources = sources
        self._functions = functions
        self._read: tuple[Hashable, Calendar] | None = None
        self._lock = threading.Lock()

    def current(self) -> Calendar:
        """The calendar. Raises FaultError for a table that makes none (Q571 to Q576) or cannot be read."""
        own = self._catalog.project.calendar
        if own is None or own.dataset is None:
            return self.plain
        dataset = self._catalog.dataset(own.dataset)
        if dataset is None:
            raise FaultError(Fault("R085", f"the calendar's dataset `{own.dataset}` is not there", own.place))
        state = tuple(self._sources.state(d) for d in self._catalog.basis(dataset.name))
        with self._lock:
            if self._read is None or self._read[0] != state:
                self._read = state, replace(self.plain, fiscal_year_start=1, own=self._given(own, dataset))
            return self._read[1]

    def _given(self, own: CalendarDef, dataset: Dataset) -> Reckoning:
        units = tuple(u for u in _UNITS if getattr(own, u) is not None)
        try:
            rows = self._rows(own, dataset)
            return given(_stretches(rows, own, units), units)
        except FaultError as error:
            faults = (f.within(f"the calendar in dataset `{dataset.name}`") for f in error.faults)
            raise FaultError(replace(f, place=f.place or own.place) for f in faults) from error

    def _rows(self, own: CalendarDef, dataset: Dataset) -> list[dict[str, Any]]:
        roles = {role: getattr(own, role) for role in ("day", "start", "end", *_UNITS)}
        wanted = sorted({name for name in roles.values() if name is not None})
        statement = Statement()
        catalog = settle_datasets(self._catalog, default_values(self._catalog))
        site = self._sources.site_around(catalog, dataset.name)
        writer = current_writer(self.plain, site.dialect, self._functions)
        rows = Rows(catalog, site.relation, writer, self.plain, statement)
        relation = rows.relation(dataset.name, frozenset(wanted))
        query = exp.select(*(column(name) for name in wanted)).from_(relation)
        found: list[dict[str, Any]] = site.run(writer.text(statement.before(query))).to_pylist()
        return found


def _stretches(rows: list[dict[str, Any]], own: CalendarDef, units: tuple[str, ...]) -> list[Stretch]:
    """The rows as stretches of days. Raises FaultError (Q571) for rows without something, or that end too early."""
    names = [getattr(own, unit) for unit in units]
    needed = [name for name in (own.day, own.start, own.end, *names) if name is not None]
    faults = []
    for name in needed:
        lacking = sum(row[name] is None for row in rows)
        if lacking:
            what = "row lacks" if lacking == 1 else "rows lack"
            faults.append(Fault("Q571", f"{lacking:,} {what} a value of `{name}`", help="give every row one"))
    if faults:
        raise FaultError(faults)
    begin = own.day or own.start
    assert begin is not None
    ordered = sorted(rows, key=lambda row: _date(row[begin]))
    starts = [_date(row[begin]) for row in ordered]
    if own.end is not None:
        ends = [_date(row[own.end]) + _DAY for row in ordered]
    elif own.day is not None:
        ends = [start + _DAY for start in starts]
    else:
        # The last row only tells where the one before ends: how long it lasts itself is not said.
        ends = [after for _, after in pairwise(starts)]
    odd = next((s for s, e in zip(starts, ends, strict=False) if e <= s), None)
    if odd is not None:
        twice = "ends before it begins" if own.end is not None else "begins twice"
        raise FaultError(Fault("Q571", f"the period that begins on {odd} {twice}", help="keep one row for each period"))
    said = [tuple(row[name] for name in names) for row in ordered]
    return [Stretch(s, e, n) for s, e, n in zip(starts, ends, said, strict=False)]


def _date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
