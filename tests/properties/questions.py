"""Random questions to a world."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from naive.own_days import own_days
from naive.world import Question
from tallymark.formula.parse import parse_text

from .conditions import Conditions
from .formulas import Formulas
from .rows import RowFormulas
from .scope import DAYS, Scope, reaching
from .worlds import Sample

BY: tuple[tuple[str, ...], ...] = (
    (), (), (), ("customer",), ("country",), ("customer.country",), ("kind",), ("plan",), ("rank",), ("cohort",),
    ("customer", "kind"), ("country", "rank"), ("customer", "plan"), ("large", "country"),
)  # fmt: skip

GRAINS: dict[int, tuple[str | None, ...]] = {
    2: (None, "hour", "day", "day"),
    12: (None, "day", "week", "week", "month"),
    40: (None, "day", "week", "month", "month", "quarter"),
    90: (None, "week", "month", "month", "quarter", "year"),
}
"""The grains worth asking for, by how far a world's rows are spread."""


def question(seed: int, sample: Sample) -> Question:
    """The question of a seed."""
    random = Random(seed)
    grain = random.choice(GRAINS[sample.spread])
    by = random.choice(BY)
    start, end = _range(random, sample, grain)
    if grain is not None and random.random() < 0.5:
        start, end = _whole(sample, grain, start, end)
    # The engine knows nothing after today when nothing else is said.
    end = min(end, date(2025, 12, 31))
    conditions = Conditions(random)
    datasets = reaching(frozenset(by))
    where, names = conditions.dimension(datasets) if random.random() < 0.25 else (None, frozenset[str]())
    length = (end - start).days + 1
    scope = Scope(
        datasets=datasets & reaching(names),
        levels=(frozenset(by),),
        filters=names,
        period=grain or "range",
        days=float(length) if grain is None else DAYS[grain],
        depth=random.choice((0, 1, 2, 2, 3)),
    )
    formulas = Formulas(random, RowFormulas(random, sample.kinds), conditions)
    metrics = tuple(dict.fromkeys(str(formulas.number(scope)) for _ in range(random.choice((1, 1, 2)))))
    return Question(
        metrics,
        by=by,
        grain=grain,
        start=start,
        end=end,
        where=None if where is None else parse_text(where),
        as_of=_as_of(random, start, end),
        sparse=random.random() < 0.05,
    )


def _whole(sample: Sample, grain: str, start: date, end: date) -> tuple[date, date]:
    """The range from whole periods of the project's own calendar to whole ones."""
    own = own_days(sample.world.project.calendar, sample.world.rows)
    if own is None or not own.has(grain):
        return start, end
    return own.first(start, grain), own.first(own.moved(end, 1, grain), grain) - timedelta(days=1)


def _as_of(random: Random, start: date, end: date) -> date | datetime | None:
    draw = random.random()
    if draw > 0.25:
        return None
    day = start + timedelta(days=random.randint(0, (end - start).days))
    return day if draw < 0.22 else datetime.combine(day, time(random.randint(1, 23)))


def _range(random: Random, sample: Sample, grain: str | None) -> tuple[date, date]:
    """The first and the last day asked for: whole periods around the anchor, now and then cut."""
    anchor = sample.anchor
    if grain is None:
        start = anchor + timedelta(days=random.randint(-sample.spread, sample.spread // 3))
        if random.random() < 0.5 and sample.spread > 2:
            start = start.replace(day=1)
            return start, _month_on(start, random.choice((1, 1, 2, 3))) - timedelta(days=1)
        return start, start + timedelta(days=random.choice((0, 1, 6, 9, 13, 27, 40)))
    if grain in ("hour", "day"):
        start = anchor + timedelta(days=random.randint(-2, 1))
        return start, start + timedelta(days=0 if grain == "hour" else random.randint(0, 4))
    if grain == "week":
        start = anchor - timedelta(days=anchor.weekday() + 7 * random.randint(0, 2))
        return start, start + timedelta(days=7 * random.randint(1, 3) - 1 - _cut(random, 3))
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    start = date(anchor.year, 1 + (anchor.month - 1) // months * months, 1)
    start = _month_on(start, -months * random.randint(0, 1))
    return start, _month_on(start, months * random.randint(1, 3)) - timedelta(days=1 + _cut(random, 12))


def _cut(random: Random, most: int) -> int:
    return random.randint(1, most) if random.random() < 0.1 else 0


def _month_on(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
