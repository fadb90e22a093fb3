"""A book of metrics: a project opened, checked and ready for questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from threading import Event
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from tallymark.answer import Answer, Receipt
from tallymark.catalog import Catalog, Dataset, Metric
from tallymark.check import check
from tallymark.definitions import Definitions, NotifierDef, Project, RuleDef
from tallymark.engine.asking import now
from tallymark.engine.calendars import Calendars, plain_calendar
from tallymark.engine.evaluating import evaluate, named_rule
from tallymark.engine.explaining import explain_rule
from tallymark.engine.lineage import Lineage, lineage
from tallymark.engine.notifying import Channel, Notifiers
from tallymark.engine.questions import Questions
from tallymark.engine.ruling import unsound_rules, waiting_rules
from tallymark.engine.sources import Sources
from tallymark.errors import Fault, FaultError, in_order
from tallymark.given import help_for
from tallymark.hookspecs import Format
from tallymark.plugins import Plugins
from tallymark.query import Query, query_of
from tallymark.rules.explained import RuleExplained
from tallymark.rules.states import Evaluation
from tallymark.windows import parse_moment

if TYPE_CHECKING:
    from tallymark.engine.check_results import CheckResult
    from tallymark.landing.landed import Synced
    from tallymark.landing.run import Watch
    from tallymark.rules.outcome import RuleRun, RulesStatus

Moment = str | date | datetime


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
        self._questions = Questions(self._catalog, self._sources, plugins, self._calendars)

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
        from tallymark.engine.unsound_data import unsound_data

        told = self.data_checks() if results is None else results
        found = unsound_data(self._catalog, self._sources, self._calendars, told)
        return in_order([*self.faults, *self._linted, *found])

    def data_checks(self, *names: str, as_of: Moment | None = None) -> tuple[CheckResult, ...]:
        """What comes of the checks of data that files define: the named ones, or all whose data there is.

        Raises FaultError for an unknown name (D611), and Cancelled after `cancel`.
        """
        from tallymark.engine.run_checks import run_checks

        return run_checks(self._catalog, self._questions.ask, plain_calendar(self.project), now(), names, as_of)

    def bound(self, metric: str) -> Metric:
        """The metric that a text names, or the formula that it is, with names bound. Raises FaultError."""
        return self._questions.asking.finding.metric(metric)

    def lineage(self, metric: str) -> Lineage:
        """What `metric` is made of and what is made of it. Raises FaultError for an unknown metric."""
        return lineage(self._catalog, self._questions.asking.finding.metric(metric))

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
        query = query_of(
            metrics, by=by, grain=grain, period=period, start=start, end=end, where=where, order=order, limit=limit,
            as_of=as_of, sparse=sparse, parameters=parameters or {}, timezone=timezone, currency=currency,
            compare=compare, like_for_like=like_for_like, having=having, share=share, rank=rank, top=top, other=other,
            total=total, age=age, pivot=pivot, partial=partial, bands=bands, target=target,
        )  # fmt: skip
        return self._questions.ask(query)

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
        query = query_of(
            (metric,), period=period, start=start, end=end, where=where, as_of=as_of, parameters=parameters or {},
            timezone=timezone, currency=currency, compare=compare or (), like_for_like=like_for_like,
        )  # fmt: skip
        return self._questions.explain(query, rows)

    # --- rules -----------------------------------------------------------------------------------------------------

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
        return evaluate(named_rule(rule, self._definitions.rules), self._questions, as_of)

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

    # --- its end ---------------------------------------------------------------------------------------------------

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


def _of_options(sources: Sources) -> list[Fault]:
    """What is wrong with the options of declared sources, whether a dataset uses them or not."""
    return [f for faults in sources.unsound.values() for f in faults]
