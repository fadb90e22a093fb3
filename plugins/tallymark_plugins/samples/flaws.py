"""The flaws that any company's data has, put in on purpose and few enough to count.

None touches what recurring revenue is made of: amounts, statuses and times of subscriptions stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tallymark_plugins.samples.tables import Columns

GONE = "C9999"
"""A customer that no table knows: a test account that somebody deleted."""


def add_flaws(tables: dict[str, Columns]) -> None:
    """Puts the flaws in place."""
    # Never asked for, or lost when the customer list moved house.
    _put(tables["customers"]["country"], (40, 211, 377), None)
    _put(tables["customers"]["segment"], (12, 133, 240, 318, 401, 489), None)
    # Two stretches sold by hand in the first year, on no plan of the price list.
    _put(tables["subscriptions"]["plan"], (9, 57), None)
    # Mail from addresses that belong to nobody, and one from an account since deleted.
    _put(tables["tickets"]["customer"], (75, 618, 1404, 2210), None)
    _put(tables["tickets"]["customer"], (902,), GONE)
    _put(tables["orders"]["customer"], (150,), GONE)
    _put(tables["invoices"]["customer"], (1033,), None)
    # Written by a program with a key of its own, which is no user.
    _put(tables["events"]["user"], range(1500, 60_000, 2400), None)
    # A sitting whose end was never heard of.
    _put(tables["sessions"]["seconds"], (310, 4_012, 15_555, 28_000, 40_001), None)
    # Two answers outside the scale, from a form that was tried out on the live site.
    answered = [
        row
        for row, (survey, score) in enumerate(
            zip(tables["survey_responses"]["survey"], tables["survey_responses"]["score"], strict=True)
        )
        if survey == "nps" and score is not None
    ]
    _put(tables["survey_responses"]["score"], (answered[100],), 11)
    _put(tables["survey_responses"]["score"], (answered[500],), -1)


def _put(column: list[Any], rows: Iterable[int], value: Any) -> None:
    for row in rows:
        column[row] = value
