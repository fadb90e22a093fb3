"""A run of rules: each evaluated, what is new written down, and whoever is to know told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from tallymark.engine.columns import called
from tallymark.engine.evaluating import named_rule
from tallymark.engine.ruling import faults_of_rules, unread_files
from tallymark.errors import Cancelled, Fault, FaultError, TallymarkError
from tallymark.notifier import Notification
from tallymark.rules.delivering import deliver
from tallymark.rules.ledger import NOT_SEEN, Ledger, alone, open_ledger
from tallymark.rules.ledger_rows import Queued, RuleKept, Seen
from tallymark.rules.outcome import Change, Delivery, Evaluated, RuleRun
from tallymark.rules.states import Evaluation, Instance, Transition
from tallymark.rules.telling import Covered, Kept, after, covering, due, removed, standing
from tallymark.rules.wording import Teller, farewell, moment_shown, notification
from tallymark.secret import redacted
from tallymark.show.counts import many

if TYPE_CHECKING:
    from tallymark.engine.book import Book

Moment = str | date | datetime


def run_rules(
    book: Book,
    names: Sequence[str] = (),
    *,
    as_of: Moment | None = None,
    dry_run: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RuleRun:
    """Evaluates the named rules, or all of them, and tells what is new; then what earlier runs could not tell.

    A rule that cannot be evaluated does not keep the others from it, nor a notifier that fails the other ones: `faults`
    of the run has both, and what the project's files have wrong about the rules. Raises FaultError for an unknown rule
    (A109), one whose definition cannot be used, another run under way (A200) and a ledger that cannot be read or
    written (A202 to A206). A dry run writes and sends nothing, and waits for nobody.
    """
    wrong = faults_of_rules(book.faults)
    chosen = [_usable(name, book, wrong) for name in dict.fromkeys(names)]
    waiting = book.waiting_rules() if not names else {}
    folder = Path(book.project.folder).resolve()
    with ExitStack() as stack:
        if not dry_run:
            stack.enter_context(alone(folder))
        ledger = stack.enter_context(open_ledger(folder, write=not dry_run))
        run = _Run(book, ledger, as_of, dry_run, now, bool(names), wrong)
        for name in chosen or (name for name in book.rules if name not in waiting):
            run.evaluate(name)
        run.tell_of_files()
        if not names:
            run.notes += [f"`{name}` waits for {', '.join(lacks)}" for name, lacks in waiting.items()]
            run.end_removed()
        if not dry_run:
            run.deliver()
            ledger.prune(now())
        return run.outcome()


@dataclass
class _Run:
    book: Book
    ledger: Ledger
    as_of: Moment | None
    dry: bool
    now: Callable[[], datetime]
    named: bool
    """Whether somebody named the rules."""
    wrong: Mapping[str, Sequence[Fault]]
    """What is wrong with how rules are written, by their names."""
    evaluated: list[Evaluated] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = self.ledger.rules()

    def outcome(self) -> RuleRun:
        """All of it as data."""
        return RuleRun(
            tuple(self.evaluated), tuple(self.changes), tuple(self.deliveries), _once(self.faults),
            tuple(self.notes), tuple(self.failed), self.dry,
        )  # fmt: skip

    def evaluate(self, name: str) -> None:
        """One rule: what it says now, and what of it is new."""
        try:
            found = self.book.evaluate(name, as_of=self.as_of)
        except Cancelled:
            raise
        except FaultError as error:
            # What is wrong with how it is written is known with its place.
            self.fail(name, self.wrong.get(name) or [_of_rule(fault, name) for fault in error.faults])
            return
        except TallymarkError as error:
            self.fail(name, [Fault("P700", str(error), None, None, f"rule `{name}`")])
            return
        kept = self.kept.get(name)
        covered = kept.covered if kept is not None else None
        told = self.ledger.told(name)
        self.evaluated.append(evaluated(found))
        self.notes += _older(found, kept)
        transitions = due(found, told, covered)
        goes_on = standing(found, covered) not in ("older", "empty")
        until = covering(found, covered)
        period = found.labels.get(until.period) if until is not None and found.periods else None
        names = cache(partial(self._called, found))
        last = RuleKept(name, until, period or (kept.period if kept else None), self.now(), Teller.of(found.rule))
        self.tell(
            last, told, transitions, found.rule.tells(self.book.notifiers),
            lambda each, language: notification(each, found, language, names(language)),
            lambda moment: moment_shown(moment, found.labels, found.rule.grain),
            _seen(found, after(told, transitions)) if goes_on else NOT_SEEN,
        )  # fmt: skip

    def fail(self, name: str, faults: Sequence[Fault]) -> None:
        """Keeps that a rule could not be evaluated, and why."""
        self.failed.append(name)
        self.faults += faults
        if not self.dry:
            first, *others = faults
            more = f" (and {many(len(others), 'more fault')})" if others else ""
            self.ledger.fail(name, self.now(), redacted(f"[{first.code}] {first.message}{more}"))

    def tell_of_files(self) -> None:
        """What is wrong with how rules are written: those of this run, and those that it could not even begin."""
        ran = {each.rule for each in self.evaluated}
        for name, faults in self.wrong.items():
            if name in ran:
                self.faults += faults
            elif name not in self.book.rules and not self.named:
                self.fail(name, faults)
        if not self.named:
            self.faults += unread_files(self.book.faults)

    def end_removed(self) -> None:
        """Ends what rules told that the project no longer has."""
        gone = [k for name, k in self.kept.items() if name not in self.book.rules and k.covered is not None]
        gone = [kept for kept in gone if kept.name not in self.failed]
        if gone and any(fault.severity == "error" and fault.code[0] in "RS" for fault in self.book.faults):
            # The rule may stand in what could not be read.
            listed = ", ".join(f"`{kept.name}`" for kept in gone)
            self.notes.append(f"{listed}: not found, but the project has faults, so what was told of it stands")
            return
        for kept in gone:
            self._end(kept, kept.covered)

    def _end(self, kept: RuleKept, covered: Covered | None) -> None:
        if covered is None:
            return
        told, teller = self.ledger.told(kept.name), kept.teller
        # As the calendar called it then: this one may be another.
        labels = {covered.period: kept.period} if kept.period else {}
        self.tell(
            RuleKept(kept.name, None, kept.period, self.now(), teller), told, removed(kept.name, told, covered), (),
            lambda each, language: farewell(each, teller, language, labels),
            lambda moment: moment_shown(moment, labels, covered.grain),
        )  # fmt: skip

    def tell(
        self,
        rule: RuleKept,
        told: dict[Instance, Kept],
        transitions: Sequence[Transition],
        notify: Sequence[str],
        word: Callable[[Transition, str], Notification],
        name: Callable[[date | datetime], str],
        seen: Mapping[Instance, Seen] = NOT_SEEN,
    ) -> None:
        """Writes down what is new of a rule, and puts it into the outbox of everyone who is to know.

        `seen` is how those stand now of which something is told.
        """
        heard = self.ledger.listeners(rule.name) if transitions else {}
        changes, queued = [], []
        for each in transitions:
            # Who was told that something began is told that it ended, also when the rule names them no more.
            before = [n for n in heard.get(each.instance, ()) if each.before != "ok" and n in self.book.notifiers]
            heard[each.instance] = tuple(dict.fromkeys((*notify, *before)))
            for notifier in heard[each.instance]:
                language = self._language(notifier)
                queued.append(Queued(each.key, notifier, word(each, language), language))
            subject = word(each, self.book.project.language).subject
            changes.append(Change(each, name(each.period), name(each.since), subject, heard[each.instance]))
        self.changes += changes
        if not self.dry:
            self.ledger.record(rule, after(told, transitions), changes, queued, seen)

    def deliver(self) -> None:
        """Sends what waits, of earlier runs too."""
        for each in deliver(self.ledger, self.book.notifier, self.now):
            if isinstance(each, Fault):
                self.faults.append(each)
            else:
                self.deliveries.append(each)

    def _called(self, found: Evaluation, language: str) -> dict[str, str]:
        """What readers call the metrics that the evaluation has values of."""
        names = {name for points in found.instances.values() for name in points[-1].observation.values}
        return {name: called(name, self.book.metrics, language) for name in names}

    def _language(self, notifier: str) -> str:
        declared = self.book.notifiers.get(notifier)
        return (declared.language if declared is not None else None) or self.book.project.language


def _usable(name: str, book: Book, wrong: Mapping[str, Sequence[Fault]]) -> str:
    """The name of a rule that can be evaluated. Raises FaultError: what is wrong with its definition, or A109."""
    if name not in book.rules and name in wrong:
        raise FaultError(list(wrong[name]))
    return named_rule(name, book.rules).name


def _once(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The faults, each once: what keeps several rules from being evaluated, a broken file say, is of none of them."""
    alike: dict[Fault, set[str | None]] = {}
    for fault in faults:
        alike.setdefault(replace(fault, subject=None), set()).add(fault.subject)
    return tuple(replace(f, subject=of.pop()) if len(of) == 1 else f for f, of in alike.items())


