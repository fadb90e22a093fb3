"""How a rule stands in one period, with the receipts of the numbers that its conditions compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from tallymark.answer import Receipt
from tallymark.catalog import Catalog
from tallymark.definitions import RuleDef
from tallymark.engine.columns import called
from tallymark.errors import Fault, FaultError
from tallymark.rules.choosing import chosen, condition
from tallymark.rules.explained import RuleExplained
from tallymark.rules.states import Evaluation, Instance, Moment, Point
from tallymark.rules.subjects import subjects
from tallymark.windows import Calendar

Explain = Callable[..., Receipt]
"""`Book.explain`."""


def explain_rule(
    evaluation: Evaluation, at: str | None, where: str | None, catalog: Catalog, calendar: Calendar, explain: Explain
) -> RuleExplained:
    """The rule of `evaluation` in the period called `at`, the newest unless said; `where` chooses among its instances.

    Raises FaultError: A112 and A113 for a `where` that chooses none, A114 for a period that was not evaluated.
    """
    period = _period(at, evaluation)
    instances = chosen(where, evaluation.rule.by, evaluation.instances)
    known = [n for points in evaluation.instances.values() for p in points[:1] for n in p.observation.values]
    language = catalog.project.language
    labels = {name: called(name, catalog.metrics, language) for name in dict.fromkeys(known)}
    locale = catalog.project.locale or catalog.project.language
    made = RuleExplained(evaluation, period, instances, labels, (), locale)
    point = made.point(instances[0]) if len(instances) == 1 else None
    if point is None:
        return made
    asked = _asked(evaluation, instances[0], period, calendar)
    if asked is None:
        return replace(made, notes=("no receipt: a value of the instance cannot be written in a condition",))
    return replace(made, receipts=tuple(explain(text, **asked) for text in _compared(point, evaluation.rule, catalog)))


def _period(at: str | None, evaluation: Evaluation) -> Moment:
    """The period of that name; the newest without one. Raises FaultError (A114)."""
    if not evaluation.periods:
        left = ", ".join(evaluation.skipped)
        help_ = f"{left} is not over yet: `partial: include` looks at it" if left else "its `since` is later"
        raise FaultError(Fault("A114", f"`{evaluation.rule.name}` has no period to explain yet", None, help_))
    if at is None:
        return evaluation.periods[-1]
    wanted = " ".join(at.split()).casefold()
    labels = {evaluation.labels[p]: p for p in evaluation.periods}
    for label, period in labels.items():
        if wanted in (label.casefold(), period.isoformat()):
            return period
    first, last = (evaluation.labels[evaluation.periods[n]] for n in (0, -1))
    help_ = f"it was looked at from {first} to {last}"
    if wanted in (label.casefold() for label in evaluation.skipped):
        help_ = "it is not over yet: `partial: include` looks at it all the same"
    raise FaultError(Fault("A114", f"`{evaluation.rule.name}` was not looked at in `{at[:60]}`", None, help_))


def _compared(point: Point, rule: RuleDef, catalog: Catalog) -> Iterator[str]:
    """What is worth a receipt: what the conditions compare, or themselves where they compare nothing alone.

    Where a metric may be hidden, the metric stands for what is made of it: a formula around it would tell its number.
    """
    known = point.observation.values
    counted = {name for name, m in catalog.metrics.items() if m.min_count is not None and m.min_count.at_least}
    if any(known.get(name) is None for name in counted & known.keys()):
        yield from (name for name in known if name in catalog.metrics)
        return
    found: dict[str, None] = {}
    for formula in (rule.when, rule.clear):
        if formula is not None:
            found |= {" ".join(side.text.split()): None for side in subjects(formula)}
    yield from found or (rule.when.text,)


def _asked(evaluation: Evaluation, instance: Instance, period: Moment, calendar: Calendar) -> dict[str, Any] | None:
    """The question for one number of the instance; None when a condition cannot say which it is."""
    rule = evaluation.rule
    own = condition(instance)
    if instance and own is None:
        return None
    where = " and ".join(f"({text})" for text in (rule.where.text if rule.where else None, own) if text)
    start = period if isinstance(period, datetime) else calendar.instant(datetime.combine(period, time.min))
    return {
        "start": start,
        "end": calendar.add(start, 1, rule.grain),
        "where": where or None,
        "as_of": evaluation.as_of,
        "parameters": rule.parameters,
    }
