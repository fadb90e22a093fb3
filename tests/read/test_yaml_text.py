"""The strict YAML loader: what it reads, what it refuses, and where each character stands."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark import yaml_text
from tallymark.yaml_text import Entries, Items, Scalar, Value, load, plain

NOTHING: list[str] = []


def codes(content: str | bytes) -> list[str]:
    """The codes of the faults in a file."""
    return [fault.code for fault in load(content, "f.yaml")[1]]


def value_of(content: str | bytes) -> Any:
    """What a file holds, as plain data."""
    tree, _ = load(content, "f.yaml")
    return None if tree is None else plain(tree)


@pytest.fixture(params=["C parser", "Python parser"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a test with PyYAML's C parser and with the one used where that is missing."""
    if request.param == "Python parser":
        monkeypatch.setattr(yaml_text, "_parser", yaml_text._PythonParser)
    return str(request.param)


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("0b11", "0b11"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e", "1e"),
        ("=", "="),
        (10, "010"),
        (8, "0o10"),
        (255, "0xFF"),
        (-3, "-3"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1e3"), "1e3"),
        (Decimal(".5"), ".5"),
        (True, "true"),
        (False, "FALSE"),
        (None, "null"),
        (None, "~"),
        (None, ""),
        ("true", "'true'"),
        ("12", '"12"'),
        ("", "''"),
    ],
)
def test_scalars_of_yaml_1_2(expected: Any, written: str, parser: str) -> None:
    """A scalar means what the core schema of YAML 1.2 says, and quotes make a text."""
    found = value_of(f"a: {written}\n")["a"]
    assert (expected, type(expected)) == (found, type(found))


def test_a_number_of_any_length_is_read() -> None:
    """A whole number too long for Python's own conversion neither raises nor takes long."""
    assert Decimal("9" * 100_000) == value_of("a: " + "9" * 100_000)["a"]


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ({"a": 1}, b"\xef\xbb\xbfa: 1\n"),
        ({"a": 1}, "\ufeffa: 1\n"),
        ({"a": 1}, "a: 1\r\n"),
        ({"a": 1, "b": 2}, "a: 1\rb: 2\r"),
        ({"a": "b\tc"}, "a: 'b\tc'\n"),
        ({"a": 1}, "%YAML 1.2\n---\na: 1\n...\n"),
        (None, ""),
        (None, "# nothing\n"),
        (None, "---\n"),
        (["a"], "- a"),
    ],
)
def test_harmless_oddities_are_read(expected: Any, content: str | bytes, parser: str) -> None:
    """A byte order mark, any line ends, a tab in quotes, a directive and an empty file are no faults."""
    assert (expected, NOTHING) == (value_of(content), codes(content))


HOSTILE = {
    "bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", ["R008"] * 6),
    "anchor on a key": ("&a a: b\n", ["R008"]),
    "alias as a key": ("*a : b\n", ["R008"]),
    "python tag": ("a: !!python/object/apply:os.system ['true']\n", ["R009"]),
    "own tag": ("a: !x y\n", ["R009"]),
    "empty tag": ("a: ! y\n", ["R009"]),
    "merge key": ("<<: {a: 1}\nb: 2\n", ["R010"]),
    "duplicate keys": ("a: 1\nb: 2\na: 3\na: 4\n", ["R011", "R011"]),
    "duplicate keys in flow": ("{a: 1, 'a': 2}", ["R011"]),
    "two documents": ("a: 1\n---\nb: 2\n", ["R012"]),
    "list as a key": ("? [a]\n: b\nc: 1\n", ["R013"]),
    "mapping as a key": ("{a: 1}: b\n", ["R013"]),
    "empty key": ("? \n: b\n", ["R013"]),
    "nested lists": ("[" * 10_000, ["R006"]),
    "nested blocks": ("- " * 10_000, ["R006"]),
    "nested mappings": ("{a: " * 10_000, ["R006"]),
    "nested lines": ("\n".join(" " * i + "a:" for i in range(1_000)), ["R006"]),
    "many values": ("[" + "1," * 200_000 + "]", ["R007"]),
    "many bytes": ("a" * 1_000_001, ["R002"]),
    "many bytes of few characters": ("é" * 500_001, ["R002"]),
    "many duplicates": ("a: 1\n" * 100_000, ["R011"] * 50),
    "NUL byte": (b"a: \x00\n", ["R004"]),
    "bell": ("a: \x07\n", ["R004"]),
    "line separator": ("a: b\u2028c: d\n", ["R004"]),
    "byte order mark inside": ("a: \ufeffb\n", ["R004"]),
    "lone surrogate": ("a: \ud800\n", ["R004"]),
    "escaped NUL": ('a: "\\0"\n', ["R004"]),
    "latin-1": ("a: caf\xe9\n".encode("latin-1"), ["R003"]),
    "UTF-16": ("a: 1\n".encode("utf-16"), ["R003"]),
    "tab as indentation": ("a:\n\tb: 1\n", ["R005"]),
    "second colon": ("a: b: c\n", ["R005"]),
    "half-quoted": ("a: 'pro' = plan\n", ["R005"]),
    "open quote": ('a: "b\nc: d\n', ["R005"]),
    "open bracket": ("a: [b\nc: d\n", ["R005"]),
    "wild indentation": ("a: 1\n  b: 2\n c: 3\n", ["R005"]),
    "at sign": ("a: @b\n", ["R005"]),
    "bad escape": ('a: "\\q"\n', ["R005"]),
    "huge escape": ('a: "\\UFFFFFFFF"\n', ["R005"]),
    "unknown directive": ("%FOO\n", ["R005"]),
}


