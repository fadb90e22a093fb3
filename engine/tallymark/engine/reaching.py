"""What a question speaks of besides metrics: dimensions that their rows must reach, and conditions over them."""

from __future__ import annotations

from tallymark.catalog import Catalog, Metric, Reached, Unreached
from tallymark.check.dimensions import Problem, blocked, explain_unreached, leaves, mixed, untimed
from tallymark.check.empty_windows import Windows
from tallymark.check.formulas import Formulas
from tallymark.check.report import Report
from tallymark.engine.finding import Finding
from tallymark.errors import Fault, FaultError
from tallymark.formula.bound import Bound
from tallymark.formula.parse import parse
from tallymark.kinds import Type
from tallymark.lower.keys import Began
from tallymark.place import Written
from tallymark.plan import Parts
from tallymark.query import Query


def require_reached(catalog: Catalog, by: tuple[Parts, ...], metrics: tuple[Metric, ...]) -> None:
    """Raises FaultError for each dimension that the rows of a metric cannot be grouped by."""
    faults: list[Fault] = []
    for dimension in by:
        for metric in metrics:
            _reach(catalog, dimension, metric, faults)
    if faults:
        raise FaultError(faults)


def _reach(catalog: Catalog, dimension: Parts, metric: Metric, faults: list[Fault]) -> None:
    for dataset in sorted(_read(catalog, metric, dimension)):
        found = catalog.reach(dataset, dimension)
        if isinstance(found, Unreached):
            code, message, help_ = explain_unreached(catalog, dataset, dimension, found)
            faults.append(Fault(code, message, None, help_, f"metric `{metric.name}`"))
        elif found.type is Type.OPAQUE:
            faults.append(Fault("T210", f"`{'.'.join(dimension)}` is of a kind formulas do not handle"))
        elif (problem := _problem(catalog, dataset, found, ".".join(dimension))) is not None:
            faults.append(Fault(problem[0], problem[1], None, problem[2], f"metric `{metric.name}`"))
        elif found.at is None and catalog.changes(dataset, found.path, found.column):
            _timed(catalog, dataset, dimension, metric, faults)


def _timed(catalog: Catalog, dataset: str, dimension: Parts, metric: Metric, faults: list[Fault]) -> None:
    """Notes a fault when a metric reads rows without a time, and so cannot look up what changes."""
    if dataset in leaves(catalog, metric.bound, dimension, kind="timeless"):
        code, message, help_ = untimed(dataset, ".".join(dimension))
        faults.append(Fault(code, message, None, help_, f"metric `{metric.name}`"))


def _problem(catalog: Catalog, dataset: str, found: Reached, name: str) -> Problem | None:
    return blocked(catalog, dataset, found, name) or mixed(catalog, dataset, found, name)


def filters_of(finding: Finding, where: str | None, metrics: tuple[Metric, ...]) -> tuple[Bound, ...]:
    """The condition of a question over what the metrics read, bound; none where nothing is said. Raises FaultError."""
    if where is None or not where.strip():
        return ()
    written = Written(where, "<where>")
    report = Report(written, "the condition")
    datasets = frozenset[str]().union(*(_read(finding.catalog, m) for m in metrics))
    node = parse(written)
    if not metrics:
        # The metrics themselves are at fault, so there is nothing yet that the condition could speak of.
        return ()
    formulas = Formulas(finding.catalog, finding.functions, Windows(finding.catalog))
    bound = formulas.condition(
        node, report, datasets,
        lambda: frozenset[str]().union(*(leaves(finding.catalog, m.bound, kind="timeless") for m in metrics)),
    )  # fmt: skip
    if report.needs:
        report.fault("Q502", f"the condition needs {', '.join(report.needs)}", None, finding.way_out(report.needs))
    if report.errors:
        raise FaultError(report.errors)
    return (bound,)


def began(catalog: Catalog, query: Query, by: tuple[Parts, ...], metrics: tuple[Metric, ...]) -> Began | None:
    """The dimension whose age is asked, as the period in which its times lie."""
    if query.age is None or query.grain is None or not by:
        return None
    dimension = tuple(query.age.strip().split("."))
    for metric in metrics:
        for dataset in sorted(leaves(catalog, metric.bound, dimension)):
            found = catalog.reach(dataset, dimension)
            if not isinstance(found, Unreached) and not found.type.temporal:
                message = f"`{query.age}` is a {found.type.family}: only what begins at some time has an age"
                raise FaultError(Fault("Q556", message, None, "name a dimension of dates, as `signed_up_at`"))
    return Began(dimension, query.grain)


def _read(catalog: Catalog, metric: Metric, dimension: Parts | None = None) -> frozenset[str]:
    """The datasets that a metric's cells are made of, and what decides whether they are shown."""
    found = leaves(catalog, metric.bound, dimension)
    counted = metric.min_count.of if metric.min_count is not None else None
    return found if counted is None else found | leaves(catalog, counted, dimension)
