"""Amounts in several currencies: which rate holds when, and what an amount is worth in another currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tallymark.definitions import ConvertDef
from tallymark.formula import nodes

from . import values
from .clock import Moment
from .world import NaiveError

if TYPE_CHECKING:
    from .rows import Table

FORMS = frozenset(("in_currency", "at_opening_rates", "at_closing_rates", "fx_drift"))
SCORES = frozenset(("scale", "band"))


def decides(node: nodes.Node) -> bool:
    """Whether a node compares, scores or asks for a value: it does so in the currencies that things are defined in."""
    match node:
        case nodes.Binary(operator=operator):
            return operator in values.COMPARISONS
        case nodes.Call(name=name):
            return name in SCORES
    return isinstance(node, nodes.In | nodes.Between | nodes.IsNull)


@dataclass(frozen=True)
class Rating:
    """The rule of conversion, the currency asked for (None: each in its own), and the moment of the window's rates.

    `forced`: that moment's rates hold instead of those of the rule, unless the rule is a fixed day.
    """

    rule: ConvertDef | None
    currency: str | None
    moment: Moment
    forced: bool = False


@dataclass(frozen=True)
class Pricing:
    """How the amounts of one row are converted: into `into`, else those that differ from row to row into the project's
    currency. `event` is the row's own time.
    """

    table: Table
    rating: Rating
    into: str | None
    event: Moment | None

    def as_defined(self) -> Pricing:
        return replace(self, into=None)

    def amount(self, value: Any, own: str | None, *, everyone: bool) -> Any:
        """An amount in the currency `own`, converted; `everyone`: each row has a currency of its own."""
        into = self.into or (self.table.world.project.currency if everyone else own)
        if value is None or own is None:
            return None
        if own == into:
            return float(value) if everyone else value
        mine, other = self.worth(own), self.worth(into or "")
        return None if mine is None or other is None else float(value) * (mine / other)

    def worth(self, code: str) -> float | None:
        """What one unit of a currency is worth in the base at the moment that the rule says."""
        rule = self.rating.rule
        if rule is None:
            raise NaiveError("no rule of conversion")
        if rule.day is not None:
            return self.just_before(code, datetime.combine(rule.day, time()) + timedelta(days=1))
        if self.rating.forced or rule.policy == "period_end":
            return self.just_before(code, self.rating.moment.wall)
        return None if self.event is None else self.quoted(code, self.event.wall, inclusive=True)

    def just_before(self, code: str, wall: datetime) -> float | None:
        return self.quoted(code, wall, inclusive=False)

    def quoted(self, code: str, wall: datetime, *, inclusive: bool) -> float | None:
        """The worth by the latest rate up to a local time, unless it is too old."""
        rates = self.table.world.project.rates
        if rates is None:
            raise NaiveError("no rates")
        base = rates.base or self.table.world.project.currency
        if code == base:
            return 1.0
        found: list[tuple[datetime, bool, float]] = []
        for row in self.table.world.rows[rates.dataset]:
            pair = (row[rates.source] if rates.source else base, row[rates.to])
            rate, at = values.clean(row[rates.rate]), row[rates.at]
            if pair not in ((base, code), (code, base)) or rate is None or rate <= 0 or at is None:
                continue
            since = self.table.clock.moment(at).wall
            if since < self.table.as_of.wall and (since <= wall if inclusive else since < wall):
                direct = pair == (code, base)
                found.append((since, direct, float(rate) if direct else 1 / float(rate)))
        if not found:
            return None
        since, _, worth = max(found, key=lambda f: f[:2])
        if rates.max_age is not None:
            until = datetime.combine(since.date(), time()) + timedelta(days=rates.max_age + 1)
            if wall > until or (inclusive and wall == until):
                return None
        return worth
