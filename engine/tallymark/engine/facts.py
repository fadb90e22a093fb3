"""What is known of the data, counted once for each state of it: the nulls of a column, the orphans of a reference."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from weakref import WeakKeyDictionary

from tallymark.engine.sources import Sources
from tallymark.errors import FaultError
from tallymark.render.tallies import Counted, Tallies
from tallymark.source import Site

MOST = 2_000
"""Facts that are kept."""

_KEPT: WeakKeyDictionary[Sources, Facts] = WeakKeyDictionary()
_GATE = threading.Lock()


class Facts:
    """Counts by what was counted and the state of the data it was counted in. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[Counted, Hashable], int] = {}

    def counts(self, wanted: Mapping[Counted, Hashable], site: Site, tallies: Tallies) -> dict[Counted, int]:
        """The counts of all that is wanted, given with its state; those not known yet are counted at `site`.

        Where that raises FaultError, these counts are left out.
        """
        with self._lock:
            known = {c: self._known[c, state] for c, state in wanted.items() if (c, state) in self._known}
        new = [c for c in wanted if c not in known]
        if new:
            try:
                known.update(zip(new, count(new, site, tallies), strict=True))
            except FaultError:
                return known
            with self._lock:
                if len(self._known) > MOST:
                    self._known.clear()
                self._known.update(((c, wanted[c]), known[c]) for c in new)
        return known


def count(counted: Sequence[Counted], site: Site, tallies: Tallies) -> list[int]:
    """How many rows there are of each. Raises FaultError."""
    rows = site.run(tallies.write(counted)).to_pylist()
    return [row["found"] for row in sorted(rows, key=lambda row: row["n"])]


def facts_of(sources: Sources) -> Facts:
    """The facts of one engine's sources, kept as long as they are."""
    with _GATE:
        return _KEPT.setdefault(sources, Facts())
