"""How a rule stands, as a reader sees it: its conditions, the series of its periods, why, and the numbers behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.answer import Receipt
from tallymark.definitions import RuleDef, in_language
from tallymark.rules.states import Evaluation, Instance, Moment, Point
from tallymark.show.counts import many
from tallymark.show.lines import PAGE, one_line, paragraphs
from tallymark.show.periods import moment
from tallymark.show.raw import json_text
from tallymark.show.sheet import Heading, Sheet, text_of
from tallymark.show.spark import sparkline
from tallymark.show.tables import table

SHOWN = 12
"""So many periods of a series are shown, those up to the one that is explained."""


MOST = 40
"""So many instances are shown."""

URGENT = ("firing", "no_data", "ok")
"""What is told, the most urgent first."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleExplained:
    """A rule at one `period`: of one instance with the series and the receipts of what its conditions compare, of
    several a line each.

    `labels` are what readers call the metrics that the conditions speak of, in their order.
    """

    evaluation: Evaluation
    period: Moment
    instances: tuple[Instance, ...]
    labels: Mapping[str, str]
    receipts: tuple[Receipt, ...] = ()
    locale: str = "en"
    notes: tuple[str, ...] = field(default=())

    @property
    def rule(self) -> RuleDef:
        return self.evaluation.rule

    def point(self, instance: Instance) -> Point | None:
        """How an instance stands in the period that is explained; None before its first one."""
        return next((p for p in self.evaluation.instances[instance] if p.period == self.period), None)

    def series(self, instance: Instance) -> tuple[Point, ...]:
        """The points up to the period that is explained."""
        until = self.evaluation.periods.index(self.period)
        known = frozenset(self.evaluation.periods[: until + 1])
        return tuple(p for p in self.evaluation.instances[instance] if p.period in known)

    # --- for readers -----------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int | None = None) -> str:
        """The explanation in lines of at most `width` characters where values allow it."""
        page = width or PAGE
        blocks = [paragraphs(self._head(), page)]
        if len(self.instances) == 1:
            blocks += self._one(self.instances[0], page)
        else:
            blocks.append(table(self._overview(), page))
        told = [f"{label} is not over yet: left out" for label in self.evaluation.skipped]
        blocks.append(paragraphs([f"note: {note}" for note in (*told, *self.evaluation.notes, *self.notes)], page))
        blocks += [receipt.text(page) for receipt in self.receipts]
        return "\n".join(block for block in blocks if block)

    def _head(self) -> list[str]:
        rule = self.rule
        label = in_language(rule.label, self.locale.partition("_")[0])
        name = f"{text_of(label)} ({rule.name})" if label else rule.name
        context = [self._label(self.period), *([self.evaluation.spoken(self.instances[0])] if self._alone else [])]
        lines = [" · ".join([name, *(c for c in context if c)])]
        description = in_language(rule.description, self.locale.partition("_")[0])
        lines += [one_line(description)] if description else []
        return [*lines, *conditions(rule)]

    @property
    def _alone(self) -> bool:
        return len(self.instances) == 1

    def _one(self, instance: Instance, page: int) -> Iterator[str]:
        point, series = self.point(instance), self.series(instance)
        if point is None:
            yield paragraphs([f"not known in {self._label(self.period)}: it has no row yet"], page)
            return
        yield paragraphs([f"{self._stands(point)}: {point.why}"], page)
        yield table(self._sheet(series), page)
        # A line shows the last periods of those that do not fit.
        lines = [f"{label}: {line[-max(page - len(label) - 2, SHOWN) :]}" for label, line in self._lines_of(series)]
        yield paragraphs(lines, page)

    def _stands(self, point: Point) -> str:
        """Its state, and what is told of it where that is something else, or began at another time."""
        state = point.state
        stands = f"{_worded(state.status)} since {self._label(state.since)}"
        usual = "ok" if state.status == "pending" else state.status
        if (state.told, state.told_since) == (usual, state.since) or usual == state.told == "ok":
            return stands
        return f"{stands} (told: {_worded(state.told)} since {self._label(state.told_since)})"

    def _lines_of(self, series: tuple[Point, ...]) -> Iterator[tuple[str, str]]:
        """A line of blocks for each number over the whole series."""
        for name, label in self.labels.items():
            values = [p.observation.values.get(name) for p in series]
            if len(series) > 1 and all(v is None or not isinstance(v, bool | str) for v in values):
                yield text_of(label), sparkline(values)

    def _sheet(self, series: tuple[Point, ...]) -> Sheet:
        shown = series[-SHOWN:]
        headings = [Heading("period"), *(Heading(text_of(v), number=True) for v in self.labels.values())]
        tests = [("when", "when"), *([("clear", "clear")] if self.rule.clear is not None else [])]
        headings += [Heading(title) for title, _ in tests] + [Heading("state"), Heading("told"), Heading("why")]
        rows = []
        for point in shown:
            seen = point.observation
            label = self._label(point.period) + ("*" if seen.partial else "")
            values = [seen.shown.get(name, text_of(None)) for name in self.labels]
            truths = [_truth(getattr(seen, name)) for _, name in tests]
            rows.append((label, *values, *truths, _worded(point.state.status), _worded(point.state.told), point.why))
        earlier = len(series) - len(shown)
        notes = [f"these are the last {len(shown)} of {len(series)} periods"] if earlier > 0 else []
        notes += ["* not over yet"] if any(p.observation.partial for p in shown) else []
        return Sheet(tuple(headings), tuple(rows), tuple(notes))

    def _overview(self) -> Sheet:
        by = self.rule.by
        headings = [*(Heading(name) for name in by), *(Heading(text_of(v), number=True) for v in self.labels.values())]
        headings += [Heading(title) for title in ("state", "since", "told")]
        rows = []
        known = [(i, p) for i in self.instances if (p := self.point(i)) is not None]
        # What needs somebody stands first; the order among those of one state stays.
        known.sort(key=lambda each: (URGENT.index(each[1].state.told), each[1].state.status != "pending"))
        for instance, point in known[:MOST]:
            values = [point.observation.shown.get(name, text_of(None)) for name in self.labels]
            state = (_worded(point.state.status), self._label(point.state.since), _worded(point.state.told))
            dimensions = (self.evaluation.shown(name, value) for name, value in instance)
            rows.append((*dimensions, *values, *state))
        left = len(known) - len(rows)
        notes = [f"{many(left, 'more instance')}: `--format json` has all of them"] if left else []
        return Sheet(tuple(headings), tuple(rows), (*notes, "`--where` explains one of them") if rows else ())

    def _label(self, period: Moment | None) -> str:
        if period is None:
            return text_of(None)
        return self.evaluation.labels.get(period) or moment(period)

    # --- for programs ----------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data, each instance with its whole series up to the period."""
        rule, evaluation = self.rule, self.evaluation
        return {
            "rule": rule.name,
            "label": in_language(rule.label, self.locale.partition("_")[0]),
            "when": rule.when.text,
            "clear": rule.clear.text if rule.clear is not None else None,
            "grain": rule.grain,
            "for": rule.lasting,
            "keep_firing": rule.keep_firing,
            "no_data": rule.no_data.after,
            "severity": rule.severity,
            "meaning": evaluation.meaning,
            "as_of": evaluation.as_of,
            "period": {"label": self._label(self.period), "start": self.period},
            "instances": [self._instance(i) for i in self.instances],
            "skipped": list(evaluation.skipped),
            "notes": [*evaluation.notes, *self.notes],
            "receipts": [r.to_dict(sql=False) for r in self.receipts],
        }

    def to_json(self) -> str:
        """The explanation as JSON; decimals are exact numbers."""
        return json_text(self.to_dict()) + "\n"

    def _instance(self, instance: Instance) -> dict[str, Any]:
        return {"instance": dict(instance), "series": [self._point(p) for p in self.series(instance)]}

    def _point(self, point: Point) -> dict[str, Any]:
        seen, state = point.observation, point.state
        return {
            "period": self._label(point.period),
            "start": point.period,
            "values": dict(seen.values),
            "when": seen.when,
            "clear": seen.clear,
            "partial": seen.partial,
            "status": state.status,
            "since": state.since,
            "told": state.told,
            "told_since": state.told_since,
            "why": point.why,
        }


def conditions(rule: RuleDef) -> list[str]:
    """What a rule says, a line each: when it fires, when it ends, what becomes of unknown periods."""
    lasting = f" for {_many(rule.lasting, rule.grain)}" if rule.lasting > 1 else ""
    lines = [f"fires when {one_line(rule.when.text)}{lasting}, each {rule.grain}"]
    if rule.by:
        lines[0] += f", by {', '.join(rule.by)}"
    if rule.where is not None:
        lines[0] += f", where {one_line(rule.where.text)}"
    ends = f"ends when {one_line(rule.clear.text)}" if rule.clear is not None else "ends when that does not hold"
    kept = f", {_many(rule.keep_firing, rule.grain)} later" if rule.keep_firing else ""
    lines.append(ends + kept)
    after = rule.no_data.after
    if after is not None:
        lines.append(f"tells of no data after {_many(after, rule.grain)} without")
    return lines


def _many(count: int, grain: str) -> str:
    return f"{count} {grain}{'' if count == 1 else 's'}"


def _worded(status: str) -> str:
    return status.replace("_", " ")


def _truth(value: bool | None) -> str:
    return text_of(None) if value is None else "yes" if value else "no"