def _of_rule(fault: Fault, name: str) -> Fault:
    """The fault, said to be in the rule: what asked was the rule and no question of somebody's."""
    return replace(fault, subject=f"rule `{name}`") if fault.subject in (None, "the question") else fault


def evaluated(found: Evaluation) -> Evaluated:
    """How many instances of an evaluation stand how after its newest period."""
    newest = [points[-1].state.status for points in found.instances.values() if points]
    period = found.labels.get(found.periods[-1]) if found.periods else None
    return Evaluated(found.rule.name, period, len(newest), dict(Counter(newest)), found.notes)


def _seen(found: Evaluation, told: Mapping[Instance, Kept]) -> dict[Instance, Seen]:
    """How the instances stand after the newest period that fire or are without data to whoever was told."""
    states = {i: points[-1].state for i, points in found.instances.items() if i in told and told[i].told != "ok"}
    name = partial(moment_shown, labels=found.labels, grain=found.rule.grain)
    return {i: Seen(s.status, name(s.since) if s.since is not None else None) for i, s in states.items()}


def _older(found: Evaluation, kept: RuleKept | None) -> list[str]:
    """Why an evaluation that ends before what was told tells nothing."""
    covered: Covered | None = kept.covered if kept is not None else None
    if not found.periods and covered is None:
        return [f"`{found.rule.name}`: no period is over: nothing is told"]
    if kept is None or standing(found, covered) not in ("older", "empty"):
        return []
    told = kept.period or "a later period"
    newest = found.labels[found.periods[-1]] if found.periods else None
    if newest == told and covered is not None and covered.as_of is not None:
        known = f"{found.as_of:%Y-%m-%d %H:%M}, and what was known at {covered.as_of:%Y-%m-%d %H:%M} was told before"
        return [f"`{found.rule.name}`: it looks at what was known at {known}: nothing is told"]
    ends = f"it ends with {newest}" if newest else "no period is over"
    return [f"`{found.rule.name}`: {ends}, and {told} was told of before: nothing is told"]
