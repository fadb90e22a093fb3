"""A question as written becomes a question as bound: names found, texts parsed, the range cut into periods."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tallymark.catalog import Catalog, Metric, Reached, Unreached
from tallymark.check.currencies import is_code
from tallymark.check.dimensions import Problem, blocked, explain_unreached, leaves, mixed
from tallymark.check.empty_windows import Windows
from tallymark.check.formulas import Formulas
from tallymark.check.metrics import metric_names
from tallymark.check.report import POISON, Report
from tallymark.definitions import Formula, MetricDef
from tallymark.engine.parameters import read_value
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound, MetricUse
from tallymark.formula.functions import Function
from tallymark.formula.parse import parse
from tallymark.kinds import Type
from tallymark.lower import Question
from tallymark.lower.contexts import conjuncts
from tallymark.lower.settle import settle
from tallymark.place import Written
from tallymark.plan import Parts
from tallymark.query import Query
from tallymark.units import NUMBER
from tallymark.windows import Calendar, Period, ask_periods, grain_of, parse_moment, parse_period
from tallymark.windows.clocks import INSTANT

MAX_DIMENSIONS = 8

Earliest = Callable[[tuple[Bound, ...], datetime, Mapping[str, Any]], datetime | None]
"""Gives the earliest time among the rows that some formulas read up to an instant, by the values of parameters."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question bound, with the metrics as the catalog has them (formulas typed in become nameless ones)."""

    question: Question
    metrics: tuple[Metric, ...]
    query: Query
    start: datetime
    end: datetime


