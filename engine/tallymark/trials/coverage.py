"""Which metrics and rules tests expect a value of."""

from __future__ import annotations

from collections.abc import Sequence

from tallymark.definitions import Definitions
from tallymark.trials.results import Coverage, TestResult


def coverage_of(definitions: Definitions, results: Sequence[TestResult], *, packs: bool) -> Coverage:
    """The coverage of the project's own metrics and rules; with `packs`, of the packs' metrics.

    A metric counts as covered when a test expects a value of it that is not null, a rule when a test is of it; whether
    the test passes does not matter. Those that a funnel stands for count one by one; of a scorecard its
    score does, and none of the parts.
    """
    every = (m for m in definitions.metrics.values() if m.about is None)
    metrics = tuple(m.name for m in every if (m.pack is not None) == packs)
    rules = tuple(r.name for r in definitions.rules.values() if (r.pack is not None) == packs)
    expected = {name for result in results for name in result.metrics}
    tested = {result.rule for result in results}
    return Coverage(
        metrics, rules, tuple(m for m in metrics if m not in expected), tuple(r for r in rules if r not in tested)
    )
