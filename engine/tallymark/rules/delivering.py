"""Sending what the outbox holds: each entry marked on the disk before it is sent and after it was taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from tallymark.errors import Fault, FaultError, TallymarkError
from tallymark.notifier import Notification, NotifierKind
from tallymark.rules.ledger import Ledger
from tallymark.rules.ledger_rows import Entry
from tallymark.rules.outcome import Delivery, Sent
from tallymark.rules.states import Instance
from tallymark.rules.wording import again
from tallymark.secret import redacted

PATIENCE = 3
"""After so many failures in a row a notifier is left alone until the next run."""


class Channel(Protocol):
    """A notifier of the project: what it is of, and how it sends."""

    @property
    def kind(self) -> NotifierKind:
        """Its kind, which says whether it knows what it is told twice."""
        ...

    def send(self, notification: Notification) -> tuple[Fault, ...]:
        """Sends, and gives warnings. Raises FaultError when it was not taken."""
        ...


@dataclass(slots=True)
class _Trouble:
    """What stands in the way of later entries: notifiers that fail, and instances whose last word is not out."""

    failures: dict[str, int] = field(default_factory=dict)
    held: set[tuple[str, str, Instance]] = field(default_factory=set)
    lost: dict[str, tuple[Fault, ...]] = field(default_factory=dict)


def deliver(
    ledger: Ledger, channel: Callable[[str], Channel], now: Callable[[], datetime]
) -> Iterator[Delivery | Fault]:
    """Sends what waits; tells what became of each entry, and what went wrong.

    An entry that fails waits for the next run, and so do later ones of the same instance for the same notifier: what
    ended is never told before it began. Other notifiers and instances go on.
    """
    trouble = _Trouble()
    for entry in _in_turn(ledger.waiting()):
        if _way(entry) in trouble.held or trouble.failures.get(entry.notifier, 0) >= PATIENCE:
            trouble.held.add(_way(entry))
            yield delivery(entry, "waiting")
            continue
        try:
            to = channel(entry.notifier)
        except TallymarkError as error:
            trouble.held.add(_way(entry))
            if entry.notifier not in trouble.lost:
                trouble.lost[entry.notifier] = _lost(entry.notifier, error)
                yield from trouble.lost[entry.notifier]
            yield replace(delivery(entry, "waiting"), error=trouble.lost[entry.notifier][0].message)
            continue
        yield from _send(ledger, entry, to, trouble, now)


def _way(entry: Entry) -> tuple[str, str, Instance]:
    return (entry.notifier, entry.rule, entry.instance)


def _in_turn(entries: list[Entry]) -> list[Entry]:
    """The entries in the order in which they were found, those last whose first has failed, the oftener the later.

    One that a notifier never takes must not use up the patience that others need.
    """
    failed: dict[tuple[str, str, Instance], int] = {}
    for entry in entries:
        failed.setdefault(_way(entry), entry.attempts if entry.state == "failed" else 0)
    return sorted(entries, key=lambda entry: (failed[_way(entry)], entry.number))


def _send(
    ledger: Ledger, entry: Entry, to: Channel, trouble: _Trouble, now: Callable[[], datetime]
) -> Iterator[Delivery | Fault]:
    doubtful = entry.doubtful or entry.state == "sending"
    told = entry.notification
    ledger.sending(entry, now())
    try:
        warnings = to.send(again(told, entry.language) if doubtful and not to.kind.repeatable else told)
    except TallymarkError as error:
        faults = _faults(error)
        message = redacted("; ".join(f"[{fault.code}] {fault.message}" for fault in faults))
        ledger.failed(entry, now(), message)
        trouble.failures[entry.notifier] = trouble.failures.get(entry.notifier, 0) + 1
        trouble.held.add(_way(entry))
        yield from faults
        yield replace(delivery(entry, "failed"), attempts=entry.attempts + 1, error=message, at=now())
        return
    ledger.sent(entry, now())
    trouble.failures[entry.notifier] = 0
    yield from warnings
    yield replace(delivery(entry, "sent"), attempts=entry.attempts + 1, error=None, at=now())


def delivery(entry: Entry, state: Sent) -> Delivery:
    """An entry of the outbox as what became of it."""
    said, doubtful = entry.notification, entry.doubtful or entry.state == "sending"
    which = (said.key or "", entry.rule, said.subject, entry.notifier)
    return Delivery(*which, state, entry.attempts, doubtful, entry.error, entry.tried)


def _faults(error: TallymarkError) -> tuple[Fault, ...]:
    return error.faults if isinstance(error, FaultError) else (Fault("P700", str(error)),)


def _lost(notifier: str, error: TallymarkError) -> tuple[Fault, ...]:
    """What is said of notifications for a notifier that cannot be had: they are kept."""
    message = f"notifications wait for the notifier `{notifier[:60]}`, which cannot be had"
    help_ = f"declare or mend it in tally.yaml, or give them up with `tally rules drop {notifier[:60]}`"
    return (*_faults(error), Fault("A210", message, None, help_))
