"""Values of metrics in place of their formulas: a small project in which those metrics are read from written values.

Each value stands for one period and one combination of dimensions, and for nothing else. A formula that asks such a
metric over another window, of single members or of several cells together is a fault (E111), not a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tallymark.catalog import Catalog
from tallymark.check.metrics import metric_names
from tallymark.definitions import ColumnDef, DatasetDef, Definitions, Formula, MetricDef, UnitDef
from tallymark.definitions.datasets import RefDef
from tallymark.definitions.trials import InputsDef, TrialDef, Word
from tallymark.engine.calendars import plain_calendar
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula.bound import Bound, Lifted, MetricUse, Nested, Rated, Shift, Windowed, parts
from tallymark.formula.function import Function
from tallymark.formula.nodes import GRAINS
from tallymark.kinds import Type
from tallymark.query import Query
from tallymark.read import written_formula
from tallymark.trials.partners import Part, apart
from tallymark.trials.tables import KIND
from tallymark.trials.values import type_of, value_of
from tallymark.units import NAMES, Unit
from tallymark.windows import Calendar, Period, parse_moment, parse_period

DATASET = "written_values"
TIME = "period_start"
ANY = "2024-01"
"""The period of formulas that are the same in every one."""

_WITHIN = {
    "hour": {"hour", "day", "week"},
    "day": {"day", "week", "month", "quarter", "year"},
    "week": {"week"},
    "month": {"month", "quarter", "year"},
    "quarter": {"quarter", "year"},
    "year": {"year"},
}
"""By how much a period may be shifted so that another period of its grain comes out."""

READS_ROWS = ("T101", "T102", "T105", "T108")
"""Codes of formulas that name what only the whole project has: its datasets and their columns."""

_ACROSS = ("total", "other", "share", "top", "age", "currency", "timezone", "compare")
"""What a question may not ask of written values: each would put several together, or read what is not written."""


@dataclass(frozen=True, slots=True)
class Written:
    """The definitions of a small project, its tables, and the question of the test."""

    definitions: Definitions
    tables: tuple[Part, ...]
    """That of the values, and those over whose references its dimensions are reached."""
    inputs: tuple[str, ...]
    dimensions: tuple[str, ...]
    grain: str | None
    series: bool
    range: tuple[datetime, datetime]
    """From the start of the first period that has a value to the end of the last."""


@dataclass(slots=True)
class Inputs:
    """Turns the values of one test into such a project.

    `units` are the units of metrics as far as a catalog knows them, for those that declare none.
    """

    trial: TrialDef
    definitions: Definitions
    functions: Mapping[str, Function]
    units: Mapping[str, Unit]
    faults: list[Fault] = field(default_factory=list)

    def written(self, asked: Sequence[str], by: Sequence[str], grain: str | None, query: Query | None) -> Written:
        """The project for some metrics or formulas, asked by dimensions. Raises FaultError with all that is wrong."""
        inputs = self._inputs()
        self._require_plain(query, by)
        dimensions = self._dimensions(inputs)
        if set(dimensions) != set(by) and not self.faults:
            message = f"values are given by {_listed(dimensions)}, and asked by {_listed(by)}"
            self.faults.append(Fault("E111", message, inputs.place, "ask by what the values are given by"))
        calendar = plain_calendar(self._project())
        cells = list(self._cells(inputs, by, grain, calendar, query)) if not self.faults else []
        if not cells and not self.faults:
            message, help_ = "no metric is given a value", "write `metrics: {start_mrr: 1000}`"
            self.faults.append(Fault("E103", message, inputs.place, help_))
        if self.faults:
            raise FaultError(self.faults)
        names = tuple(dict.fromkeys(name for _, _, values in cells for name in values))
        types = self._types(names, dimensions, cells)
        if self.faults:
            raise FaultError(self.faults)
        rows = self._rows(cells, types, dimensions, calendar)
        if self.faults:
            raise FaultError(self.faults)
        tables = tuple(apart(DATASET, rows, types))
        definitions = self._small(asked, names, tables, types)
        series = bool(inputs.series) or any("period" in cell for cell in inputs.cells)
        starts = [start for start, _, _ in cells]
        whole = calendar.add(max(starts), 1, grain) if grain else self._first(query, grain, calendar).end
        return Written(definitions, tables, names, dimensions, grain, series, (min(starts), whole))

    def _inputs(self) -> InputsDef:
        assert self.trial.metrics is not None
        inputs = self.trial.metrics
        for name in inputs.names:
            if name not in self.definitions.metrics:
                help_ = did_you_mean(name, self.definitions.metrics)
                self.faults.append(Fault("E102", f"unknown metric `{name[:60]}`", inputs.places.get(name), help_))
        return inputs

    def _require_plain(self, query: Query | None, by: Sequence[str]) -> None:
        for name in _ACROSS if query is not None else ():
            if getattr(query, name) and not (name == "compare" and query is not None and query.grain):
                message = f"values of metrics can be asked without `{name}` only"
                self.faults.append(Fault("E111", message, self.trial.ask_place, "give rows instead"))
        for name in by:
            first, dot, _ = name.partition(".")
            if not all(part.isidentifier() for part in name.split(".")) or (dot and first in by):
                beside = f" beside `{first}`" if dot and first in by else ""
                message = f"values of metrics cannot be by `{name[:60]}`{beside}"
                self.faults.append(Fault("E111", message, self.trial.ask_place, "give rows instead"))

    def _dimensions(self, inputs: InputsDef) -> tuple[str, ...]:
        if inputs.cells:
            keys = dict.fromkeys(name for cell in inputs.cells for name in cell)
            found = tuple(n for n in keys if n != "period" and n not in self.definitions.metrics)
            for cell in inputs.cells:
                if not any(name in self.definitions.metrics for name in cell):
                    place = next((w.place for w in cell.values()), inputs.place)
                    self.faults.append(Fault("E102", "a cell that gives no metric a value", place))
            return found
        if any(None not in of for of in inputs.series.values()):
            by = tuple(self.trial.ask.get("by", ())) or self._rule_by()
            return by[:1]
        return ()

    def _rule_by(self) -> tuple[str, ...]:
        rule = self.definitions.rules.get(self.trial.rule.text) if self.trial.rule is not None else None
        return rule.by if rule is not None else ()

    # --- the values ------------------------------------------------------------------------------------------------

    def _cells(
        self, inputs: InputsDef, by: Sequence[str], grain: str | None, calendar: Calendar, query: Query | None
    ) -> Iterator[tuple[datetime, dict[str, Word], dict[str, Word]]]:
        """Of each cell the period's start, its dimensions and its values."""
        first = self._first(query, grain, calendar)
        if inputs.series and grain is None:
            message, help_ = "a series has one value a period, and no grain is asked", "write `ask: {grain: month, …}`"
            self.faults.append(Fault("E113", message, inputs.place, help_))
            return
        if inputs.values and grain is not None and not inputs.series:
            message = "one value is given, and a series is asked"
            self.faults.append(Fault("E113", message, inputs.place, "write a series: `'100 101 99'`"))
            return
        if inputs.values and inputs.series:
            message = "single values and series at once"
            self.faults.append(Fault("E113", message, inputs.place, "write a series for each metric"))
            return
        if inputs.values:
            yield first.start, {}, dict(inputs.values)
        for name, of in inputs.series.items():
            for instance, words in of.items():
                at = first.start
                for word in words:
                    yield at, {} if instance is None else {by[0]: Word(instance, instance, word.place)}, {name: word}
                    at = calendar.add(at, 1, grain or "day")
        for cell in inputs.cells:
            metrics = {n: w for n, w in cell.items() if n in self.definitions.metrics}
            keys = {n: w for n, w in cell.items() if n != "period" and n not in metrics}
            yield self._start(cell.get("period"), first, calendar), keys, metrics

    def _first(self, query: Query | None, grain: str | None, calendar: Calendar) -> Period:
        """The period of the first value: `from`, else the first one that is asked."""
        if self.trial.start is not None:
            return parse_period(self.trial.start.text, calendar, self.trial.start.place)
        if query is not None and query.period is not None:
            whole = parse_period(str(query.period), calendar)
            return replace(whole, start=calendar.floor(whole.start, grain) if grain else whole.start)
        if query is not None and query.start is not None:
            start = parse_moment(query.start, calendar, end=False)
            return Period(calendar.floor(start, grain) if grain else start, start, str(query.start))
        if grain is None:
            return parse_period(ANY, calendar)
        message, help_ = "nothing says of which period the first value is", "write `from: 2024-01`"
        raise FaultError(Fault("E113", message, self.trial.place, help_))

    def _start(self, word: Word | None, first: Period, calendar: Calendar) -> datetime:
        return first.start if word is None else parse_period(word.text, calendar, word.place).start

    def _types(
        self, names: Iterable[str], dimensions: Iterable[str], cells: Sequence[tuple[datetime, Any, Any]]
    ) -> dict[str, Type]:
        types = {TIME: Type.TIMESTAMP}
        for name in dimensions:
            types[name] = type_of(of[name] for _, of, _ in cells if name in of) or Type.TEXT
        checks = {check.metrics[0] for check in self.definitions.checks.values()}
        for name in names:
            words = [values[name] for _, _, values in cells if name in values]
            kind = type_of(words)
            wanted = self.definitions.metrics[name].unit
            money = wanted is not None and wanted.name == "money"
            unsaid = Type.BOOLEAN if name in checks else Type.DECIMAL
            types[name] = unsaid if kind is None else Type.DECIMAL if money and kind is Type.INTEGER else kind
            truths = [isinstance(w.value, bool) for w in words if w.value is not None]
            if any(truths) and not all(truths):
                message = f"`{name}` is true or false in one place, and something else in another"
                self.faults.append(Fault("E106", message, words[0].place, "a metric has values of one kind"))
        return types

    def _rows(
        self, cells: Sequence[tuple[datetime, dict[str, Word], dict[str, Word]]], types: Mapping[str, Type],
        dimensions: Sequence[str], calendar: Calendar,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """One row a cell: values of the same period and dimensions stand in one."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for start, of, values in cells:
            key = (start, *(of[d].text if d in of and of[d].value is not None else None for d in dimensions))
            row = found.setdefault(key, {TIME: calendar.local(start).replace(tzinfo=None)})
            for name, word in [*of.items(), *values.items()]:
                if name in values and name in row:
                    self.faults.append(Fault("E110", f"`{name}` has two values in the same cell", word.place))
                try:
                    row[name] = value_of(word, types[name], calendar.timezone)
                except ValueError as error:
                    self.faults.append(Fault("E106", str(error), word.place))
        return list(found.values())

    # --- the project -----------------------------------------------------------------------------------------------

    def _project(self) -> Any:
        project = self.definitions.project
        own = project.calendar if project.calendar is not None and project.calendar.dataset is None else None
        return replace(project, folder="", as_of=None, calendar=own, rates=None, min_count=None)

    def _small(
        self, asked: Sequence[str], names: Sequence[str], tables: Iterable[Part], types: Mapping[str, Type]
    ) -> Definitions:
        """The asked metrics and those they are made of, down to the ones that are written."""
        units = {n: self._unit(n) for n in names}
        datasets = {}
        for table in tables:
            own = units if table.name == DATASET else {}
            columns = {n: ColumnDef(n, kind.value, own.get(n)) for n, kind in table.types.items()}
            refs = {n: RefDef(n, to, held) for n, (to, held) in table.refs.items()}
            time = TIME if table.name == DATASET else None
            datasets[table.name] = DatasetDef(
                table.name, KIND, table.name, key=table.key, time=time, refs=refs, columns=columns
            )
        metrics = {
            name: self._metric(name, types[name] if name in names else None) for name in self._needed(asked, names)
        }
        return replace(
            self.definitions, project=self._project(), sources={}, datasets=datasets, canonical={},
            metrics=metrics, funnels={}, scorecards={}, checks={},
        )  # fmt: skip

    def _metric(self, name: str, written: Type | None) -> MetricDef:
        own = self.definitions.metrics[name]
        read = "any" if written is Type.BOOLEAN else "max"
        formula: Formula = written_formula(f"{read}({DATASET}.{name})") if written is not None else own.formula
        return replace(own, formula=formula, min_count=None, level=None, convert=None)

    def _needed(self, asked: Sequence[str], names: Sequence[str]) -> dict[str, None]:
        """Names of metrics from the asked ones on, those that have values not looked into."""
        found: dict[str, None] = {}
        waiting = [name for text in asked for name in self._named(text)]
        while waiting:
            name = waiting.pop(0)
            own = self.definitions.metrics.get(name)
            if name in found or own is None:
                continue
            found[name] = None
            if name not in names and own.formula.node is not None:
                waiting += metric_names(own.formula.node, self.functions)
        return found | dict.fromkeys(names)

    def _named(self, text: str) -> list[str]:
        if text in self.definitions.metrics:
            return [text]
        node = written_formula(text).node
        return [] if node is None else list(metric_names(node, self.functions))

    def _unit(self, name: str) -> UnitDef | None:
        """The unit that a written metric has: its own, else what the whole project's catalog found."""
        declared = self.definitions.metrics[name].unit
        if declared is not None:
            return UnitDef("duration") if declared.name == "duration" else declared
        unit = self.units.get(name)
        if unit is None:
            return None
        if unit.currency is not None:
            return UnitDef("money", unit.currency)
        if unit.duration:
            return UnitDef("duration")
        if not unit.powers:
            return UnitDef("percent" if unit.percent else unit.name) if unit.percent or unit.name in NAMES else None
        message, help_ = f"nobody says what `{name}` measures, and values do not show it", "declare its `unit:`"
        self.faults.append(Fault("E114", message, self.trial.place, help_))
        return None


def outside(written: Written, asked: Iterable[Bound], catalog: Catalog, trial: TrialDef) -> list[Fault]:
    """Where formulas ask more of written values than is written: E111; and rows, of which there are none: E107."""
    found: dict[str, Fault] = {}

    def visit(bound: Bound, problem: str) -> None:
        match bound:
            case MetricUse(name=name) if name in written.inputs:
                if problem:
                    message = f"`{name}` is asked {problem}, and its values do not say what it is then"
                    found.setdefault(name, Fault("E111", message, _place(trial), "give rows instead"))
            case MetricUse(name=name):
                expression = catalog.metrics[name].expression
                if expression is not None:
                    visit(expression, problem)
            case Shift(body=body, step=step):
                visit(body, problem or _shifted(step, written))
            case Nested(body=body, by_grain=True, member=member):
                visit(body, problem if member == (written.grain,) else problem or f"per {member[0]}")
            case Nested(body=body, member=member):
                visit(body, problem or f"per {'.'.join(member)}")
            case Windowed(body=body, form=form):
                visit(body, problem or f"over another window ({form.replace('_', ' ')})")
            case Lifted(body=body):
                visit(body, problem or "of all members together")
            case Rated(body=body):
                visit(body, problem or "in another currency")
            case _:
                for part in parts(bound):
                    visit(part, problem)

    for bound in asked:
        visit(bound, "")
    return list(found.values())


def _shifted(step: str | None, written: Written) -> str:
    if not written.series or written.grain is None:
        return "in another period"
    assert written.grain in GRAINS
    return "" if step is None or step in _WITHIN[written.grain] else f"a {step} away from a {written.grain}"


def _place(trial: TrialDef) -> Any:
    return trial.metrics.place if trial.metrics is not None else trial.place


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{n}`" for n in names) or "no dimension"


__all__ = ["DATASET", "READS_ROWS", "Inputs", "Written", "outside"]
