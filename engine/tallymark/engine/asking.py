"""A question as written becomes a question as bound: names found, texts parsed, the range cut into periods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tallymark.catalog import Catalog, Metric, MinCount, Reached, Unreached
from tallymark.check.currencies import is_code
from tallymark.check.dimensions import Problem, blocked, explain_unreached, leaves, mixed, untimed
from tallymark.check.empty_windows import Windows
from tallymark.check.formulas import Formulas
from tallymark.check.levels import level_of, off_level, pinned
from tallymark.check.metrics import metric_names
from tallymark.check.report import POISON, Report
from tallymark.definitions import Formula, MetricDef
from tallymark.engine.columns import Column, Columns, inlined, require_targets, targets_of
from tallymark.engine.mistakes import dimensions_of, mistakes
from tallymark.engine.near import near_in_words
from tallymark.engine.parameters import read_value
from tallymark.engine.topping import Top, parse_top
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound
from tallymark.formula.functions import Function
from tallymark.formula.parse import parse
from tallymark.kinds import Type
from tallymark.lower import Question
from tallymark.lower.forms import conjuncts
from tallymark.lower.keys import Began
from tallymark.lower.settle import settle
from tallymark.place import Written
from tallymark.plan import Parts
from tallymark.query import Query
from tallymark.spoken import unaccented
from tallymark.units import NUMBER
from tallymark.windows import Calendar, Period, ask_periods, grain_of, parse_moment, parse_period
from tallymark.windows.clocks import INSTANT

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
    top: Top | None = None
    dropped: tuple[Period, ...] = ()
    """Periods left out because they are not over at the knowledge date."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """The column that computes the target of a metric's, by the name of that."""


