"""Aggregates as SQL, whole or in parts.

An aggregate that is *mergeable* is a row of data: what is accumulated per group of rows, how two accumulations merge,
and how the result is finished. The others go back to the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sqlglot import exp

from tallymark.formula.function import Recipe
from tallymark.kinds import Type
from tallymark.render import recipes
from tallymark.render.values import all_of, call, cast, constant

ROWS = "rows"


def aggregate(
    function: str,
    argument: exp.Expression | None,
    condition: exp.Expression | None,
    extra: tuple[Any, ...] = (),
    order: Sequence[exp.Expression] = (),
) -> exp.Expression:
    """The aggregate over rows where `condition` holds. `order`: what `first` and `last` go by, before the value."""
    if function in ("first", "last"):
        assert argument is not None
        return filtered(ordered(function, argument, order), present(argument, condition))
    if extra and isinstance(extra[0], Recipe):
        assert argument is not None
        return _cooked(extra[0], argument, condition)
    return filtered(_plain(function, argument, extra), condition)


def _plain(function: str, argument: exp.Expression | None, extra: tuple[Any, ...]) -> exp.Expression:
    if argument is None:
        return exp.Count(this=exp.Star())
    match function:
        case "count":
            return exp.Count(this=argument)
        case "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[argument]))
        case "avg":
            return exp.Avg(this=cast(argument, Type.DOUBLE))
        case "median" | "percentile":
            fraction = constant(float(extra[0]) if extra else 0.5, Type.DOUBLE)
            return call("QUANTILE_CONT", cast(argument, Type.DOUBLE), fraction)
        case "stddev":
            return call("STDDEV_SAMP", cast(argument, Type.DOUBLE))
        case "variance":
            return call("VAR_SAMP", cast(argument, Type.DOUBLE))
        case "any":
            return call("BOOL_OR", argument)
        case "all":
            return call("BOOL_AND", argument)
    return call(function.upper(), argument)


def ordered(function: str, argument: exp.Expression, order: Sequence[exp.Expression]) -> exp.Expression:
    """The first or last value in an order, then by itself. Null keys come first, so that `last` never prefers one."""
    by = [exp.Ordered(this=o.copy(), nulls_first=True) for o in (*order, argument)]
    return call(function.upper(), exp.Order(this=argument, expressions=by))


def present(argument: exp.Expression, condition: exp.Expression | None) -> exp.Expression:
    """Whether a value is known, under a condition."""
    known = exp.Not(this=exp.Is(this=argument.copy(), expression=exp.Null()))
    return known if condition is None else exp.And(this=condition, expression=known)


def filtered(value: exp.Expression, condition: exp.Expression | None) -> exp.Expression:
    """An aggregate over the rows where `condition` holds."""
    if condition is None:
        return value
    return exp.Filter(this=value, expression=exp.Where(this=condition))


Build = Callable[[exp.Expression | None, Sequence[exp.Expression]], exp.Expression]
"""Accumulates values; `first` and `last` go by the expressions."""
Merge = Callable[[exp.Expression, exp.Expression], exp.Expression]
"""Merges accumulators, the second expression being the segment of each."""
Finish = Callable[[list[exp.Expression]], exp.Expression]


@dataclass(frozen=True, slots=True)
class Mergeable:
    """How an aggregate is taken in parts: one accumulator per entry of `accumulate`, merged by the same entry of
    `merge`. `run` merges, in an order of segments, those so far, where that is said otherwise.
    """

    accumulate: tuple[Build, ...]
    merge: tuple[Merge, ...]
    finish: Finish
    run: Callable[[exp.Expression], exp.Expression] | None = None


def _sum(value: exp.Expression | None, by: Any = ()) -> exp.Expression:
    return exp.Sum(this=value)


def _only(values: list[exp.Expression]) -> exp.Expression:
    return values[0]


def _mean(values: list[exp.Expression]) -> exp.Expression:
    whole, count = values
    return exp.Div(this=cast(whole, Type.DOUBLE), expression=exp.Nullif(this=count, expression=exp.Literal.number("0")))


def _one(build: Build, merge: Merge) -> Mergeable:
    return Mergeable((build,), (merge,), _only)


def _alike(build: Callable[[exp.Expression | None], exp.Expression]) -> Mergeable:
    """An aggregate whose parts merge by the aggregate itself."""
    return _one(lambda value, _: build(value), lambda value, _: build(value))


def _count(value: exp.Expression | None, by: Any = ()) -> exp.Expression:
    return exp.Count(this=exp.Star() if value is None else value)


def _edge(function: str) -> Mergeable:
    """`first` or `last`: of the segments' own, the one in the first or last segment that has any."""

    def build(value: exp.Expression | None, by: Sequence[exp.Expression]) -> exp.Expression:
        assert value is not None
        return ordered(function, value, by)

    def merge(value: exp.Expression, segment: exp.Expression) -> exp.Expression:
        by = [exp.Ordered(this=segment, nulls_first=True)]
        return call(function.upper(), exp.Order(this=value, expressions=by))

    def run(value: exp.Expression) -> exp.Expression:
        made: dict[str, type[exp.Expression]] = {"first": exp.FirstValue, "last": exp.LastValue}
        return exp.IgnoreNulls(this=made[function](this=value))

    return Mergeable((build,), (merge,), _only, run)


