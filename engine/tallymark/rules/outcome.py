"""What came of a run of rules, and how rules stand: plain data for the command, for JSON and for Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tallymark.errors import Fault
from tallymark.rules.moments import instance_fields, moment_text
from tallymark.rules.states import Moment, Status, Transition
from tallymark.show.sheet import text_of

NAMED = 5
"""So many rules that failed are named in one line."""

Sent = Literal["sent", "failed", "waiting", "dropped"]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A rule that was evaluated: how many instances it has, and how many stand how after the newest period."""

    rule: str
    period: str | None
    """The name of the newest period; None where there is none."""
    instances: int
    counts: dict[Status, int]
    """Of instances by their status."""
    notes: tuple[str, ...] = ()
    """What a reader of its values should know."""

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "rule": self.rule,
            "period": self.period,
            "instances": self.instances,
            **{f"{status}": self.counts.get(status, 0) for status in ("ok", "pending", "firing", "no_data")},
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Change:
    """A transition with what is told of it, and the names of its periods."""

    transition: Transition
    period: str
    since: str
    subject: str
    notify: tuple[str, ...] = ()
    """Whom it is for; nobody, where the rule names no notifier and none is the default."""

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        each = self.transition
        return {
            "key": each.key,
            "rule": each.rule,
            "instance": instance_fields(each.instance),
            "period": self.period,
            "period_start": moment_text(each.period),
            "before": each.before,
            "after": each.after,
            "since": self.since,
            "since_start": moment_text(each.since),
            "reason": each.reason,
            "subject": self.subject,
            "notify": list(self.notify),
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one notification for one notifier.

    `sent`, `failed` and to be tried again, `waiting` for a later run without having been tried, or `dropped`, which is
    given up.
    """

    key: str
    rule: str
    subject: str
    notifier: str
    state: Sent
    attempts: int
    doubtful: bool
    """Whether it may have arrived twice: a run was broken off as it was being sent."""
    error: str | None = None
    at: datetime | None = None
    """When it was tried last."""

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        names = ("key", "rule", "subject", "notifier", "state", "attempts", "doubtful", "error")
        return {name: getattr(self, name) for name in names} | {"at": self.at.isoformat() if self.at else None}


@dataclass(frozen=True, slots=True)
class RuleRun:
    """What came of a run: rules evaluated, transitions found, notifications sent or not, and what went wrong.

    `dry` is a run that wrote and sent nothing: its transitions are those that a run would have found.
    """

    evaluated: tuple[Evaluated, ...] = ()
    transitions: tuple[Change, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    """Rules that could not be evaluated."""
    dry: bool = False

    def counted(self, status: Status) -> int:
        """How many instances stand so."""
        return sum(each.counts.get(status, 0) for each in self.evaluated)

    @property
    def whole(self) -> bool:
        """Whether every rule was evaluated and everything told that was to be."""
        return not any(fault.severity == "error" for fault in self.faults) and all(
            each.state == "sent" for each in self.deliveries
        )

    @property
    def firing(self) -> int:
        """How many instances fire."""
        return self.counted("firing")

    def summary(self) -> str:
        """`8 rules, 57 instances: 3 firing, 1 no data; 2 told, 0 failed`."""
        instances = sum(each.instances for each in self.evaluated)
        pending, missing = self.counted("pending"), self.counted("no_data")
        states = [f"{self.firing} firing", *([f"{pending} pending"] if pending else []), f"{missing} no data"]
        heads = f"{_count(len(self.evaluated), 'rule')}, {_count(instances, 'instance')}: {', '.join(states)}"
        if self.failed:
            heads += f"; {_count(len(self.failed), 'rule')} could not be evaluated ({_some(self.failed)})"
        if self.dry:
            new = f"{_count(len(self.transitions), 'transition')} to tell" if self.transitions else "nothing new"
            return f"{heads}; {new} (dry run: nothing is written or sent)"
        if not self.transitions and not self.deliveries:
            return f"{heads}; nothing new"
        sent = sum(each.state == "sent" for each in self.deliveries)
        return f"{heads}; {sent} told, {len(self.deliveries) - sent} failed"

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for `--format json`."""
        return {
            "dry_run": self.dry,
            "rules": [each.as_dict() for each in self.evaluated],
            "transitions": [each.as_dict() for each in self.transitions],
            "deliveries": [each.as_dict() for each in self.deliveries],
            "failed": list(self.failed),
            "notes": list(self.notes),
            "faults": [fault.as_dict() for fault in self.faults],
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """An instance that is firing or without data, as it was told last."""

    rule: str
    label: str
    severity: str
    instance: tuple[tuple[str, Any], ...]
    told: str
    period: str
    since: str
    since_start: Moment
    at: datetime | None
    """When a run found it."""
    heard: tuple[Delivery, ...] = ()
    """What became of telling it, by notifier."""
    now: Status | None = None
    """How it stood in the last run: `no_data` where nothing was known, and what was told of it stands all the same."""
    now_since: str | None = None

    @property
    def who(self) -> str:
        """`plan pro, country FR`; empty for a rule without dimensions."""
        return ", ".join(f"{name} {text_of(value)}" for name, value in self.instance)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "rule": self.rule,
            "label": self.label,
            "severity": self.severity,
            "instance": instance_fields(self.instance),
            "told": self.told,
            "period": self.period,
            "since": self.since,
            "since_start": moment_text(self.since_start),
            "found_at": self.at.isoformat() if self.at else None,
            "now": self.now,
            "now_since": self.now_since,
            "deliveries": [each.as_dict() for each in self.heard],
        }


@dataclass(frozen=True, slots=True)
class LastRun:
    """A rule as the ledger has it: when it ran last and up to which period; never run, both are None."""

    rule: str
    label: str
    ran: datetime | None
    period: str | None
    gone: bool = False
    """Whether the project no longer has it, and no run has ended what it told yet."""
    failed_at: datetime | None = None
    """When a run could not evaluate it, and none has since."""
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        ran = self.ran.isoformat() if self.ran else None
        failed = self.failed_at.isoformat() if self.failed_at else None
        which = {"rule": self.rule, "label": self.label, "ran_at": ran, "period": self.period, "gone": self.gone}
        return {**which, "failed_at": failed, "error": self.error}


@dataclass(frozen=True, slots=True)
class RulesStatus:
    """How the project's rules stand, as last told: what a run would find now is not looked at."""

    rules: tuple[LastRun, ...] = ()
    standing: tuple[Standing, ...] = ()
    waiting: tuple[Delivery, ...] = ()
    """What the outbox holds that is not sent."""
    running: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for `--format json`."""
        return {
            "running": self.running,
            "rules": [each.as_dict() for each in self.rules],
            "standing": [each.as_dict() for each in self.standing],
            "waiting": [each.as_dict() for each in self.waiting],
            "notes": list(self.notes),
        }


def _some(names: Sequence[str]) -> str:
    """The first few of the names."""
    return ", ".join((*names[:NAMED], *(["…"] if len(names) > NAMED else [])))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
