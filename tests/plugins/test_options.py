"""The options of sources and plugins are held against their schema, where they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tallymark
from tallymark.definitions import DatasetDef, Definitions, Project, SourceDef
from tallymark.errors import Fault
from tallymark.hookspecs import PluginInfo, SourceKind, hookimpl
from tallymark.options import described
from tallymark.secret import Secret

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "host": {"type": "string", "description": "the name of the machine"},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": 443},
        "mode": {"enum": ["fast", "safe"]},
        "tables": {"type": "array", "items": {"type": "string"}, "examples": [["a", "b"]]},
        "login": {
            "type": "object",
            "properties": {"user": {"type": "string"}, "password": {"type": "string", "secret": True}},
            "additionalProperties": False,
        },
        "keys": {"type": "array", "items": {"type": "string", "secret": True}},
    },
    "required": ["host"],
    "additionalProperties": False,
}
OPEN = {**SCHEMA, "properties": {n: s for n, s in SCHEMA["properties"].items() if n not in ("login", "keys")}}
"""The same without secrets."""


def make(*_: Any) -> Any:
    """Makes a source that nothing is read from."""
    raise AssertionError("a source with unsound options is not made")


def plugin(schema: Mapping[str, Any], seen: list[Any] | None = None) -> ModuleType:
    """A plugin with options, and a kind of source with the same ones."""
    module = ModuleType("acme")
    module.tally_plugin = PluginInfo("acme", config=schema)  # type: ignore[attr-defined]

    @hookimpl
    def tally_sources(config: Mapping[str, Any]) -> Sequence[SourceKind]:
        if seen is not None:
            seen.append(config)
        return [SourceKind("lake", make, schema)]

    module.tally_sources = tally_sources  # type: ignore[attr-defined]
    return module


def of_source(tmp_path: Path, options: str, schema: Mapping[str, Any]) -> list[Fault]:
    """The faults of a source with these options, one a line below it."""
    lines = "".join(f"    {line}\n" for line in options.splitlines())
    (tmp_path / "tally.yaml").write_text(f"sources:\n  water:\n    kind: lake\n{lines}")
    with tallymark.open(tmp_path, plugins=[plugin(SCHEMA), kind(schema)], strict=False) as book:
        return [f for f in book.faults if f.subject == "source `water`"]


def kind(schema: Mapping[str, Any]) -> ModuleType:
    """A plugin with the kind of source `lake`."""
    module = plugin({})
    module.__name__ = "lakes"
    module.tally_plugin = PluginInfo("lakes")  # type: ignore[attr-defined]
    module.tally_sources = hookimpl(lambda: [SourceKind("lake", make, schema)])  # type: ignore[attr-defined]
    return module


def of_plugin(tmp_path: Path, options: str, schema: Mapping[str, Any]) -> list[Fault]:
    """The faults of a plugin with these options."""
    lines = "".join(f"      {line}\n" for line in options.splitlines())
    (tmp_path / "tally.yaml").write_text(f"plugins:\n  config:\n    acme:\n{lines}")
    with tallymark.open(tmp_path, plugins=[plugin(schema)], strict=False) as book:
        assert "lake" not in book.plugins.sources, "a plugin with unsound options is not loaded"
        return [f for f in book.faults if f.subject == "plugin `acme`"]


WRONG = {
    "unknown": ("host: a\nprot: 1", [("R035", 1, 0, 4, "did you mean `port`?")]),
    "missing": ("port: 1", [("R037", -1, None, None, "`host` is the name of the machine")]),
    "a text for a number": ("host: a\nport: ten", [("R036", 1, 6, 3, None)]),
    "out of range": ("host: a\nport: 70000", [("R036", 1, 6, 5, None)]),
    "a choice": ("host: a\nmode: fsat", [("R036", 1, 6, 4, "did you mean `fast`?")]),
    "a number for a text": ("host: 12", [("R036", 0, 6, 2, "`host` is the name of the machine")]),
    "an item": ("host: a\ntables: [x, 3]", [("R036", 1, 12, 1, None)]),
    "no list": ("host: a\ntables: x", [("R036", 1, 8, 1, "for example `tables: [a, b]`")]),
    "several": (
        "prot: 1\nmode: 3",
        [
            ("R035", 0, 0, 4, "did you mean `port`?"),
            ("R036", 1, 6, 1, None),
            ("R037", -1, None, None, "`host` is the name of the machine"),
        ],
    ),
}
OWNERS: dict[str, tuple[Callable[[Path, str, Mapping[str, Any]], list[Fault]], int, int]] = {
    "source": (of_source, 4, 4),
    "plugin": (of_plugin, 4, 6),
}


@pytest.mark.parametrize(("options", "expected"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("owner", OWNERS)
def test_wrong_options(tmp_path: Path, owner: str, options: str, expected: list[Any]) -> None:
    """Each is told with file, line and column and a way out, all of them at once."""
    faults, line, indent = OWNERS[owner]
    found = faults(tmp_path, options, OPEN)
    told = [
        (f.code, f.place.line - line if f.place else None, f.place.column - 1 - indent if f.place else None, f.place.width if f.place else None, f.help)
        for f in found
    ]  # fmt: skip
    wanted = [(c, n, k, w, h) for c, n, k, w, h in expected if n >= 0]
    assert sorted(map(str, wanted)) == sorted(str(t) for t in told if t[0] != "R037")
    missing = [h for c, *_, h in expected if c == "R037"]
    assert missing == [f.help for f in found if f.code == "R037"]
    assert all(f.place is not None and f.place.file.endswith("tally.yaml") for f in found)


IN_THE_OPEN = "canary-in-the-open"
WRITTEN = {
    "a value": f"host: a\nlogin: {{user: me, password: {IN_THE_OPEN}}}",
    "on its line": f"host: a\nlogin:\n  user: me\n  password: {IN_THE_OPEN}",
    "in a list": f"host: a\nkeys: [env:A, {IN_THE_OPEN}]",
    "under a key that is misspelt": f"host: a\nlogin: {{user: me, pasword: {IN_THE_OPEN}}}",
    "beside a mistake": f"host: a\nlogin: {{user: 3, password: {IN_THE_OPEN}}}",
    "of another type": f"host: a\nlogin: {{user: me, password: [{IN_THE_OPEN}]}}",
}


@pytest.mark.parametrize("options", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("owner", OWNERS)
def test_secrets_in_the_open(tmp_path: Path, owner: str, options: str) -> None:
    """They are refused, and neither repeated nor shown with the line they stand on."""
    found = OWNERS[owner][0](tmp_path, options, SCHEMA)
    assert found
    assert {f.code for f in found} <= {"D480", "R035", "R036"}
    assert ("D480" in {f.code for f in found}) == ("pasword" not in options)
    said = "".join(f"{f}{f.as_dict()}" for f in found)
    assert IN_THE_OPEN not in said
    assert all(f.place is not None for f in found)


def test_a_kind_that_nobody_gives_shows_no_options(tmp_path: Path) -> None:
    """The line of a source on one line is not shown: who knows what its options are."""
    (tmp_path / "tally.yaml").write_text(
        f"sources: {{water: {{kind: laek, key: {IN_THE_OPEN}}}}}\n"
        "datasets: {drops: {source: water, table: x, columns: {n: integer}}}\n"
    )
    with tallymark.open(tmp_path, plugins=[kind(SCHEMA)], strict=False) as book:
        assert ["D431"] == [f.code for f in book.faults]
        assert IN_THE_OPEN not in "".join(map(str, book.faults))


def test_sound_options_reach_the_plugin(tmp_path: Path) -> None:
    """Defaults are filled in, and secrets are made so that they show nothing and are read where they are."""
    seen: list[Any] = []
    (tmp_path / "key").write_text("sesame-open\n")
    yaml = "plugins: {config: {acme: {host: a, login: {user: me, password: 'file:key'}, keys: ['env:A']}}}"
    (tmp_path / "tally.yaml").write_text(yaml)
    with tallymark.open(tmp_path, plugins=[plugin(SCHEMA, seen)]) as book:
        assert () == book.faults
    (config,) = seen
    assert ("a", 443, "me") == (config["host"], config["port"], config["login"]["user"])
    assert isinstance(config["keys"][0], Secret)
    assert "***" == str(config["login"]["password"])
    assert "sesame-open" == config["login"]["password"].reveal()


def test_options_of_a_plugin_that_takes_none(tmp_path: Path) -> None:
    """They are told as unknown."""
    assert ["R035"] == [f.code for f in of_plugin(tmp_path, "host: a", {})]


def test_a_schema_that_is_none(tmp_path: Path) -> None:
    """It is a mistake of the plugin, told when options are held against it; nothing breaks."""
    for wrong in ({"type": "strnig"}, {"properties": {"host": {"pattern": "("}}}):
        assert ["P718"] == [f.code for f in of_source(tmp_path, "host: a", wrong)]


def test_definitions_of_a_program() -> None:
    """Options that are written in no file are held against the schema too."""
    definitions = Definitions(
        Project(folder=""),
        sources={"water": SourceDef("water", "lake", {"prot": 1})},
        datasets={"drops": DatasetDef("drops", source="water")},
    )
    with tallymark.open(definitions=definitions, plugins=[kind(SCHEMA)], strict=False) as book:
        assert {"R035", "R037"} == {f.code for f in book.faults}


def test_only_what_uses_it_is_harmed(tmp_path: Path) -> None:
    """A source with unsound options takes only its own datasets along."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "tally.yaml").write_text(
        "sources: {water: {kind: lake, prot: 1}}\n"
        "datasets: {drops: {source: water, table: x, columns: {n: integer}}, t: {table: t.csv, columns: {n: integer}}}\n"
    )
    (tmp_path / "metrics" / "m.yaml").write_text("metrics: {plain: sum(t.n)}")
    (tmp_path / "t.csv").write_text("n\n2\n")
    with tallymark.open(tmp_path, plugins=[kind(OPEN)], strict=False) as book:
        assert ["R035", "R037"] == sorted(f.code for f in book.faults)
        assert 2 == book.ask("plain", period="2024").value


def test_a_schema_in_words() -> None:
    """`tally plugins show` tells each option by what it is."""
    told = dict(described(SCHEMA))
    assert "a text, required: the name of the machine" == told["host"]
    assert "a whole number from 1 to 65535, 443 unless said" == told["port"]
    assert "one of `fast`, `safe`" == told["mode"]


BUILT_IN = [
    ("duckdb", {}, ["R037"]),
    ("duckdb", {"path": "w.duckdb", "schema": "x"}, ["R035"]),
    ("duckdb", {"path": 3}, ["R036"]),
    ("files", {"path": "data", "decimals": ","}, ["R035"]),
    ("files", {"decimal": ";"}, ["R036"]),
    ("memory", {"path": "data"}, ["R035"]),
]


@pytest.mark.parametrize(("kind", "options", "codes"), BUILT_IN)
def test_built_in_kinds(kind: str, options: dict[str, Any], codes: list[str]) -> None:
    """Their options are held against their schemas in the same way, and by nothing else."""
    definitions = Definitions(Project(folder=""), sources={"s": SourceDef("s", kind, options)})
    with tallymark.open(definitions=definitions, strict=False) as book:
        assert codes == [f.code for f in book.faults]
