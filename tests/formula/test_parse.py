"""What a formula means as a tree: precedence, literals, postfixes, spans."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tallymark.formula import nodes
from tallymark.formula.nodes import Node, shape, walk
from tallymark.formula.parse import load_grammar, parse, parse_text
from tallymark.formula.tokens import MAX_TOKENS
from tallymark.formula.write import write
from tallymark.place import Written

FORMULAS = [
    line
    for line in (Path(__file__).parent / "formulas.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def sketch(node: Any) -> str:
    """The tree on one line: operators first, in parentheses; leaves as they are written."""
    match node:
        case nodes.Binary():
            return f"({node.operator} {sketch(node.left)} {sketch(node.right)})"
        case nodes.Unary():
            return f"({node.operator} {sketch(node.operand)})"
        case nodes.Call():
            return f"({' '.join(['call', node.name, *map(sketch, node.arguments)])})"
        case nodes.In():
            return f"({'not-in' if node.negated else 'in'} {' '.join(map(sketch, (node.item, *node.options)))})"
        case nodes.Between():
            word = "not-between" if node.negated else "between"
            return f"({word} {sketch(node.item)} {sketch(node.low)} {sketch(node.high)})"
        case nodes.IsNull():
            return f"({'not-null' if node.negated else 'null?'} {sketch(node.item)})"
        case nodes.Case():
            branches = " ".join(f"[{sketch(c)} {sketch(v)}]" for c, v in node.branches)
            return f"(case {branches}{f' {sketch(node.otherwise)}' if node.otherwise else ''})"
        case nodes.Scoped():
            parts = (("on", node.on), ("at", node.at), ("where", node.where), ("per", node.per))
            said = " ".join(f"{k}:{v if isinstance(v, str) else sketch(v)}" for k, v in parts if v is not None)
            return f"({sketch(node.body)} {said})"
        case _:
            return write(node)


SHAPES = {
    # precedence, loosest to tightest
    "a or b and c": "(or a (and b c))",
    "a and b or c": "(or (and a b) c)",
    "a or b or c": "(or (or a b) c)",
    "not a and b": "(and (not a) b)",
    "not not a = b": "(not (not (= a b)))",
    "not a in (1) or b": "(or (not (in a 1)) b)",
    "a + b = c * d": "(= (+ a b) (* c d))",
    "a < b and b < c": "(and (< a b) (< b c))",
    "(a < b) = c": "(= (< a b) c)",
    "a - b - c": "(- (- a b) c)",
    "a - (b - c)": "(- a (- b c))",
    "a / b * c": "(* (/ a b) c)",
    "a + b * c": "(+ a (* b c))",
    "(a + b) * c": "(* (+ a b) c)",
    "-a * b": "(* (- a) b)",
    "a * -b": "(* a (- b))",
    "a - -b": "(- a (- b))",
    "--a": "(- (- a))",
    "-x ?? 1": "(- (?? x 1))",
    "x ?? -1": "(?? x (- 1))",
    "x ?? -y ?? 1": "(?? (?? x (- y)) 1)",
    "x ?? y ?? z": "(?? (?? x y) z)",
    "x ?? --1": "(?? x (- (- 1)))",
    "x ?? -(y ?? 1)": "(?? x (- (?? y 1)))",
    "a / b ?? 0": "(/ a (?? b 0))",
    "(a / b) ?? 0": "(?? (/ a b) 0)",
    "a ?? b * c": "(* (?? a b) c)",
    # conditions
    "a between 1 and 2 and b": "(and (between a 1 2) b)",
    "a between b + 1 and c * 2 or d": "(or (between a (+ b 1) (* c 2)) d)",
    "a not between -1 and 1": "(not-between a (- 1) 1)",
    "not a between 1 and 2": "(not (between a 1 2))",
    "a in ('x', b or c)": "(in a 'x' (or b c))",
    "a + 1 not in (1, 2)": "(not-in (+ a 1) 1 2)",
    "a is null or b is not null": "(or (null? a) (not-null b))",
    "a + b is null": "(null? (+ a b))",
    "(a is null) = b": "(= (null? a) b)",
    # calls, case
    "today()": "(call today)",
    "if(a, b, c)": "(call if a b c)",
    "if (a, b, c) + 1": "(+ (call if a b c) 1)",
    "case when a then b end": "(case [a b])",
    "case when a or b then 1 when c then 2 else -3 end * 2": "(* (case [(or a b) 1] [c 2] (- 3)) 2)",
    "case when a then case when b then c end end": "(case [a (case [b c])])",
    # postfixes
    "a + b where c = d": "((+ a b) where:(= c d))",
    "a / b where c per d": "((/ a b) where:c per:d)",
    "a where b or c": "(a where:(or b c))",
    "sum(x on y at start where z per w.v)": "(call sum (x on:y at:start where:z per:w.v))",
    "count(tickets at end) + 1": "(+ (call count (tickets at:end)) 1)",
    "(a where b) where c": "((a where:b) where:c)",
    "((a per b)) per c": "((a per:b) per:c)",
    "sum((x where a) per b)": "(call sum ((x where:a) per:b))",
    "a where b between 1 and 2 per day": "(a where:(between b 1 2) per:day)",
    "conversion(a on b where c, d, per e, within 7 days)": "(call conversion (a on:b where:c) d per e within 7 days)",
    "total(mrr, plan) where plan = 'pro'": "((call total mrr plan) where:(= plan 'pro'))",
    # names
    "events.at + events.end.where": "(+ events.at events.end.where)",
    "order or android": "(or order android)",
    "index is null": "(null? index)",
    "ending and nota": "(and ending nota)",
    "start at start": "(start at:start)",
    "sum + sum(sum)": "(+ sum (call sum sum))",
    "day per day": "(day per:day)",
    "m per plan at start": "(m per:plan at start)",
    "sum(x at end per a.b at end)": "(call sum (x at:end per:a.b at end))",
    "(plan at start) = 1": "(= (plan at:start) 1)",
    "$window * $x_1": "(* $window $x_1)",
    "a\n  + b\t*\r\nc": "(+ a (* b c))",
}


@pytest.mark.parametrize(("text", "expected"), SHAPES.items())
def test_precedence(text: str, expected: str) -> None:
    """Every form binds as the table of precedence says."""
    assert expected == sketch(parse_text(text))


@pytest.mark.parametrize("text", FORMULAS)
def test_catalogue(text: str) -> None:
    """Formulas as projects write them are read, and written back mean the same."""
    node = parse_text(text)
    assert shape(node) == shape(parse_text(write(node)))


LITERALS: dict[str, Node] = {
    "1_000": nodes.Number(1000, (0, 5)),
    "007": nodes.Number(7, (0, 3)),
    "0.5": nodes.Number(Decimal("0.5"), (0, 3)),
    "1e6": nodes.Number(1_000_000, (0, 3)),
    "1.5e3": nodes.Number(Decimal(1500), (0, 5)),
    "2e-3": nodes.Number(Decimal("0.002"), (0, 4)),
    "1e300": nodes.Number(Decimal("1e300"), (0, 5)),
    "5%": nodes.Number(5, (0, 2), percent=True),
    "0.5%": nodes.Number(Decimal("0.5"), (0, 4), percent=True),
    "'it''s'": nodes.Text("it's", (0, 7)),
    "''": nodes.Text("", (0, 2)),
    "''''": nodes.Text("'", (0, 4)),
    "'é – ×'": nodes.Text("é – ×", (0, 7)),
    "true": nodes.Boolean(True, (0, 4)),
    "false": nodes.Boolean(False, (0, 5)),
    "null": nodes.Null((0, 4)),
    "28 days": nodes.Duration(28, "day", (0, 7)),
    "1 year": nodes.Duration(1, "year", (0, 6)),
    "1.5 hours": nodes.Duration(Decimal("1.5"), "hour", (0, 9)),
    "1e2 weeks": nodes.Duration(100, "week", (0, 9)),
    "$window": nodes.Parameter("window", (0, 7)),
    "orders.customer.end": nodes.Name(("orders", "customer", "end"), (0, 19)),
    "date('2024-01-31')": nodes.Call("date", (nodes.Text("2024-01-31", (5, 17)),), (0, 18), (0, 4)),
}


@pytest.mark.parametrize(("text", "expected"), LITERALS.items())
def test_literals(text: str, expected: Node) -> None:
    """A literal gives its value, its span, and an int exactly when it was written as a whole number."""
    node = parse_text(text)
    assert expected == node
    if isinstance(expected, nodes.Number) and isinstance(node, nodes.Number):
        assert type(expected.value) is type(node.value)


SPANS = {
    "(a + b) * c": ["(a + b) * c", "a + b", "a", "b", "c"],
    " ( ( a ) ) ": ["a"],
    "sum( x where (y) )": ["sum( x where (y) )", "x where (y)", "x", "y"],
    "-(a)": ["-(a)", "a"],
    "(a) in ( (b) )": ["(a) in ( (b) )", "a", "b"],
    "(a) is null": ["(a) is null", "a"],
    "(a) not between 1 and (2)": ["(a) not between 1 and (2)", "a", "1", "2"],
    "f(per d, within 7  days)": ["f(per d, within 7  days)", "per d", "d", "within 7  days", "7  days"],
    "case when (a) then b else (c) end": ["case when (a) then b else (c) end", "a", "b", "c"],
    "(a) on b at end per c": ["(a) on b at end per c", "a", "b", "c"],
}


@pytest.mark.parametrize(("text", "expected"), SPANS.items())
def test_spans(text: str, expected: list[str]) -> None:
    """Each node covers its own text: parentheses around its parts belong to it, those around itself do not."""
    assert expected == [text[slice(*node.span)] for node in walk(parse_text(text))]


def test_name_span() -> None:
    """A call also knows where its function's name stands."""
    node = parse_text("1 + sum (x)")
    assert isinstance(node, nodes.Binary)
    assert isinstance(node.right, nodes.Call)
    assert (4, 7) == node.right.name_span


