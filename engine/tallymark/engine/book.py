"""A book of metrics: a project opened, checked and ready for questions."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from threading import Event
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from tallymark.answer import Answer, Receipt
from tallymark.catalog import Catalog, Dataset, Metric
from tallymark.check import check
from tallymark.definitions import Definitions, NotifierDef, Project, RuleDef
from tallymark.engine.answering import answer_of
from tallymark.engine.asking import Asked, Asking, last_column, now
from tallymark.engine.calendars import Calendars, plain_calendar
from tallymark.engine.dropped import dropped
from tallymark.engine.earliest import earliest
from tallymark.engine.evaluating import Evaluating, named_rule
from tallymark.engine.explaining import explain_rule
from tallymark.engine.formats import writers
from tallymark.engine.lineage import Lineage, lineage
from tallymark.engine.loading import load_for, plugins_of
from tallymark.engine.mistakes import pivoted_by
from tallymark.engine.notifying import Channel, Notifiers
from tallymark.engine.pivoting import pivoted
from tallymark.engine.rates import converts, rate_notes, unsound_rates
from tallymark.engine.receipts import receipt
from tallymark.engine.remarks import remarks
from tallymark.engine.ruling import unsound_rules, waiting_rules
from tallymark.engine.scoring import with_sheet
from tallymark.engine.sources import Sources
from tallymark.engine.topping import topped
from tallymark.engine.totals import with_totals
from tallymark.engine.unseen import datasets_needed
from tallymark.errors import Fault, FaultError, in_order
from tallymark.formula.bound import Bound
from tallymark.given import help_for
from tallymark.hookspecs import Format
from tallymark.lower import Lowered, lower, settle_datasets
from tallymark.plugins import Plugins
from tallymark.query import Query
from tallymark.read import read_project
from tallymark.render import Rendered, render
from tallymark.render.final import DROPPED, UNDATED
from tallymark.render.keys import repeated_key
from tallymark.rules.explained import RuleExplained
from tallymark.rules.states import Evaluation
from tallymark.windows import parse_moment

if TYPE_CHECKING:
    from tallymark.engine.check_results import CheckResult
    from tallymark.landing.landed import Synced
    from tallymark.landing.run import Watch
    from tallymark.rules.outcome import RuleRun, RulesStatus

Moment = str | date | datetime

MOST_ROWS = 10_000
"""So many rows of an aggregate a receipt may tell."""


class Book:
    """All metrics of a project. Made by `tallymark.open`; safe to use from several threads.

    `faults` are what `check` found, warnings included; metrics without faults can be asked even when others have some.
    """

    def __init__(
        self, definitions: Definitions, plugins: Plugins, tables: Mapping[str, Any], found: Iterable[Fault]
    ) -> None:
        self._definitions = definitions
        self._plugins = plugins
        self._sources = Sources(definitions, plugins, tables)
        self._notifiers = Notifiers(definitions, plugins)
        transforms = self._sources.modelling.transforms(plugins.transforms)
        self._catalog, checked = check(definitions, self._sources.describe, plugins.functions, transforms)
        given = (*found, *plugins.faults, *_of_options(self._sources), *self._notifiers.faults)
        ruled = unsound_rules(definitions, self._catalog, plugins)
        self.faults: tuple[Fault, ...] = in_order([*given, *checked, *ruled])
        self._linted: tuple[Fault, ...] | None = None
        self._calendars = Calendars(self._catalog, self._sources, plugins.functions)
        self._asking = Asking(self._catalog, plugins.functions, self._calendars.current)
        self._unique: dict[str, Hashable] = {}
        self._sound: Hashable = None
        self._lock = threading.Lock()

    # --- what there is ---------------------------------------------------------------------------------------------

    @property
    def project(self) -> Project:
        """The settings of the project."""
        return self._catalog.project

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Every metric by name, those that lack data included."""
        return MappingProxyType(dict(self._catalog.metrics))

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """Every dataset by name."""
        return self._catalog.datasets

    @property
    def catalog(self) -> Catalog:
        """Everything with its names bound."""
        return self._catalog

    @property
    def formats(self) -> Mapping[str, Format]:
        """The formats that answers may be written in, by name."""
        return MappingProxyType(self._plugins.formats)

    def format(self, name: str) -> Format:
        """The format of that name. Raises FaultError (P714)."""
        known = self._plugins.formats
        if name not in known:
            raise FaultError(Fault("P714", f"unknown format `{name[:60]}`", None, help_for(name[:60], known)))
        return known[name]

    @property
    def notifiers(self) -> Mapping[str, NotifierDef]:
        """The notifiers of the project as written, by name."""
        return self._notifiers.declared

    def notifier(self, name: str) -> Channel:
        """The notifier of that name, ready to send. Raises FaultError (A300, A301, or its options')."""
        return self._notifiers.channel(name)

    @property
    def plugins(self) -> Plugins:
        """Every plugin that was found, and what they give."""
        return self._plugins

    def find(self, text: str) -> list[Metric]:
        """The metrics whose name, label or alias is `text`, apart from case and accents."""
        return list(self._catalog.find(text))

    def check(self, data: bool = False, results: Sequence[CheckResult] | None = None) -> tuple[Fault, ...]:
        """Every fault of the project in the order of their places, what the checks of plugins find included.

        With `data`, those of keys and references too, and the checks of data that fail or of which nothing is known;
        `results` are told instead, when they are at hand.
        """
        from tallymark.engine.linting import lint

        if self._linted is None:
            self._linted = lint(self._catalog, self._plugins)
        if not data:
            return in_order([*self.faults, *self._linted])
        from tallymark.engine.check_results import BROKEN
        from tallymark.engine.data_checks import check_data

        found = [*self.faults, *self._linted, *check_data(self._catalog, self._sources)]
        rates = self._catalog.rates
        # Rates that a transform makes depend on the question, and are looked at when one is asked.
        if rates is not None and self._catalog.datasets[rates.dataset].making is None:
            found += unsound_rates(self._catalog, self._sources, self._calendars.current())
        told = self.data_checks() if results is None else results
        # Of a check that is written wrongly its own faults are told already.
        return in_order([*found, *(fault for r in told if (fault := r.fault) is not None and r.why != BROKEN)])

    def data_checks(self, *names: str, as_of: Moment | None = None) -> tuple[CheckResult, ...]:
        """What comes of the checks of data that files define: the named ones, or all whose data there is.

        Raises FaultError for an unknown name (D611), and Cancelled after `cancel`.
        """
        from tallymark.engine.run_checks import run_checks

        return run_checks(self._catalog, self.ask, plain_calendar(self.project), now(), names, as_of)

    def bound(self, metric: str) -> Metric:
        """The metric that a text names, or the formula that it is, with names bound. Raises FaultError."""
        return self._asking.metric(metric)

    def lineage(self, metric: str) -> Lineage:
        """What `metric` is made of and what is made of it. Raises FaultError for an unknown metric."""
        return lineage(self._catalog, self._asking.metric(metric))

    def sync(
        self, *sources: str, full: bool = False, watch: Watch | None = None, stop: Event | None = None
    ) -> tuple[Synced, ...]:
        """Lands the named sources, or all that can be landed; questions go on, and read the new data afterwards.

        Raises FaultError with what failed, when every source was tried. A table or column that this sync brings for the
        first time is known once the project is opened anew.
        """
        from tallymark.landing.sync import sync

        kinds, unsound = self._plugins.sources, self._sources.unsound
        done = sync(self._definitions, kinds, sources, full=full, watch=watch, stop=stop, unsound=unsound)
        faults = [fault for each in done for fault in each.faults]
        if faults:
            raise FaultError(faults)
        return done

    # --- questions -------------------------------------------------------------------------------------------------

    def ask(
        self,
        *metrics: str | Query,
        by: str | Sequence[str] = (),
        grain: str | None = None,
        period: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        where: str | None = None,
        order: str | Sequence[str] = (),
        limit: int | None = None,
        as_of: Moment | None = None,
        sparse: bool = False,
        parameters: Mapping[str, Any] | None = None,
        timezone: str | None = None,
        currency: str | None = None,
        compare: str | Sequence[str] = (),
        like_for_like: bool = False,
        having: str | Sequence[str] = (),
        share: bool = False,
        rank: bool = False,
        top: int | str | None = None,
        other: bool = False,
        total: bool = False,
        age: str | None = None,
        pivot: str | bool | None = None,
        partial: str | None = None,
        bands: bool = True,
        target: bool = False,
    ) -> Answer:
        """The answer to a question: metric names, aliases or formulas, over periods and dimensions (see `Query`).

        A ready `Query` may be given instead of metrics and keywords. Raises FaultError with everything wrong in the
        question or the data, and Cancelled after `cancel`.
        """
        query = _query(
            metrics, by=by, grain=grain, period=period, start=start, end=end, where=where, order=order, limit=limit,
            as_of=as_of, sparse=sparse, parameters=parameters or {}, timezone=timezone, currency=currency,
            compare=compare, like_for_like=like_for_like, having=having, share=share, rank=rank, top=top, other=other,
            total=total, age=age, pivot=pivot, partial=partial, bands=bands, target=target,
        )  # fmt: skip
        answer = self._answered(self._asking.bind(query, self._earliest, now()))
        wide = pivoted_by(query) if query.pivot is not None else None
        shown = answer if wide is None else pivoted(answer, wide, query.limit)
        return replace(shown, formats=writers(self._plugins))

    def _answered(self, asked: Asked) -> Answer:
        """The answer in its long form."""
        catalog = settle_datasets(self._catalog, asked.question.values)

        def rows(lowered: Lowered) -> Any:
            rendered = self._render(catalog, lowered)
            found = rendered.site.run(rendered.sql)
            rate_notes(lowered, rendered, catalog, self._sources)
            return found

        if asked.top is not None:
            asked = replace(asked, question=topped(asked.question, asked.top, catalog, rows))
        lowered = lower(catalog, asked.question)
        rendered = self._render(catalog, lowered)
        table = rendered.site.run(rendered.sql)
        self._require_few_cells(table.num_rows, lowered, rendered)
        notes = remarks(asked, lowered, rendered, table, catalog, self._sources)
        notes += dropped(asked, self._counts(table, rendered))
        if asked.query.total:
            table = with_totals(table, asked.question, catalog, rows)
        return answer_of(asked, lowered, table, rendered, notes, catalog)

    def explain(
        self,
        metric: str,
        *,
        period: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        where: str | None = None,
        as_of: Moment | None = None,
        parameters: Mapping[str, Any] | None = None,
        timezone: str | None = None,
        currency: str | None = None,
        compare: str | None = None,
        like_for_like: bool = False,
        rows: int | None = None,
    ) -> Receipt:
        """How one number came to be: the value of every part of the formula, rows read, notes and the SQL.

        With `compare`, of the growth against another period, or of what else can be compared of the metric. With
        `rows`, also the rows that counted, at most so many of each aggregate. Raises FaultError as `ask` does.
        """
        if rows is not None and not 1 <= rows <= MOST_ROWS:
            message = f"`rows` is how many rows are told of each aggregate: 1 to {MOST_ROWS:,}, not {rows}"
            raise FaultError(Fault("Q597", message, None, "say `rows=20`"))
        query = _query(
            (metric,), period=period, start=start, end=end, where=where, as_of=as_of, parameters=parameters or {},
            timezone=timezone, currency=currency, compare=compare or (), like_for_like=like_for_like,
        )  # fmt: skip
        asked = last_column(self._asking.bind(query, self._earliest, now()))
        catalog = settle_datasets(self._catalog, asked.question.values)
        try:
            held = self._held(query, asked)
            found = receipt(asked, catalog, self._sources, partial(self._render, catalog), rows, held)
        except RecursionError:
            message = f"`{metric}` builds on too many metrics, one on the other, for a receipt"
            raise FaultError(Fault("Q514", message, None, "explain one of those it is made of")) from None
        return with_sheet(found, query, catalog, self.ask)

    def _held(self, query: Query, asked: Asked) -> Answer | None:
        """The number with its target; None when it has none, or none that can be asked of the same rows."""
        standards = asked.metrics[0].standards
        if standards is None or standards.target is None:
            return None
        try:
            return self._answered(self._asking.bind(replace(query, target=True), self._earliest, now()))
        except FaultError:
            return None

    @property
    def rules(self) -> Mapping[str, RuleDef]:
        """Every rule by name, the packs' included."""
        return MappingProxyType(dict(self._definitions.rules))

    def waiting_rules(self) -> Mapping[str, tuple[str, ...]]:
        """The rules that cannot be evaluated for want of data, each with what it needs: `dataset tickets`."""
        return waiting_rules(self._definitions, self._catalog, self._plugins)

    def evaluate(self, rule: str, *, as_of: Moment | None = None) -> Evaluation:
        """How the rule stands after each period up to `as_of`, for each of its instances.

        Raises FaultError for an unknown rule (A109), for one that finds no rows (A110), and as `ask` does.
        """
        evaluating = Evaluating(
            self._catalog, self._asking, self._sources, self._calendars.current(), self._earliest, self._render,
            self._require_few_cells,
        )  # fmt: skip
        return evaluating.evaluate(named_rule(rule, self._definitions.rules), as_of)

    def explain_rule(
        self, rule: str, *, at: str | None = None, where: str | None = None, as_of: Moment | None = None
    ) -> RuleExplained:
        """How the rule stands in the period called `at`, the newest unless said, and how that came to be.

        `where` chooses among its instances: `plan = 'pro'`; one alone is told with its series and receipts. Raises
        FaultError as `evaluate` does, and for an instance or a period that there is not (A112, A113, A114).
        """
        found = self.evaluate(rule, as_of=as_of)
        return explain_rule(found, at, where, self._catalog, self._calendars.current(), self.explain)

    def run_rules(self, *names: str, as_of: Moment | None = None, dry_run: bool = False) -> RuleRun:
        """Evaluates the named rules, or all of them, and tells what is new to whom it concerns.

        What was told is kept in the project's folder, so that every change is told once. `faults` of the run has what
        went wrong with a rule or a notifier. Raises FaultError for an unknown rule (A109), another run under way (A200)
        and a ledger that cannot be read or written (A202 to A206).
        """
        from tallymark.engine.running_rules import run_rules

        instant = None if as_of is None else parse_moment(as_of, self._calendars.current(), end=True)
        return run_rules(self, names, as_of=instant, dry_run=dry_run)

    def rules_status(self) -> RulesStatus:
        """What fires or has no data as last told, who was told of it, and what waits. Evaluates nothing."""
        from tallymark.engine.rules_standing import rules_status

        return rules_status(self)

    def drop_notifications(self, notifier: str) -> int:
        """Gives up what waits to be told to a notifier, and tells how many notifications that were."""
        from tallymark.engine.rules_standing import drop_notifications

        return drop_notifications(self, notifier)

    def cancel(self) -> None:
        """Stops every question that runs now, in any thread."""
        self._sources.cancel()

    def close(self) -> None:
        """Closes the databases. The book cannot be asked afterwards."""
        self._sources.close()

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _counts(self, table: Any, rendered: Rendered) -> Mapping[str, int]:
        """The cells that are left out: every row tells them, and where there is none a question of their own."""
        if rendered.left_out is None:
            return {}
        told = table if table.num_rows else rendered.site.run(rendered.left_out())
        return {name: told.column(name)[0].as_py() for name in (DROPPED, UNDATED) if name in told.column_names}

    def _earliest(self, bounds: tuple[Bound, ...], as_of: datetime, values: Mapping[str, Any]) -> datetime | None:
        catalog = settle_datasets(self._catalog, values)
        return earliest(bounds, as_of, catalog, self._sources, self._calendars.current())

    def _render(self, catalog: Catalog, lowered: Lowered, keep: Sequence[int] = ()) -> Rendered:
        """The SQL of a plan, after making sure that no reference in it multiplies rows."""
        site = self._sources.site(catalog, datasets_needed(lowered, catalog))
        rendered = render(lowered.plan, catalog, site, functions=self._plugins.functions, keep=keep)
        for dataset in rendered.referenced:
            self._require_unique_key(catalog, dataset)
        if converts(lowered.plan):
            self._require_sound_rates(catalog)
        return rendered

    def _require_few_cells(self, found: int, lowered: Lowered, rendered: Rendered) -> None:
        """The plan reads one cell more than is allowed, so that too many are noticed without reading them all."""
        most = self.project.max_cells
        if found <= most or lowered.plan.limit != most + 1:
            return
        periods = len(lowered.plan.periods)
        groups = rendered.site.run(rendered.combinations()).column(0)[0].as_py()
        named = ", ".join(dict.fromkeys(f"`{k.name}`" for k in lowered.plan.space.level))
        message = f"the answer would have {periods * groups:,} cells: {periods:,} periods × {groups:,} of {named}"
        help_ = f"at most {most:,} are answered: ask fewer dimensions, a coarser grain or a shorter range"
        raise FaultError(Fault("Q513", message, None, help_))

    def _require_sound_rates(self, catalog: Catalog) -> None:
        """Rates that contradict one another, or cannot be rates, are faults, looked for once for every state."""
        rates = catalog.rates
        if rates is None:
            return
        state = (rates, *(self._sources.state(d) for d in catalog.basis(rates.dataset)))
        with self._lock:
            if self._sound == state:
                return
        faults = unsound_rates(catalog, self._sources, self._calendars.current())
        if faults:
            raise FaultError(faults)
        with self._lock:
            self._sound = state

    def _require_unique_key(self, catalog: Catalog, dataset: str) -> None:
        """A repeated key under a reference is a fault, looked for once for every state of the data."""
        own = catalog.datasets[dataset]
        made = tuple(m.given for d in catalog.made((dataset,)) if (m := d.making) is not None)
        state = (*(self._sources.state(d) for d in catalog.basis(dataset)), made)
        with self._lock:
            if dataset in self._unique and self._unique[dataset] == state:
                return

        site = self._sources.site_around(catalog, dataset)
        sql = repeated_key(catalog, dataset, site, self._calendars.current(), self._plugins.functions)
        found = site.run(sql)
        if found.num_rows:
            key, count = found.column(0)[0].as_py(), found.column(1)[0].as_py()
            place = own.place if own.place.file != "<none>" else None
            if own.valid is not None:
                message = (
                    f"`{dataset}` has rows with the {own.key} {key!r} that are valid at one time, and others refer"
                )
                help_ = f"a reference finds one row: let each end, in `{own.valid[1]}`, when the next one begins"
                raise FaultError(Fault("D447", f"{message} to them", place, help_))
            message = f"`{dataset}` has {count} rows with the {own.key} {key!r}, and others refer to them"
            help_ = "a reference needs one row for each key: remove the repeats, or choose another key"
            raise FaultError(Fault("D440", message, place, help_))
        with self._lock:
            self._unique[dataset] = state


