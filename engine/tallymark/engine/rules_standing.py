"""How a project's rules stand: what the ledger has of each, without evaluating any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tallymark.definitions import in_language
from tallymark.rules.delivering import delivery
from tallymark.rules.ledger import Ledger, open_ledger, running
from tallymark.rules.ledger_rows import Entry, RuleKept
from tallymark.rules.outcome import Delivery, LastRun, RulesStatus, Sent, Standing
from tallymark.rules.wording import Teller

if TYPE_CHECKING:
    from tallymark.engine.book import Book


def rules_status(book: Book) -> RulesStatus:
    """What fires or has no data, since when, who was told and who was not yet. Raises FaultError (A202 to A206)."""
    folder = Path(book.project.folder).resolve()
    with open_ledger(folder, write=False) as ledger:
        kept, failures = ledger.rules(), ledger.failures()
        known = [Teller.of(rule) for rule in book.rules.values()]
        gone = [k.teller for name, k in kept.items() if name not in book.rules and k.covered is not None]
        language = book.project.language
        standing = [each for teller in (*known, *gone) for each in _standing(ledger, teller, language)]
        waiting = tuple(_delivery(entry) for entry in ledger.waiting())
        rules = (*(_status(t, kept.get(t.name), language) for t in known), *(_gone(t, kept, language) for t in gone))
        rules = tuple(
            replace(r, failed_at=at, error=e) for r in rules for at, e in [failures.get(r.rule, (None, None))]
        )
        return RulesStatus(rules, tuple(standing), waiting, running(folder), tuple(_notes(waiting, book.notifiers)))


def drop_notifications(book: Book, notifier: str) -> int:
    """Gives up what waits for a notifier, and tells how many that were. Raises FaultError (A202 to A206)."""
    with open_ledger(Path(book.project.folder).resolve(), write=False) as ledger:
        return ledger.drop(notifier, datetime.now(UTC))


def _standing(ledger: Ledger, teller: Teller, language: str) -> list[Standing]:
    found = ledger.standing(teller.name)
    heard: dict[str, list[Delivery]] = {}
    for entry in ledger.entries(teller.name) if found else ():
        heard.setdefault(entry.notification.key or "", []).append(_delivery(entry))
    label = in_language(teller.label, language) or teller.name
    return [
        Standing(
            teller.name, label, teller.severity, each.transition.instance, each.transition.after, each.period,
            each.since, each.transition.since, at, tuple(heard.get(each.transition.key, ())), now.status, now.since,
        )
        for each, at, now in found
    ]  # fmt: skip


def _status(teller: Teller, kept: RuleKept | None, language: str) -> LastRun:
    label = in_language(teller.label, language) or teller.name
    if kept is None or kept.covered is None:
        return LastRun(teller.name, label, None, None)
    return LastRun(teller.name, label, kept.ran, kept.period)


def _failed(rule: LastRun, at: datetime, error: str) -> LastRun:
    return replace(rule, failed_at=at, error=error)


def _gone(teller: Teller, kept: dict[str, RuleKept], language: str) -> LastRun:
    was = kept[teller.name]
    return LastRun(teller.name, in_language(teller.label, language) or teller.name, was.ran, was.period, gone=True)


def _delivery(entry: Entry) -> Delivery:
    # One that is being sent belongs to a run that is under way, or to one that was broken off.
    states: dict[str, Sent] = {"sent": "sent", "failed": "failed", "dropped": "dropped"}
    return delivery(entry, states.get(entry.state, "waiting"))


def _notes(waiting: Iterable[Delivery], notifiers: Iterable[str]) -> list[str]:
    lost = sorted({each.notifier for each in waiting} - set(notifiers))
    return [f"notifications wait for `{name}`, which the project does not have" for name in lost]
