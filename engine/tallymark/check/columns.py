"""Computed columns, each after those it needs: an expression over its row, or an aggregate over referring rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tallymark.catalog import Catalog, Column, Dataset, Reached
from tallymark.check import caps
from tallymark.check.aggregation import Aggregation
from tallymark.check.declared import unit_of, wrong_scale
from tallymark.check.dimensions import untimed, untimed_use, without_validity
from tallymark.check.report import POISON, Missing, Report
from tallymark.check.rows import Rows, dataset_of, row_scope
from tallymark.check.slips import slips, without_echoes
from tallymark.check.tables import empty_column, wanted_type
from tallymark.definitions import ColumnDef
from tallymark.errors import Fault
from tallymark.formula import nodes as n
from tallymark.formula.bound import Aggregate, conversions
from tallymark.formula.functions import Function, Kind
from tallymark.graph import in_order
from tallymark.kinds import Type
from tallymark.place import Written
from tallymark.units import NUMBER, alike

MAX_LEVELS = 50
"""Computed columns that may be made of one another."""

Computed = Mapping[tuple[str, str], ColumnDef]
"""Definitions of computed columns by dataset and name."""


def _role(catalog: Catalog, dataset: str, column: str) -> str:
    """What a column is to its dataset that must be known before anything is looked up; empty when it is nothing."""
    own = catalog.datasets[dataset]
    if any(r.column == column for r in own.references.values()):
        return "a reference"
    if column in (own.valid or ()):
        return "the validity"
    return "the key" if column == own.key else "the time" if column == own.time else ""


@dataclass(slots=True)
class Columns:
    """Binds computed columns one after the other. One with faults stays without values.

    `levels`: how many each is made of, one upon the other.
    """

    catalog: Catalog
    computed: Computed
    functions: Mapping[str, Function]
    faults: list[Fault]
    levels: dict[str, int] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def bind_all(self, wanted: Iterable[tuple[str, str]]) -> Catalog:
        """The catalog with the wanted columns bound, and all those that they rest on."""
        names = {f"{dataset}.{name}": (dataset, name) for dataset, name in self.computed}
        asked = [f"{dataset}.{name}" for dataset, name in wanted if (dataset, name) in self.computed]
        order = in_order(asked, lambda name: () if name in self.done else self.below(*names[name]))
        ringed = {name for ring in order.rings for name in ring}
        self.faults += [self.ring_fault(ring, names) for ring in order.rings]
        for name in order.names:
            if name not in ringed and name not in self.done:
                self.bind(*names[name])
            self.done.add(name)
        return self.catalog

    # --- order -----------------------------------------------------------------------------------------------------

    def below(self, dataset: str, name: str) -> list[str]:
        """The computed columns that a computed column's formula names."""
        return [column for column, _ in self._uses(dataset, name)]

    def _uses(self, dataset: str, name: str) -> list[tuple[str, n.Name]]:
        """The computed columns that a computed column's formula names, and where it names them."""
        node = self._node(dataset, name)
        if node is None:
            return []
        call = node if isinstance(node, n.Call) and self._aggregates(node) and node.arguments else None
        home: str | None = dataset
        if call is not None:
            try:
                home = dataset_of(self.catalog, row_scope(call.arguments[0]), Report(Written(""), ""))
            except Missing:
                home = None
        if home is None:
            return []
        names = [x for x in n.walk(node) if isinstance(x, n.Name)]
        reached = ((self.catalog.reach(home, x.parts), x) for x in names)
        found = ((self.catalog.home(home, r.path).name, r.column, x) for r, x in reached if isinstance(r, Reached))
        return [(f"{d}.{c}", x) for d, c, x in found if (d, c) in self.computed]

    def _node(self, dataset: str, name: str) -> n.Node | None:
        formula = self.computed[dataset, name].formula
        return formula.node if formula is not None else None

    def _aggregates(self, node: n.Call) -> bool:
        function = self.functions.get(node.name)
        return function is not None and function.kind is Kind.AGGREGATE

    def ring_fault(self, ring: tuple[str, ...], names: Mapping[str, tuple[str, str]]) -> Fault:
        """The fault of columns that need one another, `a, b, …, a`."""
        first = self.computed[names[ring[0]]]
        used = [x for column, x in self._uses(*names[ring[0]]) if column == ring[1]]
        assert first.formula is not None
        place = first.formula.written.place(used[0].span if used else None)
        others = ", ".join(f"`{name}` at {self.computed[names[name]].place}" for name in ring[1:-1])
        message = f"columns are computed in a ring: {' → '.join(ring)}"
        help_ = f"break the ring: {others}" if others else "break the ring: a column cannot rest on itself"
        return Fault("T120", message, place, help_, f"column `{ring[0]}`")

    # --- binding ---------------------------------------------------------------------------------------------------

    def bind(self, dataset: str, name: str) -> None:
        """Puts the bound column in its dataset; or notes there that it waits for data."""
        definition = self.computed[dataset, name]
        if definition.formula is None or definition.formula.node is None:
            return
        report = Report(definition.formula.written, f"column `{dataset}.{name}`")
        column = self._computed(dataset, definition, definition.formula.node, report)
        own = self.catalog.datasets[dataset]
        if report.needs:
            self.faults.extend(report.errors)
            columns = {k: v for k, v in own.columns.items() if k != name}
            # What refers through the column waits with it.
            held = {r.name: r.dataset for r in own.references.values() if r.column == name}
            self._put(
                replace(
                    own,
                    columns=columns,
                    waiting={**own.waiting, name: tuple(report.needs)},
                    references={n: r for n, r in own.references.items() if n not in held},
                    unreferenced={**own.unreferenced, **held},
                )
            )
            return
        if not column.faulty:
            column = self._agreed(column, definition, report)
            self._count_levels(dataset, name, report)
        self.faults.extend(report.faults)
        if not report.errors:
            self._put(replace(own, columns={**own.columns, name: column}))

    def _put(self, dataset: Dataset) -> None:
        self.catalog = replace(self.catalog, datasets={**self.catalog.datasets, dataset.name: dataset})

    def _computed(self, dataset: str, definition: ColumnDef, node: n.Node, report: Report) -> Column:
        column = replace(
            empty_column(definition), currency=self.catalog.datasets[dataset].columns[definition.name].currency
        )
        if isinstance(node, n.Call) and self._aggregates(node):
            return self._gathered(dataset, column, node, report)
        body = node
        if isinstance(node, n.Scoped):
            help_ = "choose values by if(condition, x, null)"
            report.fault("T207", "a computed column has no `on`, `at`, `where` or `per`", node.span, help_)
            body = row_scope(node).body
        bound = Rows(self.catalog, self.functions, report, dataset, in_column=True).value(body)
        found = slips(node, report)
        report.faults = without_echoes(report.faults, found, report)
        if bound is POISON or report.errors or not caps.fits(bound, report):
            return column
        if bound.type is Type.NULL:
            report.fault("T233", "the formula is always null", None, "compute a value, or leave the column out")
            return column
        changes = untimed_use(self.catalog, dataset, bound)
        if changes is not None and (role := _role(self.catalog, dataset, column.name)):
            message = f"`{column.name}` is {role} of `{dataset}`, and `{changes}` changes"
            report.fault("T261", message, changes.span, "compute it from columns of the row's own")
            return column
        unit = NUMBER if bound.unit.free else bound.unit
        return replace(column, type=bound.type, unit=unit, formula=bound, changes=changes is not None)

    def _gathered(self, dataset: str, column: Column, node: n.Call, report: Report) -> Column:
        """A column that is one aggregate over the rows of another dataset that refer to this one."""
        bound = self._aggregate(node, report)
        if bound is None or not caps.fits(bound, report):
            return column
        if any(conversions(part) for part in (bound.argument, bound.condition) if part is not None):
            message = "a computed column does not convert the amounts it aggregates"
            help_ = f"aggregate them in a metric, `{node.name}(…)`, and that over members: `avg(m per customer)`"
            report.fault("U322", message, node.span, help_)
            return column
        other = self.catalog.datasets[bound.dataset]
        ways = [r for r in other.references.values() if r.dataset == dataset]
        if len(ways) != 1:
            found = "no reference" if not ways else "several references"
            help_ = f"add `refs: {{{dataset}: {dataset}}}` to `{other.name}`" if not ways else "which one is not said"
            report.fault("T219", f"`{other.name}` has {found} to `{dataset}`", node.span, help_)
            return column
        if not self.catalog.known_as(self.catalog.datasets[dataset], ways[0].name):
            report.fault("T221", f"`{dataset}` has no key for others to refer to", node.span, "give it a `key:`")
            return column
        problem = without_validity(self.catalog.datasets[dataset])
        if self.catalog.datasets[dataset].valid is not None and bound.axis.kind == "timeless":
            problem = untimed(other.name, f"{other.name}.{ways[0].name}")._replace(help=f"give `{other.name}` a `time`")
        if problem is not None:
            report.fault(problem.code, problem.message, node.span, problem.help)
            return column
        return replace(column, type=bound.type, unit=bound.unit, aggregate=bound, via=ways[0].name)

    def _aggregate(self, node: n.Call, report: Report) -> Aggregate | None:
        rows = Rows(self.catalog, self.functions, report, "", in_column=True)
        first = node.arguments[0] if node.arguments else None
        if not rows.count_fits(self.functions[node.name], node):
            return None
        if isinstance(first, n.Scoped) and first.per is not None:
            message = "a computed column may be one plain aggregate over referring rows"
            report.fault("T218", message, first.per.span, "aggregate over members in a metric")
            return None
        assert first is not None
        try:
            bound = Aggregation(self.catalog, self.functions, report).bind(
                self.functions[node.name], row_scope(first), node
            )
        except Missing as missing:
            report.needs.update(dict.fromkeys(missing.needs))
            return None
        if isinstance(bound, Aggregate):
            return bound
        if bound is not POISON:
            message = "a computed column may be one plain aggregate over referring rows"
            report.fault("T218", message, node.span, "leave out `at start`")
        return None

    def _agreed(self, column: Column, definition: ColumnDef, report: Report) -> Column:
        """The column with its declared unit, after holding the formula's type and unit against what is declared."""
        wanted, found = wanted_type(definition), column.type
        if wanted is not None and wanted.family != found.family:
            help_ = f"`{definition.name}` is declared {wanted.value}"
            report.fault("T202", f"the formula gives a {found.family}, the column is a {wanted.family}", None, help_)
            return column
        if definition.unit is None:
            return column
        unit, _ = unit_of(definition.unit, self.catalog.project.currency)
        if not found.numeric:
            report.fault("U306", f"a {found.family} has no unit, `{unit.name}` is declared", None, "leave out `unit:`")
        elif not column.unit.dimensionless and not alike(unit, column.unit):
            help_ = "declare the unit the formula has"
            report.fault("U305", f"declared {unit}, the formula gives {column.unit}", None, help_)
        else:
            wrong_scale(column.unit, unit, report)
        return replace(column, unit=unit)

    def _count_levels(self, dataset: str, name: str, report: Report) -> None:
        used = self.below(dataset, name)
        deepest = max(used, key=lambda c: self.levels.get(c, 0), default=None)
        level = 1 + (self.levels.get(deepest, 0) if deepest is not None else 0)
        self.levels[f"{dataset}.{name}"] = level
        if level > MAX_LEVELS:
            message = f"columns are made of one another {level} levels deep; {MAX_LEVELS} is the most"
            report.fault("T121", message, None, f"the deepest is `{deepest}`: write part of the chain in one formula")
