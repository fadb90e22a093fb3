"""A plugin that fails, in whatever way, is told of by its name and harms only what uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tallymark
from tallymark.definitions import PluginsDef
from tallymark.errors import FaultError
from tallymark.hookspecs import Api, Deprecated
from tallymark.plugins import Plugins, State, load

from .installing import giving, installed

GOOD = giving("good", "double", info=', requires_api=">=1.0,<2"')


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that plugins are installed in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    installed(folder, "good", GOOD)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a metric that needs no plugin, one that needs the good one and one that needs the bad one."""
    folder = tmp_path / "project"
    (folder / "metrics").mkdir(parents=True)
    (folder / "tally.yaml").write_text("name: P\ndatasets: {t: {table: t.csv, columns: {n: integer}}}\n")
    (folder / "metrics" / "m.yaml").write_text(
        "metrics:\n  plain: sum(t.n)\n  fine: good.double(plain)\n  broken: bad.double(plain)\n"
    )
    (folder / "t.csv").write_text("n\n2\n3\n")
    return folder


def outcomes(folder: Path) -> dict[str, object]:
    """What each metric gives: its value, or the codes of the faults."""
    found: dict[str, object] = {}
    with tallymark.open(folder, strict=False) as book:
        for name in ("plain", "fine", "broken"):
            try:
                found[name] = book.ask(name, period="2024").value
            except FaultError as error:
                found[name] = [f.code for f in error.faults]
    return found


def told(plugins: Plugins, code: str) -> list[str]:
    """The messages and help of the faults with a code."""
    return [f"{f.message} | {f.help}" for f in plugins.faults if f.code == code]


def plugin(plugins: Plugins, name: str) -> tuple[State, str]:
    """What became of a plugin."""
    (found,) = [p for p in plugins.found if p.name == name]
    return found.state, found.reason


FAILURES = {
    "at import": ("raise RuntimeError('no luck')", "P701", "could not be loaded"),
    "at import, for good": ("import sys; sys.exit(3)", "P701", "SystemExit: 3"),
    "a library that is not there": ("import nowhere_to_be_found", "P701", "No module named 'nowhere_to_be_found'"),
    "its syntax": ("def (", "P701", "SyntaxError"),
    "its info": ("tally_plugin = 'bad'", "P704", "is no PluginInfo"),
    "its name": ("tally_plugin = PluginInfo('worse')", "P704", "its name is `worse`"),
    "its range of versions": ("tally_plugin = PluginInfo('bad', requires_api='soon')", "P704", "'soon'"),
    "versions to come": ("tally_plugin = PluginInfo('bad', requires_api='>=7')", "P705", "needs version >=7"),
    "its arguments": ("@hookimpl\ndef tally_functions(colour): pass", "P701", "as they are specified"),
    "in a hook": (
        "@hookimpl\ndef tally_functions(): raise KeyError('x')",
        "P701",
        "in `tally_functions` | KeyError: 'x'",
    ),
    "the wrong type": ("@hookimpl\ndef tally_functions(): return 7", "P701", "gives no list in `tally_functions`"),
    "late in a hook": ("@hookimpl\ndef tally_functions():\n  yield 1 / 0", "P701", "ZeroDivisionError"),
    "the wrong rows": ("@hookimpl\ndef tally_functions(): return ['double']", "P706", "it is of type str"),
    "an unmarked hook": ("def tally_functions(): return []", "P710", "does not mark its `tally_functions`"),
    "an unknown hook": ("@hookimpl\ndef tally_function(): return []", "P710", "did you mean `tally_functions`?"),
}


@pytest.mark.parametrize(("code", "fault", "words"), FAILURES.values(), ids=FAILURES)
def test_a_plugin_that_fails(site: Path, project: Path, code: str, fault: str, words: str) -> None:
    """It is told with its name and what it was doing; only the metric that uses it cannot be asked."""
    installed(site, "bad", code)
    (said,) = told(load(), fault)
    assert "`bad`" in said
    assert words in said
    assert {"plain": 5, "fine": 10, "broken": ["Q510"]} == outcomes(project)
    with tallymark.open(project, strict=False) as book:
        (unknown,) = [f for f in book.faults if f.code == "T104"]
    assert "unknown function `bad.double`" == unknown.message
    if fault in ("P701", "P704", "P705"):
        assert unknown.help is not None
        assert "`bad`" in unknown.help, "who uses it reads why it is not there"


