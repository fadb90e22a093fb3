"""Whatever is typed, the parser gives a tree or faults, and writing a tree and reading it again changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tallymark.errors import FaultError
from tallymark.formula import nodes
from tallymark.formula.nodes import Node, shape, walk
from tallymark.formula.parse import load_grammar, parse_text
from tallymark.formula.scan import scan
from tallymark.formula.write import write

from .trees import formulas

FORMULAS = [
    line
    for line in (Path(__file__).parent / "formulas.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]

# The deadline, in milliseconds, is what "does not hang" means; loading the grammar is not part of it.
patient = settings(deadline=2_000, max_examples=150)


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    load_grammar()


def check(text: str) -> Node | None:
    """The tree of `text`, or None after seeing to it that its faults are proper ones."""
    try:
        return parse_text(text)
    except FaultError as error:
        faults = error.faults
    assert faults
    for fault in faults:
        assert fault.code.startswith("S1")
        assert fault.message
        assert fault.place is not None
        assert fault.place.width >= 1
        assert 1 <= fault.place.line <= text.count("\n") + 1
        assert fault.help != "here could stand "
        json.dumps(fault.as_dict())
    return None


pieces = st.sampled_from(
    [
        *sorted(nodes.RESERVED),
        *("a", "b.c", "sum(", "f()", "if(", "day", "start", "days", "$p", "mod", "like"),
        *("1", "0.5", "1e6", "5%", "28 days", "1_0", "1e999", "2x", ".5", "0,5"),
        *("'x'", "''", "'", '"', "‘", "’", "`"),
        *("(", ")", ",", ".", "+", "-", "*", "/", "??", "?", ":", "=", "!=", "<", "<=", ">", ">=", "==", "^", "%", "!"),
        *("\n", "\t", "\u00a0", "×", "–", "é", "\x00", "#", "{{", "[", "$", "@", "\\", ";"),
    ]
)


@patient
@given(st.lists(pieces, max_size=25).map(" ".join))
@example("case when a then b end end")
@example("at end end")
@example("x at")
def test_soup(text: str) -> None:
    """Words of the language in any order give a tree or faults."""
    check(text)


@patient
@given(st.lists(pieces, max_size=25).map("".join))
def test_dense_soup(text: str) -> None:
    """The same with no blanks between them."""
    check(text)


@patient
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Any characters at all give a tree or faults."""
    check(text)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A formula with a few stretches deleted, doubled or replaced."""
    text = draw(st.sampled_from(FORMULAS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        inserted = draw(st.one_of(st.just(""), st.just(text[start:end] * 2), pieces, st.characters()))
        text = text[:start] + inserted + text[end:]
    return text


@patient
@given(damaged())
def test_damaged(text: str) -> None:
    """A formula with typing errors gives faults, or a tree that can be written and read again."""
    node = check(text)
    if node is not None:
        assert shape(node) == shape(parse_text(write(node)))


@patient
@given(formulas)
def test_round_trip(node: Node) -> None:
    """Any tree, written and read again, has the same shape."""
    assert shape(node) == shape(parse_text(write(node)))


@patient
@given(formulas)
def test_writing_settles(node: Node) -> None:
    """What was written and read is written the same again."""
    text = write(node)
    assert text == write(parse_text(text))


def without(text: str, opening: int) -> str:
    """The text without the parenthesis at `opening` and the one that closes it."""
    depth = 0
    for token in scan(text).tokens:
        if token.span[0] >= opening and token.says("(", ")"):
            depth += 1 if token.says("(") else -1
            if depth == 0:
                closing = token.span[0]
                return text[:opening] + " " + text[opening + 1 : closing] + " " + text[closing + 1 :]
    raise AssertionError("never closed")


@patient
@given(formulas)
def test_no_needless_parentheses(node: Node) -> None:
    """No pair of parentheses that is written, other than a call's or a list's, can be left out."""
    text = write(node)
    tokens = scan(text).tokens
    for before, token in zip([None, *tokens], tokens, strict=False):
        grouping = before is None or not (before.kind == "name" or before.says("in"))
        if token.says("(") and grouping:
            bare = check(without(text, token.span[0]))
            assert bare is None or shape(bare) != shape(node)


@patient
@given(formulas)
def test_spans_nest(node: Node) -> None:
    """Each part stands within the whole, after the part before it, and reads by itself as what it is in the whole."""
    text = write(node)
    for whole in walk(parse_text(text)):
        end = whole.span[0]
        for part in nodes.children(whole):
            assert end <= part.span[0] < part.span[1] <= whole.span[1]
            end = part.span[1]
        if not isinstance(whole, nodes.PerArgument | nodes.WithinArgument):
            assert shape(whole) == shape(parse_text(text[slice(*whole.span)]))


@patient
@given(formulas)
def test_one_reading(node: Node) -> None:
    """The pass that looks for mistakes and the grammar's lexer cut a text into the same words."""
    text = write(node)
    assert [str(token) for token in load_grammar().parse_interactive(text).iter_parse()] == [
        token.text for token in scan(text).tokens
    ]
