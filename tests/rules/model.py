"""The states of a rule once more, declared over the whole history instead of made step by step.

Nothing is carried along: what is told after a period is defined by looking back from it. Slow on purpose; shares
nothing with the machine but the types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tallymark.rules.states import Observation


@dataclass(frozen=True)
class Patience:
    """What a rule says of time: how long its condition must hold, how long it is kept firing, after how many unknown
    periods somebody is told, and whether it has a condition of its own for the end.
    """

    lasting: int = 1
    keep_firing: int = 0
    no_data: int | None = None
    clears: bool = False


@dataclass(frozen=True)
class Standing:
    """How an instance stands after a period: its status, what is told, and the numbers of the periods they hold since."""

    status: str
    told: str
    since: int
    told_since: int


def states(patience: Patience, history: Sequence[Observation]) -> list[Standing]:
    """How the instance stands after each period of its history."""

    @cache
    def unknown(period: int) -> bool:
        """Whether nothing can be told from the period: no row, no `when`, or in firing no `clear` where it matters."""
        seen = history[period]
        if not seen.present or seen.when is None:
            return True
        return told(period - 1) == "firing" and not seen.when and patience.clears and seen.clear is None

    def given_up(period: int) -> bool:
        """Whether patience with unknown periods is exhausted: the last so many are all unknown."""
        after = patience.no_data
        return (
            after is not None and period + 1 >= after and all(unknown(p) for p in range(period + 1 - after, period + 1))
        )

    def holds(period: int) -> bool:
        return not unknown(period) and history[period].when is True

    def may_end(period: int) -> bool:
        seen = history[period]
        return not unknown(period) and not seen.when and (not patience.clears or seen.clear is True)

    def run(period: int, kind: str) -> int:
        """How many known periods up to this one are of a kind, with none of another kind between them.

        What lies before patience was exhausted does not count, and of the periods that could end firing only those
        since it fires.
        """
        count = 0
        for p in range(period, -1, -1):
            if given_up(p) or (kind == "ending" and p >= 0 and told(p - 1) != "firing"):
                break
            if unknown(p):
                continue
            if not (holds(p) if kind == "holding" else may_end(p)):
                break
            count += 1
        return count

    @cache
    def told(period: int) -> str:
        if period < 0:
            return "ok"
        if given_up(period):
            return "no_data"
        if unknown(period):
            return told(period - 1)
        if told(period - 1) == "firing":
            ends = may_end(period) and run(period, "ending") > patience.keep_firing
            return "ok" if ends else "firing"
        if not holds(period):
            return "ok"
        return "firing" if run(period, "holding") >= patience.lasting else told(period - 1)

    def status(period: int) -> str:
        if unknown(period):
            return "no_data"
        if told(period) == "firing":
            return "firing"
        return "pending" if holds(period) else "ok"

    def since(period: int, what: list[str]) -> int:
        first = period
        while first > 0 and what[first - 1] == what[period]:
            first -= 1
        return first

    statuses = [status(p) for p in range(len(history))]
    tolds = [told(p) for p in range(len(history))]
    return [Standing(statuses[p], tolds[p], since(p, statuses), since(p, tolds)) for p in range(len(history))]
