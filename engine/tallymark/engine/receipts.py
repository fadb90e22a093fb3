"""A receipt: one number with the value of every part of its formula, all columns of the plan that gave the number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from tallymark.answer import Answer, AskedPeriod, Receipt, Step
from tallymark.behind import Behind
from tallymark.catalog import Catalog, Dataset
from tallymark.definitions import in_language
from tallymark.engine.answering import answer_of
from tallymark.engine.asking import Asked
from tallymark.engine.judging import standing
from tallymark.engine.members import Members, Render, members
from tallymark.engine.pythonic import called_in_python
from tallymark.engine.remarks import remarks
from tallymark.engine.sources import Sources
from tallymark.engine.tracing import Part, Tracing
from tallymark.engine.underlying import underlying
from tallymark.engine.unseen import datasets_read
from tallymark.errors import FaultError
from tallymark.formula import nodes as n
from tallymark.formula.bound import (
    Aggregate,
    Apply,
    Bound,
    Constant,
    DimensionUse,
    History,
    MetricUse,
    Nested,
    ParameterUse,
    Sequence,
    Windowed,
)
from tallymark.formula.bound import parts as parts_of
from tallymark.formula.parse import parse_text
from tallymark.lower import Question, lower, settle
from tallymark.lower.contexts import Contexts
from tallymark.lower.spaces import Context
from tallymark.show.counts import many
from tallymark.windows import PERIOD, Boundary, Calendar, Window, range_label, resolve, shifted

PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")


def receipt(
    asked: Asked, catalog: Catalog, sources: Sources, render: Render, limit: int | None = None,
    held: Answer | None = None,
) -> Receipt:  # fmt: skip
    """The receipt of a question for one metric in one cell, with at most `limit` rows behind each aggregate.

    `held` is the question's answer with the metric's target. Raises FaultError as asking it does.
    """
    found: list[Part] = []

    def trace(contexts: Contexts, root: Context) -> None:
        bound = settle(asked.question.metrics[0][1], asked.question.values)
        found.append(Tracing(catalog, contexts).part(bound, asked.metrics[0].formula, root))

    lowered = lower(catalog, asked.question, trace)
    part = found[0]
    rendered = render(lowered, keep=sorted(part.nodes()))
    table = rendered.site.run(rendered.sql)
    notes = remarks(asked, lowered, rendered, table, catalog, sources)
    answer = answer_of(asked, lowered, table, rendered, notes, catalog)
    values = {node: table.column(name)[0].as_py() for node, name in rendered.node_columns.items()}
    hidden = "h0" in table.column_names and table.column("h0")[0].as_py() is True
    step = _unsaid(part) if hidden else _Steps(asked.question, catalog, render, values).step(part)
    rows, unsaid = _rows(asked, catalog, render, limit, hidden)
    metric, language = asked.metrics[0], catalog.project.language
    equal, others = _slice(asked)
    made = catalog.made(datasets_read(lowered, catalog))
    notes = (*notes, *map(_said, made), *_python(asked, catalog, sources), *_cut(asked.question), *unsaid)
    return Receipt(
        metric=metric.name, label=answer.columns[0].label, period=_period(asked), slice=equal, value=answer.value,
        step=step, sql=rendered.sql, notes=notes, locale=answer.locale,
        decimals=metric.definition.decimals, parameters=_parameters(asked, catalog, made), conditions=others,
        as_of=_as_of(asked), description=in_language(metric.definition.description, language), how=rendered.ways,
        rows=rows, standing=standing(answer, held, language),
    )  # fmt: skip


def _rows(
    asked: Asked, catalog: Catalog, render: Render, limit: int | None, hidden: bool
) -> tuple[tuple[Behind, ...] | None, tuple[str, ...]]:
    """The rows behind the number if they are wanted, and why they are not told if they may not be."""
    if limit is None:
        return None, ()
    if hidden:
        return (), ("rows are not told of a number that is hidden",)
    return underlying(asked, catalog, render, limit), ()


def _unsaid(part: Part) -> Step:
    """The only step of a hidden number: its parts would tell it."""
    return Step(text=part.text, kind=part.kind, value=None, type=part.type, unit=part.unit, name=part.name)


@dataclass(slots=True)
class _Steps:
    """Makes steps of parts, once the values of their nodes are known. A part met twice is the same step."""

    question: Question
    catalog: Catalog
    render: Render
    values: Mapping[int, Any]
    made: dict[int, Step] = field(default_factory=dict)

    def step(self, part: Part) -> Step:
        if id(part) not in self.made:
            self.made[id(part)] = self._step(part)
        return self.made[id(part)]

    def _step(self, part: Part) -> Step:
        value = part.bound.value if isinstance(part.bound, Constant) else self._value(part.node)
        rows = self._value(part.rows)
        nest = part.bound if isinstance(part.bound, Nested) and not part.parts else None
        found = self._members(part, rows) if nest is not None else None
        named = self._named(part, nest, found) if nest is not None and found is not None else ()
        member = part.bound.member[-1] if isinstance(part.bound, Nested | Sequence) and not part.parts else None
        return Step(
            text=part.text, kind=part.kind, value=value, type=part.type, unit=part.unit, name=part.name, rows=rows,
            notes=tuple(self._notes(part, member)), children=(*map(self.step, self._shown(part)), *named),
            label=self._label(part), window=self._window(part), per=member,
            rest=found.rest if found is not None else "",
        )  # fmt: skip

    def _value(self, node: int | None) -> Any:
        return None if node is None else self.values[node]

    def _label(self, part: Part) -> str | None:
        if part.name is None:
            return None
        return self.catalog.metrics[part.name].label(self.catalog.project.language)

    # --- what is below ---------------------------------------------------------------------------------------------

    def _shown(self, part: Part) -> tuple[Part, ...]:
        """The parts below; of a choice the conditions up to the one that holds, and what was chosen."""
        if not (isinstance(part.bound, Apply) and part.bound.function in ("if", "case")) or len(part.parts) < 2:
            return part.parts
        *branches, last = part.parts if len(part.parts) % 2 else (*part.parts, None)
        shown: list[Part] = []
        for condition, chosen in zip(branches[::2], branches[1::2], strict=True):
            assert condition is not None
            assert chosen is not None
            shown.append(condition)
            if self._held(condition):
                return (*shown, chosen)
        return tuple(shown) if last is None else (*shown, last)

    def _held(self, condition: Part) -> bool:
        if isinstance(condition.bound, Constant):
            return condition.bound.value is True
        return self._value(condition.node) is True

    def _members(self, part: Part, count: int | None) -> Members | None:
        nest = part.bound
        if not count or (count == 1 and isinstance(nest, Nested) and nest.by_grain):
            return None
        return members(part, count, self.question, self.catalog, self.render)

    def _named(self, part: Part, nest: Nested, found: Members) -> Iterator[Step]:
        unit = part.bound.body.unit if isinstance(part.bound, Nested) and not part.bound.body.unit.free else None
        for name, value in found.values:
            text = name if nest.by_grain else f"{nest.member[-1]} = {name}"
            yield Step(text, "member", value, nest.body.type, unit)

    # --- what is said aside ----------------------------------------------------------------------------------------

    def _notes(self, part: Part, member: str | None) -> Iterator[str]:
        rows, filled = self._value(part.rows), self._value(part.filled)
        if rows and filled is not None and filled < rows:
            left = rows - filled
            said = "has no value and is left out" if left == 1 else "have no value and are left out"
            yield f"{left:,} of {many(rows, member or 'row')} {said}"
        if isinstance(part.bound, History):
            yield from _of_history(part.bound, self._value(part.node))
        for divisor in part.divisors:
            value = divisor.bound.value if isinstance(divisor.bound, Constant) else self._value(divisor.node)
            if value is not None and value == 0:
                yield f"`{' '.join((divisor.name or divisor.text).split())}` is 0, and nothing is divided by 0"

    def _before(self, history: History, window: Window) -> str | None:
        """The stretch of time from the first of the periods before to the last one's end."""
        if history.statistic == "anomaly":
            return None
        question, (count, unit) = self.question, history.every
        try:
            moved = [
                shifted(question.periods[0], (*window.shifts, (n * count, unit)), question.grain, question.calendar)
                for n in (history.count, 1)
            ]
        except FaultError:
            # It reaches back further than the calendar, and has no such period.
            return None
        return range_label(moved[0][0], moved[1][1], question.calendar)

    def _window(self, part: Part) -> str | None:
        """The stretch of time, or for a stock the moment, that was read."""
        window, calendar = part.context.window, self.question.calendar
        if isinstance(part.bound, History):
            return self._before(part.bound, window)
        resolved = resolve(window, self.question.periods[0], self.question.grain, calendar, self.question.as_of)
        if resolved.void or isinstance(part.bound, Constant):
            return None
        stock = isinstance(part.bound, Aggregate) and part.bound.axis.kind == "stock"
        if stock or resolved.start == resolved.end:
            return _moment(resolved.end, window, calendar)
        if resolved.start is None:
            return f"up to {_last(resolved.end, calendar)}"
        label = range_label(resolved.start, resolved.end, calendar)
        if "-W" in label and "-W" not in self.question.periods[0].label:
            # Seven days of a month happen to be a week; who asked for the month thinks in days.
            return f"{calendar.local(resolved.start).date()} to {_last(resolved.end, calendar)}"
        return label


