"""What the texts of a question name: metrics by name or alias, and the formulas that are typed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tallymark.catalog import Catalog, Metric
from tallymark.check.empty_windows import Windows
from tallymark.check.formulas import Formulas
from tallymark.check.metrics import metric_names
from tallymark.check.report import POISON, Report
from tallymark.definitions import Formula, MetricDef
from tallymark.engine.columns import inlined
from tallymark.engine.near import near_in_words
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound
from tallymark.formula.functions import Function
from tallymark.formula.parse import parse
from tallymark.kinds import Type
from tallymark.place import Written
from tallymark.spoken import unaccented
from tallymark.units import NUMBER


class Finding:
    """Finds metrics in one catalog, and binds formulas to it."""

    def __init__(self, catalog: Catalog, functions: Mapping[str, Function]) -> None:
        self.catalog = catalog
        self.functions = functions

    def funnels(self, texts: tuple[str, ...]) -> Iterator[str]:
        """The names asked, those of a funnel's metrics in the place of its own."""
        for text in texts:
            funnel = self.catalog.funnels.get(text) if text not in self.catalog.metrics else None
            yield from funnel.metrics if funnel is not None else (text,)

    def metric(self, text: str) -> Metric:
        """The metric a text names, by name or alias, or the formula it is. Raises FaultError."""
        found = self._called(text)
        if len(found) == 1:
            return self._usable(found[0])
        if len(found) > 1:
            listed = ", ".join(f"`{m.name}`" for m in found)
            raise FaultError(Fault("Q503", f"several metrics are called '{text}'", help=f"say one of {listed}"))
        return self._formula(text)

    def _called(self, text: str) -> tuple[Metric, ...]:
        """The metrics that go by a text. What could be a formula must be somebody's name letter by letter: `-(mrr)`
        is not another way to write `mrr`.
        """
        found = self.catalog.find(text)
        return tuple(m for m in found if unaccented(text) in m.called(unaccented)) if self._computes(text) else found

    def _computes(self, text: str) -> bool:
        """Whether a text could be a formula: `churn - mrr` is one and no way to write the alias `churn MRR`."""
        minus = [part.strip() for part in text.split("-")]
        return bool(set(text) & set("()+*/=<>$?")) or (len(minus) > 1 and {*minus} <= {"", *self.catalog.metrics})

    def _usable(self, metric: Metric) -> Metric:
        if metric.needs:
            message = f"`{metric.name}` cannot be answered: it needs {', '.join(metric.needs)}"
            raise FaultError(Fault("Q502", message, metric.place, self.way_out(metric.needs)))
        if not metric.available:
            raise FaultError(
                Fault("Q510", f"`{metric.name}` has faults of its own: `tally check` lists them", metric.place)
            )
        return metric

    def way_out(self, needs: Iterable[str]) -> str | None:
        """What is wrong with the first dataset needed that has faults; else how to give data to one."""
        wanted = [need.removeprefix("dataset ") for need in needs if need.startswith("dataset ")]
        for name in wanted:
            cause = self.catalog.broken.get(name)
            if cause is not None:
                said = f"`{name}` has faults: {cause.message}" + (f" ({cause.place})" if cause.place else "")
                return f"{said}; {cause.help}" if cause.help else said
        return "map a table of yours onto it with `implements:`" if wanted else None

    def _formula(self, text: str) -> Metric:
        written = Written(text, "<question>")
        try:
            node = parse(written)
        except FaultError as error:
            if " " in text and all(c.isalnum() or c in " _-'’" for c in text):
                raise FaultError(self._no_such_metric(text)) from error
            raise
        if isinstance(node, n.Name) and len(node.parts) == 1 and self.catalog.dataset(text) is None:
            raise FaultError(self._no_such_metric(text))
        return self.bind_formula(text, node, written)

    def bind_formula(self, name: str, node: n.Node, written: Written) -> Metric:
        """A formula typed in as a nameless metric. Raises FaultError."""
        for used in metric_names(node, self.functions):
            if used in self.catalog.metrics:
                self._usable(self.catalog.metrics[used])
        report = Report(written, "the question")
        bound = Formulas(self.catalog, self.functions, Windows(self.catalog)).bind(node, report)
        definition = MetricDef(name, Formula(written, node))
        metric = Metric(name, definition, None if bound is POISON else bound, bound.type, _unit(bound))
        errors = report.errors
        if report.needs:
            message = f"the question needs {', '.join(report.needs)}"
            errors.append(Fault("Q502", message, report.place(None), self.way_out(report.needs)))
        if errors:
            raise FaultError(errors)
        return metric

    def _no_such_metric(self, text: str) -> Fault:
        shown = [m for m in self.catalog.metrics.values() if not m.hidden]
        help_ = did_you_mean(text, [name for m in shown for name in (m.name, *m.aliases)])
        if " " in text:
            help_ = near_in_words(text, shown)
        elif help_ is not None and not help_.startswith("did"):
            help_ = None
        listed = "`tally list` shows the metrics there are, `tally list WORD` those that speak of something"
        return Fault("T103", f"unknown metric `{text}`", help=help_ or listed)

    def condition(self, text: str, columns: dict[str, Bound]) -> Metric:
        """A condition over metrics, and over `columns`. Raises FaultError."""
        written = Written(text, "<having>")
        metric = self.bind_formula(text, parse(written), written)
        if metric.type is not Type.BOOLEAN:
            help_ = "a condition compares: `nrr < 90%`, `growth(mrr) < 0`"
            raise FaultError(Fault("Q551", "this is no condition over metrics", written.place(None), help_))
        return replace(metric, expression=inlined(metric.bound, columns))


def _unit(bound: Bound) -> Any:
    return NUMBER if bound.unit.free else bound.unit
