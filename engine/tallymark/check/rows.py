"""Row level: inside an aggregate and in computed columns, names are columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tallymark.catalog import Catalog, Reached
from tallymark.check.dimensions import blocked
from tallymark.check.expressions import Expressions
from tallymark.check.report import Missing, Report
from tallymark.errors import did_you_mean
from tallymark.formula import nodes as n
from tallymark.formula.bound import Bound, ColumnUse
from tallymark.formula.functions import Function, Kind
from tallymark.kinds import Type


@dataclass(frozen=True, slots=True)
class RowScope:
    """The row-level argument of an aggregate, its postfixes taken apart."""

    body: n.Node
    on: n.Name | None = None
    at: str | None = None
    where: tuple[n.Node, ...] = ()


def row_scope(node: n.Node) -> RowScope:
    """Takes `x on c at end where a` apart; parenthesised postfixes inside are joined to the outer ones."""
    on, at = None, None
    where: list[n.Node] = []
    while isinstance(node, n.Scoped) and node.per is None:
        on, at = on or node.on, at or node.at
        if node.where is not None:
            where.insert(0, node.where)
        node = node.body
    return RowScope(node, on, at, tuple(where))


class Rows(Expressions):
    """Binds row-level expressions over one dataset."""

    def __init__(
        self, catalog: Catalog, functions: Mapping[str, Function], report: Report, dataset: str, columns_only: bool = False
    ) -> None:
        super().__init__(catalog, functions, report)
        self.dataset = dataset
        self.columns_only = columns_only

    def name(self, node: n.Name) -> Bound:
        found = self.catalog.reach(self.dataset, node.parts)
        if not isinstance(found, Reached):
            return self._unknown(node, found.candidates)
        if found.type is Type.OPAQUE:
            message = f"`{node}` is of a kind formulas do not handle (a list, a structure or binary data)"
            return self.report.fault("T210", message, node.span)
        if (problem := blocked(self.catalog, self.dataset, found, str(node))) is not None:
            return self.report.fault(problem[0], problem[1], node.span, problem[2])
        return ColumnUse(found.path, found.column, found.type, found.unit, node.span)

    def _unknown(self, node: n.Name, candidates: tuple[str, ...]) -> Bound:
        if candidates:
            listed = ", ".join(f"`{c}`" for c in candidates)
            message = f"`{node}` is ambiguous in `{self.dataset}`"
            return self.report.fault("T107", message, node.span, f"say one of {listed}")
        self._raise_if_missing(node)
        if node.parts[0] in self.catalog.metrics and len(node.parts) == 1 and not self.columns_only:
            message = f"`{node}` is a metric; an aggregate of rows takes columns of `{self.dataset}`"
            help_ = f"aggregate a metric over members: `sum({node} per customer)`"
            return self.report.fault("T106", message, node.span, help_)
        known = self.catalog.dimensions(self.dataset)
        help_ = did_you_mean(".".join(node.parts[1:]) if self._own(node) else str(node), known)
        return self.report.fault("T105", f"`{self.dataset}` has no column `{node}`", node.span, help_)

    def _own(self, node: n.Name) -> bool:
        found = self.catalog.dataset(node.parts[0])
        return len(node.parts) > 1 and found is not None and found.name == self.dataset

    def _raise_if_missing(self, node: n.Name) -> None:
        """A column or dataset that a pack defines and the project's data lacks is a need, not a mistake."""
        own = self.catalog.datasets[self.dataset]
        name = node.parts[-1] if self._own(node) else node.parts[0]
        if len(node.parts) == 1 + self._own(node) and name in own.lacking:
            raise Missing(f"column {own.name}.{name}")
        for part in node.parts[:-1]:
            if part in own.unreferenced:
                raise Missing(f"dataset {own.unreferenced[part]}")
            if part in self.catalog.missing or part in self.catalog.broken:
                raise Missing(f"dataset {part}")

    def scoped(self, node: n.Scoped) -> Bound:
        if node.per is not None:
            message = "`per` inside an expression over rows"
            return self.report.fault("T207", message, node.span, "`per` stands at the end of an aggregate's argument")
        return self.report.fault(
            "T207",
            "`on`, `at` and `where` stand at the end of an aggregate's argument, not inside it",
            node.span,
            "use if(condition, x, null) inside an expression",
        )

    def special(self, function: Function, node: n.Call) -> Bound:
        if function.kind is Kind.AGGREGATE:
            message = f"`{node.name}` inside an expression over rows"
            help_ = "an aggregate of aggregates names its members: `avg(sum(orders.amount) per customer)`"
            return self.report.fault("T211", message, node.span, help_)
        return self.report.fault("T211", f"`{node.name}` takes a metric, not columns", node.span)


