"""`tally plugins`: what is there, what one gives, whether it works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tallymark.cli import tally

from . import hooks_page
from .installing import giving, installed


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that plugins are installed in, with a good one."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    installed(folder, "good", giving("good", "double", info=', "Doubles.", ">=1.0,<2"'), version="2.3")
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has the plugin of the page, as a file of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "acme.py").write_text(hooks_page.code())
    (folder / "tally.yaml").write_text("plugins: {load: [acme.py]}\n")
    return folder


def run(*args: str) -> Result:
    """A command line."""
    return CliRunner().invoke(tally, args, env={"COLUMNS": "200"})


def data(*args: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(run(*args, "--format", "json").stdout)


def test_list(site: Path, project: Path) -> None:
    """Every plugin with its version, where it is from, what became of it, what it gives."""
    installed(site, "bad", "raise RuntimeError('no luck')")
    listed = {row["name"]: row for row in data("plugins", "list")}
    assert ("2.3", "tallymark-good", "loaded") == tuple(listed["good"][k] for k in ("version", "distribution", "state"))
    assert [{"kind": "function", "name": "good.double", "help": "Twice."}] == listed["good"]["gives"]
    assert ("1.2", None, "acme.py") == tuple(listed["acme"][k] for k in ("version", "distribution", "origin"))
    assert ("failed", []) == (listed["bad"]["state"], listed["bad"]["gives"])
    assert "no luck" in listed["bad"]["reason"]
    assert "tallymark" == listed["files"]["distribution"]
    shown = run("plugins", "list")
    lines = {line.split()[0]: line for line in shown.stdout.splitlines() if line}
    assert lines["good"].split()[1:] == ["2.3", "tallymark-good", "loaded", "1", "function"]
    assert "1 kind of source, 1 pack," in lines["acme"]
    assert "the plugin `bad` could not be loaded: RuntimeError: no luck" in shown.stderr


def test_list_outside_a_project(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed can be listed anywhere; with --no-plugins the others are not loaded."""
    monkeypatch.chdir(tmp_path)
    assert "loaded" in {row["state"] for row in data("plugins", "list") if row["name"] == "good"}
    assert ["left out"] == [row["state"] for row in data("--no-plugins", "plugins", "list") if row["name"] == "good"]
    assert 1 == run("--project", str(tmp_path), "plugins", "list").exit_code


def test_show(project: Path) -> None:
    """One plugin in full: what it says of itself, its options in words, everything it gives in a line each."""
    shown = run("plugins", "show", "acme").stdout
    for line in (
        "acme 1.2: loaded",
        "  Weights, doubles and a heartbeat.",
        "  for version >=1.0,<2 of the plugin API",
        "  factor  a whole number, 2 unless said: what `acme.times` multiplies by",
        "  key  a secret (`env:NAME` or `file:PATH`): the key of the account",
        "  acme.spread  The largest value less the smallest.",
        "  acme.paper  Lines in a file.",
    ):
        assert line in shown.splitlines()
    assert data("plugins", "show", "acme")["config"]["properties"]["factor"]["default"] == 2
    unknown = run("plugins", "show", "acne")
    assert (1, True) == (
        unknown.exit_code,
        "error[P715]" in unknown.stderr and "did you mean `acme`?" in unknown.stderr,
    )


def test_check_of_a_good_one(project: Path, site: Path) -> None:
    """Nothing is wrong with the plugin of the page, nor with any that is built in."""
    result = run("plugins", "check", "acme")
    assert (0, "") == (result.exit_code, result.stderr)
    assert "checked 1 plugin, which gives" in result.stdout
    assert 0 == run("plugins", "check").exit_code
    assert {"faults": []} == data("plugins", "check", "good")


def of(code: str) -> str:
    """A plugin `bad` that says who it is, with more code."""
    return f'tally_plugin = PluginInfo("bad", requires_api=">=1.0")\n{code}'


def functions(sql: str, example: str = "bad.f(orders.amount)", more: str = "") -> str:
    """A plugin with a function."""
    row = f'Function("bad.f", FunctionKind.SCALAR, (Take("x"),), "double", "none", "Helps.", "{example}", {{"*": "{sql}"}}{more})'
    return of(f"@hookimpl\ndef tally_functions(): return [{row}]")


UNSOUND = {
    "does not load": ("1 / 0", "P701", "ZeroDivisionError"),
    "says not who it is": ("@hookimpl\ndef tally_packs(): return {'bad': []}", "P716", "does not say who it is"),
    "says no versions": ("tally_plugin = PluginInfo('bad')", "P716", "which versions it is for"),
    "gives nothing": (of(""), "P716", "gives nothing"),
    "SQL that does not run": (functions("NO_SUCH_FUNCTION(:x)"), "P716", "does not run"),
    "an example that does not call": (functions(":x", "sum(orders.amount)"), "P716", "its example does not call it"),
    "an example that is none": (functions(":x", "bad.f("), "P716", "its example does not parse"),
    "a schema that is none": (
        of("@hookimpl\ndef tally_sources(): return [SourceKind('bad', None, {'type': 'txet'})]"),
        "P716",
        "no valid JSON Schema",
    ),
    "a view that is none": (
        of("@hookimpl\ndef tally_sources(): return [SourceKind('bad', None, views={'v': 'DROP TABLE t'})]"),
        "P716",
        "is not one SELECT",
    ),
    "a start that fails": (
        of("@hookimpl\ndef tally_sources(): return [SourceKind('bad', None, starter=lambda n: 1 / 0)]"),
        "P716",
        "it failed: ZeroDivisionError",
    ),
    "a pack that is not read": (
        of("@hookimpl\ndef tally_packs(): return {'bad': [('bad.yaml', 'metrics: {a: sum(}')]}"),
        "P716",
        "the pack `bad`",
    ),
    "a format that fails": (
        of("@hookimpl\ndef tally_formats(): return [Format('bad', lambda a: a.nothing, 'Fails.')]"),
        "P716",
        "failed to write the format `bad`",
    ),
    "a check that fails": (
        of("@hookimpl\ndef tally_checks(): return [Check('bad', lambda c: 1 / 0, 'Fails.')]"),
        "P716",
        "it failed: ZeroDivisionError",
    ),
}


@pytest.mark.parametrize(("code", "fault", "words"), UNSOUND.values(), ids=UNSOUND)
def test_check_of_a_bad_one(site: Path, project: Path, code: str, fault: str, words: str) -> None:
    """What does not work is found before anybody uses it, and the exit code says so."""
    installed(site, "bad", code)
    result = run("plugins", "check", "bad")
    assert 1 == result.exit_code
    assert f"[{fault}]" in result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert 0 == run("plugins", "check", "good").exit_code
