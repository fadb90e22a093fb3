"""Exports as warehouses write them are read without a word of configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.kinds import Type
from tallymark_plugins import files

from .conftest import rows_of, table_of

DATA = Path(__file__).parent.parent / "data"

EXPORTS = {
    "zendesk_tickets.csv": (
        10,
        {
            "id": Type.INTEGER,
            "_fivetran_synced": Type.TIMESTAMP,
            "has_incidents": Type.BOOLEAN,
            "created_at": Type.TIMESTAMP,
            "status": Type.TEXT,
            "merged_ticket_ids": Type.TEXT,
            "due_at": Type.TEXT,
        },
    ),
    "stripe_subscription_items.csv": (
        14,
        {"created": Type.TIMESTAMP, "id": Type.TEXT, "metadata": Type.TEXT, "quantity": Type.INTEGER},
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read(name: str) -> None:
    """Every row is there, and the undeclared columns have the types that a reader of the file would give them."""
    number, expected = EXPORTS[name]
    definition = SourceDef("exports", "files", {"path": str(DATA)})
    with Embedded(files.reach(definition, DATA), threads=1) as embedded:
        source = files.make(definition, DATA, embedded, "UTC")
        found = {column.name: column.type for column in source.describe(table_of(name))}
        assert expected == {column: found[column] for column in expected}
        assert number == len(rows_of(source, table_of(name)))
        assert () == source.notes(table_of(name))
