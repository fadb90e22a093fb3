"""Brackenfold, a company that does not exist: three years of a small maker of workshop software, as tables.

It opened on 1 January 2022 and is looked at on 1 January 2025. The tables have the names and columns of the standard
packs' datasets. Times are local to Paris, without a zone; money is in euros with two decimals.
"""

from __future__ import annotations

from tallymark_plugins.samples.accounts import Account, accounts, leads, visits
from tallymark_plugins.samples.flaws import add_flaws
from tallymark_plugins.samples.helpdesk import SCALES, Ticket, responses, tickets
from tallymark_plugins.samples.ledger import costs, orders
from tallymark_plugins.samples.lives import Life, live
from tallymark_plugins.samples.movements import movements
from tallymark_plugins.samples.people import User, steps, users
from tallymark_plugins.samples.probe import checks, outages
from tallymark_plugins.samples.tables import Columns, account_id, euros, table
from tallymark_plugins.samples.usage import KEY_FEATURES, usage


def company() -> dict[str, Columns]:
    """All tables of the company by name, the same on every machine and in every run.

    A few flaws are in them on purpose, as in any company's data: see `flaws.py`.
    """
    known = accounts()
    lives = [live(account) for account in known]
    everyone = users(lives)
    down = outages()
    asked = tickets(lives, down)
    tables = {
        "customers": _customers(lives),
        "users": _users(everyone),
        **_billing(lives),
        **_ledger(lives),
        **_sales(known, lives),
        "funnel_steps": _funnel_steps(everyone),
        **_usage(everyone),
        "tickets": _tickets(asked),
        "survey_responses": _survey_responses(asked, everyone),
        "checks": table(checks(down), at=lambda c: c.at, ok=lambda c: c.ok, ms=lambda c: c.milliseconds),
    }
    add_flaws(tables)
    return tables


def _customers(lives: list[Life]) -> Columns:
    return table(
        lives,
        id=lambda v: v.account.id,
        name=lambda v: v.account.name,
        country=lambda v: v.account.country,
        channel=lambda v: v.account.channel,
        segment=lambda v: v.account.segment,
        signed_up_at=lambda v: v.account.signed_up_at,
        started_at=lambda v: v.started_at,
        churned_at=lambda v: v.churned_at,
    )


def _users(everyone: list[User]) -> Columns:
    return table(
        everyone,
        id=lambda u: u.id,
        customer=lambda u: u.life.account.id,
        created_at=lambda u: u.created_at,
        removed_at=lambda u: u.removed_at,
    )


def _billing(lives: list[Life]) -> dict[str, Columns]:
    stretches = [stretch for life in lives for stretch in life.stretches]
    ordinals: dict[tuple[int, int], int] = {}
    named = []
    for stretch in stretches:
        line = (stretch.customer, stretch.line)
        ordinals[line] = ordinals.get(line, 0) + 1
        named.append((f"S{stretch.customer:04d}-{stretch.line}-{ordinals[line]:02d}", stretch))
    named.sort(key=lambda n: (n[1].started_at, n[0]))
    invoices = sorted((invoice for life in lives for invoice in life.invoices), key=lambda i: (i.billed_at, i.customer))
    return {
        "subscriptions": table(
            named,
            id=lambda n: n[0],
            customer=lambda n: account_id(n[1].customer),
            plan=lambda n: n[1].plan,
            status=lambda n: n[1].status,
            mrr=lambda n: euros(n[1].cents),
            seats=lambda n: n[1].seats,
            started_at=lambda n: n[1].started_at,
            ended_at=lambda n: n[1].ended_at,
        ),
        "mrr_movements": table(
            movements(stretches),
            "M",
            customer=lambda m: account_id(m.customer),
            kind=lambda m: m.kind,
            amount=lambda m: euros(m.cents),
            at=lambda m: m.at,
        ),
        "invoices": table(
            invoices,
            "F",
            customer=lambda i: account_id(i.customer),
            amount=lambda i: euros(i.cents),
            paid_at=lambda i: i.paid_at,
        ),
    }


def _ledger(lives: list[Life]) -> dict[str, Columns]:
    return {
        "orders": table(
            orders(lives),
            "O",
            customer=lambda o: account_id(o.customer),
            amount=lambda o: euros(o.cents),
            quantity=lambda o: o.quantity,
            at=lambda o: o.at,
        ),
        "costs": table(costs(), "K", category=lambda c: c.category, amount=lambda c: euros(c.cents), at=lambda c: c.at),
    }


def _sales(known: list[Account], lives: list[Life]) -> dict[str, Columns]:
    asked = leads(known)
    # A lead is won when its account pays for the first time; until then it points to no customer.
    won = {life.account.number: life.started_at for life in lives if life.started_at}
    return {
        "leads": table(
            asked,
            "L",
            customer=lambda v: account_id(v.account) if v.account in won else None,
            visitor=lambda v: v.visitor,
            channel=lambda v: v.channel,
            created_at=lambda v: v.created_at,
            qualified_at=lambda v: v.qualified_at,
            won_at=lambda v: won.get(v.account) if v.account is not None else None,
        ),
        "visits": table(visits(known, asked), "H", visitor=lambda v: v[0], at=lambda v: v[1]),
    }


def _funnel_steps(everyone: list[User]) -> Columns:
    return table(
        steps(everyone),
        "P",
        user=lambda s: s.user.id,
        step=lambda s: s.name,
        reached_at=lambda s: s.reached_at,
        next_reached_at=lambda s: s.next_reached_at,
    )


def _usage(everyone: list[User]) -> dict[str, Columns]:
    events, sessions = usage(everyone)
    return {
        "events": table(
            events,
            "E",
            customer=lambda e: e.user.life.account.id,
            user=lambda e: e.user.id,
            name=lambda e: e.name,
            feature=lambda e: e.feature,
            key_feature=lambda e: e.feature in KEY_FEATURES,
            at=lambda e: e.at,
        ),
        "sessions": table(
            sessions,
            "Y",
            customer=lambda s: s.user.life.account.id,
            user=lambda s: s.user.id,
            seconds=lambda s: s.seconds,
            started_at=lambda s: s.started_at,
        ),
    }


def _tickets(asked: list[Ticket]) -> Columns:
    return table(
        asked,
        "T",
        customer=lambda t: t.life.account.id,
        kind=lambda t: t.kind,
        priority=lambda t: t.priority,
        channel=lambda t: t.channel,
        agent_replies=lambda t: t.agent_replies,
        customer_replies=lambda t: t.customer_replies,
        reopens=lambda t: t.reopens,
        created_at=lambda t: t.created_at,
        first_reply_at=lambda t: t.first_reply_at,
        solved_at=lambda t: t.solved_at,
    )


def _survey_responses(asked: list[Ticket], everyone: list[User]) -> Columns:
    # An unanswered survey has its place in time too, the moment it expired, or no window could count it.
    return table(
        responses(asked, everyone),
        "R",
        customer=lambda r: r.user.life.account.id,
        respondent=lambda r: r.user.id,
        survey=lambda r: r.survey,
        score=lambda r: r.score,
        scale=lambda r: SCALES[r.survey],
        answered_at=lambda r: r.closed_at,
    )
