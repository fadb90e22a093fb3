"""Where a random formula stands: what it may read there, and which forms have a meaning there."""

from __future__ import annotations

from dataclasses import dataclass, replace

DATASETS = frozenset(("orders", "subs", "customers", "visits"))
FLOWS = frozenset(("orders", "visits"))
"""Those that have nothing to say of an empty window."""

REACH: dict[str, frozenset[str]] = {
    "customer": DATASETS,
    "customer.country": DATASETS,
    "country": DATASETS,
    "rank": DATASETS,
    "cohort": DATASETS,
    "kind": frozenset(("orders",)),
    "large": frozenset(("orders",)),
    "level": frozenset(("orders",)),
    "version.level": frozenset(("orders",)),
    "first_kind": frozenset(("visits",)),
    "plan": frozenset(("subs",)),
    "seats": frozenset(("subs",)),
}
"""Which datasets reach a dimension."""

DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 31.0, "quarter": 92.0, "year": 366.0}


@dataclass(frozen=True)
class Scope:
    """The state of the context while a formula is drawn."""

    datasets: frozenset[str]
    """Those that reach every dimension in force."""
    levels: tuple[frozenset[str], ...]
    """The dimensions of the group-by, then of each `per`."""
    filters: frozenset[str]
    """The dimensions that filters speak of."""
    period: str
    """The grain of the enclosing period, or `range`."""
    days: float
    """About how long the window is."""
    depth: int
    empty: bool = False
    """Whether the window is `[edge, edge)`, where plain flows are errors."""
    endless: bool = False
    """Whether the window begins at the beginning of time, which cannot be cut into days."""
    opened: bool = False
    """Whether `opening` moved the window's end, so that another would move it twice."""
    cost: int = 1
    """How many evaluations stand around this one."""

    def deeper(self) -> Scope:
        return replace(self, depth=self.depth - 1)

    def filtered(self, names: frozenset[str]) -> Scope:
        return replace(self, filters=self.filters | names)

    def member(self, name: str) -> Scope:
        """Inside `per name`."""
        return replace(
            self._reaching(frozenset((name,))), levels=(*self.levels, frozenset((name,))), cost=self.cost * 5
        )

    def _reaching(self, names: frozenset[str]) -> Scope:
        datasets = self.datasets
        for name in names:
            datasets &= REACH[name]
        return replace(self, datasets=datasets)

    def piece(self, grain: str) -> Scope:
        """Inside `per day`."""
        pieces = max(1, round(self.days / DAYS[grain]))
        return replace(self, period=grain, days=DAYS[grain], cost=self.cost * pieces, empty=False, opened=False)

    def lifted(self, names: frozenset[str]) -> Scope:
        """Inside `total`: more datasets may be read when fewer dimensions are in force."""
        innermost: tuple[frozenset[str], ...] = (*self.levels[:-1], frozenset())
        levels = tuple(level - names for level in self.levels) if names else innermost
        needed = frozenset[str]().union(*levels, self.filters)
        return replace(self, datasets=reaching(needed), levels=levels)


def reaching(names: frozenset[str]) -> frozenset[str]:
    """The datasets that reach every one of the dimensions."""
    found = DATASETS
    for name in names:
        found &= REACH[name]
    return found
