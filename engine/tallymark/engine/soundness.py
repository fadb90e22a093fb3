"""What must hold of data before an answer rests on it: keys that are referred to, and exchange rates."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from tallymark.catalog import Catalog
from tallymark.engine.calendars import Calendars
from tallymark.engine.rates import unsound_rates
from tallymark.engine.sources import Sources
from tallymark.errors import Fault, FaultError
from tallymark.render.keys import repeated_key

_RATES = ""
"""Stands for the rates among the names of datasets."""


class Soundness:
    """Looks once for every state of the data. Safe to use from several threads."""

    def __init__(self, sources: Sources, calendars: Calendars) -> None:
        self._sources = sources
        self._calendars = calendars
        self._sound: dict[str, Hashable] = {}
        self._lock = threading.Lock()

    def require_unique_key(self, catalog: Catalog, dataset: str) -> None:
        """Raises FaultError for a key that is repeated under a reference (D440), or valid twice at a time (D447)."""
        made = tuple(m.given for d in catalog.made((dataset,)) if (m := d.making) is not None)
        state = (*(self._sources.state(d) for d in catalog.basis(dataset)), made)
        if self._known(dataset, state):
            return
        site = self._sources.site_around(catalog, dataset)
        sql = repeated_key(catalog, dataset, site, self._calendars.current(), self._sources.plugins.functions)
        found = site.run(sql)
        if found.num_rows:
            raise FaultError(_repeated(catalog, dataset, found.column(0)[0].as_py(), found.column(1)[0].as_py()))
        self._keep(dataset, state)

    def require_rates(self, catalog: Catalog) -> None:
        """Raises FaultError for rates that contradict one another (Q586), or cannot be rates (Q587)."""
        rates = catalog.rates
        if rates is None:
            return
        state = (rates, *(self._sources.state(d) for d in catalog.basis(rates.dataset)))
        if self._known(_RATES, state):
            return
        faults = unsound_rates(catalog, self._sources, self._calendars.current())
        if faults:
            raise FaultError(faults)
        self._keep(_RATES, state)

    def _known(self, name: str, state: Hashable) -> bool:
        with self._lock:
            return name in self._sound and self._sound[name] == state

    def _keep(self, name: str, state: Hashable) -> None:
        with self._lock:
            self._sound[name] = state


def _repeated(catalog: Catalog, dataset: str, key: object, count: int) -> Fault:
    own = catalog.datasets[dataset]
    place = own.place if own.place.file != "<none>" else None
    if own.valid is not None:
        message = (
            f"`{dataset}` has rows with the {own.key} {key!r} that are valid at one time, and others refer to them"
        )
        help_ = f"a reference finds one row: let each end, in `{own.valid[1]}`, when the next one begins"
        return Fault("D447", f"{message}, and others refer to them", place, help_)
    message = f"`{dataset}` has {count} rows with the {own.key} {key!r}, and others refer to them"
    help_ = "a reference needs one row for each key: remove the repeats, or choose another key"
    return Fault("D440", message, place, help_)
