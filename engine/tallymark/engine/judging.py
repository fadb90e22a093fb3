"""Numbers held against what they should be: the band each lies in, its target, the distance to it, met or missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tallymark.answer import Answer, AnswerColumn
from tallymark.catalog import Metric
from tallymark.engine.asking import Asked
from tallymark.engine.columns import beside, said
from tallymark.engine.stretches import stretch
from tallymark.kinds import Type
from tallymark.lower import Question
from tallymark.show.bands import Band
from tallymark.show.numbers import number, unit_sign
from tallymark.show.standing import Standing
from tallymark.standards import Standards, Target, colours, word
from tallymark.units import POINTS, Unit
from tallymark.windows import PERIOD, Calendar, OutsideCalendarError, Period, UncoveredError, parse_period, resolve

MET, MISSED = "met", "missed"
REACHED = {MET: "green", MISSED: "red"}
"""The colour of whether a target is met."""

Made = Iterator[tuple[AnswerColumn, Any]]
"""Columns and their values."""


def shades(standards: Standards, language: str) -> tuple[Band, ...]:
    """The bands as a reader sees them, from the lowest values on."""
    of = colours(standards.bands, standards.direction)
    pairs = zip(standards.bands, of, strict=True)
    return tuple(Band(b.name, word(b.name, b.label, language), c, b.spelled) for b, c in pairs)


@dataclass(slots=True)
class Judging:
    """Judges the columns of one question. `rows` are the number of each row's period, `kinds` what each row is."""

    asked: Asked
    language: str
    rows: Sequence[int]
    kinds: Sequence[str] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def question(self) -> Question:
        return self.asked.question

    def beside(self, name: str, metric: Metric, unit: Unit | None, values: Any, given: Any = None) -> Made:
        """The columns beside a metric's, which has these values: bands, and the target where it is asked.

        `unit` is that of the values, `given` those of a target that a formula computes. Amounts asked in another
        currency are held against nothing: what they should reach is said in their own.
        """
        standards = metric.standards
        if standards is None:
            return
        if unit != metric.unit:
            self.notes.append(f"`{name}` is asked in another currency than its bands and target, which are left out")
            return
        known = values.to_pylist()
        if self.asked.query.bands and standards.bands:
            yield from self._bands(name, metric, standards, known)
        if self.asked.query.target and standards.target is not None:
            yield from self._target(name, metric, standards.target, known, given)

    def _bands(self, name: str, metric: Metric, standards: Standards, values: list[Any]) -> Made:
        fits = self._fitting(standards.grain)
        if fits is None:
            return
        found = {v: standards.band(v) for v in set(values) if v is not None}
        bands = (found.get(v) if fits(r) else None for v, r in zip(values, self.rows, strict=True))
        told = pa.array([b.name if b is not None else None for b in bands], type=pa.string())
        label = beside(metric, "band", self.language)[self.language]
        shown = shades(standards, self.language)
        yield AnswerColumn(f"{name}_band", "band", Type.TEXT, None, label, judges=name, bands=shown), told

    def _target(self, name: str, metric: Metric, target: Target, values: list[Any], given: Any) -> Made:
        fits = self._fitting(target.grain)
        wanted = self._wanted(target, given, fits) if fits is not None else [None] * len(values)
        if all(w is None for w in wanted):
            self.notes.append(f"`{name}` has no target for {self._asked_of(target)}: it is {target.text}")
        pairs = list(zip(values, wanted, strict=True))
        ends = [None if v is None or w is None else target.reached(_settled(v), w) for v, w in pairs]
        kind, points = metric.type, POINTS if metric.unit.percent or metric.unit.name == "score" else metric.unit
        shown = tuple(Band(n, word(n, {}, self.language), c) for n, c in REACHED.items())

        def column(suffix: str, array: Any, unit: Unit | None, what: str, bands: tuple[Band, ...] = ()) -> Any:
            label = beside(metric, what, self.language)[self.language]
            decimals = metric.definition.decimals if not bands else None
            type_ = Type.TEXT if bands else _type(array)
            made = AnswerColumn(f"{name}_{suffix}", "target", type_, unit, label, decimals, judges=name, bands=bands)
            return made, array

        yield column("target", _numbers(wanted, kind), metric.unit, "target")
        yield column("to_target", _numbers([_apart(v, w) for v, w in pairs], kind), points, "to target")
        told = pa.array([None if e is None else MET if e else MISSED for e in ends], type=pa.string())
        yield column("result", told, None, "result", shown)

    # --- which numbers are for which rows --------------------------------------------------------------------------

    def _fitting(self, grain: str | None) -> Callable[[int], bool] | None:
        """Whether the period of that number is one of the grain, and over; None when none that is asked is one."""
        if grain is None:
            return lambda number: True
        known = {n: _is_one(self.question.periods[n], grain, self.question.calendar) for n in set(self.rows)}
        if not any(known.values()):
            return None
        return lambda number: known[number] and not self._cut(self.question.periods[number])

    def _cut(self, period: Period) -> bool:
        question = self.question
        return resolve(PERIOD, period, question.grain, question.calendar, question.as_of).partial

    def _wanted(self, target: Target, given: Any, fits: Callable[[int], bool]) -> list[Decimal | None]:
        """What each row should reach."""
        calendar, periods = self.question.calendar, self.question.periods
        named = [(parse_period(n, calendar, place), value) for n, (value, place) in target.by_period.items()]
        own = {number: _of_period(periods[number], named, target.exact) for number in set(self.rows)}
        computed = given.to_pylist() if given is not None else [None] * len(self.rows)
        found: list[Decimal | None] = []
        for place, row in enumerate(self.rows):
            plain = own[row] if own[row] is not None else target.value
            plain = None if target.whole and self._of_a_part(place) else plain
            held = plain if plain is not None else _settled(computed[place])
            found.append(held if fits(row) else None)
        return found

    def _of_a_part(self, row: int) -> bool:
        """Whether a row is of some members only: what all should reach says nothing of it."""
        if self.question.filters:
            return True
        return bool(self.question.by) and (self.kinds is None or self.kinds[row] != "total")

    def _asked_of(self, target: Target) -> str:
        if target.whole and (self.question.filters or self.question.by):
            return "some members only"
        return "this period" if self.question.grain is None else "these periods"


