"""What users read of the source names everything it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tallymark.codes import CODES
from tallymark_plugins import zendesk
from tallymark_plugins.zendesk.settings import OBJECTS

README = Path(__file__).parents[2] / "plugins" / "README.md"
SECTION = README.read_text(encoding="utf-8").partition("## Zendesk\n")[2].partition("\n## ")[0]
LANDED = ("tickets", "users", "organizations", *OBJECTS)


@pytest.mark.parametrize("name", [*zendesk.OPTIONS["properties"], *zendesk.VIEWS, *LANDED])
def test_every_option_table_and_view_is_told_of(name: str) -> None:
    """Each stands in a table of the section."""
    assert re.search(rf"^\|.*`{name}`", SECTION, re.MULTILINE)


def test_codes_that_are_told_of_exist() -> None:
    """A code in the section is in the table of codes."""
    told = re.findall(r"\b[A-Z]\d{3}\b", SECTION)
    assert told
    assert set() == set(told) - CODES.keys()