class Asking:
    """Binds questions to one catalog."""

    def __init__(self, catalog: Catalog, functions: Mapping[str, Function], calendar: Callable[[], Calendar]) -> None:
        self.catalog = catalog
        self.functions = functions
        self._known = calendar

    def bind(self, query: Query, earliest: Earliest, now: datetime) -> Asked:
        """The bound question. Raises FaultError with everything wrong in it."""
        faults: list[Fault] = []
        query = replace(query, metrics=tuple(self._funnels(query.metrics)))
        named = [self._collect(faults, partial(self.metric, text)) for text in query.metrics]
        metrics = tuple(m for m in named if m is not None)
        if not query.metrics:
            faults.append(Fault("Q501", "no metric is asked", help="name one, or write a formula in quotes"))
        calendar = self._collect(faults, lambda: self._calendar(query)) or Calendar()
        values = self._collect(faults, lambda: self.values(query.parameters)) or {}
        bounds = tuple(
            MetricUse(m.name, m.type, m.unit) if m.name in self.catalog.metrics else _bound(m) for m in metrics
        )
        by = self._collect(faults, lambda: self._dimensions(query.by, metrics)) or ()
        filters = self._collect(faults, lambda: self._filters(query.where, metrics))
        grain = self._collect(faults, lambda: grain_of(query.grain) if query.grain is not None else None)
        names = _column_names(query.metrics, metrics) if len(metrics) == len(named) else query.metrics
        order = self._collect(faults, lambda: self._order(query, names)) or ()
        as_of = self._collect(faults, lambda: self._as_of(query, calendar, now)) or now
        currency = self._collect(faults, lambda: self._currency(query))
        if query.limit is not None and query.limit < 0:
            faults.append(Fault("Q505", f"the limit is {query.limit}", help="a limit is 0 or more"))
        if faults:
            raise FaultError(faults)
        start, end = self._range(
            query, calendar, as_of, grain, lambda: earliest(tuple(_settled(b, values) for b in bounds), as_of, values)
        )
        periods = ask_periods(start, end, grain, calendar, self.catalog.project.max_cells)
        question = Question(
            tuple(zip(names, bounds, strict=True)), by, periods, grain, calendar, as_of,
            frozenset(settle(c, values) for f in (filters or ()) for c in conjuncts(f)), values, query.sparse, order,
            query.limit, currency, self.catalog.project.convert, self.catalog.project.max_cells,
            self.catalog.project.max_cells,
        )  # fmt: skip
        return Asked(question, metrics, query, start, end)

    def _collect(self, faults: list[Fault], step: Callable[[], Any]) -> Any:
        """The step's result; None with its faults noted when it fails."""
        try:
            return step()
        except FaultError as error:
            faults.extend(error.faults)
            return None

    # --- metrics ---------------------------------------------------------------------------------------------------

    def _funnels(self, texts: tuple[str, ...]) -> Iterator[str]:
        """The names asked, those of a funnel's metrics in the place of its own."""
        for text in texts:
            funnel = self.catalog.funnels.get(text) if text not in self.catalog.metrics else None
            yield from funnel.metrics if funnel is not None else (text,)

    def metric(self, text: str) -> Metric:
        """The metric a text names, by name or alias, or the formula it is. Raises FaultError."""
        found = self._called(text)
        if len(found) == 1:
            return self._usable(found[0])
        if len(found) > 1:
            listed = ", ".join(f"`{m.name}`" for m in found)
            raise FaultError(Fault("Q503", f"several metrics are called '{text}'", help=f"say one of {listed}"))
        return self._formula(text)

    def _called(self, text: str) -> tuple[Metric, ...]:
        """The metrics that go by a text. What could be a formula must be somebody's name letter by letter: `-(mrr)`
        is not another way to write `mrr`.
        """
        found = self.catalog.find(text)
        if not text.startswith("-") and not set(text) & set("()+*/=<>$?"):
            return found
        wanted = _unaccented(text)
        return tuple(
            m for m in found
            if wanted in {_unaccented(t) for t in (m.name, *m.definition.label.values(), *m.aliases)}
        )  # fmt: skip

    def _usable(self, metric: Metric) -> Metric:
        if metric.needs:
            message = f"`{metric.name}` cannot be answered: it needs {', '.join(metric.needs)}"
            raise FaultError(Fault("Q502", message, metric.place, self._way_out(metric.needs)))
        if not metric.available:
            raise FaultError(
                Fault("Q510", f"`{metric.name}` has faults of its own: `tally check` lists them", metric.place)
            )
        return metric

    def _way_out(self, needs: Iterable[str]) -> str | None:
        """What is wrong with the first dataset needed that has faults; else how to give data to one."""
        wanted = [need.removeprefix("dataset ") for need in needs if need.startswith("dataset ")]
        for name in wanted:
            cause = self.catalog.broken.get(name)
            if cause is not None:
                return f"`{name}` has faults: {cause.message}" + (f" ({cause.place})" if cause.place else "")
        return "map a table of yours onto it with `implements:`" if wanted else None

    def _formula(self, text: str) -> Metric:
        written = Written(text, "<question>")
        try:
            node = parse(written)
        except FaultError as error:
            if " " in text and all(c.isalnum() or c in " _-'’" for c in text):
                raise FaultError(self._no_such_metric(text)) from error
            raise
        if isinstance(node, n.Name) and len(node.parts) == 1 and self.catalog.dataset(text) is None:
            raise FaultError(self._no_such_metric(text))
        return self.bind_formula(text, node, written)

    def bind_formula(self, name: str, node: n.Node, written: Written) -> Metric:
        """A formula typed in as a nameless metric. Raises FaultError."""
        for used in metric_names(node, self.functions):
            if used in self.catalog.metrics:
                self._usable(self.catalog.metrics[used])
        report = Report(written, "the question")
        bound = Formulas(self.catalog, self.functions, Windows(self.catalog)).bind(node, report)
        definition = MetricDef(name, Formula(written, node))
        metric = Metric(name, definition, None if bound is POISON else bound, bound.type, _unit(bound))
        errors = report.errors
        if report.needs:
            message = f"the question needs {', '.join(report.needs)}"
            errors.append(Fault("Q502", message, report.place(None), self._way_out(report.needs)))
        if errors:
            raise FaultError(errors)
        return metric

    def _no_such_metric(self, text: str) -> Fault:
        spoken = {alias: m.name for m in self.catalog.metrics.values() for alias in (m.name, *m.aliases)}
        help_ = did_you_mean(text, spoken)
        if help_ is not None and not help_.startswith("did"):
            help_ = "`tally list` shows the metrics there are"
        return Fault("T103", f"unknown metric `{text}`", help=help_)

    # --- parameters ------------------------------------------------------------------------------------------------

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters' values: the given ones, read as their types, and the defaults. Raises FaultError."""
        values = {p.name: p.default for p in self.catalog.parameters.values()}
        faults = []
        for name, value in given.items():
            parameter = self.catalog.parameters.get(name)
            if parameter is None:
                help_ = did_you_mean(name, self.catalog.parameters)
                faults.append(Fault("T110", f"unknown parameter `{name}`", help=help_))
                continue
            try:
                values[name] = read_value(parameter, value)
            except ValueError as error:
                faults.append(Fault("Q504", f"the parameter `{name}` takes a {parameter.type}: {error}"))
        if faults:
            raise FaultError(faults)
        return values

    # --- dimensions, filters, order --------------------------------------------------------------------------------

    def _dimensions(self, by: tuple[str, ...], metrics: tuple[Metric, ...]) -> tuple[Parts, ...]:
        if len(by) > MAX_DIMENSIONS:
            raise FaultError(Fault("Q506", f"{len(by)} dimensions are asked; {MAX_DIMENSIONS} is the most"))
        faults = [_not_yet(name) for name in by if " at " in name]
        if faults:
            raise FaultError(faults)
        parts = tuple(dict.fromkeys(tuple(name.strip().split(".")) for name in by))
        for dimension in parts:
            for metric in metrics:
                self._reach(dimension, metric, faults)
        if faults:
            raise FaultError(faults)
        return parts

    def _reach(self, dimension: Parts, metric: Metric, faults: list[Fault]) -> None:
        for dataset in sorted(leaves(self.catalog, _bound(metric), dimension)):
            found = self.catalog.reach(dataset, dimension)
            if isinstance(found, Unreached):
                code, message, help_ = explain_unreached(self.catalog, dataset, dimension, found)
                faults.append(Fault(code, message, None, help_, f"metric `{metric.name}`"))
            elif found.type is Type.OPAQUE:
                faults.append(Fault("T210", f"`{'.'.join(dimension)}` is of a kind formulas do not handle"))
            elif (problem := self._problem(dataset, found, ".".join(dimension))) is not None:
                faults.append(Fault(problem[0], problem[1], None, problem[2], f"metric `{metric.name}`"))

    def _problem(self, dataset: str, found: Reached, name: str) -> Problem | None:
        return blocked(self.catalog, dataset, found, name) or mixed(self.catalog, dataset, found, name)

    def _filters(self, where: str | None, metrics: tuple[Metric, ...]) -> tuple[Bound, ...]:
        if where is None or not where.strip():
            return ()
        written = Written(where, "<where>")
        report = Report(written, "the condition")
        datasets = frozenset[str]().union(*(leaves(self.catalog, _bound(m)) for m in metrics))
        node = parse(written)
        if not metrics:
            # The metrics themselves are at fault, so there is nothing yet that the condition could speak of.
            return ()
        formulas = Formulas(self.catalog, self.functions, Windows(self.catalog))
        bound = formulas.condition(node, report, datasets)
        if report.needs:
            report.fault("Q502", f"the condition needs {', '.join(report.needs)}", None, self._way_out(report.needs))
        if report.errors:
            raise FaultError(report.errors)
        return (bound,)

    def _order(self, query: Query, names: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
        order = []
        for text in query.order:
            bare = text.strip()
            descends = bare.startswith("-")
            name = bare.removeprefix("-").strip()
            known = [*names, *query.by, "time"]
            if name not in known:
                spoken = dict(zip(query.metrics, names, strict=False))
                if name not in spoken:
                    raise FaultError(Fault("Q507", f"cannot order by `{name}`", help=did_you_mean(name, known)))
                name = spoken[name]
            order.append((name, descends))
        return tuple(order)

    # --- time ------------------------------------------------------------------------------------------------------

    def _currency(self, query: Query) -> str | None:
        """The currency asked for, if any. Raises FaultError."""
        code = query.currency
        if code is None or is_code(code):
            return code
        shown = " ".join(str(code).split())[:20]
        better = shown.upper()
        help_ = f"did you mean `{better}`?" if is_code(better) else "it has three capital letters, as `USD`"
        raise FaultError(Fault("Q580", f"`{shown}` is no code of a currency", help=help_))

    def _calendar(self, query: Query) -> Calendar:
        known = self._known()
        return replace(known, timezone=query.timezone) if query.timezone else known

    def _as_of(self, query: Query, calendar: Calendar, now: datetime) -> datetime:
        known = query.as_of if query.as_of is not None else self.catalog.project.as_of
        return now if known is None else parse_moment(known, calendar, end=True)

    def _range(
        self,
        query: Query,
        calendar: Calendar,
        as_of: datetime,
        grain: str | None,
        earliest: Callable[[], datetime | None],
    ) -> tuple[datetime, datetime]:
        """The asked range; without one, from the earliest row's period to `as_of`."""
        if query.period is not None:
            if query.start is not None or query.end is not None:
                raise FaultError(Fault("Q508", "a period and a range are asked at once", help="give one of the two"))
            whole: Period = parse_period(str(query.period), calendar)
            return whole.start, whole.end
        start = parse_moment(query.start, calendar, end=False) if query.start is not None else None
        if query.end is not None:
            end = parse_moment(query.end, calendar, end=True)
        else:
            end = as_of if grain is None else calendar.add(calendar.floor(as_of - INSTANT, grain), 1, grain)
        if start is None:
            first = earliest()
            if first is None or first >= end:
                raise FaultError(
                    Fault(
                        "Q509",
                        "there are no rows to tell where the range begins",
                        help="say it with --from or --period",
                    )
                )
            start = calendar.floor(first, grain or "day")
        return start, end


def _not_yet(dimension: str) -> Fault:
    plain, _, _ = dimension.partition(" at ")
    help_ = f"`{plain.strip()}` groups by the attribute of each row read"
    return Fault("Q512", f"grouping by `{dimension}` is not answered yet", None, help_)


def _unaccented(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(bare.split())


def _bound(metric: Metric) -> Bound:
    assert metric.expression is not None
    return metric.expression


def _settled(bound: Bound, values: Mapping[str, Any]) -> Bound:
    return settle(bound, values)


def _unit(bound: Bound) -> Any:
    return NUMBER if bound.unit.free else bound.unit


def _column_names(texts: tuple[str, ...], metrics: tuple[Metric, ...]) -> tuple[str, ...]:
    """The names of the answer's columns: a metric's own name, a formula's text; a repeated one is numbered."""
    names: list[str] = []
    for text, metric in zip(texts, metrics, strict=False):
        base = metric.name if metric.name != text else text
        name, count = base, 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return tuple(names)


def now() -> datetime:
    """The present instant, in whole seconds: rows after it are not known yet."""
    return datetime.now(UTC).replace(microsecond=0)