def rows(*functions: str) -> str:
    """A plugin `bad` with these rows."""
    return f"@hookimpl\ndef tally_functions():\n  return [{', '.join(functions)}]"


def row(name: str = "bad.half", sql: str = ":x / 2", kind: str = "SCALAR", more: str = "") -> str:
    """A row of the function table, as code."""
    return f'Function("{name}", FunctionKind.{kind}, (Take("x"),), "first", "first", "?", "{name}(1)", {{"*": "{sql}"}}{more})'


WRONG_ROWS = [
    (row(sql="FOO("), "does not parse"),
    (row(sql=":y + 1"), "speaks of `:y`, which is no argument"),
    (row(sql="(SELECT MAX(a) FROM secrets)"), "reads tables of its own"),
    (row(sql="DROP TABLE t"), "is no expression"),
    (row(sql="1; SELECT 2"), "is no expression"),
    (row(sql=":x, 2"), "does not parse"),
    (row(sql="amount * :x"), "speaks of `amount`"),
    (row(kind="CONTEXT"), "scalar functions and aggregates"),
    (row(kind="AGGREGATE", sql="COUNT(*)"), "counts rows with `*`"),
    (row(kind="AGGREGATE", more=", mergeable=True"), "gives its `partials`"),
    (row("half"), "call it `bad.half`"),
    (row("good.half"), "call it `bad.half`"),
    (row("bad.Half"), "names are of"),
    ('Function("bad.half", FunctionKind.SCALAR, (Take("x"),), "first", "first", "?", "")', "it has no SQL"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG_ROWS, ids=[w for _, w in WRONG_ROWS])
def test_half_good_rows(site: Path, project: Path, wrong: str, words: str) -> None:
    """A row that cannot be taken is told by itself; the sound ones beside it work."""
    sound = row("bad.double", ":x * 2")
    installed(site, "bad", rows(wrong, sound))
    (said,) = told(load(), "P706")
    assert words in said
    assert {"plain": 5, "fine": 10, "broken": 10} == outcomes(project)


def test_a_name_that_is_given_twice(site: Path, project: Path) -> None:
    """It is an error that names both, and nobody's; a built-in plugin's stays what it is."""
    kind = "@hookimpl\ndef tally_sources(): return [SourceKind({!r}, None)]"
    installed(site, "one", kind.format("lake"))
    installed(site, "two", kind.format("lake"))
    installed(site, "three", kind.format("duckdb"))
    plugins = load()
    same = [f for f in plugins.faults if f.code == "P702"]
    assert ["error", "error"] == [f.severity for f in same]
    messages = {f.message for f in same}
    assert "the kind of source `lake` is given by `one` and by the plugin `two`" in messages
    assert "the kind of source `duckdb` is given by `duckdb` and by the plugin `three`" in messages
    assert "lake" not in plugins.sources
    assert plugins.sources.why("lake") in messages
    assert "tallymark_plugins.duckdb_file" == plugins.sources["duckdb"].make.__module__
    with pytest.raises(FaultError, match="P702"):
        tallymark.open(project)


def test_plugins_of_one_name(site: Path) -> None:
    """Two distributions with a plugin of the same name: neither is loaded, and both are named."""
    installed(site, "good", GOOD, distribution="other")
    (said,) = told(load(), "P702")
    assert "`good` of other and `good` of tallymark-good" in said
    assert "good.double" not in load().functions
    installed(site, "files", "raise AssertionError", distribution="mine")
    assert "files" in load().sources


IMPORTS = "import pathlib; pathlib.Path({!r}).write_text('imported')"


def test_only_what_is_allowed_is_imported(site: Path, project: Path) -> None:
    """With `allow:` nothing else is even imported, and it is listed as not allowed."""
    mark = site / "mark"
    installed(site, "bad", f"{IMPORTS.format(str(mark))}\n{giving('bad', 'double')}")
    settings = project / "tally.yaml"
    settings.write_text(settings.read_text() + "plugins: {allow: [good]}\n")
    assert {"plain": 5, "fine": 10, "broken": ["Q510"]} == outcomes(project)
    assert not mark.exists()
    with tallymark.open(project, strict=False) as book:
        assert (State.NOT_ALLOWED, State.LOADED) == (plugin(book.plugins, "bad")[0], plugin(book.plugins, "good")[0])
        (unknown,) = [f for f in book.faults if f.code == "T104"]
        assert "`plugins.allow` in tally.yaml does not name it" in str(unknown.help)
    settings.write_text(settings.read_text().replace("[good]", "[]"))
    assert {"plain": 5, "fine": ["Q510"], "broken": ["Q510"]} == outcomes(project)


def test_no_plugins(site: Path, project: Path) -> None:
    """Only the built-in ones are left; what a project names is not imported either."""
    (project / "ours.py").write_text(IMPORTS.format(str(site / "mark")))
    settings = project / "tally.yaml"
    settings.write_text(settings.read_text() + "plugins: {load: [ours.py]}\n")
    with tallymark.open(project, plugins=False, strict=False) as book:
        states = {p.name: p.state for p in book.plugins.found if not p.own}
        assert {"good": State.LEFT_OUT, "ours": State.LEFT_OUT} == states
        assert 5 == book.ask("plain", period="2024").value
    assert not (site / "mark").exists()


def test_plugins_of_a_project(project: Path) -> None:
    """A file in its folder, and a module, are plugins; two projects may each have a file of one name."""
    settings = project / "tally.yaml"
    (project / "plugins").mkdir()
    code = f"from tallymark import *\nfrom tallymark import FunctionKind\n{giving('bad', 'double')}"
    (project / "plugins" / "anything.py").write_text(code)
    settings.write_text(settings.read_text() + "plugins: {load: [plugins/anything.py]}\n")
    assert 10 == outcomes(project)["broken"]


WRONG_PLACES = {
    "not there": ("gone.py", "there is no file gone.py"),
    "outside": ("../site/good.py", "is not inside the project's folder"),
    "by a link": ("link.py", "is not inside the project's folder"),
    "absolute": ("/etc/x.py", "is not inside the project's folder"),
    "no module": ("no such module", "is no name of a module"),
    "unknown module": ("nowhere.at.all", "No module named"),
}


@pytest.mark.parametrize(("entry", "words"), WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_what_cannot_be_loaded_is_told_where_it_is_named(project: Path, site: Path, entry: str, words: str) -> None:
    """A mistake of the project is an error with its place; the rest of the project is sound."""
    (site / "elsewhere.py").write_text("")
    (project / "link.py").symlink_to(site / "elsewhere.py")
    settings = project / "tally.yaml"
    settings.write_text(settings.read_text() + f"plugins:\n  load: ['{entry}']\n")
    with tallymark.open(project, strict=False) as book:
        (fault,) = [f for f in book.faults if f.code == "P712"]
        assert words in str(fault.help)
        assert ("error", 4, 10) == (fault.severity, *((fault.place and (fault.place.line, fault.place.column)) or ()))
        assert 5 == book.ask("plain", period="2024").value


def test_names_that_no_plugin_has(project: Path, site: Path) -> None:
    """Under `allow:` and `config:` they are warnings with their places and the nearest name."""
    settings = project / "tally.yaml"
    settings.write_text(settings.read_text() + "plugins:\n  allow: [goood]\n  config:\n    goods: {}\n")
    with tallymark.open(project, strict=False) as book:
        found = [(f.place.line if f.place else 0, f.severity, f.help) for f in book.faults if f.code == "P711"]
    assert [(4, "warning", "did you mean `good`?"), (6, "warning", "did you mean `good`?")] == found


def test_what_is_deprecated_is_warned_of_once(site: Path) -> None:
    """A hook or field that goes away still works; each plugin that uses it is told once, and what to write."""
    kinds = "[SourceKind(n, None, reads=print) for n in ('lake', 'river')]"
    installed(site, "old", f"@hookimpl\ndef tally_sources(): return {kinds}\n@hookimpl\ndef tally_packs(): return {{}}")
    hook = Deprecated("tally_packs", "1.1", "2.0", "give a folder instead")
    field = Deprecated("SourceKind.reads", "1.2", "2.0", "say `folders`")
    plugins = load(api=Api(deprecated=(hook, field)))
    mine = [f for f in plugins.faults if f.subject == "plugin `old`"]
    assert ["P708", "P708"] == [f.code for f in mine]
    assert [
        "the plugin `old` uses `SourceKind.reads`, deprecated since version 1.2 of the plugin API",
        "the plugin `old` uses `tally_packs`, deprecated since version 1.1 of the plugin API",
    ] == sorted(f.message for f in mine)
    assert "it works until version 2.0: give a folder instead" in [f.help for f in mine]
    assert {"lake", "river"} <= plugins.sources.keys()
    assert [] == load().faults


FITTING = [(">=1.0,<2", True), ("", True), ("~=1.0", True), ("==1.0", True), (">=1.1", False), ("<1", False)]


@pytest.mark.parametrize(("wanted", "fits"), FITTING)
def test_versions(site: Path, wanted: str, fits: bool) -> None:
    """A plugin is loaded by the versions it is written for, and told which it needs otherwise."""
    installed(site, "v", giving("v", "double", info=f", requires_api={wanted!r}"))
    plugins = load(api=Api(version="1.0"))
    assert fits == ("v.double" in plugins.functions)
    assert (State.LOADED if fits else State.OTHER_VERSION) == plugin(plugins, "v")[0]
    if not fits:
        assert f"it needs version {wanted} of the plugin API, this Tallymark has 1.0" in plugin(plugins, "v")[1]


def test_who_wants_a_traceback_gets_one(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user sees a sentence; with TALLY_DEBUG the author sees where."""
    installed(site, "bad", "raise RuntimeError('no luck')")
    load()
    assert "" == capsys.readouterr().err
    monkeypatch.setenv("TALLY_DEBUG", "1")
    load()
    assert re.search(r"Traceback.*no luck", capsys.readouterr().err, re.DOTALL)


def test_settings_of_ready_definitions(site: Path) -> None:
    """A program that gives definitions decides of plugins in the same way."""
    plugins = load(settings=PluginsDef(allow=()))
    assert "good.double" not in plugins.functions


FORMATS = [("('.csv',)", "are of the format `csv` already"), ("('html2',)", "is no ending of a file")]


@pytest.mark.parametrize(("suffixes", "words"), FORMATS)
def test_endings_of_files_mean_one_format(site: Path, suffixes: str, words: str) -> None:
    """A format that claims another's ending is not taken: no file is written in a format that nobody asked for."""
    code = f"@hookimpl\ndef tally_formats(): return [Format('bad.text', str, 'Text.', {suffixes})]"
    installed(site, "bad", code)
    plugins = load()
    (said,) = told(plugins, "P706")
    assert words in said
    assert "bad.text" not in plugins.formats


def test_a_bare_name_that_nobody_gives(site: Path, project: Path) -> None:
    """A kind of source does not say whose it is: who lacks one is told of the plugin that could not be loaded."""
    installed(site, "bad", "raise RuntimeError('no luck')")
    settings = project / "tally.yaml"
    yaml = settings.read_text().replace(
        "datasets: {", "sources: {w: {kind: lake}}\ndatasets: {d: {source: w, table: x}, "
    )
    settings.write_text(yaml)
    with tallymark.open(project, strict=False) as book:
        (fault,) = [f for f in book.faults if f.code == "D431"]
    assert "perhaps it is of a plugin that cannot be used" in str(fault.help)
    assert "`bad`" in str(fault.help)
