"""Steps that members take one after the other: conversions and funnels."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from tallymark.catalog import Catalog, Reached
from tallymark.check import operators
from tallymark.check.aggregation import Aggregation, all_of, gives_zero
from tallymark.check.currencies import unpriced
from tallymark.check.dimensions import blocked_anywhere, explain_unreached, faulty_anywhere, wanting
from tallymark.check.expressions import declared_parameter
from tallymark.check.report import POISON, Missing, Report
from tallymark.check.rows import Rows, dataset_of, row_scope
from tallymark.errors import did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Aggregate, Apply, Axis, Bound, ColumnUse, Constant, Later, Sequence
from tallymark.formula.functions import Function
from tallymark.kinds import Type
from tallymark.units import COUNT, RATIO

SAME_PERIOD = "same period"
"""The option that counts only what happens within the window itself."""

Limit = tuple[int | Decimal, str]

_TRUE = Constant(True, Type.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Step:
    """A step as bound: rows of a dataset, and what places them in time."""

    dataset: str
    axis: Axis
    time: Bound
    condition: Bound | None


@dataclass(frozen=True, slots=True)
class Options:
    """What a call says besides its steps."""

    member: n.Name
    limit: Limit | None = None
    parameter: str | None = None
    same_window: bool = False


class Sequences:
    """Binds `conversion` and `converted`."""

    def __init__(
        self, catalog: Catalog, functions: Mapping[str, Function], report: Report, missing: str | None = None
    ) -> None:
        self.catalog = catalog
        self.functions = functions
        self.report = report
        self.missing = missing

    def bind(self, function: Function, node: n.Call) -> Bound:
        """How many members reach the last step; of `conversion`, divided by those with the first. Raises Missing."""
        options = self._options(node)
        written = [a for a in node.arguments if not isinstance(a, n.PerArgument | n.WithinArgument | n.Text)]
        least = 2 if function.name == "conversion" else 1
        if len(written) < least:
            message = f"`{node.name}` takes {'two steps' if least == 2 else 'a step'} at least"
            return self._fault(message, node.span, f"it is called as {function.signature}")
        steps = [self._step(a) for a in written]
        if options is None or any(step is None for step in steps):
            return POISON
        found = _alike([step for step in steps if step is not None], self.functions)
        column = self._member(options.member, found)
        return POISON if column is None else self._sequence(function, node, options, found, column)

    def _sequence(self, function: Function, node: n.Call, options: Options, steps: Many[Step], member: Bound) -> Bound:
        first = steps[0]
        entered = Aggregate(
            "count_distinct", first.dataset, member, first.condition, first.axis, Type.INTEGER, COUNT,
            zero=gives_zero(self.functions["count"], self.missing), span=node.span,
        )  # fmt: skip
        if len(steps) == 1:
            return entered
        entry = replace(entered, function="min", argument=first.time, type=first.time.type, zero=False)
        later = tuple(_later(one, other) for one, other in pairwise(steps))
        arrived = Sequence(
            entry, later, options.member.parts, options.limit, options.same_window, Type.INTEGER, COUNT,
            options.parameter, entered.zero, node.span,
        )  # fmt: skip
        if function.name == "converted":
            return arrived
        return Apply("/", (arrived, entered), Type.DOUBLE, RATIO, span=node.span)

    # --- options ---------------------------------------------------------------------------------------------------

    def _options(self, node: n.Call) -> Options | None:
        """What the call says besides its steps; None with a fault."""
        pers = [a for a in node.arguments if isinstance(a, n.PerArgument)]
        withins = [a for a in node.arguments if isinstance(a, n.WithinArgument)]
        texts = [a for a in node.arguments if isinstance(a, n.Text)]
        for word, found in (("`per`", pers), ("`within`", withins), ("an option", texts)):
            if len(found) > 1:
                self._fault(f"{word} stands twice", found[1].span, "once is enough")
                return None
        if not pers:
            self._fault(f"`{node.name}` follows members: it does not say which", node.span, "add `per customer`")
            return None
        if pers[0].member.parts in {(g,) for g in n.GRAINS}:
            message = f"`per {pers[0].member}`: steps are taken by members, not by pieces of time"
            self._fault(message, pers[0].span, "say `per customer`; the question's grain makes the periods")
            return None
        if texts and texts[0].value != SAME_PERIOD:
            help_ = did_you_mean(texts[0].value, (SAME_PERIOD,)) or f"the only option is '{SAME_PERIOD}'"
            self._fault(f"unknown option '{texts[0].value[:40]}'", texts[0].span, help_)
            return None
        options = Options(pers[0].member, same_window=bool(texts))
        return self._within(withins[0], options) if withins else options

    def _within(self, node: n.WithinArgument, options: Options) -> Options | None:
        by: n.Node | None = node.duration
        if isinstance(by, n.Parameter):
            found = declared_parameter(by, self.catalog, self.report)
            if found is None:
                return None
            options, by = replace(options, parameter=by.name), found.default
        if isinstance(by, n.Duration) and by.count > 0:
            return replace(options, limit=(by.count, by.unit))
        self.report.fault("T209", "`within` takes a duration longer than 0", node.span, "write `within 30 days`")
        return None

    # --- steps -----------------------------------------------------------------------------------------------------

    def _step(self, node: n.Node) -> Step | None:
        """The rows that a step names; None with a fault. Raises Missing."""
        scope = row_scope(node)
        if not isinstance(scope.body, n.Name):
            help_ = "write `visits`, `customers on signed_up_at`, `events where name = 'invited'`"
            self._fault("a step is a dataset", scope.body.span, help_)
            return None
        dataset = dataset_of(self.catalog, scope, self.report)
        if dataset is None:
            return None
        named = self.catalog.dataset(str(scope.body))
        if named is None or named.name != dataset:
            message = f"a step is a dataset, and `{scope.body}` is a column"
            self._fault(message, scope.body.span, f"say `{dataset} where {scope.body} is not null`")
            return None
        rows = Rows(self.catalog, self.functions, self.report, dataset)
        conditions = [unpriced(rows.condition(w), self.report) for w in scope.where]
        axis = Aggregation(self.catalog, self.functions, self.report).axis(scope, rows, node)
        if axis is None or any(c is POISON for c in conditions):
            return None
        if axis.kind != "flow":
            what = "is valid for a time, not at one" if axis.kind == "stock" else "has no time"
            help_ = f"say which: `{scope.body} on {named.valid[0] if named.valid else 'created_at'}`"
            self.report.fault("T231", f"a step happens at a time, and `{dataset}` {what}", node.span, help_)
            return None
        column = self.catalog.datasets[dataset].columns[axis.columns[0]]
        return Step(dataset, axis, ColumnUse((), column.name, column.type, column.unit), all_of(conditions))

    # --- members ---------------------------------------------------------------------------------------------------

    def _member(self, member: n.Name, steps: Many[Step]) -> Bound | None:
        """The member as a column of the first step, once every step has it, of one type. Raises Missing."""
        datasets = frozenset(step.dataset for step in steps)
        if needs := wanting(self.catalog, datasets, member.parts):
            raise Missing(*needs)
        found = {}
        for dataset in sorted(datasets):
            reached = self.catalog.reach(dataset, member.parts)
            if not isinstance(reached, Reached):
                problem = explain_unreached(self.catalog, dataset, member.parts, reached)
                self.report.fault(problem.code, problem.message, member.span, problem.help)
                return None
            found[dataset] = reached
        if faulty_anywhere(self.catalog, datasets, member.parts):
            return None
        # A step always has a time.
        blocked = blocked_anywhere(self.catalog, datasets, member.parts, frozenset)
        if blocked is not None:
            self.report.fault(blocked.code, blocked.message, member.span, blocked.help)
            return None
        kinds = {d: r.type.family if r.type.numeric else r.type for d, r in found.items()}
        if len(set(kinds.values())) > 1:
            listed = ", ".join(f"{r.type.family} in `{d}`" for d, r in found.items())
            message = f"`{member}` is not of one kind: {listed}"
            self.report.fault("T234", message, member.span, "members are found again by an equal value")
            return None
        first = found[steps[0].dataset]
        return ColumnUse(first.path, first.column, first.type, first.unit)

    def _fault(self, message: str, span: tuple[int, int], help_: str) -> Bound:
        return self.report.fault("T230", message, span, help_)


def _alike(steps: Many[Step], functions: Mapping[str, Function]) -> list[Step]:
    """The steps with times that can be compared: all as dates where one is a date, all local where one is."""
    kinds = {step.time.type for step in steps}
    if len(kinds) == 1:
        return list(steps)
    if Type.DATE in kinds:
        return [replace(s, time=_day(s.time, functions)) for s in steps]
    return [replace(s, time=operators.local_times(functions["day"], [s.time])[0]) for s in steps]


def _day(time: Bound, functions: Mapping[str, Function]) -> Bound:
    if time.type is Type.DATE:
        return time
    return Apply("day", tuple(operators.local_times(functions["day"], [time])), Type.DATE, time.unit)


def _later(before: Step, step: Step) -> Later:
    """A step after another. Of the same rows, at the same time, one may be the very row of the step before."""
    again: Bound | None = None
    if step.dataset == before.dataset and step.axis == before.axis:
        again = before.condition if before.condition is not None else _TRUE
    return Later(step.dataset, step.axis, step.time, step.condition, again)
