"""What is wrong with a project's data: its keys and references, its rates, and what its checks find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tallymark.catalog import Catalog
from tallymark.engine.calendars import Calendars
from tallymark.engine.check_results import BROKEN, CheckResult
from tallymark.engine.data_checks import check_data
from tallymark.engine.rates import unsound_rates
from tallymark.engine.sources import Sources
from tallymark.errors import Fault


def unsound_data(
    catalog: Catalog, sources: Sources, calendars: Calendars, results: Sequence[CheckResult]
) -> Iterator[Fault]:
    """The faults of the data, those of the checks with `results` included."""
    yield from check_data(catalog, sources)
    rates = catalog.rates
    # Rates that a transform makes depend on the question, and are looked at when one is asked.
    if rates is not None and catalog.datasets[rates.dataset].making is None:
        yield from unsound_rates(catalog, sources, calendars.current())
    # Of a check that is written wrongly its own faults are told already.
    yield from (fault for r in results if (fault := r.fault) is not None and r.why != BROKEN)
