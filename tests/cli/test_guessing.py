"""What `tally init` makes of data files."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.cli.guessing import Found, datasets, slug
from tallymark.kinds import Type


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("montant_ht", "Montant HT"),
        ("n_facture", "N° facture"),
        ("payee_le", "Payée le"),
        ("_2024", "2024"),
        ("_where", "where"),
        ("column", "€"),
    ],
)
def test_a_column_gets_a_name_that_formulas_can_say(expected: str, text: str) -> None:
    """Small letters without accents; reserved words and digits get a `_` before them."""
    assert expected == slug(text)


@given(st.lists(st.text()))
def test_names_are_sayable_and_differ(texts: list[str]) -> None:
    """Whatever the headers, every column gets a name of its own."""
    names: list[str] = []
    for text in texts:
        names.append(slug(text, names))
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z_][a-z0-9_]*", name) for name in names)


def test_keys_times_references_and_money_are_guessed() -> None:
    """The guesses that a careful reader would make of two exports."""
    found = [
        Found("customers", "customers.csv", (("id", Type.INTEGER), ("Country", Type.TEXT))),
        Found(
            "orders",
            "data/orders.csv",
            (
                ("order_id", Type.INTEGER),
                ("customer", Type.INTEGER),
                ("paid", Type.DATE),
                ("created_at", Type.TIMESTAMP),
                ("Amount", Type.DOUBLE),
                ("tags", Type.OPAQUE),
            ),
        ),
    ]
    expected = {
        "customers": {
            "table": "customers.csv",
            "key": "id",
            "columns": {"id": "integer", "country": {"type": "text", "column": "Country"}},
        },
        "orders": {
            "table": "data/orders.csv",
            "key": "order_id",
            "time": "created_at",
            "refs": {"customer": "customers"},
            "columns": {
                "order_id": "integer",
                "customer": "integer",
                "paid": "date",
                "created_at": "timestamp",
                "amount": {"type": "decimal", "unit": "money", "column": "Amount"},
            },
        },
    }
    assert expected == datasets(found)