def _of_period(period: Period, named: Sequence[tuple[Period, Decimal]], exact: bool) -> Decimal | None:
    """The number of the shortest period that holds the asked one; of that very one where it must be."""
    holding = [(own, value) for own, value in named if own.start <= period.start and period.end <= own.end]
    if exact:
        holding = [(own, value) for own, value in holding if (own.start, own.end) == (period.start, period.end)]
    return min(holding, key=lambda each: each[0].end - each[0].start)[1] if holding else None


def _is_one(period: Period, grain: str, calendar: Calendar) -> bool:
    """Whether a period is exactly one of a grain."""
    try:
        end = calendar.add(period.start, 1, grain)
        return end == period.end and calendar.floor(period.start, grain) == period.start
    except (OutsideCalendarError, UncoveredError):
        return False


def _settled(value: Any) -> Any:
    """The number to 12 digits if it is a binary one: the noise of its last digits meets no target, and misses none."""
    if value is None:
        return None
    return Decimal(f"{value:.12g}") if isinstance(value, float) else Decimal(value)


def _apart(value: Any, target: Decimal | None) -> Decimal | None:
    """How much the value is above the target, below 0 where it is not."""
    return None if value is None or target is None else _settled(value) - target


def _numbers(values: Sequence[Decimal | None], kind: Type) -> Any:
    """The numbers in the precision of the metric: whole ones stay whole, decimals exact."""
    known = [v for v in values if v is not None]
    if kind is Type.INTEGER and all(v == int(v) for v in known):
        return pa.array([None if v is None else int(v) for v in values], type=pa.int64())
    if kind is Type.DECIMAL and known:
        return pa.array(values)
    return pa.array([None if v is None else float(v) for v in values], type=pa.float64())


def _type(array: Any) -> Type:
    if pa.types.is_integer(array.type):
        return Type.INTEGER
    return Type.DECIMAL if pa.types.is_decimal(array.type) else Type.DOUBLE


def standing(metric: Metric, answer: Answer, held: Answer | None, language: str) -> Standing | None:
    """Where the number of a receipt stands, by an answer with its band and another one with its target, if any."""
    row, lines, colon = answer.to_dicts()[0], [], " :" if language.startswith("fr") else ":"
    column = next((c for c in answer.columns if c.role == "band"), None)
    band = next((b for b in column.bands if b.name == row[column.name]), None) if column is not None else None
    if band is not None:
        found = next(b for b in metric.standards.bands if b.name == band.name) if metric.standards is not None else None
        ends = stretch(found, metric.unit, answer.locale) if found is not None else band.ends
        lines.append(f"{said('band', language)}{colon} {band.label} ({ends})")
    targets = [c for c in held.columns if c.role == "target"] if held is not None else []
    if held is None or len(targets) != 3:
        return Standing(band, lines=tuple(lines)) if band is not None else None
    wanted, apart, result = (held.to_dicts()[0][c.name] for c in targets)
    if wanted is not None:
        first, second, third = targets
        shown = number(wanted, first.unit, first.type, decimals=first.decimals, locale=answer.locale)
        if result is not None:
            far = number(apart, second.unit, second.type, decimals=second.decimals, locale=answer.locale)
            sign = "+" if apart > 0 else ""
            points = f" {unit_sign(second.unit)}" if second.unit == POINTS else ""
            shown += f", {next(b.label for b in third.bands if b.name == result)} ({sign}{far}{points})"
        lines.append(f"{said('target', language)}{colon} {shown}")
    met = None if result is None else result == MET
    return Standing(band, wanted, apart, met, tuple(lines)) if lines else None
