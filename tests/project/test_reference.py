"""The users' reference, `engine/LANGUAGE.md`, as written: its projects open, its formulas give what it shows.

Fenced blocks named like files make projects, one in each folder named; `console` blocks are commands in the first one.
A table headed `formula, …` is a question for each of its rows: the heading says period, grain, dimension, condition,
knowledge date and currency. `<!-- project: clock -->` says which project is asked from there on. A table under a comment such as
`<!-- table: keys of a metric -->` is one of the engine's own. The columns `why` and `meaning` are prose.

With REWRITE_REFERENCE=1 in the environment the figures, outputs and tables are written anew instead of compared.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from click.testing import CliRunner

import tallymark
from tallymark.cli import tally
from tallymark.errors import FAMILIES, FaultError
from tallymark.formula.functions import CALLABLE, Function, Kind
from tallymark.formula.nodes import GRAINS, RESERVED, TIME_UNITS
from tallymark.formula.parse import parse_text
from tallymark.kinds import DECLARABLE
from tallymark.transforms.table import TRANSFORMS
from tallymark.units import DURATION_SCALES, NAMES
from tallymark_plugins.files import OPTIONS

PAGE = Path(__file__).resolve().parents[2] / "engine/LANGUAGE.md"
TEXT = PAGE.read_text(encoding="utf-8")
SHOP = "shop"
"""The project that is asked unless the page names another; its files stand in no folder."""

FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(?:^<!-- (project|table): (.+) -->$\n*)|(^\|.+\|\n\|[-:| ]+\|\n(?:\|.*\|\n)+)", re.MULTILINE)
HEADING = re.compile(
    r"formula, (?P<start>\S+?)(?: to (?P<end>\S+?))?(?: by (?P<grain>[a-z]+))?(?: by `(?P<by>[^`]+)`)?"
    r"(?: where `(?P<where>[^`]+)`)?(?: as of (?P<as_of>\S+))?(?: in (?P<currency>[A-Z]{3}))?"
)
PROSE = ("why", "meaning")
DIGITS = 4


class Table(NamedTuple):
    """A table of the page: what stands above it, its headings, its rows of cells, and its text."""

    project: str
    name: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: str

    @property
    def title(self) -> str:
        return self.name or f"{self.project}: {self.headings[0]}: {self.rows[0][0]}"


def _tables() -> Iterator[Table]:
    project, name = SHOP, ""
    for kind, said, text in TABLE.findall(TEXT):
        if kind == "project":
            project = said
        elif kind == "table":
            name = said
        else:
            heading, _, *rows = (_cells(line) for line in text.splitlines())
            yield Table(project, name, heading, tuple(rows), text)
            name = ""


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1]))


FILES = {name: text for _, name, text in FENCE.findall(TEXT) if name}
COMMANDS = [text for language, _, text in FENCE.findall(TEXT) if language == "console"]
TABLES = tuple(_tables())
QUESTIONS = tuple(t for t in TABLES if t.headings[0].startswith("formula,"))
OWN = tuple(t for t in TABLES if t.name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's projects, each in a folder of its own."""
    root = tmp_path_factory.mktemp("reference")
    for name, text in FILES.items():
        path = root / name if name.split("/")[0] in _others() else root / SHOP / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@cache
def _others() -> frozenset[str]:
    """The projects in folders of their own."""
    return frozenset(name.removesuffix("/tally.yaml") for name in FILES if name.endswith("/tally.yaml"))


@pytest.fixture(scope="module")
def books(folder: Path) -> Mapping[str, tallymark.Book]:
    """The page's projects, opened."""
    return {name: tallymark.open(folder / name) for name in (SHOP, *sorted(_others()))}


def same(written: str, true: str) -> None:
    """Holds a stretch of the page against what the engine says, or writes it anew."""
    if os.environ.get("REWRITE_REFERENCE"):
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(written, true, 1), encoding="utf-8")
    else:
        assert written.splitlines() == true.splitlines()


# --- projects and commands -------------------------------------------------------------------------------------------


def test_the_projects_are_sound(books: Mapping[str, tallymark.Book]) -> None:
    """Every YAML example of the page is read and checked without a fault or a warning."""
    assert [] == [str(fault) for book in books.values() for fault in book.check(data=False)]