@pytest.mark.parametrize(("content", "expected"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_give_coded_faults(content: str | bytes, expected: list[str], parser: str) -> None:
    """Each hostile file gives its own fault, with a place, and never raises."""
    _, faults = load(content, "f.yaml")
    assert expected == [f.code for f in faults]
    assert all(f.place is not None and f.place.file == "f.yaml" for f in faults)


@pytest.mark.parametrize(
    ("line", "column", "content"),
    [
        (2, 4, "a: 1\nb: *x\n"),
        (3, 1, "a: 1\nb: 2\na: 3\n"),
        (2, 1, "a:\n\tb: 1\n"),
        (1, 5, "a: b: c\n"),
        (2, 4, 'x: 1\na: "b\nc: d\n'),
        (1, 8, b"a: caf\xc3\xa9\xe9"),
        (2, 4, "x: 1\na: \x07\n"),
        (1, 4, "\ufeffa: !x 1"),
    ],
)
def test_faults_stand_at_the_exact_place(line: int, column: int, content: str | bytes) -> None:
    """A fault's line and column are those an editor shows."""
    place = load(content, "f.yaml")[1][0].place
    assert place is not None
    assert (line, column) == (place.line, place.column)


def test_a_duplicate_key_names_both_places() -> None:
    """The fault of a duplicate key stands at the second and names the first, whose value is kept."""
    tree, (fault,) = load("a: 1\nb: 2\na: 3\n", "f.yaml")
    assert tree is not None
    assert {"a": 1, "b": 2} == plain(tree)
    assert "f.yaml:1:1" in str(fault.help)


def test_what_stood_before_a_fault_of_syntax_is_kept() -> None:
    """The tree holds the entries before the fault, without the one it cut in two."""
    assert {"a": 1, "b": {"c": 2}} == value_of("a: 1\nb:\n  c: 2\n  d: 'x' = y\n")


def test_a_long_line_is_not_shown() -> None:
    """A fault on a line of a hundred thousand characters does not carry the line."""
    _, (fault,) = load("a: !x " + "b" * 100_000, "f.yaml")
    assert fault.place is not None
    assert "" == fault.place.text


def scalars(value: Value | None) -> Iterator[Scalar]:
    """All scalars of a tree, keys included."""
    if isinstance(value, Scalar):
        yield value
    elif isinstance(value, Items):
        for item in value.items:
            yield from scalars(item)
    elif isinstance(value, Entries):
        for key, item in value.entries:
            yield key
            yield from scalars(item)


def assert_characters_stand_where_said(scalar: Scalar) -> None:
    """Each character of the value is the file's at its position, but for escapes and line breaks."""
    written = scalar.written()
    assert scalar.text == written.text
    lines = scalar.page.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    last = (0, 0)
    for i, char in enumerate(written.text):
        place = written.place((i, i + 1))
        line = lines[place.line - 1]
        there = line[place.column - 1] if place.column <= len(line) else "\n"
        escaped = there == "\\" and scalar.style == '"'
        folded = char in " \n" and there in "\n\t "
        assert char == there or escaped or folded
        assert last < (place.line, place.column)
        last = (place.line, place.column)


FOLDS = {
    "empty line between texts": ">\n  ab\n\n  cd\n",
    "indented line": ">\n  ab\n    cd\n  ef\n",
    "indented line and an empty one": ">\n  ab\n    cd\n\n  ef\n",
    "empty line and an indented one": ">\n  ab\n\n    cd\n\n\n  ef\n",
    "empty lines first": ">\n\n\n  ab\n  cd",
    "empty lines kept": ">+\n  ab\n\n\n",
    "all stripped": "|-\n  ab\n\n\n",
    "own indentation": "|1\n   ab\n  cd\n",
    "blank line longer than the indentation": "|\n  ab\n      \n  cd\n",
    "only blank lines": "|+\n\n\n",
    "carriage returns": ">\r\n  ab\r\n  cd\r\n\r\n  ef\r\n",
    "joined lines": '"ab \\\n   cd\\\n\n  ef"',
    "spaces before a fold": "'ab   \n\n  cd'''\n",
}


@pytest.mark.parametrize("text", FOLDS.values(), ids=FOLDS.keys())
def test_positions_hold_through_folds(text: str, parser: str) -> None:
    """Characters stand where said through each way of folding, indenting and chomping."""
    tree, faults = load(f"a: {text}", "f.yaml")
    assert [] == faults
    for scalar in scalars(tree):
        assert_characters_stand_where_said(scalar)


WORD = st.text("abmrxé😀_.+-*/()=<>'\"\\%,0159", min_size=1, max_size=8)
WORDS = st.lists(WORD, min_size=1, max_size=8)
JOINT = st.sampled_from([" ", "\n      ", " \n\n      ", "  ", "\r\n        "])


@st.composite
def written_formulas(draw: st.DrawFn) -> tuple[str, str]:
    """A file that holds a formula under `a.b`, in any style of scalar, and that formula."""
    words = draw(WORDS)
    style = draw(st.sampled_from(["plain", "'", '"', ">", "|"]))
    ending = draw(st.sampled_from(["", "-", "+"]))
    value, source = words[0], _in_style(words[0], style, draw)
    if style == "plain":
        value = source = "m" + words[0].replace("#", "")
    for word in words[1:]:
        joint = draw(JOINT) if style not in (">", "|") else draw(st.sampled_from([" ", "\n      "]))
        source += joint + _in_style(word, style, draw)
        breaks = joint.count("\n")
        value += joint if not breaks else "\n" * (breaks - 1 or 0) or " "
        if breaks and style == "|":
            value = value[:-1] + "\n"
        value += word
    quote = style if style in "'\"" else ""
    head = f"{style}{ending}\n      " if style in (">", "|") else quote
    end = {"": "\n", "-": "", "+": "\n"}[ending] if style in (">", "|") else ""
    return f"# é\na:\n  b: {head}{source}{quote}\nc: 1\n", value + end


def _in_style(word: str, style: str, draw: st.DrawFn) -> str:
    if style == "'":
        return word.replace("'", "''")
    if style != '"':
        return word
    escapes = draw(st.lists(st.booleans(), min_size=len(word), max_size=len(word)))
    return "".join(
        "\\" + c if c in '"\\' else f"\\U{ord(c):08x}" if escaped else c
        for c, escaped in zip(word, escapes, strict=True)
    )


@given(written_formulas())
@settings(deadline=None)
def test_formula_texts_of_every_style_keep_their_places(case: tuple[str, str]) -> None:
    """A formula has the same characters in every style, and each stands where the file has it."""
    source, expected = case
    tree, faults = load(source, "f.yaml")
    assert [] == faults
    assert isinstance(tree, Entries)
    (_, scalar), *_ = tree.get("a").entries  # type: ignore[union-attr]
    assert isinstance(scalar, Scalar)
    assert expected == scalar.text
    assert_characters_stand_where_said(scalar)


PIECES = [
    "a",
    "é",
    "😀",
    " ",
    "  ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "\r\n",
    "\r",
    " #",
    "'",
    "''",
    '"',
    '\\"',
    "\\\n",
    "\\x41",
]
PIECES += ["\\ ", "\\\\", "\\u00e9", "\\U0001F600", "-", "1", ":", ",", "[", "]"]
HEADS = ["", '"', "'", "|\n  ", ">\n  ", "|2-\n   ", ">+ # c\n\n   ", "|1\n ", "|\n     \n   "]


@given(
    st.sampled_from(["", "a: ", "- ", "- a: ", "a:\n  b: ", "[", "{a: "]),
    st.sampled_from(HEADS),
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.sampled_from(["", "\n", "\nz: 1", " \n\n", "\r\n"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=400)
def test_positions_hold_in_any_file(before: str, head: str, body: str, after: str, slow: bool) -> None:
    """Whatever a file holds, every scalar that either parser finds in it stands where said."""
    quote = head if head in "'\"" else ""
    source = before + head + body + quote + {"[": "]", "{a: ": "}"}.get(before, "") + after
    kept = yaml_text._parser
    yaml_text._parser = yaml_text._PythonParser if slow else kept
    try:
        tree, _ = load(source, "f.yaml")
    finally:
        yaml_text._parser = kept
    for scalar in scalars(tree):
        assert_characters_stand_where_said(scalar)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200), st.text("ab:-[]{}&*!|>'\"%@#?<\n\t ,", max_size=60)))
@settings(deadline=None, max_examples=400)
def test_no_content_raises(content: str | bytes) -> None:
    """Any bytes or text give a tree or faults, never an exception."""
    tree, faults = load(content, "f.yaml")
    assert tree is None or isinstance(tree, Scalar | Items | Entries)
    assert all(str(fault) for fault in faults)
