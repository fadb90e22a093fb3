"""The page of the built-in plugins: what it shows of sources is what their kinds take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tallymark.definitions import NOWHERE
from tallymark.options import Owner, check_options
from tallymark.plugins import load
from tallymark.read import read_texts

PAGE = Path(__file__).parents[2] / "plugins" / "README.md"


def sources() -> list[tuple[str, dict[str, Any]]]:
    """Every source that a block of YAML on the page declares."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    read = [read_texts([("tally.yaml", block)])[0].sources.values() for block in blocks]
    return [(s.name, {"kind": s.kind, **s.options}) for found in read for s in found if s.place != NOWHERE]


@pytest.mark.parametrize(("name", "said"), [pytest.param(n, s, id=n) for n, s in sources()])
def test_sources_of_the_page_are_sound(name: str, said: dict[str, Any]) -> None:
    """Each source has a kind that a plugin gives, and options as its schema says, secrets by reference."""
    kind = load(outside=False).sources[said["kind"]]
    options = {key: value for key, value in said.items() if key != "kind"}
    assert [] == check_options(options, kind.options, Owner(f"source `{name}`"))


def test_every_kind_of_database_is_on_the_page() -> None:
    """The page shows a source of every kind that reads databases."""
    assert {"sqlite", "sqlalchemy", "adbc", "files", "postgres"} <= {said["kind"] for _, said in sources()}
