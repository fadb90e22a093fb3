"""Row level: inside an aggregate and in computed columns, names are columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tallymark.catalog import Catalog, Dataset, Reached
from tallymark.check.calls import Calls
from tallymark.check.currencies import in_project_currency, priceable
from tallymark.check.dimensions import MAX_SUGGESTED, absent, blocked, faulty, needs_of, opaque, undeclared
from tallymark.check.report import POISON, Missing, Report
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
    at: Literal["start", "end"] | None = None
    where: tuple[n.Node, ...] = ()

    @property
    def names(self) -> list[n.Name]:
        """Every name in it, in no order that matters."""
        parts = (self.body, self.on, *self.where)
        return [x for part in parts if part is not None for x in n.walk(part) if isinstance(x, n.Name)]


def row_scope(node: n.Node) -> RowScope:
    """Takes `x on c at end where a` apart; parenthesised postfixes inside are joined to the outer ones."""
    on: n.Name | None = None
    at: Literal["start", "end"] | None = None
    where: list[n.Node] = []
    while isinstance(node, n.Scoped) and node.per is None:
        on, at = on or node.on, at or node.at
        if node.where is not None:
            where.insert(0, node.where)
        node = node.body
    return RowScope(node, on, at, tuple(where))


class Rows(Calls):
    """Binds row-level expressions over one dataset. In a computed column there are no metrics to speak of."""

    def __init__(
        self,
        catalog: Catalog,
        functions: Mapping[str, Function],
        report: Report,
        dataset: str,
        in_column: bool = False,
    ) -> None:
        super().__init__(catalog, functions, report)
        self.dataset = dataset
        self.in_column = in_column

    def name(self, node: n.Name) -> Bound:
        """The column of that name. Raises Missing."""
        found = self.catalog.reach(self.dataset, node.parts)
        if not isinstance(found, Reached):
            return self._unknown(node, found.candidates)
        if faulty(self.catalog, self.dataset, found):
            return POISON
        problem = opaque(str(node)) if found.type is Type.OPAQUE else None
        problem = problem or blocked(self.catalog, self.dataset, found, str(node))
        if problem is not None:
            return self.report.fault(problem.code, problem.message, node.span, problem.help)
        return self._amount(found, ColumnUse(found.path, found.column, found.type, found.unit, span=node.span))

    def _amount(self, found: Reached, use: ColumnUse) -> Bound:
        """The column; an amount in its row's own currency, or one made of such, in the project's currency."""
        column = self.catalog.home(self.dataset, found.path).columns[found.column]
        if column.currency is not None and not priceable(self.catalog, use.span, self.report):
            return POISON
        return in_project_currency(self.catalog, column, use)

    def _unknown(self, node: n.Name, candidates: tuple[str, ...]) -> Bound:
        if candidates:
            listed = ", ".join(f"`{c}`" for c in candidates)
            message = f"`{node}` is ambiguous in `{self.dataset}`"
            return self.report.fault("T107", message, node.span, f"say one of {listed}")
        if needs := needs_of(self.catalog, self.dataset, node.parts):
            raise Missing(*needs)
        if node.parts[0] in self.catalog.metrics and len(node.parts) == 1 and not self.in_column:
            message = f"`{node}` is a metric; an aggregate of rows takes columns of `{self.dataset}`"
            help_ = f"aggregate a metric over members: `sum({node} per customer)`"
            return self.report.fault("T106", message, node.span, help_)
        return self._no_column(node)

    def _no_column(self, node: n.Name) -> Bound:
        own = self.catalog.dataset(node.parts[0])
        known = self.catalog.dimensions(self.dataset)[:MAX_SUGGESTED]
        if len(node.parts) > 1 and own is not None and own.name != self.dataset:
            message = f"`{self.dataset}` does not reach `{node}`: it has no reference that leads there"
            return self.report.fault("T105", message, node.span, did_you_mean(str(node), known))
        name = ".".join(node.parts[1:]) if len(node.parts) > 1 and own is not None else str(node)
        message = f"`{self.dataset}` has no column `{name}`"
        help_ = undeclared(self.catalog, [self.dataset], name) or did_you_mean(name, known)
        return self.report.fault("T105", message, node.span, help_)

    def scoped(self, node: n.Scoped) -> Bound:
        """A postfix inside an expression over rows, where none may stand."""
        if node.per is not None:
            message = "`per` inside an expression over rows"
            return self.report.fault("T207", message, node.span, "`per` stands at the end of an aggregate's argument")
        if node.at is not None and isinstance(node.body, n.Name) and node.on is None and node.where is None:
            message = f"`{node.body} at {node.at}` speaks of the asked period, which a row knows nothing of"
            help_ = f"filter the metric: `count({self.dataset or 'orders'}) where ({node.body} at {node.at}) = 'x'`"
            return self.report.fault("T263", message, node.span, help_)
        return self.report.fault(
            "T207",
            "`on`, `at` and `where` stand at the end of an aggregate's argument, not inside it",
            node.span,
            "use if(condition, x, null) inside an expression",
        )

    def special(self, function: Function, node: n.Call) -> Bound:
        """An aggregate or a context form inside an expression over rows, where none may stand."""
        message = f"`{node.name}` takes a metric, not columns"
        help_ = "aggregate the rows first: `previous(sum(orders.amount))`"
        if self.in_column:
            message = f"`{node.name}` inside an expression over the columns of one row"
            help_ = "a computed column is an expression over its row, or one aggregate over the rows that refer to it"
        elif function.kind is Kind.AGGREGATE:
            message = f"`{node.name}` inside an expression over rows"
            help_ = "an aggregate of aggregates names its members: `avg(sum(orders.amount) per customer)`"
        return self.report.fault("T211", message, node.span, help_)


# --- which rows ------------------------------------------------------------------------------------------------------


def dataset_of(catalog: Catalog, scope: RowScope, report: Report) -> str | None:
    """The dataset a row-level argument speaks of: the one its dotted names begin with, the one it names alone, or the
    only one that has all its bare columns. None with a fault when there is none or several. Raises Missing.
    """
    names = scope.names
    alone = isinstance(scope.body, n.Name) and len(scope.body.parts) == 1
    heads = {name.parts[0]: name for name in names if len(name.parts) > 1 or (alone and name is scope.body)}
    gone = [f"dataset {head}" for head in heads if absent(catalog, head)]
    if gone:
        raise Missing(*gone)
    if alone and (found := catalog.dataset(str(scope.body))):
        return found.name
    dotted = {found.name: name for head, name in heads.items() if (found := catalog.dataset(head))}
    if len(dotted) == 1:
        return next(iter(dotted))
    return _several(catalog, dotted, scope, report) if dotted else _by_columns(catalog, names, scope, report)


def _several(catalog: Catalog, dotted: dict[str, n.Name], scope: RowScope, report: Report) -> str | None:
    """Several datasets are named: right when one of them reaches all the others over references."""
    for candidate in dotted:
        if all(isinstance(catalog.reach(candidate, name.parts), Reached) for name in dotted.values()):
            return candidate
    listed = " and ".join(f"`{d}`" for d in dotted)
    message = f"an aggregate over rows of {listed} at once"
    report.fault("T108", message, scope.body.span, "aggregate each on its own, then combine")
    return None


def _by_columns(catalog: Catalog, names: list[n.Name], scope: RowScope, report: Report) -> str | None:
    if not names:
        message = "an aggregate needs rows: a dataset, a column, or members"
        help_ = "say `count(orders)`, `sum(orders.amount)` or `count(1 per day)`"
        report.fault("T109", message, scope.body.span, help_)
        return None
    heads = {name.parts[0] for name in names}
    fits = [d.name for d in catalog.datasets.values() if all(_may_have(d, h) for h in heads)]
    fits = fits or [d for d in catalog.datasets if _reaches_all(catalog, d, names)]
    if len(fits) == 1:
        return fits[0]
    first = names[0]
    if fits:
        listed = ", ".join(f"`{f}.{first}`" for f in fits)
        report.fault("T107", f"`{first}` is a column of several datasets", first.span, f"say one of {listed}")
        return None
    waiting = [d for d, names in catalog.wished.items() if heads <= names and absent(catalog, d)]
    if len(waiting) == 1:
        raise Missing(f"dataset {waiting[0]}")
    _unknown_rows(catalog, names, report)
    return None


def _may_have(dataset: Dataset, name: str) -> bool:
    """Whether a bare name is a column or reference of the dataset, or would be one if its data were complete."""
    here = (dataset.columns, dataset.references, dataset.lacking, dataset.waiting, dataset.unreferenced)
    return any(name in names for names in here)


def _reaches_all(catalog: Catalog, dataset: str, names: list[n.Name]) -> bool:
    """Whether the dataset has one of the columns itself and the others over references."""
    own = catalog.datasets[dataset]
    if not any(name.parts[0] in own.columns for name in names):
        return False
    return all(isinstance(catalog.reach(dataset, name.parts), Reached) for name in names)


def _unknown_rows(catalog: Catalog, names: list[n.Name], report: Report) -> None:
    """No dataset has all the names: the first that none has is the mistake; else they belong to different ones."""
    for name in names:
        head = name.parts[0]
        if len(name.parts) == 1 and head in catalog.metrics:
            message = f"`{name}` is a metric; an aggregate of rows takes a dataset or columns"
            report.fault("T106", message, name.span, f"aggregate a metric over members: `avg({name} per customer)`")
            return
        if any(_may_have(d, head) for d in catalog.datasets.values()):
            continue
        if len(name.parts) > 1:
            known = (*catalog.datasets, *catalog.aliases)
            report.fault("T102", f"unknown dataset `{head}`", name.span, did_you_mean(head, known))
            return
        columns = {c for d in catalog.datasets.values() for c in d.columns} | set(catalog.datasets)
        help_ = undeclared(catalog, catalog.datasets, head) or did_you_mean(head, sorted(columns)[:MAX_SUGGESTED])
        report.fault("T105", f"no dataset has a column `{name}`, and none is called so", name.span, help_)
        return
    listed = ", ".join(f"`{x}`" for x in dict.fromkeys(map(str, names)))
    help_ = "write the dataset before each: `orders.amount`"
    report.fault("T108", f"no dataset has all of {listed}", names[0].span, help_)
