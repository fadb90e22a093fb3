"""Who comes: visits to the site, leads, and the accounts that sign up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallymark_plugins.samples.clock import END, MONTHS, START, month_start, office_time, waking_time
from tallymark_plugins.samples.dice import Dice, weighted
from tallymark_plugins.samples.tables import account_id

SEASON = (1.1, 1.0, 1.15, 1.0, 0.9, 1.0, 0.75, 0.55, 1.3, 1.15, 1.1, 0.7)
"""How lively each month is, January first: summers and Christmas are quiet."""

COUNTRIES = weighted(
    ("FR", 42), ("DE", 14), ("BE", 10), ("ES", 8), ("IT", 7), ("NL", 6), ("RO", 5), ("CH", 4), ("GB", 4)
)
CHANNELS = weighted(
    ("search", 29), ("ads", 21), ("referral", 16), ("content", 13), ("partner", 10), ("fairs", 7), ("calls", 4)
)
SEGMENTS = weighted(("small", 56), ("medium", 32), ("large", 12))

HEADS = ("Val", "Brum", "Cor", "Dal", "Esk", "Fen", "Gar", "Hol", "Jun", "Mar", "Nor", "Pel", "Quin", "Ros", "Tam")
TAILS = ("dorne", "ecourt", "nelle", "wick", "vières", "stad", "mont", "ello", "brück", "ești", "ham", "ona", "lund")
TRADES = ("Joinery", "Ateliers", "Metalworks", "Printing", "Logistik", "Interiors", "Textiles", "Glass", "Foods")


@dataclass(frozen=True, slots=True)
class Account:
    """An organisation that signed up, and the traits that drive what it does later.

    `fit` (0–1) says how well the product serves it: it moves usage, satisfaction and the risk of leaving.
    """

    number: int
    name: str
    country: str
    channel: str
    segment: str
    signed_up_at: datetime
    fit: float

    @property
    def id(self) -> str:
        return account_id(self.number)


@dataclass(frozen=True, slots=True)
class Lead:
    """Someone who left an address. `account` is the number of the account that came of it, or None."""

    visitor: str
    channel: str
    created_at: datetime
    qualified_at: datetime | None
    account: int | None


def accounts() -> list[Account]:
    """All accounts in the order of their sign-ups: six in a lively first month, twenty-four in the last ones."""
    dice = Dice("accounts")
    moments = [
        office_time(dice, month_start(month) + timedelta(days=dice.whole(0, 27)))
        for month in range(MONTHS)
        for _ in range(dice.count((6 + 0.52 * month) * SEASON[month % 12]))
    ]
    names: dict[str, None] = {}
    return [_account(number, moment, names) for number, moment in enumerate(sorted(m for m in moments if m < END), 1)]


def _account(number: int, moment: datetime, names: dict[str, None]) -> Account:
    dice = Dice("account", number)
    name = f"{dice.pick(HEADS)}{dice.pick(TAILS)} {dice.pick(TRADES)}"
    while name in names:
        name = f"{dice.pick(HEADS)}{dice.pick(TAILS)} {dice.pick(TRADES)}"
    names[name] = None
    channel = dice.pick(CHANNELS)
    # Customers who come by word of mouth know what they buy; those who click on advertisements often do not.
    lift = {"referral": 0.12, "partner": 0.06, "ads": -0.08}.get(channel, 0.0)
    fit = min(1.0, max(0.05, dice.bell(0.15, 1.0) + lift))
    return Account(number, name, dice.pick(COUNTRIES), channel, dice.pick(SEGMENTS), moment, fit)


def leads(known: list[Account]) -> list[Lead]:
    """A lead for each account, a few days before it signed up, and two for each that came to nothing."""
    return sorted(_won(known) + _lost(known), key=lambda lead: (lead.created_at, lead.visitor))


def _won(known: list[Account]) -> list[Lead]:
    found = []
    for account in known:
        dice = Dice("lead", account.number)
        created = office_time(dice, account.signed_up_at - timedelta(days=3 + int(dice.skewed(0, 40))))
        if created < START:
            created = account.signed_up_at - timedelta(minutes=dice.whole(5, 50))
        qualified = created + (account.signed_up_at - created) * dice.between(0.1, 0.9)
        known_by = dice.chance(0.95)
        found.append(
            Lead(
                f"V{account.number:05d}",
                account.channel,
                created,
                _waking(qualified) if known_by else None,
                account.number,
            )
        )
    return found


def _lost(known: list[Account]) -> list[Lead]:
    found = []
    number = len(known)
    for account in known:
        dice = Dice("lost leads", account.number)
        for _ in range(dice.whole(1, 3)):
            number += 1
            created = office_time(dice, account.signed_up_at + timedelta(days=dice.whole(-9, 9)))
            later = office_time(dice, created + timedelta(days=dice.whole(1, 12)))
            qualified = later if dice.chance(0.42) and later < END else None
            if START <= created < END:
                found.append(Lead(f"V{number:05d}", dice.pick(CHANNELS), created, qualified, None))
    return found


def _waking(moment: datetime) -> datetime:
    return moment.replace(hour=min(21, max(7, moment.hour)), microsecond=0)


def visits(known: list[Account], asked: list[Lead]) -> list[tuple[str, datetime]]:
    """Visits to the site as (visitor, time): those of future leads before they became one, and those of passers-by."""
    found = []
    for lead in asked:
        dice = Dice("visits", lead.visitor)
        # A colleague's recommendation, a stand at a fair, a call: not every lead was seen on the site before.
        if lead.channel in ("referral", "fairs", "calls") and dice.chance(0.5):
            continue
        moment = lead.created_at - timedelta(minutes=dice.whole(1, 30))
        for _ in range(1 + dice.count(1.2)):
            if moment >= START:
                found.append((lead.visitor, moment))
            moment = waking_time(dice, moment - timedelta(days=dice.whole(1, 12)))
    number = 20_000
    for month in range(MONTHS):
        dice = Dice("passers-by", month)
        for _ in range(dice.count((110 + 8.0 * month) * SEASON[month % 12])):
            number += 1
            moment = waking_time(dice, month_start(month) + timedelta(days=dice.whole(0, 27)))
            found.append((f"V{number:05d}", moment))
            if dice.chance(0.35):
                found.append((f"V{number:05d}", waking_time(dice, moment + timedelta(days=dice.whole(1, 20)))))
    return sorted((v, m) for v, m in found if m < END)