def _query(metrics: tuple[str | Query, ...], **said: Any) -> Query:
    if metrics and isinstance(metrics[0], Query):
        return metrics[0]
    if isinstance(said.get("pivot"), bool):
        said = said | {"pivot": "" if said["pivot"] else None}
    listed: dict[str, Any] = {n: _listed(said[n]) for n in ("by", "order", "compare", "having") if n in said}
    return Query(tuple(m for m in metrics if isinstance(m, str)), **(said | listed))


def _listed(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _of_options(sources: Sources) -> list[Fault]:
    """What is wrong with the options of declared sources, whether a dataset uses them or not."""
    return [f for faults in sources.unsound.values() for f in faults]


def open_project(
    path: str | Path | None = None,
    *,
    definitions: Definitions | None = None,
    tables: Mapping[str, Any] | None = None,
    plugins: bool | Sequence[object] = True,
    strict: bool = True,
) -> Book:
    """Opens a project: a folder with a `tally.yaml`, or ready `definitions`.

    `tables` are in-memory tables by dataset name (Arrow, pandas, polars). `plugins` False leaves out all but the
    built-in ones; a sequence of modules adds those. Raises FaultError with every error found, unless `strict` is
    False: the book then holds them in `faults`, and what is sound can be asked.
    """
    at = Path(path if path is not None else ".")
    loaded = plugins_of(at, plugins) if definitions is None else load_for(definitions, plugins)
    faults: list[Fault] = []
    if definitions is None:
        definitions, faults = read_project(at, loaded.packs, loaded.units)
    book = Book(definitions, loaded, tables or {}, faults)
    errors = [f for f in book.faults if f.severity == "error"]
    if strict and errors:
        book.close()
        raise FaultError(errors)
    return book
