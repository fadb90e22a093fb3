"""Contexts and the spaces that are filled from them, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from tallymark.definitions import ConvertDef
from tallymark.formula.bound import Bound
from tallymark.plan import AtEnd, Node, Parts
from tallymark.windows import PERIOD, Window

ALONE = "total regardless"
"""The step of a path into a member's own context, where nothing else that was asked holds."""

ROWS = "rows"
"""The aggregate that counts rows, for presence and receipts."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a formula is evaluated. `path` keeps spaces apart that must not feed themselves (a lift under a nest)."""

    grid: int
    window: Window = PERIOD
    filters: frozenset[Bound] = frozenset()
    levels: tuple[tuple[Parts, ...], ...] = ((),)
    path: tuple[str, ...] = ()
    asked: Window = PERIOD
    """The asked period, moved as far as it is, also around the pieces of a grain."""
    currency: str | None = None
    """What amounts are in; None for each in the currency it is defined in."""
    convert: ConvertDef | None = None
    rates: AtEnd | None = None
    """The moment whose rates `at_opening_rates` and the like ask for."""
    among: tuple[int, ...] | None = None
    """In a `per` that ranks its members: the nodes that count rows, by which a member is there."""
    pieces: bool = False
    """Whether the innermost `per` is over pieces of time."""
    within: bool = False
    """Whether the periods are pieces of asked ones, which stay where they are when a piece is moved."""

    @property
    def dimensions(self) -> tuple[Parts, ...]:
        return tuple(dict.fromkeys(d for level in self.levels for d in level))


@dataclass(slots=True)
class SpaceDraft:
    """A space while it is being filled."""

    number: int
    level: tuple[Parts, ...]
    grid: int
    path: tuple[str, ...]
    nodes: list[Node] = field(default_factory=list)
    index: dict[Node, int] = field(default_factory=dict)
    dense: bool = False

    @property
    def alone(self) -> bool:
        """Whether the question's conditions do not hold in it."""
        return ALONE in self.path

    def put(self, node: Node) -> int:
        """The number of `node`, adding it if it is new."""
        found = self.index.get(node)
        if found is None:
            found = self.index[node] = len(self.nodes)
            self.nodes.append(node)
        return found