def _of_history(history: History, value: Any) -> Iterator[str]:
    """What to know of a history: that too few periods have a value, or that these do not differ."""
    if history.statistic == "history" and value < history.least:
        yield f"too few of {history.count} periods before have a value, {history.least} are wanted"
    elif history.statistic == "spread" and value == 0:
        yield "all values before are alike: any other one is beyond measure"


def _moment(instant: datetime, window: Window, calendar: Calendar) -> str:
    """`start of 2024-06-01` for an opening, `end of 2024-06-30` for a closing."""
    local = calendar.local(instant)
    if window.end == Boundary(0) and local.time() == time.min:
        return f"start of {local.date()}"
    last = _last(instant, calendar)
    return f"end of {last}" if local.time() == time.min else f"at {last}"


def _last(instant: datetime, calendar: Calendar) -> str:
    """The last day before an instant; the instant itself when it lies within a day."""
    local = calendar.local(instant)
    if local.time() == time.min:
        return str(calendar.local(instant - datetime.resolution).date())
    return local.isoformat(" ", "seconds" if local.second else "minutes")


# --- the context of the receipt --------------------------------------------------------------------------------------


def _period(asked: Asked) -> AskedPeriod:
    calendar = asked.question.calendar
    return AskedPeriod(asked.question.periods[0].label, calendar.local(asked.start), calendar.local(asked.end))


