"""A rule over the data: one question for its conditions, folded period by period into states.

The conditions alone decide which instances there are and how they stand. What only the message names is asked apart,
so that a change of wording never changes what is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property, partial
from typing import Any

from tallymark.answer import Answer, AnswerColumn
from tallymark.catalog import Metric, MinCount
from tallymark.definitions import Formula, RuleDef, names_in
from tallymark.engine.answering import answer_of
from tallymark.engine.asking import Asked, now
from tallymark.engine.meaning import meaning
from tallymark.engine.naming import names
from tallymark.engine.questions import Questions
from tallymark.engine.remarks import remarks
from tallymark.engine.shown import Shown
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Apply, Bound, MetricUse, Nested, parts
from tallymark.formula.parse import parse
from tallymark.given import help_for
from tallymark.kinds import Type
from tallymark.lower import Question, lower, settle_datasets
from tallymark.place import Written
from tallymark.query import Query
from tallymark.rules.machine import fold
from tallymark.rules.states import Evaluation, Instance, Moment, Observation
from tallymark.rules.subjects import subjects
from tallymark.standards import judged
from tallymark.windows import Calendar, parse_moment
from tallymark.windows.clocks import INSTANT

Truth = bool | None
"""None is unknown."""

MOST_NAMED = 2_000
"""So many instances are looked up by name at most."""

NOT_BEGUN = "Q509"
"""The code of a question that finds no rows to tell where its range begins."""


def named_rule(name: str, rules: Mapping[str, RuleDef]) -> RuleDef:
    """The rule of that name. Raises FaultError (A109)."""
    if name not in rules:
        raise FaultError(Fault("A109", f"unknown rule `{name[:60]}`", None, help_for(name[:60], rules)))
    return rules[name]


def evaluate(rule: RuleDef, questions: Questions, as_of: str | date | datetime | None = None) -> Evaluation:
    """The rule over all periods up to the knowledge date. Raises FaultError, as a question does, and A110 when the rule
    finds no rows at all: nothing is known then, which is not to say that all is well.
    """
    calendar = questions.calendars.current()
    said = as_of if as_of is not None else questions.catalog.project.as_of
    instant = now() if said is None else parse_moment(said, calendar, end=True)
    return _Run(rule, questions, calendar, instant).evaluation()


@dataclass(frozen=True, slots=True)
class _Cell:
    """A row of the answer to the conditions: a period of an instance."""

    when: bool | None
    clear: bool | None
    values: dict[str, Any]
    touched: bool


@dataclass
class _Run:
    """One evaluation of one rule. `instant` is the knowledge date."""

    rule: RuleDef
    questions: Questions
    calendar: Calendar
    instant: datetime
    columns: dict[str, AnswerColumn] = field(default_factory=dict)
    """How the values of observations are measured, by their text."""

    @property
    def locale(self) -> str:
        """The language of texts for readers."""
        project = self.questions.catalog.project
        return project.locale or project.language

    def evaluation(self) -> Evaluation:
        rule = self.rule
        settled = self.questions.asking.values(rule.parameters)
        means = meaning(rule, self.conditions, self.questions.catalog, settled)
        if self.since is not None and self.since >= self._newest_end():
            return Evaluation(rule, self.instant, means, (), {}, {})
        asked, answer, touched = self._asked()
        periods = {_start(asked, p.start): p for p in asked.question.periods}
        whole = [s for s, p in periods.items() if rule.partial == "include" or p.end <= self.instant]
        partial = frozenset(s for s, p in periods.items() if p.end > self.instant)
        rows = self._rows(answer, touched)
        if not any(cell.touched for cells in rows.values() for cell in cells.values()):
            raise FaultError(self._no_rows())
        self._add_message_values(rows, asked)
        instances = {i: fold(rule, self._observations(rows[i], whole, partial)) for i in sorted(rows, key=_ordered)}
        return Evaluation(
            rule, self.instant, means, tuple(whole), {s: p.label for s, p in periods.items()},
            {i: points for i, points in instances.items() if points}, answer.notes,
            tuple(p.label for s, p in periods.items() if s not in whole), self._names(asked, rows),
        )  # fmt: skip

    # --- what is asked ---------------------------------------------------------------------------------------------

    @cached_property
    def conditions(self) -> list[Metric]:
        """`when`, and `clear` where there is one, as nameless metrics."""
        bind = self.questions.asking.finding.bind_formula
        return [bind(f.text, f.node if f.node is not None else parse(f.written), f.written) for f in self._formulas]

    @property
    def _formulas(self) -> list[Formula]:
        return [f for f in (self.rule.when, self.rule.clear) if f is not None]

    @cached_property
    def since(self) -> datetime | None:
        """The first edge of a period that is not before the day the rule begins on."""
        if self.rule.since is None:
            return None
        calendar = self.calendar
        first = calendar.instant(datetime.combine(self.rule.since, time.min))
        edge = calendar.floor(first, self.rule.grain)
        return edge if edge == first else calendar.add(edge, 1, self.rule.grain)

    def _newest_end(self) -> datetime:
        calendar, grain = self.calendar, self.rule.grain
        return calendar.add(calendar.floor(self.instant - INSTANT, grain), 1, grain)

    def _query(self, metrics: Sequence[str]) -> Query:
        rule = self.rule
        where = rule.where.text if rule.where is not None else None
        return Query(
            tuple(metrics), by=rule.by, grain=rule.grain, start=self.since, where=where, as_of=self.instant,
            parameters=rule.parameters, partial="include",
        )  # fmt: skip

    @cached_property
    def guards(self) -> list[tuple[str, MinCount]]:
        """The conditions once more for each metric in them whose cells may be hidden: where it is, they are unknown."""
        found = []
        for condition in self.conditions:
            for name in _named(condition.bound):
                hidden = self.questions.catalog.metrics[name].min_count
                if hidden is not None and hidden.at_least:
                    found.append((condition.name, replace(hidden, stands_for=name)))
        return found

    @cached_property
    def watched(self) -> dict[str, str]:
        """What the conditions compare, and every metric that they name: how each is asked, by its text."""
        found: dict[str, str] = {}
        for formula in self._formulas:
            for side in subjects(formula):
                text = " ".join(side.text.split())
                if text not in self.questions.catalog.metrics and self._stands_alone(side):
                    found.setdefault(text, f"({side.text})")
        for condition in self.conditions:
            found |= {name: name for name in _named(condition.bound)}
        return found

    def _stands_alone(self, side: Written) -> bool:
        try:
            self.questions.asking.finding.bind_formula(side.text, parse(side), side)
        except FaultError:
            return False
        return True

    def _asked(self) -> tuple[Asked, Answer, list[bool]]:
        """The answer to the conditions, and of each of its rows whether any row of data is behind it."""
        texts = [f"({m.name})" for m in self.conditions] + [f"({text})" for text, _ in self.guards]
        query = self._query([*texts, *self.watched.values()])
        try:
            asked = self.questions.bind(query, self.instant)
        except FaultError as error:
            begun = all(f.code != NOT_BEGUN for f in error.faults)
            raise (error if begun else FaultError(self._no_rows())) from None
        asked = replace(asked, question=self._arranged(asked.question))
        answer, behind = self._answered(asked)
        return asked, answer, behind

    def _arranged(self, question: Question) -> Question:
        """The question with its columns named as readers know them, and each guard hidden as its metric is. What is
        noted of the parts of a condition is not noted again of the whole.
        """
        own = len(self.conditions) + len(self.guards)
        counts = list(question.min_counts)
        counts[len(self.conditions) : own] = [hidden for _, hidden in self.guards]
        names = [*(name for name, _ in question.metrics[:own]), *self.watched]
        bounds = [bound for _, bound in question.metrics]
        quiet = frozenset(names[: own if self.watched else 0])
        metrics = tuple(zip(names, bounds, strict=True))
        return replace(question, metrics=metrics, min_counts=tuple(counts), quiet=quiet)

    def _answered(self, asked: Asked) -> tuple[Answer, list[bool]]:
        catalog = settle_datasets(self.questions.catalog, asked.question.values)
        # A sparse plan knows which nodes count the rows behind a cell; all cells are wanted here, and those counts.
        lowered = lower(catalog, replace(asked.question, sparse=True))
        counts = lowered.plan.touched or ()
        lowered = replace(lowered, plan=replace(lowered.plan, touched=None))
        rendered, table = self.questions.cells(catalog, lowered, counts)
        notes = remarks(asked, lowered, rendered, table, catalog, self.questions.sources)
        behind = [False] * table.num_rows
        for node in counts:
            found = table.column(f"k{node}").to_pylist()
            behind = [before or bool(here) for before, here in zip(behind, found, strict=True)]
        return answer_of(asked, lowered, table, rendered, notes, catalog), behind

    def _no_rows(self) -> Fault:
        message = f"the rule `{self.rule.name}` finds no rows up to {self.instant:%Y-%m-%d}: nothing is known"
        help_ = "look whether its datasets have data, or at its `since` and `where`"
        return Fault("A110", message, self.rule.place, help_, f"rule `{self.rule.name}`")

    # --- what is answered ------------------------------------------------------------------------------------------

    def _rows(self, answer: Answer, touched: list[bool]) -> dict[Instance, dict[Moment, _Cell]]:
        """The cells of each instance by period."""
        columns = [c for c in answer.columns if c.role == "metric"]
        first = len(self.conditions)
        own = first + len(self.guards)
        self.columns = dict(zip(self.watched, columns[own:], strict=True))
        guards = {c.text: [first + n for n, (t, _) in enumerate(self.guards) if t == c.text] for c in self._formulas}
        found: dict[Instance, dict[Moment, _Cell]] = {}
        for row, behind in zip(answer.to_dicts(), touched, strict=True):
            truths = [row[c.name] for c in columns[:own]]
            unsure = any(truths[n] is None for known in guards.values() for n in known)
            cell = _Cell(*self._truths(truths, guards), {}, behind)
            for text, column in self.columns.items():
                # What is made of a hidden number would tell it.
                cell.values[text] = None if unsure and text not in self.questions.catalog.metrics else row[column.name]
            found.setdefault(_instance(answer, row), {})[row["period"]] = cell
        return found

    def _truths(
        self, truths: Sequence[bool | None], guards: Mapping[str, list[int]]
    ) -> tuple[bool | None, bool | None]:
        """`when` and `clear`: unknown where a guard of theirs is."""
        known = [
            None if any(truths[n] is None for n in guards[formula.text]) else truths[number]
            for number, formula in enumerate(self._formulas)
        ]
        when = known[0]
        return when, known[1] if len(known) > 1 else None if when is None else not when

    def _observations(
        self, cells: Mapping[Moment, _Cell], periods: Sequence[Moment], partial: frozenset[Moment]
    ) -> Iterator[Observation]:
        """What is known of an instance in each period, from the first one in which it has a row of data."""
        begun = False
        for period in periods:
            cell = cells.get(period)
            begun = begun or (cell is not None and cell.touched)
            if begun and cell is None:
                yield Observation(period, None, None, present=False, partial=period in partial)
            elif begun and cell is not None:
                shown = Shown(cell.values, self.columns, self.locale)
                yield Observation(period, cell.when, cell.clear, cell.values, shown, True, period in partial)

    def _names(self, asked: Asked, instances: Iterable[Instance]) -> dict[tuple[str, Any], str]:
        """What the values of dimensions that are keys are called, of rules with few enough instances."""
        known = list(instances)
        if len(known) > MOST_NAMED:
            return {}
        catalog = settle_datasets(self.questions.catalog, asked.question.values)
        question = replace(asked.question, periods=asked.question.periods[-1:], quiet=frozenset())
        read = Apply("and", tuple(m.bound for m in self.conditions), Type.BOOLEAN)
        found: dict[tuple[str, Any], str] = {}
        for text, parts_ in zip(self.rule.by, asked.question.by, strict=True):
            keys = [v for v in dict.fromkeys(dict(i)[text] for i in known) if v is not None]
            called = names(parts_, keys, read, question, catalog, partial(self.questions.render, catalog))
            found |= {(text, key): name for key, name in called.items()}
        return found

    # --- what only the message names -------------------------------------------------------------------------------

    def _add_message_values(self, rows: dict[Instance, dict[Moment, _Cell]], asked: Asked) -> None:
        metrics = self.questions.catalog.metrics
        named = {name for text in self.rule.message.values() for name, _ in names_in(text)}
        named -= {*self.watched, *self.rule.by, "period"}
        held = {n: of for n in named if n not in metrics and (of := judged(n, metrics)) is not None}
        wanted = sorted({*(n for n in named if n in metrics), *(name for name, _ in held.values())})
        if not wanted:
            return
        query = replace(self._query(wanted), start=asked.question.periods[0].start, target=bool(held))
        answer, _ = self._answered(self.questions.bind(query, self.instant))
        columns = dict(zip(wanted, (c for c in answer.columns if c.role == "metric"), strict=True))
        columns |= {f"{c.judges}_{c.role}": c for c in answer.columns if c.judges and c.name in held}
        columns = {name: column for name, column in columns.items() if name in named}
        self.columns |= columns
        for row in answer.to_dicts():
            cell = rows.get(_instance(answer, row), {}).get(row["period"])
            if cell is not None:
                cell.values.update((name, row[column.name]) for name, column in columns.items())


def _named(bound: Bound) -> list[str]:
    """The metrics that a formula names itself, without those that it asks of the members of `per`."""
    found: dict[str, None] = {}
    waiting = [bound]
    while waiting:
        here = waiting.pop(0)
        if isinstance(here, MetricUse):
            found[here.name] = None
        elif not isinstance(here, Nested):
            waiting += parts(here)
    return list(found)


def _instance(answer: Answer, row: Mapping[str, Any]) -> Instance:
    return tuple((c.name, row[c.name]) for c in answer.columns if c.role == "dimension")


def _start(asked: Asked, instant: datetime) -> Moment:
    """The start of a period as answers name it."""
    return instant if asked.question.grain == "hour" else asked.question.calendar.local(instant).date()


def _ordered(instance: Instance) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for _, value in instance]