def datasets_named(catalog: Catalog, scope: RowScope, report: Report) -> str | None:
    """The dataset a row-level argument speaks of: the one its dotted names begin with, the one it names alone, or the only
    one that has all its bare columns. None with a fault when there is none or several. Raises Missing."""
    names = [x for part in (scope.body, scope.on, *scope.where) if part for x in n.walk(part) if isinstance(x, n.Name)]
    if isinstance(scope.body, n.Name) and len(scope.body.parts) == 1:
        _raise_if_missing_dataset(catalog, scope.body.parts[0])
        if found := catalog.dataset(scope.body.parts[0]):
            return found.name
    dotted: dict[str, n.Name] = {}
    for name in names:
        if len(name.parts) > 1:
            _raise_if_missing_dataset(catalog, name.parts[0])
            if found := catalog.dataset(name.parts[0]):
                dotted.setdefault(found.name, name)
    if len(dotted) == 1:
        return next(iter(dotted))
    if dotted:
        return _several(catalog, dotted, scope, report)
    return _by_columns(catalog, names, scope, report)


def _raise_if_missing_dataset(catalog: Catalog, name: str) -> None:
    if (name in catalog.missing or name in catalog.broken) and catalog.dataset(name) is None:
        raise Missing(f"dataset {name}")


def _several(catalog: Catalog, dotted: dict[str, n.Name], scope: RowScope, report: Report) -> str | None:
    """Several datasets are named: right when one of them reaches all the others over references."""
    for candidate in dotted:
        if all(isinstance(catalog.reach(candidate, name.parts), Reached) for name in dotted.values()):
            return candidate
    listed = " and ".join(f"`{d}`" for d in dotted)
    report.fault(
        "T108", f"an aggregate over rows of {listed} at once", scope.body.span, "aggregate each on its own, then combine"
    )
    return None


def _by_columns(catalog: Catalog, names: list[n.Name], scope: RowScope, report: Report) -> str | None:
    if not names:
        message = "an aggregate needs rows: a dataset, a column, or members"
        report.fault("T109", message, scope.body.span, "say `count(orders)`, `sum(orders.amount)` or `count(1 per day)`")
        return None
    fits = [
        d.name
        for d in catalog.datasets.values()
        if all(name.parts[0] in d.columns or name.parts[0] in d.references for name in names)
    ]
    if len(fits) == 1:
        return fits[0]
    first = names[0]
    if fits:
        listed = ", ".join(f"`{f}.{first}`" for f in fits)
        report.fault("T107", f"`{first}` is a column of several datasets", first.span, f"say one of {listed}")
        return None
    _unknown_rows(catalog, first, report)
    return None


def _unknown_rows(catalog: Catalog, name: n.Name, report: Report) -> None:
    if len(name.parts) == 1 and name.parts[0] in catalog.metrics:
        message = f"`{name}` is a metric; an aggregate of rows takes a dataset or columns"
        report.fault("T106", message, name.span, f"aggregate a metric over members: `avg({name} per customer)`")
        return
    if len(name.parts) > 1:
        known = [d for d in (*catalog.datasets, *catalog.aliases)]
        report.fault("T102", f"unknown dataset `{name.parts[0]}`", name.span, did_you_mean(name.parts[0], known))
        return
    columns = {c for d in catalog.datasets.values() for c in d.columns} | set(catalog.datasets)
    report.fault("T105", f"no dataset has a column `{name}`", name.span, did_you_mean(name.parts[0], columns))