@pytest.mark.parametrize("block", COMMANDS, ids=[text.splitlines()[0] for text in COMMANDS])
def test_a_command_prints_what_the_page_shows(block: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each console block is what a reader sees who types it."""
    monkeypatch.chdir(folder / SHOP)
    monkeypatch.setenv("COLUMNS", "100")
    line = block.split("\n", 1)[0]
    result = CliRunner().invoke(tally, shlex.split(line.removeprefix("$ tally ")))
    assert result.exit_code in (0, 1), result.output
    same(block, line + "\n" + result.output.strip("\n") + "\n")


# --- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", QUESTIONS, ids=[t.title for t in QUESTIONS])
def test_the_formulas_give_what_the_page_shows(table: Table, books: Mapping[str, tallymark.Book]) -> None:
    """Each formula of a table, asked as the heading says, gives the values, notes or faults of its row."""
    rows = [_answered(books[table.project], table, row) for row in table.rows]
    same(table.text, _written(table.headings, rows))


def _answered(book: tallymark.Book, table: Table, row: Sequence[str]) -> tuple[str, ...]:
    found = HEADING.fullmatch(table.headings[0])
    assert found is not None, f"a heading that says nothing: {table.headings[0]}"
    asked: dict[str, Any] = {key: value for key, value in found.groupdict().items() if value is not None}
    if "end" not in asked:
        asked["period"] = asked.pop("start")
    prose = {n: row[n] for n, heading in enumerate(table.headings) if heading in PROSE}
    try:
        answer = book.ask(row[0].strip("`"), **asked)
    except FaultError as error:
        said = {"value": " · ".join(f"{f.code}: {f.message}" for f in error.faults)}
    else:
        labels = (line[0] if {"by", "grain"} & asked.keys() else "value" for line in answer.sheet().rows)
        said = dict(zip(labels, (_shown(list(cell.values())[-1]) for cell in answer.to_dicts()), strict=True))
        assert said.keys() <= {"–", *table.headings}, "a cell that the table does not show"
        said["notes"] = " · ".join(answer.notes)
        said["null"] = said.get("–", "")
    return tuple(prose.get(n, row[0] if not n else said.get(heading, "")) for n, heading in enumerate(table.headings))


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float() | Decimal():
            text = f"{Decimal(str(value)):.{DIGITS}f}".rstrip("0").rstrip(".")
            return "0" if text == "-0" else text
        case datetime():
            return value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
    return str(value)


def _written(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, *rows]
    texts = [f"| {' | '.join(_escaped(cell) for cell in line)} |".replace("|  |", "| |") for line in lines]
    return "\n".join([texts[0], f"|{'---|' * len(headings)}", *texts[1:]]) + "\n"


def _escaped(cell: str) -> str:
    """The cell as it may stand between the bars of a table."""
    return re.sub(r"(?<!\\)\|", r"\\|", cell)


# --- the engine's own tables -----------------------------------------------------------------------------------------


def _keys(kind: str) -> Callable[[], list[tuple[str, ...]]]:
    def rows() -> list[tuple[str, ...]]:
        shape = tallymark.schema()["$defs"][kind]
        keyed: Mapping[str, Any] = next((s for s in (shape, *shape.get("anyOf", ())) if "properties" in s), {})
        properties: dict[str, Any] = keyed["properties"]
        return [(f"`{key}`", s["description"], f"`{key}: {_flow(s['examples'][0])}`") for key, s in properties.items()]

    return rows


def _flow(example: Any) -> str:
    text = yaml.safe_dump(example, default_flow_style=True, width=1_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _options() -> list[tuple[str, ...]]:
    return [(f"`{key}`", shape["description"]) for key, shape in OPTIONS["properties"].items()]


def _functions(*kinds: Kind) -> Callable[[], list[tuple[str, ...]]]:
    def row(f: Function) -> tuple[str, ...]:
        empty = (f.empty.replace("zero", "0"),) if f.kind is Kind.AGGREGATE else ()
        return (f.name, f"`{f.signature}`", f.help, *empty, f"`{f.example}`")

    return lambda: [row(f) for f in CALLABLE.values() if f.kind in kinds]


def _transforms() -> list[tuple[str, ...]]:
    return [(t.name, f"`{t.signature}`", t.help, f"`{t.example}`") for t in TRANSFORMS.values()]


def _arguments() -> list[tuple[str, ...]]:
    taken = ((t, a) for t in TRANSFORMS.values() for a in t.takes)
    return [(f"`{t.name}`", f"`{'per' if a.kind == 'member' else a.name + ':'}`", a.help) for t, a in taken]


ROWS: Mapping[str, tuple[tuple[str, ...], Callable[[], list[tuple[str, ...]]]]] = {
    **{
        title: (("key", "what it says", "for example"), _keys(kind))
        for title, kind in {
            "settings": "project",
            "keys of a calendar": "calendar",
            "keys of a source": "source",
            "keys of a notifier": "notifier",
            "keys of plugins": "plugins",
            "keys of a dataset": "dataset",
            "keys of a column": "column",
            "keys of a reference": "ref",
            "keys of a metric": "metric",
            "keys of a band": "band",
            "keys of rates": "rates",
            "keys of a parameter": "parameter",
            "keys of a funnel": "funnel",
            "keys of a step": "step",
            "keys of a check": "check",
            "keys of rows in a check": "check_rows",
        }.items()
    },
    "options of files": (("key", "what it says"), _options),
    "functions": (("name", "called as", "what it gives", "for example"), _functions(Kind.SCALAR)),
    "aggregates": (("name", "called as", "what it gives", "over no rows", "for example"), _functions(Kind.AGGREGATE)),
    "contexts": (("name", "called as", "what it gives", "for example"), _functions(Kind.CONTEXT, Kind.SETS)),
    "transforms": (("name", "called as", "what it gives", "for example"), _transforms),
    "arguments of transforms": (("transform", "argument", "what it says"), _arguments),
    "families": (("code", "what it is about"), lambda: [(f"{c}…", said) for c, said in FAMILIES.items()]),
}
"""The tables that the engine writes: headings and rows, by name."""


@pytest.mark.parametrize("table", OWN, ids=[t.name for t in OWN])
def test_a_table_says_what_the_engine_says(table: Table) -> None:
    """Keys, options, functions and families of faults are listed as the engine has them."""
    headings, rows = ROWS[table.name]
    same(table.text, _written(headings, rows()))


def test_every_table_of_the_engine_is_there() -> None:
    """No table, and so no key and no function, is left out; each function is in exactly one of them."""
    assert sorted(ROWS) == sorted(t.name for t in OWN)
    listed = [row[0] for t in OWN if t.name in ("functions", "aggregates", "contexts") for row in t.rows]
    assert sorted(CALLABLE) == sorted(listed)


# --- the page as a whole ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [tuple(DECLARABLE), NAMES, tuple(DURATION_SCALES), GRAINS, TIME_UNITS, tuple(sorted(RESERVED))],
    ids=["types", "units", "scales of durations", "grains", "units of time", "reserved words"],
)
def test_every_word_is_told(words: Sequence[str]) -> None:
    """The page names every type, unit, grain and reserved word there is."""
    told = {word for span in re.findall(r"`([^`\n]+)`", TEXT) for word in re.findall(r"[a-z]+", span)}
    assert [] == [word for word in words if word not in told]


def test_formulas_in_sentences_are_formulas() -> None:
    """What stands in code quotes in a sentence and looks like a call can be parsed."""
    prose = TABLE.sub("", FENCE.sub("", TEXT))
    calls = [s for s in re.findall(r"`([^`\n]+)`", prose) if re.match(r"[a-z_]+\(.", s)]
    assert [] != calls
    for call in calls:
        parse_text(call)


def test_the_contents_lead_to_every_section() -> None:
    """The list at the top has every section, in order, under the anchor that its title has."""
    titles = re.findall(r"^## (.+)$", FENCE.sub("", TEXT), re.MULTILINE)
    anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles]
    listed = re.findall(r"^- \[(.+?)\]\(#(.+?)\)", TEXT, re.MULTILINE)
    assert list(zip(titles, anchors, strict=True)) == listed


def test_the_page_has_what_is_tested() -> None:
    """Projects, commands and formulas are found at all."""
    assert {
        "abroad",
        "clock",
        "desk",
        "export",
        "freight",
        "helpline",
        "history",
        "leaving",
        "retail",
        "saas",
        "site",
    } == _others()
    assert 2 <= len(COMMANDS)
    assert 120 <= sum(len(t.rows) for t in QUESTIONS)
