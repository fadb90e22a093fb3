"""The support desk and what customers say: tickets, and the surveys that follow them or come by the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallymark_plugins.samples.clock import DAY, END, after_desk_time, month_start, office_time, waking_time
from tallymark_plugins.samples.dice import Dice, weighted
from tallymark_plugins.samples.lives import Life
from tallymark_plugins.samples.people import User
from tallymark_plugins.samples.probe import Outage

KINDS = weighted(("question", 56), ("incident", 13), ("defect", 18), ("request", 13))
CHANNELS = weighted(("email", 48), ("chat", 30), ("phone", 12), ("web", 10))
PRIORITIES = {
    "question": weighted(("low", 45), ("normal", 50), ("high", 5)),
    "incident": weighted(("normal", 20), ("high", 50), ("urgent", 30)),
    "defect": weighted(("low", 15), ("normal", 55), ("high", 27), ("urgent", 3)),
    "request": weighted(("low", 60), ("normal", 40)),
}
FIRST_REPLY_MINUTES = {"low": 260, "normal": 170, "high": 75, "urgent": 25}
WORK_MINUTES = {"question": 130, "incident": 260, "defect": 1900, "request": 800}
SCALES = {"nps": 10, "csat": 5, "ces": 7}
"""The best answer of each survey."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A conversation with the support desk; open while `solved_at` is None."""

    life: Life
    kind: str
    priority: str
    channel: str
    agent_replies: int
    customer_replies: int
    reopens: int
    created_at: datetime
    first_reply_at: datetime | None
    solved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Response:
    """A survey put to a user: closed by the answer or, with `score` None, by the end of the fortnight it stays open."""

    user: User
    survey: str
    score: int | None
    closed_at: datetime


def tickets(lives: list[Life], outages: list[Outage]) -> list[Ticket]:
    """All tickets in the order of time: the everyday ones, and a wave of incidents on each day the service was down."""
    found = []
    for life in lives:
        dice = Dice("tickets", life.account.number)
        spans = life.spans()
        for month, count in sorted(life.tickets.items()):
            for _ in range(count):
                created = office_time(dice, month_start(month) + DAY * dice.whole(0, 27))
                if dice.chance(0.12):
                    created = waking_time(dice, created)
                if _within(spans, created):
                    found.append(_ticket(dice, life, created, dice.pick(KINDS)))
        for outage in outages:
            created = outage.started_at + timedelta(minutes=dice.whole(4, 60 * outage.hours))
            if _within(spans, created) and dice.chance(0.025 * outage.hours):
                found.append(_ticket(dice, life, created, "incident"))
    return sorted(found, key=lambda t: (t.created_at, t.life.account.number))


def _within(spans: list[tuple[datetime, datetime]], moment: datetime) -> bool:
    return any(start <= moment < end for start, end in spans)


def _ticket(dice: Dice, life: Life, created: datetime, kind: str) -> Ticket:
    priority = dice.pick(PRIORITIES[kind])
    # The desk became quicker each year: more people, better answers at hand.
    pace = {2022: 1.35, 2023: 1.0, 2024: 0.75}[created.year] * dice.skewed(0.25, 3.2)
    replied = after_desk_time(created, int(FIRST_REPLY_MINUTES[priority] * pace))
    agent_replies = 1 if dice.chance({"question": 0.62}.get(kind, 0.34)) else dice.whole(2, 5)
    customer_replies = agent_replies - 1 + (1 if dice.chance(0.3) else 0)
    reopens = 1 if dice.chance(0.02 + 0.02 * agent_replies) else 0
    work = int(WORK_MINUTES[kind] * agent_replies * dice.skewed(0.1, 2.4)) + 1200 * reopens
    solved = after_desk_time(replied, work) if not dice.chance(0.006) else END
    return Ticket(
        life,
        kind,
        priority,
        dice.pick(CHANNELS),
        agent_replies if replied < END else 0,
        customer_replies if replied < END else 0,
        reopens if solved < END else 0,
        created,
        replied if replied < END else None,
        solved if solved < END else None,
    )


def responses(asked: list[Ticket], everyone: list[User]) -> list[Response]:
    """All surveys: satisfaction and effort after tickets, effort after a month, recommendation twice a year."""
    by_account: dict[int, list[User]] = {}
    for user in everyone:
        by_account.setdefault(user.life.account.number, []).append(user)
    found = [answer for ticket in asked for answer in _after_ticket(ticket, by_account[ticket.life.account.number])]
    for user in everyone:
        found += _by_calendar(user)
    return sorted((r for r in found if r.closed_at < END), key=lambda r: (r.closed_at, r.user.number, r.survey))


def _after_ticket(ticket: Ticket, colleagues: list[User]) -> list[Response]:
    dice = Dice("survey", ticket.life.account.number, str(ticket.created_at))
    if ticket.solved_at is None or ticket.first_reply_at is None:
        return []
    present = [u for u in colleagues if u.created_at <= ticket.created_at and (u.removed_at or END) > ticket.solved_at]
    if not present:
        return []
    # Waiting, being asked again and being sent away too early are what makes people unhappy with support.
    waited = (ticket.first_reply_at - ticket.created_at) / timedelta(hours=30)
    ease = 0.95 - 0.3 * min(1.0, waited) - 0.06 * ticket.agent_replies - 0.25 * ticket.reopens
    if dice.chance(0.72):
        return [_response(dice, dice.pick(present), "csat", 1 + ease * 4.4, ticket.solved_at, 1, 5)]
    if dice.chance(0.5):
        return [_response(dice, dice.pick(present), "ces", 1 + ease * 6.4, ticket.solved_at, 1, 7)]
    return []


def _by_calendar(user: User) -> list[Response]:
    dice = Dice("voice", user.number)
    life = user.life
    until = min(user.removed_at or END, END)
    found = []
    month_old = office_time(dice, user.created_at + 30 * DAY)
    if month_old < until and dice.chance(0.5):
        found.append(_response(dice, user, "ces", 2.2 + 4.6 * life.account.fit, month_old, 1, 7))
    offered = office_time(dice, user.created_at + DAY * dice.whole(60, 150))
    while offered < until:
        level = life.usage.get((offered.year - 2022) * 12 + offered.month - 1, 0.3)
        # A product gets better too: half a point in three years.
        better = 0.25 * (offered.year - 2022)
        if dice.chance(0.7):
            feeling = 4.2 + 3.1 * life.account.fit + 2.6 * level + better
            found.append(_response(dice, user, "nps", feeling, offered, 0, 10))
        offered = office_time(dice, offered + 182 * DAY)
    return found


def _response(dice: Dice, user: User, survey: str, feeling: float, offered: datetime, low: int, high: int) -> Response:
    """An answer scattered around the feeling, if there is one: the delighted and the angry answer twice as often."""
    spread = (high - low) * 0.34
    score = min(high, max(low, int(feeling + dice.bell(-spread, spread) + 0.5)))
    extreme = abs(score - (low + high) / 2) / ((high - low) / 2)
    replied = waking_time(dice, offered + DAY * (1 + int(dice.skewed(0, 9))))
    if dice.chance(0.2 + 0.3 * extreme):
        return Response(user, survey, score, replied)
    return Response(user, survey, None, offered + 14 * DAY)
