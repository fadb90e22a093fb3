"""The source of kind `dlt`: a module of the project's folder, called with arguments, some of them secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tallymark.definitions import Definitions, Project, SourceDef
from tallymark.landing.landed import Synced
from tallymark.landing.sync import sync
from tallymark_plugins import dlt_source
from tests.landing.tables import tables

KINDS = {"dlt": dlt_source.tally_sources()[0]}
MODULE = """
import dlt

@dlt.source
def {name}(api_key: str = dlt.secrets.value, region: str = "eu"):
    assert api_key == "canary-9c1"

    @dlt.resource
    def deals():
        yield [{{"id": 1, "region": region, "owner": {{"name": "A", "tags": [1, 2]}}}}, {{"id": 1, "region": "later"}}]

    @dlt.resource
    def companies():
        yield {{"id": 7}}

    return deals, companies
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a source's code beside it, as `dlt init` leaves it."""
    (tmp_path / "crm_of_tests").mkdir()
    (tmp_path / "crm_of_tests" / "__init__.py").write_text(MODULE.format(name="crm_of_tests"), encoding="utf-8")
    monkeypatch.setenv("CRM_KEY", "canary-9c1")
    return tmp_path


def run(folder: Path, **told: Any) -> Synced:
    """A sync of the source with these options."""
    definition = SourceDef("crm", "dlt", {"source": "crm_of_tests", "arguments": {"api_key": "env:CRM_KEY"}} | told)
    (done,) = sync(Definitions(Project(folder=str(folder)), {"crm": definition}), KINDS)
    return done


def test_a_dlt_source_is_landed(folder: Path) -> None:
    """Its tables are there; with a key from the hints rows are merged, so that syncs again do not double them."""
    hints = {"deals": {"primary_key": "id", "write_disposition": "merge", "max_table_nesting": 0}}
    for _ in range(2):
        assert () == run(folder, hints=hints, tables=["deals"]).faults
    found = tables(folder, "crm")
    assert {"deals"} == set(found)
    assert 1 == len(found["deals"])
    secret = [p for p in (folder / ".tally").rglob("*") if p.is_file() and b"canary-9c1" in p.read_bytes()]
    assert [] == secret


@pytest.mark.parametrize(
    ("told", "code", "said"),
    [
        ({"source": "no_such_module_here"}, "L831", "cannot be imported"),
        ({"source": "crm_of_tests:deal"}, "L831", "no dlt source `deal`"),
        ({"source": "os:putenv", "arguments": {"name": "A", "value": "B"}}, "L831", "no dlt source `putenv`"),
        ({"arguments": {}}, "L832", "`api_key`"),
        ({"arguments": {"api_key": "env:CRM_KEY", "zone": 1}}, "L832", "zone"),
        ({"arguments": {"api_key": "canary-9c1"}}, "D480", "a secret is written"),
        ({"tables": ["deal"]}, "L830", "no table `deal`"),
        ({"hints": {"deals": {"write_disposition": "merge"}}}, "L805", "no `primary_key`"),
    ],
)
def test_what_cannot_be_read_is_told(folder: Path, told: dict[str, Any], code: str, said: str) -> None:
    """Modules, functions, arguments and tables that are not there are faults that name them."""
    fault = run(folder, **told).faults[0]
    assert (code, True) == (fault.code, said in fault.message), fault
    assert "canary" not in str(fault)
