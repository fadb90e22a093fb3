"""What `tally init --from` writes, with kinds of source made up for the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import tallymark.plugins
from tallymark.errors import FaultError
from tallymark.hookspecs import SourceKind, Starter, hookimpl
from tallymark.plugins import Plugins, load

Run = Any

BILLING = """\
datasets:
  # Who pays.
  payers:
    source: {name}
    table: customers
    implements: customers

  paid:  # what they paid
    source: {name}
    table: invoices
    implements: invoices

metrics:
  largest_invoice: max(paid.amount)
"""
DESK = """\
# What the help desk knows.
datasets:
  # Organisations are customers.
  # Their key is the external id.
  organisations:
    source: {name}
    table: organisations
    implements: customers
  # Tickets.
  help_tickets: {{source: {name}, table: tickets, implements: tickets}}
"""


def kind(name: str, definitions: str, *packs: str) -> SourceKind:
    """A kind whose projects start from these definitions."""

    def starter(source: str) -> Starter:
        options = f"# The key of {source}.\napi_key: env:{source.upper()}_KEY\n"
        secrets = {f"{source.upper()}_KEY": f"a key of {name}"}
        fill = ("account",) if name == "desk" else ()
        return Starter(options, definitions.format(name=source), packs, secrets, fill)

    def make(*_: Any) -> Any:
        raise AssertionError("nothing is asked of it")

    return SourceKind(name, make, starter=starter)


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line where the kinds `billing`, `desk` and `plain` are known."""
    module = ModuleType("kinds")
    kinds = (
        kind("billing", BILLING, "revenue"),
        kind("desk", DESK, "support", "voice"),
        SourceKind("plain", make_none),
    )
    module.tally_sources = hookimpl(lambda: kinds)  # type: ignore[attr-defined]  # a module may have any function

    def loaded(*_: Any) -> Plugins:
        return load(False, [module])

    monkeypatch.setattr(tallymark.plugins, "load", loaded)
    return run


make_none: Callable[..., Any] = lambda *_: None  # noqa: E731  # a kind needs one, and nothing calls it


def test_two_sources_make_one_project(run: Run, tmp_path: Path) -> None:
    """Both are written with their options, definitions and packs; what the first gives, the second does not."""
    result = run("init", "--from", "billing", "--from", "desk", "--name", "Acme")
    assert 0 == result.exit_code, result.output
    project = yaml.safe_load((tmp_path / "tally.yaml").read_text())
    assert ["revenue", "support", "voice"] == project["packs"]
    assert {"billing": "env:BILLING_KEY", "desk": "env:DESK_KEY"} == {
        name: source["api_key"] for name, source in project["sources"].items()
    }
    assert BILLING.format(name="billing") == (tmp_path / "metrics/billing.yaml").read_text()
    desk = (tmp_path / "metrics/desk.yaml").read_text()
    assert desk == (
        "# What the help desk knows.\ndatasets:\n  # Tickets.\n"
        "  help_tickets: {source: desk, table: tickets, implements: tickets}\n"
    )


def test_the_next_steps_name_the_secrets(run: Run) -> None:
    """The user is told which variables to set, and then to fetch the data."""
    result = run("init", "--from", "billing", "--from", "help=desk")
    steps = result.stdout.split("Next:\n")[1]
    assert steps == (
        "  edit tally.yaml: `account` of `help`\n"
        "  # a key of billing\n  export BILLING_KEY=…\n  # a key of desk\n  export HELP_KEY=…\n"
        "  tally sync\n  tally check\n  tally list\n"
    )


def test_comments_of_the_options_are_kept(run: Run, tmp_path: Path) -> None:
    """What the kind says of its options stands in tally.yaml."""
    run("init", "--from", "billing")
    assert (
        "  billing:\n    kind: billing\n    # The key of billing.\n    api_key: env:BILLING_KEY\n"
        in (tmp_path / "tally.yaml").read_text()
    )


def test_files_may_stand_beside(run: Run, tmp_path: Path) -> None:
    """A data file given by name becomes a dataset too."""
    (tmp_path / "orders.csv").write_text("id,at\n1,2024-01-05\n")
    result = run("init", "--from", "billing", "--data", "orders.csv")
    assert 0 == result.exit_code, result.output
    assert ["files", "billing"] == list(yaml.safe_load((tmp_path / "tally.yaml").read_text())["sources"])
    assert (tmp_path / "metrics/datasets.yaml").exists()


@pytest.mark.parametrize(
    ("asked", "code", "hint"), [("biling", "D431", "`billing`"), ("plain", "D434", "billing, desk")]
)
def test_an_unknown_kind_is_a_fault(run: Run, tmp_path: Path, asked: str, code: str, hint: str) -> None:
    """A kind that is not there, or that no project starts from: the fault says which do, and nothing is written."""
    result = run("init", "--from", asked)
    assert 1 == result.exit_code
    assert f"error[{code}]" in result.stderr
    assert hint in result.stderr
    assert [] == list(tmp_path.iterdir())


def test_the_same_kind_twice_gets_two_names(run: Run, tmp_path: Path) -> None:
    """Two accounts of one service are two sources."""
    run("init", "--from", "billing", "--from", "billing")
    names = list(yaml.safe_load((tmp_path / "tally.yaml").read_text())["sources"])
    assert 2 == len(set(names))


@pytest.mark.parametrize("asked", ["", "=", "=x", "name="])
def test_what_names_no_kind_is_refused(asked: str) -> None:
    """Half a name is a fault about the kind, not a source without one."""
    from tallymark.cli.connecting import connected

    with pytest.raises(FaultError) as caught:
        connected(load(False), [asked])
    assert ["D431"] == [fault.code for fault in caught.value.faults]
