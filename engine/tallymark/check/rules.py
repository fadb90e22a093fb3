"""Rules held against the catalog: their conditions, dimensions, filters, what their messages name, whom they tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tallymark.catalog import EDGES, Catalog, Reached
from tallymark.check.clearing import contradiction
from tallymark.check.dimensions import blocked_anywhere, explain_unreached, leaves, reach_all, wanting
from tallymark.check.empty_windows import Windows
from tallymark.check.formulas import Formulas
from tallymark.check.levels import misplaced, off_level, pinned
from tallymark.check.report import POISON, Report
from tallymark.definitions import STANDING, Definitions, Formula, RuleDef, names_in
from tallymark.errors import Fault, did_you_mean, in_order
from tallymark.formula.bound import Bound, MetricUse
from tallymark.formula.functions import Function
from tallymark.kinds import Type
from tallymark.place import Place
from tallymark.standards import judged

Parts = tuple[str, ...]

MAX_DIMENSIONS = 8
"""Of an answer, and so of a rule."""


def check_rules(definitions: Definitions, catalog: Catalog, functions: Mapping[str, Function]) -> tuple[Fault, ...]:
    """Everything wrong with the rules; warnings of those that wait for data (A108)."""
    formulas = Formulas(catalog, functions, Windows(catalog))
    found = (_Checked(rule, catalog, formulas, frozenset(definitions.notifiers)) for rule in definitions.rules.values())
    return in_order([fault for checked in found for fault in checked.run()])


def dimension(text: str) -> Parts:
    """The parts of a dimension as a question names it: `customer.country`, `plan at start`."""
    return tuple(text.split("."))


def _edged(text: str) -> bool:
    """Whether a dimension names an edge that a period has, or none."""
    _, _, edge = text.partition(" at ")
    return not edge or edge in EDGES


@dataclass(slots=True)
class _Checked:
    """One rule, and what is wrong with it."""

    rule: RuleDef
    catalog: Catalog
    formulas: Formulas
    notifiers: frozenset[str]
    faults: list[Fault] = field(default_factory=list)
    needs: dict[str, None] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"rule `{self.rule.name}`"

    def run(self) -> list[Fault]:
        rule = self.rule
        conditions = [(f, bound) for f in (rule.when, rule.clear) if f is not None and (bound := self._condition(f))]
        bounds = [bound for _, bound in conditions]
        where = self._where(bounds)
        self._dimensions()
        for text in filter(_edged, dict.fromkeys(rule.by)):
            self._reached(text, bounds, self._place("by", rule.by.index(text)))
        known = [*map(dimension, rule.by), *(pinned(where) if where is not None else ())]
        for formula, bound in conditions:
            self._levels(formula, bound, known)
        self._clearing()
        self._messages(known)
        self._notified()
        self._parameters()
        if self.needs:
            self._waiting()
        return self.faults

    def _fault(self, code: str, message: str, place: Place, help_: str | None, warning: bool = False) -> None:
        self.faults.append(Fault(code, message, place, help_, self.subject, "warning" if warning else "error"))

    def _place(self, key: str, item: int | str) -> Place:
        written = self.rule.places.get(f"{key}.{item}")
        return written.place() if written is not None else self.rule.place

    # --- conditions ------------------------------------------------------------------------------------------------

    def _condition(self, formula: Formula) -> Bound | None:
        """A condition bound; None when it cannot be, or waits for data."""
        if formula.node is None:
            return None
        report = Report(formula.written, self.subject)
        bound = self.formulas.bind(formula.node, report)
        self._take(report)
        if bound is POISON or report.errors or report.needs:
            return None
        if bound.type is not Type.BOOLEAN:
            message = f"a rule's condition is true or false, and this is a {bound.type.family}"
            self._fault("A104", message, formula.written.place(), "compare it: `nrr < 100%`, `growth(mrr) < 0`")
            return None
        if not leaves(self.catalog, bound):
            message = "a rule's condition that reads no data is the same for ever"
            self._fault("A104", message, formula.written.place(), "name a metric in it: `nrr < 100%`")
            return None
        return bound

    def _take(self, report: Report) -> None:
        self.faults += report.faults
        self.needs |= report.needs

    def _where(self, bounds: Iterable[Bound]) -> Bound | None:
        formula, read = self.rule.where, list(bounds)
        if formula is None or formula.node is None or not read:
            return None
        report = Report(formula.written, self.subject)
        bound = self.formulas.condition(formula.node, report, self._read(read), lambda: self._timeless(read))
        self._take(report)
        return bound if bound is not POISON and not report.errors and not report.needs else None

    def _read(self, bounds: Iterable[Bound], parts: Parts | None = None) -> frozenset[str]:
        return frozenset[str]().union(*(leaves(self.catalog, b, parts) for b in bounds))

    def _timeless(self, bounds: Iterable[Bound], parts: Parts | None = None) -> frozenset[str]:
        return frozenset[str]().union(*(leaves(self.catalog, b, parts, kind="timeless") for b in bounds))

    def _levels(self, formula: Formula, bound: Bound, known: list[Parts]) -> None:
        for use in off_level(bound, known, self.catalog):
            message, help_ = misplaced(use, self.catalog)
            self._fault("T280", message, formula.written.place(use.span), f"watch each one, with `by:`; or {help_}")

    def _clearing(self) -> None:
        """Notes a `clear` that says otherwise than `when` seems to mean."""
        found = contradiction(self.rule)
        if found is not None and self.rule.clear is not None:
            message, help_, worst = found
            self._fault("A105", message, self.rule.clear.written.place(), help_, warning=not worst)

    # --- dimensions ------------------------------------------------------------------------------------------------

    def _dimensions(self) -> None:
        by = self.rule.by
        for number, text in enumerate(by):
            if text in by[:number]:
                self._fault("A111", f"`{text}` is named twice", self._place("by", number), "name it once")
            if not _edged(text):
                help_ = "a period has a start and an end: say `at start` or `at end`"
                self._fault("Q591", f"`{text}` is no dimension", self._place("by", number), help_)
        if len(by) > MAX_DIMENSIONS:
            message = f"{len(by)} dimensions; {MAX_DIMENSIONS} is the most"
            self._fault("A111", message, self._place("by", MAX_DIMENSIONS), "leave some out")

    def _reached(self, text: str, bounds: list[Bound], place: Place) -> None:
        """Notes it when what some formulas read does not reach a dimension of the rule."""
        parts = dimension(text)
        datasets = self._read(bounds, parts)
        if not datasets:
            return
        found = reach_all(self.catalog, datasets, parts)
        if not isinstance(found, Reached):
            needs = wanting(self.catalog, datasets, parts)
            self.needs |= dict.fromkeys(needs)
            problem = None if needs else explain_unreached(self.catalog, found[0], parts, found[1])
        else:
            problem = blocked_anywhere(self.catalog, datasets, parts, lambda: self._timeless(bounds, parts))
        if problem is not None:
            self._fault(problem.code, problem.message, place, problem.help)

    # --- names -----------------------------------------------------------------------------------------------------

    def _messages(self, known: list[Parts]) -> None:
        for language, text in self.rule.message.items():
            written = self.rule.places.get(f"message.{language}")
            for name, span in names_in(text):
                place = written.place(span) if written is not None and written.text == text else self.rule.place
                if name not in STANDING and name not in self.rule.by:
                    self._named(name, place, known)

    def _named(self, name: str, place: Place, known: list[Parts]) -> None:
        """Notes it when a message names a metric that there is not, or that the rule's instances have no value of."""
        held = judged(name, self.catalog.metrics) if name not in self.catalog.metrics else None
        metric = self.catalog.metrics.get(held[0] if held is not None else name)
        if metric is None:
            names = [*self.catalog.metrics, *self.rule.by, *STANDING]
            help_ = did_you_mean(name, names) or "name a metric, or a dimension of `by`"
            self._fault("A106", f"the message names `{name}`, which is no metric or dimension of it", place, help_)
            return
        self.needs |= dict.fromkeys(metric.needs)
        if metric.expression is None:
            return
        for use in off_level(MetricUse(metric.name, metric.type, metric.unit), known, self.catalog):
            self._fault("T280", misplaced(use, self.catalog)[0], place, "watch each one, with `by:`")
        for text in filter(_edged, dict.fromkeys(self.rule.by)):
            self._reached(text, [metric.expression], place)

    def _notified(self) -> None:
        for number, name in enumerate(self.rule.notify):
            if name not in self.notifiers:
                help_ = did_you_mean(name, sorted(self.notifiers)) if self.notifiers else None
                help_ = help_ or f"add it under `notifiers:` in tally.yaml: `{name}: {{kind: stdout}}`"
                self._fault("A107", f"unknown notifier `{name[:60]}`", self._place("notify", number), help_)

    def _parameters(self) -> None:
        for name in self.rule.parameters:
            if name not in self.catalog.parameters:
                help_ = did_you_mean(name, self.catalog.parameters)
                self._fault("T110", f"unknown parameter `{name[:60]}`", self._place("parameters", name), help_)

    def _waiting(self) -> None:
        """A rule that waits for data: of a pack that is no fault, of the project's own a warning."""
        broken = {f"dataset {name}" for name in self.catalog.broken}
        if self.rule.pack is None and not broken & set(self.needs):
            message = f"`{self.rule.name}` cannot be evaluated: the project has no {', '.join(self.needs)}"
            self._fault(
                "A108", message, self.rule.place, "map a table of yours onto it with `implements:`", warning=True
            )


def waits_for(rule: RuleDef, catalog: Catalog, functions: Mapping[str, Function]) -> tuple[str, ...]:
    """What a rule needs that the project has not, `dataset tickets` for example."""
    checked = _Checked(rule, catalog, Formulas(catalog, functions, Windows(catalog)), frozenset(rule.notify))
    checked.run()
    return tuple(checked.needs)
