"""Functions that choose among values."""

from __future__ import annotations

from tallymark.formula.function import Take
from tallymark.formula.scalars.rows import MORE, X, scalar

CHOICES = (
    scalar(
        "greatest",
        (X, MORE),
        "widest",
        "chosen",
        "The largest; null if any is null.",
        "greatest(expansion - churn, 0)",
        "CASE WHEN NOT :any_null THEN GREATEST(:x, :rest) END",
    ),
    scalar(
        "least",
        (X, MORE),
        "widest",
        "chosen",
        "The smallest; null if any is null.",
        "least(stickiness, 50%)",
        "CASE WHEN NOT :any_null THEN LEAST(:x, :rest) END",
    ),
    scalar(
        "clamp",
        (X, Take("low"), Take("high")),
        "widest",
        "chosen",
        "x kept between low and high; null if any is null.",
        "clamp(usage_breadth, 0, 1)",
        "CASE WHEN NOT :any_null THEN LEAST(GREATEST(:x, :low), :high) END",
    ),
    scalar(
        "coalesce",
        (Take("x", "any"), MORE),
        "first",
        "chosen",
        "The first that is not null; also written `x ?? y`.",
        "coalesce(csat, 0)",
        "COALESCE(:x, :rest)",
        "skip",
    ),
    scalar(
        "if",
        (Take("condition", "boolean"), Take("yes", "any"), Take("no", "same", optional=True)),
        "first",
        "chosen",
        "`yes` when the condition holds; `no` when it does not or is null (null without a `no`).",
        "if(churn > 0, expansion / churn, 0)",
        "CASE WHEN :condition THEN :yes ELSE :no END",
        "condition",
    ),
)
