"""Variances put together from parts, each part a count, a mean and the sum of squares about that mean.

The parts of a window about their common mean m: sum of squares = Σ (M2 + n (mean - m)²), by Chan, Golub and LeVeque,
"Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979). Nothing is subtracted but means. A
mean is held between the least and the largest value, so that values that are all alike have no variance at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tallymark.kinds import Type
from tallymark.render.values import call, case, cast, column, compare, integer, named, select


def parts(by: Sequence[exp.Expression], argument: exp.Expression) -> exp.Select:
    """Count `n`, mean `mean`, squares `m2`, and the least and largest value of rows."""
    value = cast(argument, Type.DOUBLE)
    least, largest = exp.Min(this=value), exp.Max(this=value.copy())
    count = exp.Count(this=value.copy())
    squares = exp.Mul(this=call("VAR_POP", value.copy()), expression=count.copy())
    mean = _between(exp.Avg(this=value.copy()), least.copy(), largest.copy())
    shown = {"n": count, "mean": mean, "m2": squares, "least": least, "largest": largest}
    return select(*by, *(named(v, k) for k, v in shown.items()))


def centred(joined: exp.Select, cells: Sequence[exp.Expression]) -> exp.Select:
    """Each part in each of its cells, beside the cell's own mean `m`."""

    def over(value: exp.Expression) -> exp.Expression:
        return exp.Window(this=value, partition_by=[c.copy() for c in cells])

    weighted = exp.Mul(this=column("n", "p"), expression=column("mean", "p"))
    mean = exp.Div(this=over(exp.Sum(this=weighted)), expression=over(exp.Sum(this=column("n", "p"))))
    held = _between(mean, over(exp.Min(this=column("least", "p"))), over(exp.Max(this=column("largest", "p"))))
    kept = [column(c, "p") for c in ("n", "mean", "m2")]
    return joined.select(*cells, *kept, named(held, "m"), append=False, copy=False)


def merged(source: exp.Select, cells: Sequence[str], function: str) -> exp.Select:
    """The sample's variance, or its root, of each cell; null of fewer than two values."""
    by = [column(c) for c in cells]
    off = exp.Paren(this=exp.Sub(this=column("mean"), expression=column("m")))
    about = exp.Mul(this=exp.Mul(this=column("n"), expression=off), expression=off.copy())
    squares = exp.Sum(this=exp.Add(this=column("m2"), expression=about))
    count = exp.Sum(this=column("n"))
    fewer = exp.Paren(this=exp.Sub(this=count.copy(), expression=integer(1)))
    value: exp.Expression = exp.Div(this=squares, expression=exp.Nullif(this=fewer, expression=integer(0)))
    value = call("SQRT", value) if function == "stddev" else value
    several = case((compare(exp.GT, count, integer(1)), value))
    query = source.select(*by, named(several, "v0"), append=False, copy=False)
    return query.group_by(*(b.copy() for b in by), copy=False)


def _between(value: exp.Expression, least: exp.Expression, largest: exp.Expression) -> exp.Expression:
    return exp.Least(this=exp.Greatest(this=value, expressions=[least]), expressions=[largest])
