"""What the ledger of rules keeps, as things and as rows of its tables."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from tallymark.notifier import Notification
from tallymark.rules.moments import instance_of, instance_text, moment_of, moment_text
from tallymark.rules.outcome import Change
from tallymark.rules.states import Instance, Moment, Reason, Status, Told, Transition
from tallymark.rules.telling import Covered, Kept
from tallymark.rules.wording import Teller

EntryState = Literal["queued", "sending", "sent", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class RuleKept:
    """What is kept of a rule: up to where it came, when it ran last, and how to speak of it when it is gone.

    `covered` is None for a rule that the project no longer has: should it come back, it begins anew.
    """

    name: str
    covered: Covered | None
    period: str | None
    """The name of the last period covered."""
    ran: datetime
    teller: Teller


@dataclass(frozen=True, slots=True)
class Entry:
    """A notification for one notifier, and what became of it.

    `doubtful` is one that was being sent when a run was broken off, at whatever attempt.
    """

    number: int
    rule: str
    instance: Instance
    notifier: str
    notification: Notification
    language: str
    state: EntryState
    attempts: int
    doubtful: bool
    error: str | None
    queued: datetime
    tried: datetime | None


@dataclass(frozen=True, slots=True)
class Queued:
    """A notification that a run puts into the outbox."""

    key: str
    notifier: str
    notification: Notification
    language: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How an instance stood in the last run that looked at it, and the name of the period since which it does."""

    status: Status | None = None
    since: str | None = None


# --- rows ----------------------------------------------------------------------------------------------------------

KEEP_RULE = """
    INSERT INTO rules (name, meaning, grain, period, as_of, period_name, ran, teller) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET meaning = excluded.meaning, grain = excluded.grain, period = excluded.period,
        as_of = excluded.as_of, period_name = excluded.period_name, ran = excluded.ran, teller = excluded.teller"""
KEEP_INSTANCE = """
    INSERT INTO instances (rule, instance, told, since, period, number) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (rule, instance) DO UPDATE SET told = excluded.told, since = excluded.since,
        period = excluded.period, number = excluded.number"""
KEEP_CHANGE = """
    INSERT INTO transitions
        (key, rule, instance, number, period, before, after, since, reason, period_name, since_name, subject, found)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
QUEUE = "INSERT INTO outbox (key, notifier, notification, language, queued) VALUES (?, ?, ?, ?, ?)"


def rule_of(row: tuple[Any, ...]) -> RuleKept:
    """A rule, of its row."""
    name, meaning, grain, period, as_of, period_name, ran, teller = row
    known = None if as_of is None else moment_of(as_of)
    covered = None if period is None else Covered(moment_of(period), grain, meaning, known)
    return RuleKept(name, covered, period_name, datetime.fromisoformat(ran), Teller(**json.loads(teller)))


def rule_row(rule: RuleKept) -> tuple[Any, ...]:
    """What `KEEP_RULE` takes."""
    covered = rule.covered
    until: tuple[str | None, ...] = (None, None, None, None)
    if covered is not None:
        known = None if covered.as_of is None else moment_text(covered.as_of)
        until = (covered.meaning, covered.grain, moment_text(covered.period), known)
    spoken = json.dumps(asdict(rule.teller), ensure_ascii=False)
    return (rule.name, *until, rule.period, rule.ran.isoformat(), spoken)


def kept_of(row: tuple[Any, ...]) -> tuple[Instance, Kept]:
    """An instance and what is kept of it, of its row."""
    instance, told, since, period, number = row
    return instance_of(instance), Kept(told, moment_of(since), moment_of(period), number)


def kept_row(kept: Kept) -> tuple[Any, ...]:
    """What `KEEP_INSTANCE` takes, after the rule and the instance."""
    assert kept.since is not None
    assert kept.period is not None
    return (kept.told, moment_text(kept.since), moment_text(kept.period), kept.number)


def change_of(rule: str, row: tuple[Any, ...]) -> Change:
    """A change of a rule, of its row; whom it is for stands in the outbox."""
    key, instance, period, before, after, since, reason, period_name, since_name, subject, _ = row
    moments: tuple[Moment, Told, Told, Moment] = (moment_of(period), before, after, moment_of(since))
    why: Reason = reason
    return Change(Transition(rule, instance_of(instance), *moments, why, key), period_name, since_name, subject)


def change_row(change: Change, number: int, at: datetime) -> tuple[Any, ...]:
    """What `KEEP_CHANGE` takes: the `number`th change of its instance, found at that time."""
    each = change.transition
    states = (moment_text(each.period), each.before, each.after, moment_text(each.since), each.reason)
    which = (each.key, each.rule, instance_text(each.instance), number)
    return (*which, *states, change.period, change.since, change.subject, at.isoformat())


def queued_row(queued: Queued, at: datetime) -> tuple[Any, ...]:
    """What `QUEUE` takes."""
    told = json.dumps(queued.notification.as_dict(), ensure_ascii=False)
    return (queued.key, queued.notifier, told, queued.language, at.isoformat())


def entry_of(row: tuple[Any, ...]) -> Entry:
    """An entry of the outbox, of its row and its transition's."""
    number, rule, instance, notifier, told, language, state, attempts, doubtful, error, queued, tried = row
    when = (datetime.fromisoformat(queued), datetime.fromisoformat(tried) if tried else None)
    said = Notification(**json.loads(told))
    shown = (rule, instance_of(instance), notifier, said, language, state, attempts, bool(doubtful), error)
    return Entry(number, *shown, *when)
