"""A question as written becomes a question as bound: names found, texts parsed, the range cut into periods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tallymark.catalog import Catalog, Metric, MinCount
from tallymark.check.currencies import is_code
from tallymark.check.levels import level_of, off_level, pinned
from tallymark.engine.columns import Column, Columns, require_targets, targets_of
from tallymark.engine.finding import Finding
from tallymark.engine.mistakes import dimensions_of, mistakes
from tallymark.engine.parameters import read_value
from tallymark.engine.ranging import asked_range, kept_periods, knowledge_date
from tallymark.engine.reaching import began, filters_of, require_reached
from tallymark.engine.topping import Top, parse_top
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula.bound import Bound
from tallymark.formula.functions import Function
from tallymark.lower import Question
from tallymark.lower.forms import conjuncts
from tallymark.lower.settle import settle
from tallymark.plan import Parts
from tallymark.query import Query
from tallymark.windows import Calendar, Period, ask_periods, grain_of

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
        self.finding = Finding(catalog, functions)
        self._known = calendar

    def bind(self, query: Query, earliest: Earliest, now: datetime) -> Asked:
        """The bound question. Raises FaultError with everything wrong in it."""
        faults: list[Fault] = []
        project = self.catalog.project
        by = tuple(" ".join(name.split()) for name in query.by)
        query = replace(query, metrics=tuple(self.finding.funnels(query.metrics)), by=by)
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
        self._collect(faults, lambda: require_reached(self.catalog, asked, read))
        filters = self._collect(faults, lambda: filters_of(self.finding, query.where, read))
        grain = self._collect(faults, lambda: grain_of(query.grain) if query.grain is not None else None)
        order = self._collect(faults, lambda: self._order(query, columns)) if columns else ()
        as_of = self._collect(faults, lambda: knowledge_date(query, project, calendar, now)) or now
        currency = self._collect(faults, lambda: self._currency(query))
        age = self._collect(faults, lambda: began(self.catalog, query, asked, read))
        faults += mistakes(query)
        faults += self._levels(query, columns, having, top, asked, filters or ())
        if faults:
            raise FaultError(faults)
        bounds = tuple(settle(c.bound, values) for c in columns)
        start, end = asked_range(query, calendar, as_of, grain, lambda: earliest(bounds, as_of, values))
        periods = ask_periods(start, end, grain, calendar, project.max_cells)
        kept = kept_periods(query, project, periods, as_of)
        limit = query.limit if query.pivot is None else None
        question = Question(
            tuple((c.name, c.bound) for c in columns), asked, kept, grain, calendar, as_of,
            frozenset(settle(c, values) for f in (filters or ()) for c in conjuncts(f)), values, query.sparse,
            order or (), limit, tuple(h.bound for h in having), frozenset(c.name for c in columns if c.ranked),
            frozenset(c.name for c in columns if c.quiet), None, age, self._min_counts(columns), currency,
            project.convert,
            project.max_cells, project.max_cells,
        )  # fmt: skip
        late = periods[len(kept) :]
        return Asked(question, tuple(c.metric for c in columns), query, start, end, top, late, targets_of(columns))

    def _metrics(self, query: Query, faults: list[Fault]) -> tuple[Metric, ...]:
        if not query.metrics:
            faults.append(Fault("Q501", "no metric is asked", help="name one, or write a formula in quotes"))
        named = [self._collect(faults, partial(self.finding.metric, text)) for text in query.metrics]
        return tuple(m for m in named if m is not None)

    def _levels(
        self, query: Query, columns: Sequence[Column], having: Sequence[Metric], top: Top | None, by: tuple[Parts, ...],
        filters: Sequence[Bound],
    ) -> Iterator[Fault]:  # fmt: skip
        """The faults of metrics of one member at a time that are asked of several together."""
        sure = [p for condition in filters for p in pinned(condition)]
        asked = [(c.bound, [*by, *sure]) for c in columns] + [(h.bound, [*by, *sure]) for h in having]
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

    # --- columns and conditions over them ----------------------------------------------------------------------------

    def _columns(self, query: Query, metrics: tuple[Metric, ...]) -> tuple[Column, ...]:
        language = self.catalog.project.language
        return Columns(query, self.finding.bind_formula, lambda m: m.name in self.catalog.metrics, language).of(metrics)

    def _conditions(self, columns: tuple[Column, ...]) -> Callable[[str], Metric]:
        """Binds conditions that cells must meet; what the question adds to metrics goes by the names of its columns."""
        added = {c.name: c.metric for c in columns if c.asked is None and not c.ranked}
        named = {name: m for name, m in added.items() if name not in self.catalog.metrics}
        wider = replace(self.catalog, metrics={**self.catalog.metrics, **named})
        finding = Finding(wider, self.finding.functions)
        bounds = {name: m.bound for name, m in named.items()}
        return lambda text: finding.condition(text, bounds)

    def _top(self, query: Query, by: tuple[Parts, ...], columns: tuple[Column, ...]) -> Top | None:
        if query.top is None or not (columns or query.metrics):
            return None
        count, dimension, text = parse_top(query.top, by)
        metric = self.finding.metric(text) if text is not None else columns[0].metric if columns else None
        if metric is None:
            return None
        if not metric.type.numeric:
            message = f"`{metric.name}` is a {metric.type.family}: members are chosen by a number"
            raise FaultError(Fault("Q562", message, None, 'say by which: `--top "5 mrr"`'))
        return Top(abs(count), count < 0, dimension, metric, metric.bound, query.other)

    # --- parameters --------------------------------------------------------------------------------------------------

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

    # --- order, currency ---------------------------------------------------------------------------------------------

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

    def _currency(self, query: Query) -> str | None:
        """The currency asked for, if any. Raises FaultError."""
        code = query.currency
        if code is None or is_code(code):
            return code
        shown = " ".join(str(code).split())[:20]
        better = shown.upper()
        help_ = f"did you mean `{better}`?" if is_code(better) else "it has three capital letters, as `USD`"
        raise FaultError(Fault("Q580", f"`{shown}` is no code of a currency", help=help_))

    # --- time --------------------------------------------------------------------------------------------------------

    def _calendar(self, query: Query) -> Calendar:
        known = self._known()
        return replace(known, timezone=query.timezone) if query.timezone else known


def last_column(asked: Asked) -> Asked:
    """The question for the last of its columns alone."""
    question = replace(asked.question, metrics=asked.question.metrics[-1:], min_counts=asked.question.min_counts[-1:])
    return replace(asked, question=question, metrics=asked.metrics[-1:])


def now() -> datetime:
    """The present instant, in whole seconds: rows after it are not known yet."""
    return datetime.now(UTC).replace(microsecond=0)