def test_written() -> None:
    """A text taken from a file gives the same tree as the bare text."""
    assert parse_text("a + b") == parse(Written("a + b", "m.yaml", 3, 14, lines=("", "", "    formula: a + b")))


def test_strict() -> None:
    """The grammar has no conflicts and no two terminals that could read the same text in one place."""
    assert "(+ a b)" == sketch(load_grammar(strict=True).parse("a + b"))


def test_grammar_keywords() -> None:
    """The grammar keeps exactly the reserved words from being names."""
    pattern = next(t.pattern.value for t in load_grammar().terminals if t.name == "NAME")
    excluded = pattern.removeprefix("(?!(").split(")")[0].removeprefix("?:").split("|")
    assert sorted(nodes.RESERVED) == sorted(excluded)


@pytest.mark.parametrize("word", [*nodes.GRAINS, "if", "date", "sum", "start", "previous", "select"])
def test_not_reserved(word: str) -> None:
    """Grains, functions and words of other languages may be names of metrics."""
    assert nodes.Name((word,), (0, len(word))) == parse_text(word)


@pytest.mark.parametrize("word", sorted(nodes.RESERVED))
def test_after_dot(word: str) -> None:
    """After a dot any word may stand."""
    assert nodes.Name(("events", word), (0, 7 + len(word))) == parse_text(f"events.{word}")


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["x"] * (MAX_TOKENS // 2)),
        " ?? ".join(["x"] * (MAX_TOKENS // 2)),
        " and ".join(["x"] * (MAX_TOKENS // 2)),
        "f(" + ", ".join(["x"] * 2400) + ")",
        "x in (" + ", ".join(["1"] * 2400) + ")",
    ],
    ids=["sum", "coalesce", "and", "arguments", "options"],
)
def test_long(text: str) -> None:
    """A chain as long as the cap allows is read, walked and written without Python's stack growing with it."""
    node = parse_text(text)
    assert text.count("x") + text.count("1") == sum(not list(nodes.children(n)) for n in walk(node))
    assert text == write(node)


def test_depth_allowed() -> None:
    """A hundred levels are read in a short stack: a thread of its own begins at depth zero."""
    text = "(-" * 50 + "x" + ")" * 50
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        with ThreadPoolExecutor(1) as pool:
            node = pool.submit(parse_text, text).result()
    finally:
        sys.setrecursionlimit(limit)
    assert 51 == sum(1 for _ in walk(node))


def test_threads() -> None:
    """Threads that share the parser each get their own tree."""
    texts = [f"sum(x where a = {i} per b_{i})" for i in range(200)]
    load_grammar.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(parse_text, texts))
    assert [parse_text(text) for text in texts] == together


def test_speed() -> None:
    """A hundred formulas take a small part of a second."""
    parse_text("x")
    begun = time.process_time()
    for i in range(100):
        parse_text(FORMULAS[i % len(FORMULAS)])
    assert time.process_time() - begun < 0.5
