"""How far a metric's numbers extend: whether they grow with the period, and whether they add up over members."""

from __future__ import annotations

from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    Filtered,
    Lifted,
    MetricUse,
    Nested,
    Rated,
    Sequence,
    Shift,
    Windowed,
)

ADDING = ("sum", "count", "count_distinct")
"""Aggregates of which more rows give more."""


class Extents:
    """What is known of the metrics of a catalog, each looked at once."""

    def __init__(self) -> None:
        self._grow: dict[str, bool] = {}
        self._add: dict[str, bool] = {}

    def remember(self, metric: str, bound: Bound) -> None:
        """Keeps what later formulas need to know of a metric; those it uses come first."""
        self._grow[metric] = self.grows(bound)
        self._add[metric] = self.adds_up(bound)

    def grows(self, bound: Bound) -> bool:
        """Whether a longer period gives more: what is counted or summed over it, and not divided by its like.

        A number for a month is then none for a year. A stock, an average and a rate are alike for both.
        """
        match bound:
            case Aggregate(function=function, axis=axis):
                return axis.kind == "flow" and function in ADDING
            case Sequence():
                return True
            case MetricUse(name=name):
                return self._grow.get(name, False)
            case Shift(body=body) | Filtered(body=body) | Rated(body=body) | Lifted(body=body):
                return self.grows(body)
            case Nested(body=body, function=function, by_grain=by_grain):
                return (function in ADDING or not by_grain) and self.grows(body)
            case Apply(function="/" | "divide", arguments=(above, below, *_)):
                return self.grows(above) and not self.grows(below)
            case Apply(function="scale" | "band"):
                # From 0 to 100, however long the period is.
                return False
            case Apply(arguments=arguments):
                return any(self.grows(a) for a in arguments if a.type.numeric)
        return False

    def adds_up(self, bound: Bound) -> bool:
        """Whether the number of all members together is made of theirs: sums and counts, not averages and rates."""
        match bound:
            case Aggregate(function=function):
                return function in ADDING
            case Sequence():
                return True
            case MetricUse(name=name):
                return self._add.get(name, False)
            case Windowed(body=body) | Shift(body=body) | Filtered(body=body) | Rated(body=body) | Lifted(body=body):
                return self.adds_up(body)
            case Nested(function=function, body=body, by_grain=by_grain):
                return self.adds_up(body) if by_grain else function in ADDING
            case Apply(function="/" | "divide", arguments=(above, below, *_)):
                return self.adds_up(above) and not self.adds_up(below)
            case Apply(arguments=arguments):
                return any(self.adds_up(a) for a in arguments if a.type.numeric)
        return False
