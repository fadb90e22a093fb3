"""What a metric is made of, down to columns and tables, and what is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest

import tallymark
from tallymark.definitions import Project
from tallymark.engine.lineage import Lineage, Node
from tallymark.formula.bound import Constant

from .books import opened

BOOK = """
datasets:
  customers:
    source: memory
    table: customers
    key: id
    columns:
      id: {type: text}
      country: {type: text, column: land}
      first_order_at: {formula: min(orders.at)}
  orders:
    source: memory
    table: orders
    key: id
    time: at
    refs: {customer: customers}
    columns:
      id: {type: integer}
      customer: {type: text, column: client}
      amount: {type: double}
      cost: {type: double}
      gain: {formula: amount - cost}
      at: {type: date}
      paid_at: {type: date}
  plans:
    source: memory
    table: plans
    valid: [started, ended]
    refs: {customer: customers}
    columns: {customer: {type: text}, seats: {type: integer}, started: {type: date}, ended: {type: date}}
  notes:
    source: memory
    table: notes
    columns: {text: {type: text}}

metrics:
  seats: {formula: sum(plans.seats), label: {en: Seats sold}}
  french_seats: {formula: seats where customer.country = 'FR'}
  share_of_french: {formula: "french_seats / seats * 100"}
  paid: {formula: sum(orders.amount on paid_at where gain > 0)}
  buyers: {formula: count(count(orders) > 0 per customer)}
  newcomers: {formula: count(customers on first_order_at)}
  written: {formula: count(notes)}
  orders: {formula: count(orders)}
