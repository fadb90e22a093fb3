"""Functions that make scores, and say how sure shares are."""

from __future__ import annotations

from tallymark.formula.function import Take
from tallymark.formula.scalars.rows import X, scalar

SCORES = (
    scalar(
        "scale",
        (X, Take("low"), Take("high")),
        "double",
        "scored",
        "x from low..high onto 0..100, clamped.",
        "scale(growth(active_users), -50%, 50%)",
        "CASE WHEN NOT :any_null AND :high <> :low THEN "
        "LEAST(GREATEST((:x - :low) / (:high - :low) * 100, 0), 100) END",
    ),
    scalar(
        "band",
        (X, Take("thresholds", repeats=True)),
        "double",
        "scored",
        "100 × the share of the thresholds that x has reached.",
        "band(usage_frequency, 5, 10, 20)",
    ),
    scalar(
        "weighted_mean",
        (Take("value"), Take("weight"), Take("more", optional=True, repeats=True)),
        "double",
        "mean",
        "The mean of value, weight, value, weight…; a null value is left out and the weights renormalised.",
        "weighted_mean(csat, 2, nps, 1)",
        nulls="skip",
    ),
    scalar(
        "coverage",
        (Take("value", "any"), Take("weight"), Take("more", "any", optional=True, repeats=True)),
        "double",
        "weights",
        "Of value, weight, value, weight…: the share of the weights whose value is not null.",
        "coverage(csat, 2, nps, 1)",
        nulls="skip",
    ),
    scalar(
        "margin_of_error",
        (
            Take("promoters"),
            Take("detractors"),
            Take("answers", optional=True),
            Take("confidence", optional=True, literal=True),
        ),
        "double",
        "margin",
        "Half the width of the 95% interval of a net score, z × √((p + d − (p − d)²) / n) × 100, with p and d shares of"
        " n answers; of a rate, called as `margin_of_error(successes, answers)`, z × √(p (1 − p) / n).",
        "margin_of_error(nps_promoters, nps_detractors, nps_responses, 90%)",
    ),
    scalar(
        "wilson_margin",
        (Take("successes"), Take("answers"), Take("confidence", optional=True, literal=True)),
        "double",
        "rate",
        "Half the width of Wilson's 95% interval of a rate, which is sound for few answers and near 0 and 1.",
        "wilson_margin(count(orders where amount > 100), count(orders))",
    ),
)
