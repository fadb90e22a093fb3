"""Exchange rates before and after a question: whether they are sound, and whether any was missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tallymark.catalog import Catalog, Rates
from tallymark.check.currencies import is_code
from tallymark.engine.facts import facts_of
from tallymark.engine.sources import Sources
from tallymark.engine.unseen import datasets_of
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Apply, Bound, conversions
from tallymark.lower import Lowered
from tallymark.place import Place
from tallymark.plan import AtEnd, AtEvent, AtWall, Group, Leaf, Moment, Plan
from tallymark.render import Rendered
from tallymark.render.expressions import Writer
from tallymark.render.keys import current_writer
from tallymark.render.lacking import Lack, lacking, unsound
from tallymark.render.tallies import Counted, Scope, Tallies, Tally, both, is_known, is_null
from tallymark.source import Site
from tallymark.windows import Boundary, Calendar

MOST_NAMED = 5
"""Currencies without a rate that are named."""


@dataclass(slots=True)
class Unrated:
    """Amounts of one currency that have no rate: how many, and when the first and the last."""

    count: int
    first: date | None
    last: date | None

    def and_(self, other: Unrated) -> Unrated:
        """Both together."""
        firsts = [d for d in (self.first, other.first) if d is not None]
        lasts = [d for d in (self.last, other.last) if d is not None]
        return Unrated(self.count + other.count, min(firsts, default=None), max(lasts, default=None))


def rate_notes(lowered: Lowered, rendered: Rendered, catalog: Catalog, sources: Sources) -> list[str]:
    """What a reader should know of the rates behind an answer. Raises FaultError (Q585) for amounts without a rate,
    unless the project lets them count as no value.
    """
    rates = catalog.rates
    converting = [c for g in lowered.plan.groups for leaf in g.leaves for c in _conversions(leaf)]
    if rates is None or not converting:
        return []
    found = _unrated(lowered.plan, rendered, catalog, sources)
    if found and rates.missing != "null":
        raise FaultError(_fault(found, rates))
    notes = [_note(code, unrated) for code, unrated in _listed(found)]
    of_rates = (note for d in catalog.basis(rates.dataset) for note in sources.notes(d))
    return [*(_sentence(converting, rates)), *notes, *of_rates]


def converts(plan: Plan) -> bool:
    """Whether a plan reads exchange rates."""
    return any(True for g in plan.groups for leaf in g.leaves for _ in _conversions(leaf))


def unsound_rates(catalog: Catalog, sources: Sources, calendar: Calendar) -> list[Fault]:
    """The faults of the rates themselves: two at one time (Q586), and those that are 0 or less (Q587)."""
    rates = catalog.rates
    if rates is None:
        return []
    site = sources.site_around(catalog, rates.dataset)
    writer = current_writer(calendar, site.dialect, sources.plugins.functions)
    tallies = Tallies(catalog, site.relation, writer, calendar)
    return [_unsound(row, rates) for row in site.run(unsound(rates, tallies)).to_pylist()]


def _unsound(row: Mapping[str, Any], rates: Rates) -> Fault:
    pair = f"{row['source']} in {row['to']} at {row['at']}"
    more = f" and {row['count'] - 1:,} more" if row["count"] > 1 else ""
    if row["kind"] == "repeated":
        message = f"`{rates.dataset}` has different rates of {pair}{more}"
        return Fault("Q586", message, _place(rates), "keep one rate of each pair of currencies at one time")
    message = f"`{rates.dataset}` has a rate that is 0 or less: {pair}{more}"
    return Fault("Q587", message, _place(rates), "leave such rows out, or leave the rate empty")


def _conversions(leaf: Leaf) -> Iterator[Apply]:
    yield from (c for e in leaf.expressions for c in conversions(e))


def _sentence(converting: list[Apply], rates: Rates) -> Iterator[str]:
    """At which rates the amounts were converted, and into what."""
    into = sorted({c.extra[0] for c in converting})
    when = dict.fromkeys(sorted(_when_said(c.extra[-1]) for c in converting))
    said = f"each amount in another currency is converted to {' and '.join(into)} at the rate {', or '.join(when)}"
    yield f"{said} (`{rates.dataset}`)"


def _when_said(moment: Moment) -> str:
    match moment:
        case AtEvent():
            return "of its own date"
        case AtWall(wall=wall):
            return f"of {wall.date() - date.resolution}"
    return "of the period's start" if moment.window.end == Boundary(0) else "of the period's end"


# --- missing rates ---------------------------------------------------------------------------------------------------


def _unrated(plan: Plan, rendered: Rendered, catalog: Catalog, sources: Sources) -> dict[str | None, Unrated]:
    """The amounts without a rate, by currency."""
    found: dict[str | None, Unrated] = {}

    def put(code: str | None, unrated: Unrated) -> None:
        found[code] = found[code].and_(unrated) if code in found else unrated

    for row in _early(plan, rendered.site, catalog, sources):
        put(row["code"], Unrated(row["found"], _day(row["first"]), _day(row["last"])))
    if rendered.lacking is not None:
        groups = {g.number: g for g in plan.groups}
        calendar = plan.clock.calendar
        for row in rendered.site.run(rendered.lacking()).to_pylist():
            instants = groups[row["g"]].ends[row["k"]][1]
            first, last = (calendar.local(instants[row[i]] - datetime.resolution).date() for i in ("first", "last"))
            put(row["code"], Unrated(row["found"], first, last))
    return found


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _early(plan: Plan, site: Site, catalog: Catalog, sources: Sources) -> list[dict[str, Any]]:
    """Amounts without a rate among those that do not depend on the period. Whether there can be any is known for every
    state of the data; only then the question's own rows are looked at.
    """
    scopes: dict[tuple[str, Apply], dict[Scope, None]] = {}
    for group in plan.groups:
        for leaf in group.leaves:
            for conversion in _conversions(leaf):
                if not isinstance(conversion.extra[-1], AtEnd):
                    place = (group.dataset, conversion)
                    scopes.setdefault(place, {})[_scope(group, leaf)] = None
    if not scopes:
        return []
    writer = Writer(plan.clock, site.dialect, sources.plugins.functions)
    tallies = Tallies(catalog, site.relation, writer, plan.clock.calendar)
    tests = {place: Tally(place[0], both(is_known(place[1].arguments[0]), is_null(place[1]))) for place in scopes}

    states = {t: _state(p[0], p[1], catalog, sources) for p, t in tests.items()}
    wanted: Mapping[Counted, Any] = {t: state for t, state in states.items() if state is not None}
    known = facts_of(sources).counts(wanted, site, tallies)
    open_ = [Lack(p[0], p[1], tuple(s)) for p, s in scopes.items() if known.get(tests[p], 1)]
    return site.run(lacking(open_, tallies)).to_pylist() if open_ else []


def _scope(group: Group, leaf: Leaf) -> Scope:
    sure = frozenset(c for c in leaf.conditions if not conversions(c))
    return Scope(sure, group.axis, tuple(w for w in group.roles[group.role_of(leaf)].resolved if not w.void))


def _state(dataset: str, conversion: Bound, catalog: Catalog, sources: Sources) -> Any:
    """The state of everything that a conversion reads; None where transforms make some of it."""
    assert catalog.rates is not None
    names = {dataset, catalog.rates.dataset, *datasets_of(catalog, dataset, conversion)}
    if any(catalog.datasets[d].making is not None for d in names):
        return None
    return tuple(sources.state(catalog.datasets[d]) for d in sorted(names))


def _listed(found: Mapping[str | None, Unrated]) -> list[tuple[str | None, Unrated]]:
    return sorted(found.items(), key=lambda item: (item[0] is None, item[0] or ""))


def _note(code: str | None, unrated: Unrated) -> str:
    count = f"{unrated.count:,} amount{'' if unrated.count == 1 else 's'}"
    what = f"in {_code(code)}" if code is not None else "without a currency"
    verb = "has no rate and counts" if unrated.count == 1 else "have no rate and count"
    return f"{count} {what}{_when(unrated)} {verb} as no value"


def _fault(found: Mapping[str | None, Unrated], rates: Rates) -> Fault:
    listed = _listed(found)
    said = [f"{_code(c) if c is not None else 'amounts without a currency'}{_when(u)}" for c, u in listed[:MOST_NAMED]]
    more = f", and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    odd = [c for c, _ in listed if c is not None and not is_code(c)]
    if odd:
        help_ = f"a currency is three capital letters: `{odd[0][:20]}` is none"
    elif any(c is not None for c, _ in listed):
        help_ = f"rates are read against {rates.base}; add those that are missing, or say `missing: null` in `rates:`"
    else:
        help_ = "fill the currency in, or say `missing: null` in `rates:`"
    message = f"`{rates.dataset}` has no rate for {', '.join(said)}{more}"
    return Fault("Q585", message, _place(rates), help_)


def _code(code: str | None) -> str:
    return repr(code[:20]) if code is not None and not is_code(code) else str(code)


def _when(unrated: Unrated) -> str:
    if unrated.first is None:
        return ""
    return f" ({unrated.first})" if unrated.first == unrated.last else f" ({unrated.first} to {unrated.last})"


def _place(rates: Rates) -> Place | None:
    return rates.place if rates.place.file != "<none>" else None
