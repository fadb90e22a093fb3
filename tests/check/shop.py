"""A catalog with something of everything, and the checking of one formula, or of a few more lines of YAML, in it."""

from __future__ import annotations

from dataclasses import dataclass

from tallymark.catalog import Catalog
from tallymark.check import check
from tallymark.definitions import Project
from tallymark.errors import Fault
from tallymark.kinds import DECLARABLE, Type
from tallymark.read import read_texts
from tallymark.source import Table, TableColumn

SHOP = """
parameters:
  window: {type: duration, default: 28 days}
  statuses: {type: list, default: [active, past_due]}
  cutoff: {type: number, default: 10}
  plan_name: {type: text, default: pro}
  since: {type: date, default: 2024-01-01}
  only_paid: {type: boolean, default: true}
datasets:
  customers:
    key: id
    time: signed_up_at
    columns: {id: text, country: text, signed_up_at: timestamp, first_order_at: {formula: min(orders.at)}, cohort: {formula: month(signed_up_at)}}
  places: {key: id, columns: {id: text, country: text, zip: text}}
  orders:
    key: id
    time: at
    refs: {customer: customers, billing: {dataset: places, column: billing_id}, shipping: {dataset: places, column: shipping_id}}
    columns: {amount: {unit: money}, fee: {unit: {money: EUR}}, wait: {unit: duration}, discount: {unit: percent}, share_of: {unit: ratio}}
  subscriptions:
    key: id
    valid: [started_at, ended_at]
    refs: {customer: customers}
    columns: {mrr: {unit: money}, seats: {unit: count}}
  tickets:
    key: id
    time: created_at
    valid: [created_at, solved_at]
    refs: {customer: customers}
  versions: {key: id, valid: [from_at, to_at], columns: {id: text}}
  visits: {time: at, refs: {version: versions}}
  prices: {refs: {version: {dataset: versions, column: label}}, columns: {amount: integer}}
  logs: {time: at, refs: {price: prices}}
metrics:
  revenue: {formula: sum(orders.amount), unit: money}
  fees: sum(orders.fee)
  n_orders: count(orders)
  buyers: count_distinct(orders.customer)
  mrr: sum(subscriptions.mrr)
  paying: count_distinct(subscriptions.customer where subscriptions.mrr > 0)
  nrr: {formula: mrr / opening(mrr) * 100, unit: percent}
  kept: {formula: paying / opening(paying), unit: ratio}
  waiting: avg(orders.wait)
  last_at: max(orders.at)
  last_status: last(orders.status)
  any_paid: any(orders.paid)
  backlog: count(tickets at end)
  monthly: trailing(revenue, 28 days)
"""

TABLES = {
    "customers": {"id": "text", "country": "text", "signed_up_at": "timestamp"},
    "places": {"id": "text", "country": "text", "zip": "text"},
    "orders": {
        "id": "text", "customer": "text", "billing_id": "text", "shipping_id": "text", "amount": "decimal",
        "fee": "decimal", "quantity": "integer", "paid": "boolean", "status": "text", "at": "timestamp",
        "seen": "instant", "day": "date", "wait": "double", "discount": "double", "share_of": "double",
        "tags": "opaque",
    },
    "subscriptions": {
        "id": "text", "customer": "text", "plan": "text", "status": "text", "mrr": "decimal", "seats": "integer",
        "started_at": "timestamp", "ended_at": "timestamp",
    },
    "tickets": {
        "id": "text", "customer": "text", "status": "integer", "replies": "integer", "created_at": "timestamp",
        "solved_at": "timestamp",
    },
    "versions": {"id": "text", "name": "text", "from_at": "timestamp", "to_at": "timestamp"},
    "visits": {"at": "timestamp", "version": "text", "page": "text"},
    "prices": {"amount": "integer", "label": "text"},
    "logs": {"at": "timestamp", "price": "integer"},
    "sales": {"id": "text", "customer": "text", "amount": "decimal", "code": "text", "quantity": "integer",
              "at": "timestamp"},
    "accounts": {"id": "text", "balance": "decimal", "code": "text"},
    "fx": {"base": "text", "quote": "text", "rate": "decimal", "day": "date"},
    "instants": {"at": "instant"},
}  # fmt: skip
"""What the tables of the shop have: the type of each column by its name."""


def describe(source: str, table: Table) -> tuple[TableColumn, ...]:
    """The columns of the shop's tables; a table it does not have is empty of columns."""
    found = TABLES.get(table.name, {})
    return tuple(TableColumn(name, DECLARABLE.get(kind, Type.OPAQUE), kind) for name, kind in found.items())


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of some definitions."""

    catalog: Catalog
    faults: tuple[Fault, ...]

    @property
    def codes(self) -> list[str]:
        """The codes of all faults, warnings included, in their order."""
        return [f.code for f in self.faults]


PACK = """
datasets:
  tickets:
    key: id
    time: created_at
    valid: [created_at, solved_at]
    refs: {customer: customers}
    columns: {id: text, customer: text, replies: integer, kind: text, created_at: timestamp, solved_at: timestamp, priority: text, urgent: {formula: priority = 'high'}}
  incidents: {key: id, time: at, refs: {ticket: tickets}, columns: {id: text, at: timestamp, ticket: text, severity: integer}}
  customers: {key: id, columns: {id: text, country: text, plan: text}}
metrics:
  ticket_volume: count(tickets)
  urgent_share: count(tickets where urgent) / ticket_volume
  incident_rate: count(incidents) / ticket_volume
  by_plan: avg(ticket_volume per customer.plan)
  in_france: ticket_volume where customer.country = 'fr'
"""
"""A pack with datasets that a project may implement."""


def checked(*texts: str, shop: bool = True, pack: bool = False, settings: str | None = None) -> Checked:
    """The definitions in `texts`, each a file of its own, beside the shop's unless `shop` is False; and the pack's.

    `settings` are those of a `tally.yaml`.
    """
    files = [(f"file{number}.yaml", text) for number, text in enumerate(texts)]
    whole = [("shop.yaml", SHOP), *files] if shop else files
    project = None if settings else Project(currency="USD", packs=("help",) if pack else ())
    whole = [("tally.yaml", settings), *whole] if settings else whole
    definitions, faults = read_texts(whole, project=project, packs={"help": [("pack.yaml", PACK)]})
    catalog, found = check(definitions, describe)
    return Checked(catalog, (*faults, *found))


def probed(formula: str, unit: str | None = None) -> Checked:
    """One more metric, `probe`, in the shop. Its formula begins in the first column of the second line."""
    lines = [*formula.split("\n")]
    body = "\n".join(f"    {line}" for line in lines)
    said = f"metrics:\n  probe:\n    formula: |-\n  {body}\n" if unit else f"metrics:\n  probe: |-\n{body}\n"
    return checked(said + (f"    unit: {unit}\n" if unit else ""))