class Asking:
    """Binds questions to one catalog."""

    def __init__(self, catalog: Catalog, functions: Mapping[str, Function], calendar: Callable[[], Calendar]) -> None:
        self.catalog = catalog
        self.functions = functions
        self._known = calendar

    def bind(self, query: Query, earliest: Earliest, now: datetime) -> Asked:
        """The bound question. Raises FaultError with everything wrong in it."""
        faults: list[Fault] = []
        by = tuple(" ".join(name.split()) for name in query.by)
        query = replace(query, metrics=tuple(self._funnels(query.metrics)), by=by)
        metrics = self._metrics(query, faults)
        calendar = self._collect(faults, lambda: self._calendar(query)) or Calendar()
        values = self._collect(faults, lambda: self.values(query.parameters)) or {}
        columns: tuple[Column, ...] = ()
        if metrics and len(metrics) == len(query.metrics):
            columns = self._collect(faults, lambda: self._columns(query, metrics)) or ()
        conditions = self._conditions(columns)
        held = [self._collect(faults, partial(conditions, text)) for text in query.having]
        having = tuple(h for h in held if h is not None)
        asked = self._collect(faults, lambda: dimensions_of(query)) or ()
        top = self._collect(faults, lambda: self._top(query, asked, columns))
        self._collect(faults, lambda: require_targets(query.target, metrics))
        given = [c.metric for c in columns if c.target]
        read = (*metrics, *having, *given, *([top.metric] if top is not None else []))
        self._collect(faults, lambda: self._reached(asked, read))
        filters = self._collect(faults, lambda: self._filters(query.where, read))
        grain = self._collect(faults, lambda: grain_of(query.grain) if query.grain is not None else None)
        order = self._collect(faults, lambda: self._order(query, columns)) if columns else ()
        as_of = self._collect(faults, lambda: self._as_of(query, calendar, now)) or now
        currency = self._collect(faults, lambda: self._currency(query))
        age = self._collect(faults, lambda: self._age(query, asked, read))
        faults += mistakes(query)
        faults += self._levels(query, columns, having, top, asked, filters or ())
        if faults:
            raise FaultError(faults)
        bounds = tuple(_settled(c.bound, values) for c in columns)
        start, end = self._range(query, calendar, as_of, grain, lambda: earliest(bounds, as_of, values))
        periods = ask_periods(start, end, grain, calendar, self.catalog.project.max_cells)
        kept = self._kept(query, periods, as_of)
        limit = query.limit if query.pivot is None else None
        question = Question(
            tuple((c.name, c.bound) for c in columns), asked, kept, grain, calendar, as_of,
            frozenset(settle(c, values) for f in (filters or ()) for c in conjuncts(f)), values, query.sparse,
            order or (), limit, tuple(_bound(h) for h in having), frozenset(c.name for c in columns if c.ranked),
            frozenset(c.name for c in columns if c.quiet), None, age, self._min_counts(columns), currency,
            self.catalog.project.convert,
            self.catalog.project.max_cells, self.catalog.project.max_cells,
        )  # fmt: skip
        late = periods[len(kept) :]
        return Asked(question, tuple(c.metric for c in columns), query, start, end, top, late, targets_of(columns))

    def _metrics(self, query: Query, faults: list[Fault]) -> tuple[Metric, ...]:
        if not query.metrics:
            faults.append(Fault("Q501", "no metric is asked", help="name one, or write a formula in quotes"))
        named = [self._collect(faults, partial(self.metric, text)) for text in query.metrics]
        return tuple(m for m in named if m is not None)

    def _levels(
        self, query: Query, columns: Sequence[Column], having: Sequence[Metric], top: Top | None, by: tuple[Parts, ...],
        filters: Sequence[Bound],
    ) -> Iterator[Fault]:  # fmt: skip
        """The faults of metrics of one member at a time that are asked of several together."""
        sure = [p for condition in filters for p in pinned(condition)]
        asked = [(c.bound, [*by, *sure]) for c in columns] + [(_bound(h), [*by, *sure]) for h in having]
        asked += [(top.bound, [top.dimension, *sure])] if top is not None else []
        found = dict.fromkeys(u.name for bound, known in asked for u in off_level(bound, known, self.catalog))
        for name in found:
            level = ".".join(level_of(self.catalog.metrics[name]) or ())
            message = f"`{name}` is of one `{level}`, and this would be of several together"
            help_ = f"ask by {level}: `--by {level}`, or `avg({name} per {level})`, for example"
            yield Fault("T280", message, None, help_)
        levelled = [m.name for c in columns if (m := c.metric).name in self.catalog.metrics and level_of(m) is not None]
        for word in ("total", "other") if levelled and not found else ():
            if getattr(query, word):
                message = f"`{levelled[0]}` is of one member at a time: there is none of all of them together"
                yield Fault("T280", message, None, f"leave out `{word}`")

    def _min_counts(self, columns: Sequence[Column]) -> tuple[MinCount | None, ...]:
        """What must stand behind the cells of each column: as its metric says, else as the project does. What is added
        to a metric, a comparison for example, needs as much in each of the periods that it reads.
        """
        usual = self.catalog.project.min_count
        found: list[MinCount | None] = []
        base: MinCount | None = None
        of = ""
        for column in columns:
            if column.asked is not None:
                base = column.metric.min_count or (MinCount(usual) if usual is not None else None)
                found.append(base)
                of = column.metric.name
            elif column.target:
                found.append(MinCount(usual) if usual is not None else None)
            else:
                found.append(replace(base, stands_for=of) if base is not None else None)
        return tuple(found)

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
        return tuple(m for m in found if unaccented(text) in m.called(unaccented)) if self._computes(text) else found

    def _computes(self, text: str) -> bool:
        """Whether a text could be a formula: `churn - mrr` is one and no way to write the alias `churn MRR`."""
        minus = [part.strip() for part in text.split("-")]
        return bool(set(text) & set("()+*/=<>$?")) or (len(minus) > 1 and {*minus} <= {"", *self.catalog.metrics})

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
                said = f"`{name}` has faults: {cause.message}" + (f" ({cause.place})" if cause.place else "")
                return f"{said}; {cause.help}" if cause.help else said
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
        shown = [m for m in self.catalog.metrics.values() if not m.hidden]
        help_ = did_you_mean(text, [name for m in shown for name in (m.name, *m.aliases)])
        if " " in text:
            help_ = near_in_words(text, shown)
        elif help_ is not None and not help_.startswith("did"):
            help_ = None
        listed = "`tally list` shows the metrics there are, `tally list WORD` those that speak of something"
        return Fault("T103", f"unknown metric `{text}`", help=help_ or listed)

    # --- columns and conditions over them --------------------------------------------------------------------------

    def _columns(self, query: Query, metrics: tuple[Metric, ...]) -> tuple[Column, ...]:
        language = self.catalog.project.language
        return Columns(query, self.bind_formula, lambda m: m.name in self.catalog.metrics, language).of(metrics)

    def _conditions(self, columns: tuple[Column, ...]) -> Callable[[str], Metric]:
        """Binds conditions that cells must meet; what the question adds to metrics goes by the names of its columns."""
        added = {c.name: c.metric for c in columns if c.asked is None and not c.ranked}
        named = {name: m for name, m in added.items() if name not in self.catalog.metrics}
        wider = replace(self.catalog, metrics={**self.catalog.metrics, **named})
        asking = Asking(wider, self.functions, self._known)
        bounds = {name: _bound(m) for name, m in named.items()}
        return lambda text: asking.condition(text, bounds)

    def condition(self, text: str, columns: dict[str, Bound]) -> Metric:
        """A condition over metrics, and over `columns`. Raises FaultError."""
        written = Written(text, "<having>")
        metric = self.bind_formula(text, parse(written), written)
        if metric.type is not Type.BOOLEAN:
            help_ = "a condition compares: `nrr < 90%`, `growth(mrr) < 0`"
            raise FaultError(Fault("Q551", "this is no condition over metrics", written.place(None), help_))
        return replace(metric, expression=inlined(_bound(metric), columns))

    def _top(self, query: Query, by: tuple[Parts, ...], columns: tuple[Column, ...]) -> Top | None:
        if query.top is None or not (columns or query.metrics):
            return None
        count, dimension, text = parse_top(query.top, by)
        metric = self.metric(text) if text is not None else columns[0].metric if columns else None
        if metric is None:
            return None
        if not metric.type.numeric:
            message = f"`{metric.name}` is a {metric.type.family}: members are chosen by a number"
            raise FaultError(Fault("Q562", message, None, 'say by which: `--top "5 mrr"`'))
        return Top(abs(count), count < 0, dimension, metric, _bound(metric), query.other)

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

    def _reached(self, by: tuple[Parts, ...], metrics: tuple[Metric, ...]) -> None:
        faults: list[Fault] = []
        for dimension in by:
            for metric in metrics:
                self._reach(dimension, metric, faults)
        if faults:
            raise FaultError(faults)

    def _reach(self, dimension: Parts, metric: Metric, faults: list[Fault]) -> None:
        for dataset in sorted(_read(self.catalog, metric, dimension)):
            found = self.catalog.reach(dataset, dimension)
            if isinstance(found, Unreached):
                code, message, help_ = explain_unreached(self.catalog, dataset, dimension, found)
                faults.append(Fault(code, message, None, help_, f"metric `{metric.name}`"))
            elif found.type is Type.OPAQUE:
                faults.append(Fault("T210", f"`{'.'.join(dimension)}` is of a kind formulas do not handle"))
            elif (problem := self._problem(dataset, found, ".".join(dimension))) is not None:
                faults.append(Fault(problem[0], problem[1], None, problem[2], f"metric `{metric.name}`"))
            elif found.at is None and self.catalog.changes(dataset, found.path, found.column):
                self._timed(dataset, dimension, metric, faults)

    def _timed(self, dataset: str, dimension: Parts, metric: Metric, faults: list[Fault]) -> None:
        """Notes a fault when a metric reads rows without a time, and so cannot look up what changes."""
        if dataset in leaves(self.catalog, _bound(metric), dimension, kind="timeless"):
            code, message, help_ = untimed(dataset, ".".join(dimension))
            faults.append(Fault(code, message, None, help_, f"metric `{metric.name}`"))

    def _problem(self, dataset: str, found: Reached, name: str) -> Problem | None:
        return blocked(self.catalog, dataset, found, name) or mixed(self.catalog, dataset, found, name)

    def _filters(self, where: str | None, metrics: tuple[Metric, ...]) -> tuple[Bound, ...]:
        if where is None or not where.strip():
            return ()
        written = Written(where, "<where>")
        report = Report(written, "the condition")
        datasets = frozenset[str]().union(*(_read(self.catalog, m) for m in metrics))
        node = parse(written)
        if not metrics:
            # The metrics themselves are at fault, so there is nothing yet that the condition could speak of.
            return ()
        formulas = Formulas(self.catalog, self.functions, Windows(self.catalog))
        bound = formulas.condition(
            node, report, datasets,
            lambda: frozenset[str]().union(*(leaves(self.catalog, _bound(m), kind="timeless") for m in metrics)),
        )  # fmt: skip
        if report.needs:
            report.fault("Q502", f"the condition needs {', '.join(report.needs)}", None, self._way_out(report.needs))
        if report.errors:
            raise FaultError(report.errors)
        return (bound,)

    def _order(self, query: Query, columns: tuple[Column, ...]) -> tuple[tuple[str, bool], ...]:
        names = [c.name for c in columns]
        spoken = {c.asked: c.name for c in columns if c.asked is not None}
        order = []
        for text in query.order:
            bare = text.strip()
            descends = bare.startswith("-")
            name = " ".join(bare.removeprefix("-").split())
            known = [*names, *query.by, "time"]
            if name not in known:
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

    def _age(self, query: Query, by: tuple[Parts, ...], metrics: tuple[Metric, ...]) -> Began | None:
        """The dimension whose age is asked, as the period in which its times lie."""
        if query.age is None or query.grain is None or not by:
            return None
        dimension = tuple(query.age.strip().split("."))
        for metric in metrics:
            for dataset in sorted(leaves(self.catalog, _bound(metric), dimension)):
                found = self.catalog.reach(dataset, dimension)
                if not isinstance(found, Unreached) and not found.type.temporal:
                    message = f"`{query.age}` is a {found.type.family}: only what begins at some time has an age"
                    raise FaultError(Fault("Q556", message, None, "name a dimension of dates, as `signed_up_at`"))
        return Began(dimension, query.grain)

    def _kept(self, query: Query, periods: tuple[Period, ...], as_of: datetime) -> tuple[Period, ...]:
        """The periods that are answered: all, or only those that are over at `as_of`. Raises FaultError (Q559)."""
        if (query.partial or self.catalog.project.partial) != "drop":
            return periods
        kept = tuple(p for p in periods if p.end <= as_of)
        if not kept:
            message = "no period that is asked is over at the knowledge date, and partial ones are dropped"
            raise FaultError(Fault("Q559", message, None, "ask earlier ones, or `--partial mark`"))
        return kept

    # --- the range -------------------------------------------------------------------------------------------------

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


def _bound(metric: Metric) -> Bound:
    assert metric.expression is not None
    return metric.expression


def _read(catalog: Catalog, metric: Metric, dimension: Parts | None = None) -> frozenset[str]:
    """The datasets that a metric's cells are made of, and what decides whether they are shown."""
    found = leaves(catalog, _bound(metric), dimension)
    counted = metric.min_count.of if metric.min_count is not None else None
    return found if counted is None else found | leaves(catalog, counted, dimension)


def _settled(bound: Bound, values: Mapping[str, Any]) -> Bound:
    return settle(bound, values)


def _unit(bound: Bound) -> Any:
    return NUMBER if bound.unit.free else bound.unit


def last_column(asked: Asked) -> Asked:
    """The question for the last of its columns alone."""
    question = replace(asked.question, metrics=asked.question.metrics[-1:], min_counts=asked.question.min_counts[-1:])
    return replace(asked, question=question, metrics=asked.metrics[-1:])


def now() -> datetime:
    """The present instant, in whole seconds: rows after it are not known yet."""
    return datetime.now(UTC).replace(microsecond=0)
