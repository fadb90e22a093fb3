"""How an account lives as a customer: trial, months of use, changes of mind, the end, sometimes a return.

A life is lived one billing month at a time. Each month has a usage level (0–1) and a number of support tickets; both
move the risk of leaving at the next billing date, and both are handed on, so that events, tickets and surveys tell the
same story as the revenue.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from tallymark_plugins.samples.accounts import Account
from tallymark_plugins.samples.clock import END, MONTHS, add_months, month_index, office_time
from tallymark_plugins.samples.dice import Dice, weighted
from tallymark_plugins.samples.lines import PLANS, PRICE_RISE, Line, Stretch, Terms

PLANS_OF = {
    "small": weighted(("basic", 62), ("pro", 35), ("business", 3)),
    "medium": weighted(("basic", 20), ("pro", 60), ("business", 20)),
    "large": weighted(("pro", 40), ("business", 60)),
}
SEATS_OF = {"small": (1, 4), "medium": (3, 11), "large": (9, 30)}

MONTHLY_RISK = {"basic": 0.026, "pro": 0.014, "business": 0.008}
"""The chance that an average customer leaves at a monthly billing date, by plan."""


class Invoice(NamedTuple):
    """A bill in cents. `paid_at` is None when it was not paid, or not yet."""

    customer: int
    cents: int
    billed_at: datetime
    paid_at: datetime | None


@dataclass(slots=True)
class Life:
    """What one account did: its stretches, its invoices, and its months by number (0 is January 2022)."""

    account: Account
    stretches: list[Stretch] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    usage: dict[int, float] = field(default_factory=dict)
    """How much the product is used in each month in which it can be, 0–1."""
    tickets: dict[int, int] = field(default_factory=dict)
    seats: dict[int, int] = field(default_factory=dict)
    plans: dict[int, str] = field(default_factory=dict)
    started_at: datetime | None = None
    churned_at: datetime | None = None

    def spans(self) -> list[tuple[datetime, datetime]]:
        """The times in which the account may use the product, apart from each other and in order, cut at `END`."""
        found: list[tuple[datetime, datetime]] = []
        for start, end in sorted((s.started_at, s.ended_at or END) for s in self.stretches if s.status != "paused"):
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
        return found


def live(account: Account) -> Life:
    """The whole life of an account, up to `END`."""
    living = _Living(account)
    living.run()
    life = living.life
    life.stretches = [stretch for line in living.lines for stretch in line.stretches]
    paid = [stretch for stretch in life.stretches if stretch.counted]
    if paid:
        life.started_at = min(stretch.started_at for stretch in paid)
        if not any(stretch.ended_at is None for stretch in life.stretches if stretch.status != "unpaid"):
            life.churned_at = max(stretch.ended_at for stretch in paid if stretch.ended_at is not None)
    return life


class _Living:
    """One account being lived. A few open a second line, for another site of theirs."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.dice = Dice("life", account.number)
        self.life = Life(account)
        self.lines: list[Line] = []
        self.main = self._open_line()
        self.second: tuple[Line, Terms] | None = None
        self.level = self.dice.between(0.3, 0.6)
        self.terms = self._first_terms()
        self.age = 0
        self.bad_luck = 0.0

    def run(self) -> None:
        start = self._trial()
        while start is not None and start < END:
            ended = self._subscribe(start)
            start = self._return(ended) if ended is not None and ended < END else None

    def _open_line(self) -> Line:
        self.lines.append(Line(self.account.number, len(self.lines) + 1))
        return self.lines[-1]

    # -- beginnings ----------------------------------------------------------------------------------------------------

    def _first_terms(self) -> Terms:
        dice, account = self.dice, self.account
        plan = dice.pick(PLANS_OF[account.segment])
        low, high = SEATS_OF[account.segment]
        yearly = dice.chance({"basic": 0.2, "pro": 0.35, "business": 0.6}[plan])
        off = dice.pick((10, 10, 15, 20)) if dice.chance(0.11) else 0
        return Terms(plan, low + int(dice.skewed(0, high - low + 1)), yearly, off)

    def _trial(self) -> datetime | None:
        """The moment of the first payment, if it comes to one. Most accounts try the product for a fortnight first."""
        dice, signed_up = self.dice, self.account.signed_up_at
        if dice.chance(0.15):
            return signed_up
        ends = signed_up + timedelta(days=14)
        self.main.enter(signed_up, "trialing", self.terms)
        self._note_month(signed_up)
        self._note_month(ends)
        buys = dice.chance(0.52 + 0.45 * self.account.fit)
        if buys and dice.chance(0.9):
            return ends
        self.main.leave(ends)
        if not buys:
            return None
        # Some let the trial lapse and come to it weeks later.
        self.main = self._open_line()
        return office_time(dice, ends + timedelta(days=dice.whole(5, 70)))

    # -- months --------------------------------------------------------------------------------------------------------

    def _subscribe(self, start: datetime) -> datetime | None:
        """A subscription from `start` on. Gives the moment it ended, or None if it never does."""
        self.age = 0
        self._reprice(start)
        self.main.enter(start, "active", self.terms)
        self._bill(start, first=True)
        due_in = 12 if self.terms.yearly else 1
        month = 0
        while add_months(start, month) < END:
            opened, month = add_months(start, month), month + 1
            billing = add_months(start, month)
            self.age += 1
            due_in -= 1
            self._note_month(opened)
            self._mid_month(opened, renewable=not self.terms.yearly)
            if due_in:
                continue
            if self._leaves():
                return self._end(billing)
            month += self._pause(start, month)
            ended = self._renew(add_months(start, month))
            if ended is not None:
                return self._end(ended)
            due_in = 12 if self.terms.yearly else 1
        return None

    def _note_month(self, moment: datetime) -> None:
        """Lets usage drift towards what the fit allows, and sends in the month's tickets."""
        dice, fit = self.dice, self.account.fit
        self.level = min(1.0, max(0.02, self.level + (fit - self.level) * 0.22 + dice.bell(-0.22, 0.22)))
        tickets = dice.count(0.12 + 0.035 * self.terms.seats + (0.45 if self.age <= 2 else 0.0) + 0.35 * (1 - fit))
        self.bad_luck = self.bad_luck * 0.6 + tickets
        if moment < END:
            index = month_index(moment)
            self.life.usage[index] = self.level
            self.life.tickets[index] = self.life.tickets.get(index, 0) + tickets
            self.life.seats[index] = self.terms.seats + (self.second[1].seats if self.second else 0)
            self.life.plans[index] = self.terms.plan
            # A billing month reaches into the next one; if it is the last, it still ends there.
            if index + 1 < MONTHS:
                self.life.usage[index + 1] = self.level
                self.life.plans[index + 1] = self.terms.plan

    def _mid_month(self, opened: datetime, renewable: bool) -> None:
        """More seats or a bigger plan at any time; less of either only where the term is a month."""
        dice = self.dice
        at = office_time(dice, opened + timedelta(days=dice.whole(18, 24)))
        before = self.terms
        big = self.account.segment != "small"
        if dice.chance(0.045 * (0.3 + self.level) * (1.4 if big else 1.0)):
            self.terms = replace(before, seats=before.seats + dice.whole(1, 1 + before.seats // 4))
        elif before.plan != "business" and dice.chance(0.014 * (0.3 + self.level)):
            self.terms = replace(before, plan=PLANS[PLANS.index(before.plan) + 1])
        elif renewable:
            self._shrink(before, 0.012)
        if self.terms != before:
            self.main.enter(at, "active", self.terms)
            extra = self.terms.monthly_cents() - before.monthly_cents()
            if before.yearly and extra > 0:
                self._invoice(at, extra * dice.whole(1, 11))
        self._second_line(at)

    def _shrink(self, before: Terms, risk: float) -> None:
        dice = self.dice
        if before.seats > 1 and dice.chance(risk * (1.5 - self.level)):
            self.terms = replace(before, seats=before.seats - dice.whole(1, 1 + before.seats // 5))
            self.terms = replace(self.terms, seats=max(1, self.terms.seats))
        elif before.plan != "basic" and dice.chance(risk / 3 * (1.5 - self.level)):
            self.terms = replace(before, plan=PLANS[PLANS.index(before.plan) - 1])

    def _second_line(self, at: datetime) -> None:
        """Opens or closes a line for another site of the same customer."""
        dice = self.dice
        if self.second is not None:
            if dice.chance(0.03):
                self.second[0].leave(at)
                self.second = None
        elif self.account.segment != "small" and self.age > 4 and dice.chance(0.012):
            terms = Terms("basic", dice.whole(1, 3), False, 0, int(at >= PRICE_RISE))
            self.second = (self._open_line(), terms)
            self.second[0].enter(at, "active", terms)
            self._invoice(at, terms.monthly_cents())

    # -- billing dates -------------------------------------------------------------------------------------------------

    def _leaves(self) -> bool:
        """Whether the customer cancels at this billing date."""
        risk = MONTHLY_RISK[self.terms.plan] * (1.75 - 1.5 * self.level) * (1 + 0.08 * min(self.bad_luck, 8.0))
        risk *= 1.5 if self.age <= 3 else 0.8 if self.age > 12 else 1.0
        return self.dice.chance(min(0.5, risk * 7) if self.terms.yearly else risk)

    def _pause(self, start: datetime, month: int) -> int:
        """How many months the customer pauses from this billing date: most often none."""
        dice = self.dice
        if self.terms.yearly or self.second or self.age < 3 or not dice.chance(0.004):
            return 0
        months = dice.whole(1, 3)
        self.main.enter(add_months(start, month), "paused", self.terms)
        for skipped in range(months):
            at = add_months(start, month + skipped)
            if at < END:
                self.life.usage[month_index(at)] = 0.0
                self.life.seats[month_index(at)] = self.terms.seats
                self.life.plans[month_index(at)] = self.terms.plan
        return months

    def _renew(self, at: datetime) -> datetime | None:
        """A new term: at the day's prices, perhaps a yearly one, perhaps smaller. Gives its end if it is not paid."""
        dice = self.dice
        if self.terms.yearly:
            self._shrink(self.terms, 0.12)
        elif self.age > 5 and dice.chance(0.012):
            self.terms = replace(self.terms, yearly=True)
        self._reprice(at)
        if self.second is not None:
            line, terms = self.second
            self.second = (line, replace(terms, price_list=int(at >= PRICE_RISE)))
            line.enter(at, "active", self.second[1])
            self._invoice(at, self.second[1].monthly_cents())
        if not dice.chance(0.012 if self.terms.yearly else 0.022):
            self.main.enter(at, "active", self.terms)
            self._bill(at)
            return None
        return self._chase(at)

    def _chase(self, at: datetime) -> datetime | None:
        """A bill that is not paid at once. Most are settled within a fortnight; gives the end of the others."""
        dice = self.dice
        self.main.enter(at, "past_due", self.terms)
        settled = office_time(dice, at + timedelta(days=dice.whole(2, 14)))
        if dice.chance(0.82):
            self.main.enter(settled, "active", self.terms)
            self._record(at, self.terms.period_cents(), settled)
            return None
        self.main.enter(settled, "unpaid", self.terms)
        self._record(at, self.terms.period_cents(), None)
        return settled + timedelta(days=21)

    def _reprice(self, at: datetime) -> None:
        if at >= PRICE_RISE:
            self.terms = replace(self.terms, price_list=1)

    def _bill(self, at: datetime, first: bool = False) -> None:
        """An invoice for the coming period. A welcome discount may halve the first; the MRR stays as it is."""
        cents = self.terms.period_cents()
        self._invoice(at, cents // 2 if first and self.dice.chance(0.1) else cents)

    def _invoice(self, at: datetime, cents: int) -> None:
        dice = self.dice
        # Cards are charged at once; yearly and large bills are sent and paid by transfer.
        wait = dice.whole(9, 38) if self.terms.yearly or cents > 100_000 else dice.whole(0, 2)
        paid = office_time(dice, at + timedelta(days=wait)) if wait else at + timedelta(minutes=dice.whole(1, 20))
        self._record(at, cents, paid)

    def _record(self, at: datetime, cents: int, paid: datetime | None) -> None:
        if at < END:
            self.life.invoices.append(Invoice(self.account.number, cents, at, paid if paid and paid < END else None))

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _end(self, at: datetime) -> datetime:
        for line in self.lines:
            line.leave(at)
        self.second = None
        return at

    def _return(self, ended: datetime) -> datetime | None:
        """The moment a customer who left comes back, if it does: one in eight, two to nine months later."""
        dice = self.dice
        if not dice.chance(0.13):
            return None
        back = office_time(dice, ended + timedelta(days=dice.whole(60, 270)))
        self.terms = replace(self.terms, seats=max(1, self.terms.seats * 2 // 3), percent_off=0, yearly=False)
        self.level = max(self.level, 0.4)
        self.main = self._open_line()
        return back
