"""What there is to choose when MRR is made, and the bundles of choices that vendors of subscription metrics make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from tallymark.transforms.transform import Arguments, Take

UNSAID = "as the bundle says"
"""Stands for an argument that is left out, so that one which is said overrides the bundle."""

EXCLUDE, INCLUDE, PAID = "exclude", "include", "paid"
ALL, FOREVER, NONE = "all", "forever", "none"
ENDED, CANCELLATION, PERIOD_END = "ended", "cancellation", "period_end"
KEEP, DROP = "keep", "drop"
STANDARD = "standard"

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "statuses": ("active", "past_due"),
        "past_due": None,
        "trials": PAID,
        "pauses": KEEP,
        "churn_at": ENDED,
        "discounts": FOREVER,
        "metered": EXCLUDE,
        "week": Fraction(52, 12),
        "day": Fraction("365.25") / 12,
        "reactivation_window": timedelta(days=365),
    }
)
"""What holds unless something else is said."""

BUNDLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        STANDARD: {},
        "stripe": {"trials": EXCLUDE, "churn_at": CANCELLATION, "reactivation_window": None},
        "chartmogul": {"trials": EXCLUDE, "discounts": ALL, "reactivation_window": None},
        "profitwell": {
            "pauses": DROP, "churn_at": PERIOD_END, "discounts": ALL, "metered": INCLUDE, "credits": INCLUDE,
            "reactivation_window": None,
        },
        "baremetrics": {"past_due": timedelta(days=30), "trials": EXCLUDE, "discounts": ALL},
    }
)  # fmt: skip
"""Where a bundle differs from what holds by default. `metric_defs/MRR.md` names the source of each."""


def settled(arguments: Arguments, *, own: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """The arguments with those that are left out as their bundle says; `own` are a transform's own defaults."""
    said = {name: value for name, value in arguments.items() if not (isinstance(value, str) and value == UNSAID)}
    return {**DEFAULTS, **own, **BUNDLES[said.get("like", STANDARD)], **said}


def take(name: str, kind: str, help: str, options: tuple[str, ...] = ()) -> Take:
    """An argument that a bundle settles when it is left out."""
    return Take(name, kind, help, UNSAID, options=options)


LIKE = Take("like", "word", "Whose policies hold where nothing else is said.", STANDARD, options=tuple(BUNDLES))
METERED = take("metered", "word", "Whether metered usage counts.", (EXCLUDE, INCLUDE))
WEEK = take("week", "number", "How many weeks a month has; 52 / 12 unless said.")
DAY = take("day", "number", "How many days a month has; 365.25 / 12 unless said.")
