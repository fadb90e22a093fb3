"""Targets and bands: brought to the metric's unit, and refused where a number would not mean the same twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from tallymark.catalog import Metric
from tallymark.check.extents import Extents
from tallymark.check.formulas import Formulas
from tallymark.check.report import POISON, Report
from tallymark.definitions import AmountDef, BandDef, TargetDef
from tallymark.definitions.bands import Written
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Bound
from tallymark.place import Place
from tallymark.standards import Standards, Target
from tallymark.units import PERCENT, Unit
from tallymark.windows import Calendar, parse_period

HUNDRED = Decimal(100)
EXAMPLES = {"number": "`120`", "percent": "`12%`", "duration": "`4 hours`"}


def with_standards(metric: Metric, formulas: Formulas, extents: Extents, faults: list[Fault]) -> Metric:
    """The metric with its target and bands; without those that are at fault. A metric that waits for data has none."""
    said = metric.definition
    if metric.expression is None or not (said.bands or said.target):
        return metric
    judge = _Judge(metric, metric.expression, formulas, extents, faults)
    if not metric.type.numeric:
        place = said.bands[0].place if said.bands else said.target.place if said.target else said.place
        message = f"`{metric.name}` is a {metric.type.family}: only numbers have targets and bands"
        judge.fault("T500", message, place, "leave out `target:` and `bands:`")
        return metric
    bands, target = judge.bands(said.bands), judge.target(said.target) if said.target is not None else None
    if not bands and target is None:
        return metric
    return replace(metric, standards=Standards(bands, said.bands_grain, target, said.direction))


@dataclass(slots=True)
class _Judge:
    """Binds what one metric is held against."""

    metric: Metric
    expression: Bound
    formulas: Formulas
    extents: Extents
    faults: list[Fault]

    def fault(self, code: str, message: str, place: Place, help: str) -> None:
        self.faults.append(Fault(code, message, place, help, f"metric `{self.metric.name}`"))

    # --- bands -----------------------------------------------------------------------------------------------------

    def bands(self, said: tuple[BandDef, ...]) -> tuple[BandDef, ...]:
        """The bands in the metric's own measure; none of them when something is wrong."""
        if not said:
            return ()
        place, definition = said[0].place, self.metric.definition
        bad = self._wrong_unit(said[0].written, [e for b in said for e in (b.low, b.high) if e is not None])
        if bad is not None:
            self.fault("T501", f"bands in {said[0].written}s, of a metric in {bad[0]}", place, bad[1])
            return ()
        if definition.direction is None and any(b.colour is None for b in said):
            help_ = "write `direction: up` or `down`, or a `colour:` for each band"
            self.fault("T502", "bands without a direction: which of them is the best?", place, help_)
            return ()
        if definition.bands_grain is None and self.extents.grows(self.expression):
            message = f"`{self.metric.name}` grows with its period, and its bands do not say for which they are"
            self.fault("T503", message, place, "write `grain: month` among the bands, for example")
            return ()
        scale = self._scale(said[0].written)
        return tuple(_scaled(band, scale) for band in said) if scale != 1 else said

    # --- the target ------------------------------------------------------------------------------------------------

    def target(self, said: TargetDef) -> Target | None:
        """The target in the metric's own measure; None, and faults, when something is wrong."""
        before, definition = len(self.faults), self.metric.definition
        if definition.direction is None:
            help_ = "write `direction: up` where more is better, `direction: down` where less is"
            self.fault("T502", "a target without a direction: is more of it better?", said.place, help_)
        own = self._amount(said.amount) if said.amount is not None else None
        periods = {name: (self._amount(a), a.place) for name, a in said.by_period.items()}
        self._periods(said)
        grows = self.extents.grows(self.expression)
        if said.amount is not None and said.grain is None and grows:
            message = f"`{self.metric.name}` grows with its period, and its target does not say for which it is"
            help_ = f"write `target: {{value: {said.amount.text}, grain: month}}`, for example"
            self.fault("T503", message, said.place, help_)
        formula = self._formula(said) if said.formula is not None else None
        if len(self.faults) > before or definition.direction is None or (said.formula is not None and formula is None):
            return None
        known = {name: (value, place) for name, (value, place) in periods.items() if value is not None}
        return Target(
            text=said.text,
            direction=definition.direction,
            value=own,
            formula=formula,
            unit=self.metric.unit,
            by_period=known,
            grain=said.grain,
            exact=grows and said.grain is None,
            whole=self.extents.adds_up(self.expression),
        )

    def _amount(self, said: AmountDef) -> Decimal | None:
        bad = self._wrong_unit(said.written, [said.value])
        if bad is not None:
            self.fault("T501", f"a target of `{said.text}`, of a metric in {bad[0]}", said.place, bad[1])
            return None
        return said.value * self._scale(said.written)

    def _periods(self, said: TargetDef) -> None:
        """Notes names that are no periods. Those of a calendar of the project's own are known when it is read."""
        project = self.formulas.catalog.project
        if project.calendar is not None:
            return
        for name, amount in said.by_period.items():
            try:
                parse_period(name, Calendar(fiscal_year_start=project.fiscal_year_start))
            except FaultError as error:
                subject = f"metric `{self.metric.name}`"
                self.faults += [replace(f, place=amount.place, subject=subject) for f in error.faults]

    def _formula(self, said: TargetDef) -> Bound | None:
        """The target's formula bound, of the metric's own unit. A target that waits for data is none, and no fault."""
        assert said.formula is not None
        if said.formula.node is None:
            return None
        report = Report(said.formula.written, f"the target of metric `{self.metric.name}`")
        bound = self.formulas.bind(said.formula.node, report, percent=self.metric.unit == PERCENT)
        unit = self.metric.unit
        if bound is not POISON and not report.needs and not report.errors:
            if not bound.type.numeric:
                message = f"a target is a number, and this gives a {bound.type.family}"
                report.fault("T500", message, None, "name a metric that gives numbers")
            elif not bound.unit.free and not _alike(bound.unit, unit):
                message = f"the target is a {bound.unit}, and `{self.metric.name}` a {unit}"
                report.fault("T501", message, None, "give both the same unit")
        self.faults += report.faults
        return None if bound is POISON or report.needs or report.errors else bound

    # --- units -----------------------------------------------------------------------------------------------------

    def _wrong_unit(self, written: Written, values: list[Decimal]) -> tuple[str, str] | None:
        """The metric's unit, and what to write, when an amount is written as another."""
        unit = self.metric.unit
        own = "duration" if unit.duration else "percent" if unit.percent else "number"
        if written == own or (written == "number" and (own == "percent" or not any(values))):
            return None
        if written == "percent" and unit.dimensionless and unit.fraction and unit.hundreds == 0:
            return None
        return str(unit), f"write {EXAMPLES[own]}, for example"

    def _scale(self, written: Written) -> Decimal:
        """What brings an amount to the metric's measure: a percent of a fraction is a hundredth."""
        return 1 / HUNDRED if written == "percent" and not self.metric.unit.percent else Decimal(1)


def _scaled(band: BandDef, scale: Decimal) -> BandDef:
    """The band with its ends in another measure, spelled as they were."""
    ends = {end: end * scale for end in (band.low, band.high) if end is not None}
    low, high = (None if end is None else ends[end] for end in (band.low, band.high))
    return replace(band, low=low, high=high, texts={scaled: band.said(end) for end, scaled in ends.items()})


def _alike(one: Unit, other: Unit) -> bool:
    return one.powers == other.powers and (one.powers != () or one.percent == other.percent)
