"""The members of a dimension with the highest values of a metric: a question of its own, asked before the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tallymark.catalog import Catalog, Metric
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula.bound import Bound
from tallymark.lower import Lowered, Question, lower
from tallymark.lower.keys import Fold
from tallymark.plan import Parts
from tallymark.windows import Period, range_label

MOST = 1_000
"""Members that may keep rows of their own."""

RANKED = "ranked by"
"""The column that the members are ranked by; no metric's name has a blank."""

FORMS = "`5`, `5 mrr` or `5 plan by mrr`; a negative number takes the lowest"

Run = Callable[[Lowered], Any]
"""Runs a plan and gives its rows."""


@dataclass(frozen=True, slots=True)
class Top:
    """So many members of a dimension, by a metric over the asked range; the `lowest` ones, or the highest."""

    count: int
    lowest: bool
    dimension: Parts
    metric: Metric
    bound: Bound
    kept: bool
    """Whether all other members are one row."""

    def note(self, question: Question) -> str:
        """What a reader is told about the choice."""
        which = "lowest" if self.lowest else "highest"
        over = _whole(question).label
        chosen = f"the {self.count} with the {which} {self.metric.name} over {over}" if self.count > 1 else (
            f"the one with the {which} {self.metric.name} over {over}"
        )  # fmt: skip
        rest = "; the others are one row" if self.kept else ""
        return f"`{'.'.join(self.dimension)}`: {chosen}{rest}"


def parse_top(text: int | str, by: tuple[Parts, ...]) -> tuple[int, Parts, str | None]:
    """How many members (fewer than 0 for the lowest), of which dimension, and by which metric if one is said.

    Raises FaultError: Q552 for a text of no such form, Q553 for a dimension that is not asked.
    """
    found = re.fullmatch(r"(-?[0-9]{1,7})(?:\s+(\S.*))?", str(text).strip(), re.DOTALL)
    if found is None or isinstance(text, bool):
        raise FaultError(Fault("Q552", f"`{str(text)[:60]}` is no choice of members", None, f"write {FORMS}"))
    count = int(found[1])
    if not 1 <= abs(count) <= MOST:
        raise FaultError(Fault("Q552", f"{count:,} members cannot be chosen", None, f"choose 1 to {MOST:,}"))
    if not by:
        help_ = "say which members with `--by`"
        raise FaultError(Fault("Q553", "no dimension is asked whose members could be chosen", None, help_))
    named, metric = _split(" ".join((found[2] or "").split()))
    names = {".".join(d): d for d in by}
    if named is None and metric in names:
        named, metric = metric, ""
    if named is not None and named not in names:
        raise FaultError(Fault("Q553", f"`{named}` is not asked", None, did_you_mean(named, names)))
    return count, names[named] if named is not None else by[0], metric or None


def _split(rest: str) -> tuple[str | None, str]:
    """The dimension and the metric of `plan by mrr`."""
    found = re.fullmatch(r"(?:([a-z_][\w.]*(?:\s+at\s+(?:start|end))?)\s+)?by\s+(\S.*)", rest, re.DOTALL)
    return (found[1], found[2]) if found is not None else (None, rest)


def topped(question: Question, top: Top, catalog: Catalog, run: Run) -> Question:
    """The question with the others folded into one, once the members are known. Raises FaultError as asking does."""
    members = _highest(question, top, catalog, run)
    if len(members) < top.count:
        members += [m for m in _every(question, top, catalog, run) if m not in members][: top.count - len(members)]
    return replace(question, fold=Fold(top.dimension, tuple(members), top.kept))


def _highest(question: Question, top: Top, catalog: Catalog, run: Run) -> list[Any]:
    """The members by the metric's value over the whole range; equal ones in their own order, null values last."""
    name = ".".join(top.dimension)
    # The metrics themselves are asked too, so that members whom only they have rows of are ranked as well.
    ranking = replace(
        question, metrics=((RANKED, top.bound), *question.metrics), min_counts=(), ranked=frozenset(),
        by=(top.dimension,), periods=(_whole(question),), grain=None, age=None, limit=top.count,
        order=((RANKED, not top.lowest), (name, False)),
    )  # fmt: skip
    return _members(lower(catalog, ranking), run)


def _every(question: Question, top: Top, catalog: Catalog, run: Run) -> list[Any]:
    """Every member in its own order, those included that only other windows than the range's have rows of."""
    order = ((".".join(top.dimension), False),)
    plain = replace(question, order=order, limit=None, ranked=frozenset(), age=None, by=(top.dimension,))
    return list(dict.fromkeys(_members(lower(catalog, plain), run)))


def _members(lowered: Lowered, run: Run) -> list[Any]:
    members: list[Any] = run(lowered).column(lowered.plan.space.level[0].column).to_pylist()
    return members


def _whole(question: Question) -> Period:
    start, end = question.periods[0].start, question.periods[-1].end
    return Period(start, end, range_label(start, end, question.calendar))
