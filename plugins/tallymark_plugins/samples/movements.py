"""What happened to recurring revenue, read off the subscriptions: the events family of MRR."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from tallymark_plugins.samples.lines import Stretch


class Movement(NamedTuple):
    """One change of a customer's recurring revenue. `cents` is never negative; `kind` says which way it goes."""

    customer: int
    kind: str
    cents: int
    at: datetime


def movements(stretches: Iterable[Stretch]) -> list[Movement]:
    """All movements in the order of time, then customer.

    A customer's lines are added up first: cancelling one of two is a contraction, moving seats between them nothing.
    """
    changes: defaultdict[int, defaultdict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for stretch in stretches:
        if stretch.counted:
            changes[stretch.customer][stretch.started_at] += stretch.cents
            if stretch.ended_at is not None:
                changes[stretch.customer][stretch.ended_at] -= stretch.cents
    found = [move for customer, steps in changes.items() for move in _of_customer(customer, steps)]
    return sorted(found, key=lambda move: (move.at, move.customer))


def _of_customer(customer: int, steps: dict[datetime, int]) -> list[Movement]:
    found: list[Movement] = []
    before = 0
    for at, change in sorted(steps.items()):
        if change:
            found.append(Movement(customer, _kind(before, before + change, bool(found)), abs(change), at))
        before += change
    return found


def _kind(before: int, after: int, paid_before: bool) -> str:
    if before == 0:
        return "reactivation" if paid_before else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"
