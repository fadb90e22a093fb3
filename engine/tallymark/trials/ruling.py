"""One test of a rule, run: its conditions over written values or rows, the states and notifications compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from tallymark.definitions import RuleDef, names_in
from tallymark.definitions.trials import Cell, TrialDef, Word
from tallymark.engine.book import Book
from tallymark.engine.calendars import plain_calendar
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.notifier import Notification
from tallymark.place import Place
from tallymark.rules.states import Evaluation, Instance, Transition
from tallymark.rules.telling import Covered, due
from tallymark.rules.wording import moment_shown, notification
from tallymark.show.sheet import text_of
from tallymark.trials.inputs import READS_ROWS, outside
from tallymark.trials.results import Difference, TestResult
from tallymark.windows import parse_period

if TYPE_CHECKING:
    from tallymark.trials.trying import Trying

STATES = ("ok", "pending", "firing", "no_data", "_")
"""How an instance may stand in a period; `_` before its first row."""

_KEYS = ("period", "to", "text", "severity")


def tried_rule(trying: Trying, trial: TrialDef, result: TestResult) -> TestResult:
    """The result of a test of a rule. Raises FaultError with what keeps it from being evaluated."""
    assert trial.rule is not None
    rule = trying.definitions.rules.get(trial.rule.text)
    if rule is None:
        help_ = did_you_mean(trial.rule.text, trying.definitions.rules)
        raise FaultError(Fault("E102", f"unknown rule `{trial.rule.text[:60]}`", trial.rule.place, help_))
    if trial.metrics is not None:
        evaluation = _over_values(trying, trial, rule)
    else:
        if trial.ask.get("as_of") is None:
            message, help_ = "the test does not say up to which day", "write `ask: {as_of: 2024-06-30}`"
            raise FaultError(Fault("E113", message, trial.ask_place, help_))
        trying.put_rows(trial)
        evaluation = trying.stage.book.evaluate(rule.name, as_of=trial.ask["as_of"])
    held = _Held(trial, evaluation, trying)
    differences = tuple(held.differences())
    return replace(result, differences=differences, faults=tuple(held.faults), receipt=held.why(differences))


def _over_values(trying: Trying, trial: TrialDef, rule: RuleDef) -> Evaluation:
    """The rule over written values: they are of what its `where` leaves."""
    conditions = [f.text for f in (rule.when, rule.clear) if f is not None]
    metrics = trying.definitions.metrics
    named = [n for text in rule.message.values() for n, _ in names_in(text) if n in metrics]
    plain = replace(rule, where=None, notify=(), pack=None)
    trying = replace_rules(trying, plain)
    written, stage = trying.small_stage(trial, (*conditions, *dict.fromkeys(named)), rule.by, rule.grain, None)
    with stage.book as book:
        _require_sound(book, rule, trial)
        bounds = [e for text in conditions if (e := book.bound(text).expression) is not None]
        faults = outside(written, bounds, book.catalog, trial)
        if faults:
            raise FaultError(faults)
        return book.evaluate(rule.name, as_of=trial.ask.get("as_of") or written.range[1])


def replace_rules(trying: Trying, rule: RuleDef) -> Trying:
    """The same with one rule, which tells nobody."""
    return replace(trying, definitions=replace(trying.definitions, rules={rule.name: rule}, notifiers={}))


def _require_sound(book: Book, rule: RuleDef, trial: TrialDef) -> None:
    """A condition that cannot be bound to the given metrics reads something else."""
    of_rule = [f for f in book.faults if f.severity == "error" and f.subject == f"rule `{rule.name}`"]
    unknown = [f for f in book.faults if f.severity == "error" and (f.subject or "").startswith("metric")]
    for fault in (*unknown, *of_rule):
        place = trial.metrics.place if trial.metrics else trial.place
        if fault.code in READS_ROWS:
            message = f"the test looks outside its input: {fault.message}"
            help_ = "give values of every metric that the rule's conditions are made of, or rows instead"
            raise FaultError(Fault("E107", message, place, help_))
        message = f"the rule's conditions cannot be made of these values: {fault.message}"
        raise FaultError(Fault("E114", message, place, "write numbers, or `true` and `false`, as the metric has them"))


@dataclass
class _Held:
    """One evaluation, held against what a test expects. `faults` are mistakes in what is expected."""

    trial: TrialDef
    evaluation: Evaluation
    trying: Trying

    def __post_init__(self) -> None:
        self.faults: list[Fault] = []

    def differences(self) -> Iterator[Difference]:
        """All that differs: states by instance and period, then notifications."""
        expect = self.trial.expect
        if expect is None:
            return
        if expect.states:
            yield from self._states(expect.states)
        if expect.notifications is not None:
            yield from self._notifications(expect.notifications)

    def why(self, differences: tuple[Difference, ...]) -> str:
        """How the first state that differs came to be."""
        for difference in differences:
            for instance, points in self.evaluation.instances.items():
                for point in points:
                    here = self._cell(instance) | {"period": self._label(point.period)}
                    if difference.what == "state" and difference.cell == here:
                        return f"{here['period']}: {point.why}" if point.why else ""
        return ""

    # --- states ----------------------------------------------------------------------------------------------------

    def _states(self, expected: Mapping[str | None, tuple[Word, ...]]) -> Iterator[Difference]:
        found = {_named(instance): instance for instance in self.evaluation.instances}
        for name, words in expected.items():
            wrong = next((w for w in words if w.text not in STATES), None)
            if wrong is not None or not words:
                message = f"`{wrong.text[:60]}` is no state" if wrong is not None else "no state is expected"
                place = wrong.place if wrong is not None else self._place
                self.faults.append(Fault("E109", message, place, f"one of {', '.join(STATES)}, one a period"))
            elif (name or "") not in found:
                shown = ", ".join(f"`{n}`" for n in found) or "none"
                fault = Fault("E131", f"there is no instance `{name or ''}`", words[0].place, f"there are {shown}")
                yield Difference({}, "instance", name or "the only one", shown, fault)
            else:
                yield from self._series(found.pop(name or ""), words)
        for name, instance in found.items() if not self.trial.some else ():
            states = " ".join(self._statuses(instance))
            help_ = "expect its states too, or say `some: true`"
            fault = Fault("E132", f"the instance `{name}` is not expected: {states}", self._place, help_)
            yield Difference(self._cell(instance), "instance", "not there", states, fault)

    def _series(self, instance: Instance, words: tuple[Word, ...]) -> Iterator[Difference]:
        statuses = self._statuses(instance)
        if len(statuses) != len(words):
            wanted, came = " ".join(w.text for w in words), " ".join(statuses)
            message = f"{len(statuses)} states came out, {len(words)} are expected"
            yield Difference(self._cell(instance), "states", wanted, came, Fault("E135", message, words[0].place))
            return
        for period, status, word in zip(self.evaluation.periods, statuses, words, strict=True):
            if status != word.text:
                cell = self._cell(instance) | {"period": self._label(period)}
                shown = ", ".join(cell.values())
                message = f"the state of {shown} is {status}, expected {word.text}"
                yield Difference(cell, "state", word.text, status, Fault("E135", message, word.place))

    def _statuses(self, instance: Instance) -> list[str]:
        known = {point.period: point.state.status for point in self.evaluation.instances[instance]}
        return [known.get(period, "_") for period in self.evaluation.periods]

    # --- notifications ---------------------------------------------------------------------------------------------

    def _notifications(self, expected: tuple[Cell, ...]) -> Iterator[Difference]:
        """Those of a rule that is run after each period, from the first one on."""
        told = self._told()
        for cell in expected:
            place = next((w.place for w in cell.values()), self._place)
            wrong = next((n for n in cell if n not in (*_KEYS, *self.evaluation.rule.by)), None)
            if wrong is not None or "to" not in cell:
                message = f"`{wrong}` is nothing of a notification" if wrong else "the notification says no `to`"
                help_ = "write `{period: 2024-03, to: firing}`, with the rule's dimensions"
                self.faults.append(Fault("E109", message, place, help_))
                continue
            match = next((t for t in told if self._matches(cell, *t)), None)
            if match is None:
                wanted = ", ".join(f"{n}: {w.text}" for n, w in cell.items())
                fault = Fault("E136", f"no notification went out with {wanted}", place, self._told_shown(told))
                yield Difference({}, "notification", wanted, self._told_shown(told), fault)
            else:
                told.remove(match)
        for transition, sent in told if not self.trial.some else ():
            came = self._one(transition, sent)
            fault = Fault("E136", f"a notification is not expected: {came}", self._place, "expect it too")
            yield Difference(self._cell(transition.instance), "notification", "none", came, fault)

    def _told(self) -> list[tuple[Transition, Notification]]:
        if not self.evaluation.periods:
            return []
        first = self.evaluation.periods[0]
        covered = Covered(first - timedelta(hours=1) if isinstance(first, datetime) else first - timedelta(days=1),
                          self.evaluation.rule.grain, self.evaluation.meaning)  # fmt: skip
        language = self.trying.language
        return [(t, notification(t, self.evaluation, language)) for t in due(self.evaluation, {}, covered)]

    def _matches(self, cell: Cell, transition: Transition, sent: Notification) -> bool:
        of = self._cell(transition.instance)
        for name, word in cell.items():
            said = {"to": transition.after, "severity": sent.severity, **of}.get(name)
            if name == "period":
                if self._period(word) != transition.period:
                    return False
            elif name == "text":
                if word.text not in f"{sent.subject}\n{sent.text}":
                    return False
            elif said != ("null" if word.value is None else word.text):
                return False
        return True

    def _period(self, word: Word) -> date | datetime | None:
        found = [start for start, label in self.evaluation.labels.items() if label.casefold() == word.text.casefold()]
        if found:
            return found[0]
        calendar = plain_calendar(self.trying.definitions.project)
        local = calendar.local(parse_period(word.text, calendar, word.place).start)
        return local.date()

    def _told_shown(self, told: list[tuple[Transition, Notification]]) -> str:
        return "; ".join(self._one(*t) for t in told) or "none"

    def _one(self, transition: Transition, sent: Notification) -> str:
        cell = self._cell(transition.instance) | {"period": self._label(transition.period), "to": transition.after}
        said = " ".join(f"{sent.subject}. {sent.text}".split())
        return ", ".join(f"{n}: {v}" for n, v in cell.items()) + f" ({said})"

    # --- names -----------------------------------------------------------------------------------------------------

    @property
    def _place(self) -> Place:
        return self.trial.expect.place if self.trial.expect is not None else self.trial.place

    def _cell(self, instance: Instance) -> dict[str, str]:
        return {name: "null" if value is None else text_of(value) for name, value in instance}

    def _label(self, period: date | datetime) -> str:
        return moment_shown(period, self.evaluation.labels, self.evaluation.rule.grain)


def _named(instance: Instance) -> str:
    """What an instance is called in a test: its values, in the order of the rule's `by`."""
    return ", ".join("null" if value is None else text_of(value) for _, value in instance)
