"""Which metrics and rules tests expect a value of."""

from __future__ import annotations

from collections.abc import Sequence

from tallymark.definitions import Definitions, FunnelDef, ScorecardDef
from tallymark.trials.results import Coverage, TestResult


def coverage_of(definitions: Definitions, results: Sequence[TestResult], *, packs: bool) -> Coverage:
    """The coverage of the project's own metrics and rules; with `packs`, of the packs' metrics.

    A metric counts as covered when a test expects a value of it that is not null, a rule when a test is of it;
    whether the test passes does not matter. A funnel is one thing to cover, by a value of any of the metrics that
    it stands for, and so is a scorecard, by a value of its score. What a check of data stands for is about the
    data, and does not count.
    """
    made = _made(definitions)
    own = (m.name for m in definitions.metrics.values() if (m.pack is not None) == packs)
    metrics = tuple(dict.fromkeys(name for m in own if (name := made.get(m, m)) is not None))
    rules = tuple(r.name for r in definitions.rules.values() if (r.pack is not None) == packs)
    beside = {m for card in definitions.scorecards.values() for m in card.metrics if m != card.name}
    expected = {made.get(name, name) for result in results for name in result.metrics if name not in beside}
    tested = {result.rule for result in results}
    return Coverage(
        metrics, rules, tuple(m for m in metrics if m not in expected), tuple(r for r in rules if r not in tested)
    )


def _made(definitions: Definitions) -> dict[str, str | None]:
    """What stands for the metrics that nobody wrote, by their name: a funnel, a scorecard, or nothing at all."""
    found: dict[str, str | None] = {m: None for check in definitions.checks.values() for m in check.metrics}
    stands: list[FunnelDef | ScorecardDef] = [*definitions.funnels.values(), *definitions.scorecards.values()]
    for made in stands:
        behind = (m for m in definitions.metrics if m.startswith(f"{made.name}__"))
        found |= dict.fromkeys((*made.metrics, *behind), made.name)
    return found