def _as_of(asked: Asked) -> str | None:
    """The knowledge date, if one was given: its last day, or the time within a day."""
    if asked.query.as_of is None:
        return None
    return _last(asked.question.as_of, asked.question.calendar)


def _cut(question: Question) -> tuple[str, ...]:
    """A note when the knowledge date cuts the period, or lies before it."""
    resolved = resolve(PERIOD, question.periods[0], question.grain, question.calendar, question.as_of)
    last = _last(question.as_of, question.calendar)
    if resolved.void:
        return (f"the period begins after {last}, when it was asked: nothing is known of it",)
    return (f"partial: only what was known up to {last} is read",) if resolved.partial else ()


def _slice(asked: Asked) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The question's conditions: those that set a dimension to a value, and the texts of the others."""
    equal: dict[str, Any] = {}
    others: list[str] = []
    text = asked.query.where or ""
    for condition in sorted(asked.question.filters, key=lambda c: c.span):
        match condition:
            case Apply(function="=", arguments=(DimensionUse() as use, Constant(value=value))) if str(use) not in equal:
                equal[str(use)] = value
            case _:
                others.append(" ".join(text[slice(*condition.span)].split()) or text)
    return equal, tuple(dict.fromkeys(others))


def _said(dataset: Dataset) -> str:
    assert dataset.making is not None
    transform = dataset.making.transform
    version = "" if transform.version is None else f", Python of version {transform.version}"
    return f"`{dataset.name}` is made by {dataset.making.text}{version}"


def _python(asked: Asked, catalog: Catalog, sources: Sources) -> Iterator[str]:
    """The functions in Python that were called, each with its version."""
    functions = called_in_python(catalog, sources.plugins.functions, [asked.question.metrics[0][1]])
    for name, row in functions.items():
        assert row.python is not None
        yield f"`{name}` is Python of version {row.python.version}"


def _parameters(asked: Asked, catalog: Catalog, made: Iterable[Dataset]) -> dict[str, Any]:
    """The parameters that the formulas, the condition and the transforms speak of, with their values."""
    used: dict[str, None] = {}
    spoken = (name for d in made if d.making is not None for name in PARAMETER.findall(d.making.text))
    used.update(dict.fromkeys(name for name in spoken if name in asked.question.values))
    seen: set[str] = set()
    waiting: list[Bound] = [asked.question.metrics[0][1]]
    while waiting:
        here = waiting.pop()
        match here:
            case ParameterUse(name=name) | Windowed(parameter=str(name)):
                used[name] = None
            case MetricUse(name=name) if name not in seen:
                seen.add(name)
                body = catalog.metrics[name].expression
                waiting += [body] if body is not None else []
        waiting.extend(parts_of(here))
    if asked.query.where:
        used.update((p.name, None) for p in n.walk(parse_text(asked.query.where)) if isinstance(p, n.Parameter))
    return {name: _plain(asked.question.values[name]) for name in sorted(used)}


def _plain(value: Any) -> Any:
    """A parameter's value as plain data: durations as written, lists as lists."""
    if isinstance(value, n.Duration):
        return f"{value.count} {value.unit}{'' if value.count == 1 else 's'}"
    return list(value) if isinstance(value, tuple) else value