"""

DAY = [date(2024, 6, 1)]

TABLES = {
    "customers": pa.table({"id": ["A"], "land": ["FR"]}),
    "orders": pa.table({"id": [1], "client": ["A"], "amount": [1.0], "cost": [0.5], "at": DAY, "paid_at": DAY}),
    "plans": pa.table({"customer": ["A"], "seats": [1], "started": DAY, "ended": DAY}),
    "notes": pa.table({"text": ["a"]}),
}


@pytest.fixture(scope="module")
def book() -> Iterator[tallymark.Book]:
    """Metrics over four datasets; nothing is asked of them."""
    with opened(BOOK, TABLES, project=Project(folder="")) as made:
        yield made


def names(nodes: tuple[Node, ...], kind: str) -> list[str]:
    """The names of the nodes of one kind."""
    return [n.name for n in nodes if n.kind == kind]


@pytest.mark.parametrize(
    ("metric", "metrics", "datasets", "columns"),
    [
        ("seats", [], ["plans"], ["plans.seats", "plans.started", "plans.ended"]),
        ("french_seats", ["seats"], ["plans", "customers"], ["plans.customer", "customers.id", "customers.country"]),
        ("share_of_french", ["french_seats", "seats"], [], []),
        ("paid", [], ["orders"], ["orders.amount", "orders.gain", "orders.paid_at"]),
        ("buyers", [], ["orders"], ["orders.customer", "orders.at"]),
        ("newcomers", [], ["customers", "orders"], ["customers.first_order_at"]),
        ("written", [], ["notes"], []),
    ],
)
def test_a_metric_leads_to_what_its_own_formula_names(
    book: tallymark.Book, metric: str, metrics: list[str], datasets: list[str], columns: list[str]
) -> None:
    """Metrics, datasets, and every column of arguments, conditions, times, references, keys and members."""
    up = book.lineage(metric).up()
    assert (metrics, datasets, columns) == tuple(names(up, kind) for kind in ("metric", "dataset", "column"))


@pytest.mark.parametrize(
    ("metric", "column", "expected"),
    [
        ("paid", "orders.gain", ["orders.amount", "orders.cost"]),
        ("newcomers", "customers.first_order_at", ["orders.customer", "customers.id", "orders.at"]),
        ("paid", "orders.amount", []),
    ],
)
def test_a_computed_column_leads_to_its_own_inputs(
    book: tallymark.Book, metric: str, column: str, expected: list[str]
) -> None:
    """Those of its row, and of the rows of another dataset with the reference that joins them."""
    assert expected == names(book.lineage(metric).up(column, "column"), "column")


def test_a_dataset_leads_to_its_table(book: tallymark.Book) -> None:
    """The source and the table in it; a column says the name it has there when it is another."""
    lineage = book.lineage("french_seats")
    assert ["memory: customers"] == names(lineage.up("customers", "dataset"), "table")
    assert {"customers.country": "land"} == {n.name: n.stored for n in lineage.nodes if n.stored}


def test_everything_is_reached_from_the_metric(book: tallymark.Book) -> None:
    """The whole way up is there: metrics of metrics, their columns, their tables."""
    found = {n.id for n in book.lineage("share_of_french").part("up").nodes}
    assert {"metric:seats", "column:plans.seats", "dataset:plans", "table:memory: plans"} <= found


def test_downstream_are_the_metrics_that_use_it(book: tallymark.Book) -> None:
    """Near and far, and only they."""
    lineage = book.lineage("seats")
    assert ["french_seats", "share_of_french"] == [n.name for n in lineage.down()]
    assert ["share_of_french"] == [n.name for n in lineage.down("french_seats")]
    assert {"french_seats", "share_of_french", "seats"} == {n.name for n in lineage.part("down").nodes}


def test_a_metric_may_have_the_name_of_a_dataset(book: tallymark.Book) -> None:
    """They are two nodes."""
    lineage = book.lineage("orders")
    assert ["orders"] == names(lineage.up(), "dataset")
    assert {"metric:orders", "dataset:orders"} <= {n.id for n in lineage.nodes}


def test_a_formula_has_a_lineage_too(book: tallymark.Book) -> None:
    """What is typed in leads upward like a metric, and goes into nothing."""
    lineage = book.lineage("seats / orders")
    assert (["seats", "orders"], ()) == (names(lineage.up(), "metric"), lineage.down())


def test_the_tree_has_columns_under_their_dataset(book: tallymark.Book) -> None:
    """Under each dataset those columns that the metric above it reads; what is met again is not opened again."""
    expected = (
        "share_of_french\n"
        "├─ french_seats\n"
        "│  ├─ seats                                             Seats sold\n"
        "│  │  └─ plans (dataset)\n"
        "│  │     ├─ plans.seats (column)\n"
        "│  │     ├─ plans.started (column)\n"
        "│  │     ├─ plans.ended (column)\n"
        "│  │     └─ memory: plans (table)\n"
        "│  ├─ plans (dataset)\n"
        "│  │  ├─ plans.customer (column)\n"
        "│  │  └─ memory: plans (table)\n"
        "│  └─ customers (dataset)\n"
        "│     ├─ customers.id (column)\n"
        "│     ├─ customers.country = land (column)\n"
        "│     └─ memory: customers (table)\n"
        "└─ seats                                     as above   Seats sold\n"
    )
    assert expected == book.lineage("share_of_french").tree("up")


def test_the_tree_of_both_directions(book: tallymark.Book) -> None:
    """Without columns if wanted; what the metric goes into follows, if there is anything."""
    assert (
        "french_seats\n"
        "├─ seats                          Seats sold\n"
        "│  └─ plans (dataset)\n"
        "│     └─ memory: plans (table)\n"
        "├─ plans (dataset)\n"
        "│  └─ memory: plans (table)\n"
        "└─ customers (dataset)\n"
        "   └─ memory: customers (table)\n"
        "\ngoes into\n\n"
        "french_seats\n└─ share_of_french\n"
    ) == book.lineage("french_seats").tree("both", columns=False)
    assert "written\n└─ notes (dataset)\n   └─ memory: notes (table)\n" == book.lineage("written").tree("both")
    assert "written\n" == book.lineage("written").tree("down")


def test_a_lineage_is_data(book: tallymark.Book) -> None:
    """Nodes with what is known of them, edges in the direction that data flows."""
    told = json.loads(json.dumps(book.lineage("seats").to_dict("down")))
    seats = {"id": "metric:seats", "kind": "metric", "name": "seats", "label": "Seats sold"}
    assert seats | {"formula": "sum(plans.seats)", "place": "book.yaml:37:3"} == told["nodes"][0]
    assert {"from": "metric:seats", "to": "metric:french_seats"} in told["edges"]
    ids = {n["id"] for n in told["nodes"]}
    assert {"metric:seats", "metric:french_seats", "metric:share_of_french"} == ids


def test_a_lineage_is_a_chart(book: tallymark.Book) -> None:
    """Mermaid, from data to metrics, nothing in a name taken for its syntax."""
    expected = 'flowchart LR\n  n0["written"]\n  n1[("notes")]\n  n2[/"memory: notes"/]\n  n1 --> n0\n  n2 --> n1\n'
    assert expected == book.lineage("written").to_mermaid()
    assert "n0[\"if(a #lt; 'x#quot;', 1)\"]" in Lineage(Node("metric", "if(a < 'x\"', 1)")).to_mermaid()


def test_a_metric_used_often_is_one_node() -> None:
    """Of metrics that each name the one below twice there are as many nodes as metrics, in both directions."""
    written = "\n".join(f"  m{n}: {{formula: m{n - 1} + m{n - 1}}}" for n in range(1, 200))
    with opened(BOOK + "  m0: {formula: count(notes)}\n" + written, TABLES) as made:
        lineage = made.lineage("m150")
    assert 151 == len(names(lineage.part("up").nodes, "metric"))
    assert 50 == len(lineage.part("down").nodes)
    assert 1 == lineage.tree("up").count("m7\n")


def test_every_metric_of_the_company_leads_to_a_table(company: tallymark.Book) -> None:
    """Nothing hangs in the air but plain numbers, the weights of scorecards; what leads down leads back up."""
    for name, metric in company.metrics.items():
        lineage = company.lineage(name)
        assert isinstance(metric.expression, Constant) != bool(names(lineage.nodes, "table")), name
        for made, of in lineage.edges:
            assert made in lineage.down(of.name, of.kind), name
