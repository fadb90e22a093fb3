"""What a question says that does not go together, whatever the catalog holds."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.catalog import EDGES
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.json_keys import PARTIAL
from tallymark.plan import Parts
from tallymark.query import Query

MAX_DIMENSIONS = 8

PERIODS, AGE = "period", "age"
"""What a pivot may be called that is no dimension."""


def dimensions_of(query: Query) -> tuple[Parts, ...]:
    """The dimensions asked, each once; the one whose age is asked is one of them. Raises FaultError."""
    names = [name.strip() for name in query.by]
    if query.age is not None and query.age.strip() not in names:
        names.insert(0, query.age.strip())
    if len(names) > MAX_DIMENSIONS:
        raise FaultError(Fault("Q506", f"{len(names)} dimensions are asked; {MAX_DIMENSIONS} is the most"))
    faults = [fault for name in names if (fault := _edgeless(name)) is not None]
    if faults:
        raise FaultError(faults)
    return tuple(dict.fromkeys(tuple(name.split(".")) for name in names))


def _edgeless(dimension: str) -> Fault | None:
    """The fault of a dimension as it stood when the period neither begins nor ends; `plan at start` has none."""
    plain, _, edge = dimension.partition(" at ")
    if not edge or edge in EDGES:
        return None
    help_ = f"say `{plain} at start` or `{plain} at end`"
    return Fault("Q591", f"`{dimension}`: a period has a start and an end", None, help_)


def mistakes(query: Query) -> list[Fault]:
    """Options that lack what they need, or exclude each other."""
    return [*_alone(query), *_of_ages(query), *_of_pivots(query)]


def _alone(query: Query) -> Iterator[Fault]:
    if query.limit is not None and query.limit < 0:
        yield Fault("Q505", f"the limit is {query.limit}", help="a limit is 0 or more")
    if query.partial is not None and query.partial not in PARTIAL:
        help_ = did_you_mean(query.partial, PARTIAL)
        yield Fault("Q558", f"`{query.partial}` is nothing to do with partial periods", None, help_)
    if query.like_for_like and not query.compare:
        yield Fault("Q560", "nothing is compared like for like", None, "say with what: `--compare previous`")
    if query.other and query.top is None:
        yield Fault("Q554", "there are no others where no members are chosen", None, "choose some: `--top 5`")
    asked = [word for word in ("total", "share", "rank") if getattr(query, word)]
    if asked and not query.by and query.age is None:
        said = " and ".join(f"`{word}`" for word in asked)
        needs = "needs" if len(asked) == 1 else "need"
        yield Fault("Q555", f"{said} {needs} members to speak of", None, "ask by a dimension: `--by plan`")


def _of_ages(query: Query) -> Iterator[Fault]:
    if query.age is None:
        return
    if query.grain is None or query.grain == "hour":
        what = "no grain is asked" if query.grain is None else "hours are asked"
        yield Fault("Q556", f"ages are counted in periods, and {what}", None, "ask a grain: `--grain month`")
    if query.total:
        help_ = "leave one of the two out; asked without `age`, totals are those of each period"
        yield Fault("Q561", "a total over all ages is not answered", None, help_)
    if query.top is not None:
        yield Fault("Q561", "members are not chosen among those whose age is asked", None, "leave out one of the two")


def _of_pivots(query: Query) -> Iterator[Fault]:
    if query.pivot is None:
        return
    if not (query.by or query.grain or query.age):
        yield Fault("Q557", "there is nothing to pivot", None, "ask by a dimension, or a grain")
    elif pivoted_by(query) is None:
        known = [*([AGE] if query.age is not None else []), *([PERIODS] if query.grain else []), *query.by]
        help_ = did_you_mean(query.pivot, known)
        yield Fault("Q557", f"`{query.pivot}` is not asked, so that it could be pivoted", None, help_)


def pivoted_by(query: Query) -> str | None:
    """The column whose values become columns: the one named, else ages, periods or the last dimension; or None."""
    wanted = (query.pivot or "").strip()
    dimensions = [name.strip() for name in query.by]
    if wanted in dimensions or (wanted and query.age is not None and wanted == query.age.strip()):
        return wanted
    if query.age is not None and wanted in ("", AGE):
        return AGE
    if query.grain is not None and wanted in ("", PERIODS, "time"):
        return PERIODS
    return dimensions[-1] if not wanted and dimensions else None