MERGEABLE: dict[str, Mergeable] = {
    ROWS: _one(_count, _sum),
    "count": _one(_count, _sum),
    "sum": _one(_sum, _sum),
    "min": _alike(lambda v: exp.Min(this=v)),
    "max": _alike(lambda v: exp.Max(this=v)),
    "any": _alike(lambda v: call("BOOL_OR", *([v] if v else []))),
    "all": _alike(lambda v: call("BOOL_AND", *([v] if v else []))),
    "first": _edge("first"),
    "last": _edge("last"),
    "avg": Mergeable((_sum, _count), (_sum, _sum), _mean),
}
"""The built-in aggregates that are taken in parts."""


def parts_of(function: str, extra: tuple[Any, ...]) -> Mergeable | None:
    """How an aggregate is taken in parts, a plugin's too; None for one that goes back to the rows."""
    if extra and isinstance(extra[0], Recipe):
        return _mergeable(extra[0]) if extra[0].partials else None
    return MERGEABLE.get(function)


@lru_cache(maxsize=512)
def _mergeable(recipe: Recipe) -> Mergeable:
    """A plugin's aggregate in parts. Of one recipe always the same, so that windows share accumulators."""
    accumulate = tuple(partial(_accumulated, recipe, p.accumulate) for p in recipe.partials)
    merge = tuple(partial(_merged, p.merge) for p in recipe.partials)
    return Mergeable(accumulate, merge, partial(recipes.finished, recipe))


def _accumulated(recipe: Recipe, text: str, value: exp.Expression | None, by: Any = ()) -> exp.Expression:
    assert value is not None
    return recipes.taken(recipe, text, value)


def _merged(text: str, value: exp.Expression, segment: exp.Expression) -> exp.Expression:
    return recipes.filled(text, {recipes.PART: value})


def _cooked(recipe: Recipe, argument: exp.Expression, condition: exp.Expression | None) -> exp.Expression:
    """A plugin's aggregate over the rows where `condition` holds."""
    if not recipe.partials:
        return recipes.whole(recipe, argument, condition)
    tests = [condition.copy() if condition is not None else None for _ in recipe.partials]
    built = [recipes.taken(recipe, p.accumulate, argument.copy()) for p in recipe.partials]
    return recipes.finished(recipe, [filtered(b, t) for b, t in zip(built, tests, strict=True)])


def finished(value: exp.Expression, kind: Type) -> exp.Expression:
    """The result as its type: counts and sums of whole numbers are 64-bit integers, overflow being an error."""
    return cast(value, Type.INTEGER) if kind is Type.INTEGER else value


def whole(
    function: str,
    argument: exp.Expression | None,
    tests: Sequence[exp.Expression],
    extra: tuple[Any, ...],
    order: Sequence[exp.Expression],
    kind: Type,
) -> exp.Expression:
    """An aggregate of type `kind` over the rows where all `tests` hold, at once."""
    parts = parts_of(function, extra)
    if parts is not None and function not in ("first", "last"):
        built = [filtered(b(argument, []), all_of([t.copy() for t in tests])) for b in parts.accumulate]
        return finished(parts.finish(built), kind)
    return finished(aggregate(function, argument, all_of(list(tests)), extra, order), kind)
