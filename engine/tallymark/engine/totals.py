"""Rows over all members: the question without its dimensions, so that a ratio's total is the ratio of the totals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa

from tallymark.catalog import Catalog
from tallymark.engine.answering import TOTAL
from tallymark.lower import Lowered, Question, lower

Run = Callable[[Lowered], Any]
"""Runs a plan and gives its rows."""


def with_totals(table: Any, question: Question, catalog: Catalog, run: Run) -> Any:
    """The rows of a question and below them a total for each period, over every member under the question's filters.

    No condition over metrics and no choice of members narrows it; a total has no place among members.
    """
    whole = replace(
        question, by=(), fold=None, having=(), order=(("time", False),), limit=None, ranked=frozenset(),
    )  # fmt: skip
    found = run(lower(catalog, whole))
    ranks = {f"m{n}" for n, (name, _) in enumerate(question.metrics) if name in question.ranked}
    kept = [c for c in found.column_names if c in table.column_names and c not in ranks]
    totals = found.select(kept).append_column(TOTAL, pa.array([True] * found.num_rows, type=pa.bool_()))
    return pa.concat_tables([table, totals], promote_options="permissive")
