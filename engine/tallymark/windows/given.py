"""A calendar given as rows: each some days, with the names of the month, quarter, year and maybe week they are in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from tallymark.errors import Fault, FaultError
from tallymark.windows.reckoning import Reckoning, Run

_DAY = timedelta(days=1)
_SHOWN = 3
_LARGER = {"week": ("year",), "month": ("quarter", "year"), "quarter": ("year",)}
"""What the periods of a unit must lie in as a whole."""
_LETTER = {"month": "P", "quarter": "Q", "week": "W"}

Name = str | int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A row: its days `[start, end)`, and what it says they belong to, by unit."""

    start: date
    end: date
    names: tuple[Name, ...]


def given(rows: Iterable[Stretch], units: Sequence[str]) -> Reckoning:
    """The calendar of some rows, in any order; `units` says what their `names` are names of.

    Raises FaultError with all that is wrong: Q572 days left out, Q573 days twice, Q574 a period in two parts or across
    the edge of a larger one, Q575 a year without a number, Q576 no rows.
    """
    ordered = sorted(rows, key=lambda row: row.start)
    if not ordered:
        raise FaultError(Fault("Q576", "the calendar has no rows"))
    faults = [*_joints(ordered), *_torn(ordered, units)]
    years = [row.names[units.index("year")] for row in ordered]
    faults += [_numberless(name) for name in dict.fromkeys(years) if _year(name) is None]
    if faults:
        raise FaultError(faults)
    runs = {unit: _run(ordered, units, unit) for unit in units}
    twice = list(_repeated(runs))
    if twice:
        raise FaultError(twice)
    return Reckoning(runs, _spoken(runs))


def _joints(rows: Sequence[Stretch]) -> Iterable[Fault]:
    """Days between two rows, and days in both."""
    gaps, twice = [], []
    reached = rows[0].start
    for row in rows:
        if row.start > reached:
            gaps.append(_days(reached, row.start))
        elif row.start < reached:
            twice.append(_days(row.start, min(reached, row.end)))
        reached = max(reached, row.end)
    if gaps:
        yield Fault("Q572", f"the calendar leaves out {_listed(gaps)}", help="give every day a row")
    if twice:
        yield Fault("Q573", f"the calendar has twice: {_listed(twice)}", help="keep one row for each day")


def _torn(rows: Sequence[Stretch], units: Sequence[str]) -> Iterable[Fault]:
    """Periods that go on beyond the end of the quarter or year they began in."""
    for unit, larger in _LARGER.items():
        for other in larger if unit in units else ():
            small, large = units.index(unit), units.index(other)
            torn = next(
                (b for a, b in pairwise(rows) if a.names[small] == b.names[small] and a.names[large] != b.names[large]),
                None,
            )
            if torn is not None:
                message = f"the {unit} `{torn.names[small]}` lies in two {other}s: a new one begins on {torn.start}"
                yield Fault("Q574", message, help=f"each {other} must be made of whole {unit}s")


def _run(rows: Sequence[Stretch], units: Sequence[str], unit: str) -> Run:
    """The periods of a unit: rows of one name that follow each other."""
    at, of_year = units.index(unit), units.index("year")
    first = [row for i, row in enumerate(rows) if i == 0 or rows[i - 1].names[at] != row.names[at]]
    names = [row.names[at] for row in first]
    years = [row.names[of_year] for row in first]
    numbers = [_year(n) or 0 for n in names] if unit == "year" else _numbers(names, years)
    shown = _shown(unit, names, years, numbers)
    return Run((*(row.start for row in first), rows[-1].end), tuple(shown), tuple(numbers))


def _shown(unit: str, names: Sequence[Name], years: Sequence[Name], numbers: Sequence[int]) -> list[str]:
    """What readers call the periods: their names, with the year's where they come again; `FY2024-P03` for numbers."""
    numeric = all(_whole(n) is not None for n in names)
    if not numeric and len(set(names)) == len(names):
        return [str(n) for n in names]
    if unit == "year":
        return [f"FY{number:04d}" for number in numbers]
    called = [str(y) if _whole(y) is None else f"FY{_year(y) or 0:04d}" for y in years]
    if not numeric:
        return [f"{year} {name}" for year, name in zip(called, names, strict=True)]
    return [f"{year}-{_numbered(unit, number)}" for year, number in zip(called, numbers, strict=True)]


def _spoken(runs: Mapping[str, Run]) -> dict[str, tuple[str, int]]:
    """The names by numbers that every calendar has: `FY2024-P03`, and the same without `FY`."""
    years, found = runs["year"], dict[str, tuple[str, int]]()
    for unit, run in runs.items():
        for i, (number, start) in enumerate(zip(run.numbers, run.starts, strict=False)):
            year = f"{years.numbers[years.index(start)]:04d}"
            name = year if unit == "year" else f"{year}-{_numbered(unit, number)}"
            found |= {name: (unit, i), f"FY{name}": (unit, i)}
    return found


def _numbered(unit: str, number: int) -> str:
    return f"{_LETTER[unit]}{number}" if unit == "quarter" else f"{_LETTER[unit]}{number:02d}"


def _numbers(names: Sequence[Name], years: Sequence[Name]) -> list[int]:
    """The number of each period within its year: the name, or what it ends in (`P03`); else its place in the year."""
    own = [_whole(n) if _whole(n) is not None else _last_number(str(n)) for n in names]
    if all(n is not None and 0 < n < 100 for n in own):
        return [n or 0 for n in own]
    found: list[int] = []
    for i, year in enumerate(years):
        found.append(found[-1] + 1 if i and years[i - 1] == year else 1)
    return found


def _repeated(runs: dict[str, Run]) -> Iterable[Fault]:
    """Periods of one name in several places."""
    for unit, run in runs.items():
        seen: dict[str, date] = {}
        for name, start in zip(run.names, run.starts, strict=False):
            if name in seen:
                message = f"the {unit} `{name}` comes in two parts: from {seen[name]} and from {start}"
                yield Fault("Q574", message, help="the days of a period must follow each other")
                break
            seen[name] = start


def _whole(name: Name) -> int | None:
    if isinstance(name, int):
        return name
    return int(name) if name.isascii() and name.isdigit() else None


def _last_number(name: str) -> int | None:
    found = re.search(r"(?:^|[^a-z])[pmqwh]([0-9]{1,2})$", name, re.I)
    return int(found[1]) if found else None


def _year(name: Name) -> int | None:
    """The number of a year: the name itself, or the only four digits in it."""
    found = re.findall(r"(?<![0-9])[0-9]{4}(?![0-9])", str(name))
    return int(found[0]) if len(found) == 1 else None


def _numberless(name: Name) -> Fault:
    return Fault("Q575", f"the year `{name}` has no number", help="name years as `2024`, or `FY2024`")


def _days(start: date, end: date) -> str:
    last = end - _DAY
    return str(start) if start == last else f"{start} to {last}"


def _listed(found: Sequence[str]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
