"""What a project's data lacks makes the metrics that need it wait, each saying for what; nothing else is touched."""

from __future__ import annotations

import pytest

from tallymark.catalog import Catalog
from tallymark.check import check
from tallymark.definitions import Project
from tallymark.errors import Fault, FaultError
from tallymark.read import read_texts
from tallymark.source import Table, TableColumn

from .shop import PACK, checked, describe

NEEDS = [
    # the project's datasets, and what each of the pack's metrics waits for
    (
        "{}",
        {
            "ticket_volume": ("dataset tickets",),
            "urgent_share": ("dataset tickets",),
            "incident_rate": ("dataset incidents", "dataset tickets"),
            "by_plan": ("dataset tickets",),
            "in_france": ("dataset tickets",),
        },
    ),
    (
        "{tickets: {implements: tickets}}",
        {
            "ticket_volume": (),
            # The table has neither `kind` nor `priority`.
            "urgent_share": ("column tickets.priority",),
            "incident_rate": ("dataset incidents",),
            "by_plan": ("dataset customers",),
            "in_france": ("dataset customers",),
        },
    ),
    (
        "{tickets: {implements: tickets}, customers: {implements: customers}}",
        {
            "ticket_volume": (),
            "urgent_share": ("column tickets.priority",),
            "incident_rate": ("dataset incidents",),
            "by_plan": ("column customers.plan",),
            "in_france": (),
        },
    ),
    (
        "{desk: {implements: tickets, table: tickets, columns: {priority: {formula: \"if(replies > 3, 'high', 'low')\"}}},"
        " people: {implements: customers, table: customers, columns: {plan: {column: country}}},"
        " incidents: {implements: incidents, table: logs}}",
        {
            "ticket_volume": (),
            "urgent_share": (),
            # The table has a time, and none of the other columns.
            "incident_rate": (),
            "by_plan": (),
            "in_france": (),
        },
    ),
]


@pytest.mark.parametrize(("datasets", "needs"), NEEDS, ids=["nothing", "tickets", "customers too", "all"])
def test_needs(datasets: str, needs: dict[str, tuple[str, ...]]) -> None:
    """Each metric of the pack says all that it waits for, and there is no fault."""
    result = checked(f"datasets: {datasets}", shop=False, pack=True)
    assert [] == [str(f) for f in result.faults]
    assert needs == {name: metric.needs for name, metric in result.catalog.metrics.items()}
    assert {name: not found for name, found in needs.items()} == {
        name: metric.available for name, metric in result.catalog.metrics.items()
    }


PROBES = [
    ("count(tickets where priority = 'high')", ("column tickets.priority",)),
    ("count(tickets where urgent)", ("column tickets.priority",)),
    ("count(tickets where kind = 'x') + count(incidents)", ("column tickets.kind", "dataset incidents")),
    ("sum(incidents.severity + tickets.replies)", ("dataset incidents", "dataset tickets")),
    ("avg(count(tickets) per kind)", ("column tickets.kind",)),
    ("avg(count(tickets) per customer)", ()),
    ("avg(count(tickets) per customer.country)", ("dataset customers",)),
    ("avg(count(tickets) per plan)", ("dataset customers",)),
    ("count(tickets) where plan = 'pro'", ("dataset customers",)),
    ("count(tickets where customer.plan = 'pro')", ("dataset customers",)),
    ("total(count(tickets), plan)", ()),
    ("max(severity)", ("dataset incidents",)),
    ("incident_rate + urgent_share", ("dataset incidents", "column tickets.priority")),
]


@pytest.mark.parametrize(("formula", "needs"), PROBES, ids=[formula for formula, _ in PROBES])
def test_a_formula_waits(formula: str, needs: tuple[str, ...]) -> None:
    """A formula of the project waits in the same way, wherever in it the missing name stands, with one warning."""
    held = "incidents, tickets" if "tickets.replies" in formula else "incidents"
    datasets = "{}" if held == "incidents, tickets" else "{tickets: {implements: tickets}}"
    result = checked(f"datasets: {datasets}\nmetrics:\n  probe: {formula}\n", shop=False, pack=True)
    assert needs == result.catalog.metrics["probe"].needs, [str(f) for f in result.faults]
    assert (["T119"] if needs else []) == result.codes


def test_a_typo_is_no_need() -> None:
    """A name that neither the data nor the pack knows is a fault, also beside a name that waits."""
    text = "datasets: {tickets: {implements: tickets}}\nmetrics:\n  probe: count(tickets where kind = 'x' and kidn = 'y')\n"
    result = checked(text, shop=False, pack=True)
    assert {"T105", "T119"} == set(result.codes)


def test_a_lacking_column_is_no_others() -> None:
    """A column that waits for data is not looked for over references instead: it would mean something else."""
    pack = "datasets:\n  tickets: {key: id, refs: {customer: customers}, columns: {country: text}}\n"
    own = "datasets:\n  customers: {key: id}\n  tickets: {implements: tickets}\nmetrics:\n  probe: count(tickets where country = 'x')\n"
    project = Project(packs=("help",))
    definitions, _ = read_texts([("own.yaml", own)], project=project, packs={"help": [("pack.yaml", pack)]})
    catalog, _ = check(definitions, describe)
    assert ("column tickets.country",) == catalog.metrics["probe"].needs


def broken(name: str) -> tuple[Catalog, tuple[Fault, ...]]:
    """The pack on the shop's tables, of which one cannot be described."""

    def failing(source: str, table: Table) -> tuple[TableColumn, ...]:
        if table.dataset == name:
            raise FaultError(Fault("D411", f"cannot read `{table.name}`", table.place, "mend it"))
        return describe(source, table)

    own = (
        "datasets: {tickets: {implements: tickets}, customers: {implements: customers}}\n"
        "metrics:\n  mine: count(tickets) where customer.country = 'x'\n  own: ticket_volume * 2\n"
    )
    project = Project(packs=("help",))
    definitions, faults = read_texts([("own.yaml", own)], project=project, packs={"help": [("pack.yaml", PACK)]})
    assert [] == faults
    return check(definitions, failing)


def test_a_table_that_cannot_be_read_is_one_fault() -> None:
    """The dataset's own fault stands alone; its metrics wait without a word of their own, and others are sound."""
    catalog, faults = broken("customers")
    assert [("D411", "dataset `customers`")] == [(f.code, f.subject) for f in faults]
    assert ("dataset customers",) == catalog.metrics["mine"].needs
    assert catalog.metrics["own"].available


def test_every_metric_of_a_broken_table_waits() -> None:
    """When the rows themselves cannot be read, what counts them waits."""
    catalog, faults = broken("tickets")
    assert ["D411"] == [f.code for f in faults]
    assert {("dataset tickets",), ("dataset incidents", "dataset tickets")} == {
        m.needs for m in catalog.metrics.values()
    }
