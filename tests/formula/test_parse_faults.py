"""What is wrong with a formula: the code, the exact stretch, and the right form named."""

from __future__ import annotations

import re

import pytest

from tallymark.errors import Fault, FaultError
from tallymark.formula.nodes import RESERVED
from tallymark.formula.parse import load_grammar, parse, parse_text
from tallymark.formula.scan import MAX_MISTAKES
from tallymark.formula.tokens import CODES, MAX_CHARACTERS, MAX_DEPTH, MAX_TOKENS
from tallymark.place import Written


def faults(text: str) -> tuple[Fault, ...]:
    """The faults of a text that has some."""
    with pytest.raises(FaultError) as caught:
        parse_text(text)
    return caught.value.faults


def stretch(text: str, fault: Fault) -> str:
    """What stands above the caret."""
    assert fault.place is not None
    start = fault.place.column - 1
    line = text.split("\n")[fault.place.line - 1]
    return line[start : start + fault.place.width]


# The formula, the code, the stretch under the caret, and a phrase of the message or the help.
CASES = [
    # other languages' operators
    ("a ^ 2", "S120", "^", "pow"),
    ("a ** 2", "S120", "**", "pow"),
    ("x² + 1", "S120", "x²", "pow(x, 2)"),
    ("a % 3", "S121", "%", "mod"),
    ("a%b", "S121", "%", "mod"),
    ("5%3", "S121", "%", "mod(5, 3)"),
    ("a ? b : c", "S122", "?", "if(condition, a, b)"),
    ("a == b", "S123", "==", "`=`"),
    ("a === b", "S123", "===", "`=`"),
    ("a <> b", "S124", "<>", "`!=`"),
    ("a !== b", "S124", "!==", "`!=`"),
    ("a && b", "S125", "&&", "`and`"),
    ("a & b", "S125", "&", "`and`"),
    ("a || b", "S126", "||", "`or`"),
    ("!a", "S127", "!", "`not`"),
    ("a => b", "S128", "=>", "`>=`"),
    ("a =< b", "S128", "=<", "`<=`"),
    ("a::text", "S128", "::", "casts"),
    ("a; b", "S128", ";", "one expression"),
    ("a // b", "S128", "//", "floor(a / b)"),
    ("a + # b", "S119", "#", "YAML"),
    ("a /* b */", "S119", "/*", "YAML"),
    ("x in {'a'}", "S129", "{", "round parentheses"),
    ("{{ a }}", "S129", "{{", "$name"),
    ("${a}", "S129", "${", "$name"),
    ("a + $", "S128", "$", "parameter"),
    # characters
    ("a – b", "S111", "–", "`-`"),
    ("a − b", "S111", "−", "`-`"),
    ("a × b", "S111", "×", "`*`"),
    ("a ÷ b", "S111", "÷", "`/`"),
    ("a ≤ b", "S111", "≤", "`<=`"),
    ("a ≠ b", "S111", "≠", "`!=`"),
    ("a\u00a0+ b", "S111", "\u00a0", "blank"),
    ("a\u202f+ b", "S111", "\u202f", "blank"),
    ("\ufeffa", "S111", "\ufeff", "delete"),
    ("a\u200b", "S111", "\u200b", "delete"),
    ("café + 1", "S111", "café", "`cafe`"),
    ("重 + 1", "S111", "重", "a to z"),
    ("5€", "S110", "€", "unit"),
    ("€ 5", "S110", "€", "unit"),
    ("'a\x00b'", "S110", "\x00", "U+0000"),
    ("'a\ud800'", "S110", "\ud800", "U+D800"),
    ("a \x07", "S111", "\x07", "U+0007"),
    # quotes
    ('plan = "pro"', "S113", '"pro"', "`'pro'`"),
    ('plan = "it\'s"', "S113", '"it\'s"', "`'it''s'`"),
    ("plan = ‘pro’", "S113", "‘pro’", "`'pro'`"),
    ("plan = “pro”", "S113", "“pro”", "`'pro'`"),
    ("plan = «pro»", "S113", "«pro»", "`'pro'`"),
    ("`mrr`", "S118", "`mrr`", "bare"),
    ("plan = 'pro", "S114", "'pro", "closing"),
    ("plan = 'it's'", "S114", "'", "''"),
    # names and words
    ("SUM(x)", "S112", "SUM", "`sum`"),
    ("sum(Orders.amount)", "S112", "Orders.amount", "`orders.amount`"),
    ("a AND b", "S112", "AND", "keywords"),
    ("$Window", "S112", "$Window", "`$window`"),
    ("sum(end)", "S140", "end", "dataset.end"),
    ("at + 1", "S140", "at", "reserved"),
    ("end.x", "S140", "end.x", "reserved"),
    ("a + within", "S140", "within", "reserved"),
    ("count(x per where)", "S140", "where", "reserved"),
    ("orders. amount", "S117", ".", "`orders.amount`"),
    ("count(orders.*)", "S117", ".", "count(orders)"),
    ("count(distinct x)", "S146", "distinct", "count_distinct"),
    ("select x", "S146", "select", "SQL"),
    ("name like 'a%'", "S146", "like", "contains"),
    ("a mod b", "S146", "mod", "mod(a, b)"),
    ("7 mod 2", "S146", "mod", "mod(a, b)"),
    ("sum(x by plan)", "S146", "by", "`per`"),
    ("sum(x) over plan", "S146", "over", "`per`"),
    ("if a then b else c", "S146", "if", "if(condition, a, b)"),
    ("case when a then 1 elif b then 2 end", "S146", "elif", "case when"),
    # numbers and durations
    ("5. + a", "S115", "5.", "`5.0`"),
    (".5 + a", "S115", ".", "0.5"),
    ("1.2.3", "S115", "1.2.3", "one decimal point"),
    ("1__000", "S115", "1__000", "1_000"),
    ("28days", "S115", "28days", "`28 days`"),
    ("2x", "S115", "2x", "operator"),
    ("a * 1e999", "S116", "1e999", "300"),
    ("9" * 39, "S116", "9" * 39, "38"),
    ("1e" + "9" * 150, "S116", "1e" + "9" * 150, "300"),
    ("0,5 * a", "S136", "0,5", "`0.5`"),
    ("(1,000 + a)", "S136", "1,000", "`1_000`"),
    ("28 dayz", "S141", "dayz", "`days`"),
    ("5 customers", "S141", "customers", "5 * customers"),
    ("trailing(a, 7 mod)", "S141", "mod", "seconds"),
    ("1.5 months", "S142", "1.5 months", "whole number"),
    ("0.5 years", "S142", "0.5 years", "week"),
    # operands and operators
    ("a b", "S147", "b", "an operator"),
    ("sum(a b)", "S147", "b", "`)`"),
    ("(a) (b)", "S147", "(", "missing"),
    ("'a' 'b'", "S147", "'b'", "missing"),
    ("a +", "S139", "+", "right"),
    ("a and", "S139", "and", "right"),
    ("a + * b", "S139", "*", "between `+` and `*`"),
    ("* a", "S139", "*", "before `*`"),
    ("(a + ) * b", "S139", "+", "right"),
    ("count(*)", "S139", "*", "count(orders)"),
    ("a = not b", "S139", "not", "(not b)"),
    ("a < b < c", "S135", "<", "a < b and b < c"),
    ("a = b != c", "S135", "!=", "do not chain"),
    ("a = b is null", "S135", "is", "do not chain"),
    ("a in (1) not in (2)", "S135", "not", "do not chain"),
    ("a between 1 and 2 = b", "S135", "=", "do not chain"),
    ("a between 1 or 2", "S130", "or", "`and`"),
    ("a between 1", "S131", "", "`and`"),
    ("a in 'x'", "S130", "'x'", "('a', 'b')"),
    ("a in ()", "S134", "()", "a value"),
    ("a is 5", "S130", "5", "`null`"),
    ("a is not 5", "S130", "5", "`null`"),
    ("a not 5", "S130", "5", "`in`"),
    ("a is null + 1", "S130", "+", "`and`"),
    # parentheses and commas
    ("(a + b", "S132", "(", "never closed"),
    ("sum(a", "S132", "(", "never closed"),
    ("a)", "S133", ")", "closes nothing"),
    ("()", "S134", "()", "a value"),
    ("f(a,)", "S134", ",", "follows"),
    ("f(,a)", "S134", ",", "before"),
    ("f(a,,b)", "S134", ",", "before"),
    ("a, b", "S130", ",", "the end of the formula"),
    # postfixes
    ("sum(x per day where y)", "S137", "where", "`on`, `at`, `where`, `per`"),
    ("sum(x at end on y)", "S137", "on", "order"),
    ("sum(x where y where z)", "S138", "where", "`and`"),
    ("sum(x on y on z)", "S138", "on", "twice"),
    ("x per day + 1", "S137", "+", "(m per day) + 1"),
    ("x where plan at start = 'a'", "S137", "=", "`(plan at start) = …`"),
    ("x at middle", "S143", "middle", "`at start` or `at end`"),
    ("x at", "S131", "at", "`start` or `end`"),
    ("x where", "S131", "where", "a condition"),
    ("x per 5", "S130", "5", "a dimension or a grain"),
    ("sum(where x)", "S139", "where", "missing"),
    ("a in (b where c)", "S137", "where", "parentheses"),
    ("case when a where b then c end", "S137", "where", "parentheses"),
    ("conversion(a, within b)", "S130", "b", "`7 days`"),
    ("conversion(a, within 7)", "S131", ")", "a unit of time"),
    ("conversion(a, within)", "S131", "within", "`7 days`"),
    ("within 7 days", "S140", "within", "reserved"),
    # case
    ("case a when 1 then 2 end", "S145", "a", "case when"),
    ("case when a then b", "S145", "case", "no `end`"),
    ("(case when a then b)", "S145", "case", "no `end`"),
    ("case when a then b else end", "S139", "end", "missing"),
    ("case when then b end", "S139", "then", "missing"),
    ("case when a else b end", "S145", "else", "order"),
    ("a then b", "S145", "then", "outside"),
    ("a end", "S145", "end", "outside"),
    # nothing at all
    ("", "S101", "", "empty"),
    (" \n\t ", "S101", " ", "empty"),
]


@pytest.mark.parametrize(("text", "code", "found", "phrase"), CASES)
def test_one_fault(text: str, code: str, found: str, phrase: str) -> None:
    """Each slip has its code, is shown exactly, and names the right form."""
    first, *others = faults(text)
    assert (code, found) == (first.code, stretch(text, first))
    assert phrase in f"{first.message} {first.help}"
    assert all(other.code[:1] == "S" for other in others)


def test_codes() -> None:
    """Every code is listed, and every listed code has a case."""
    assert set(CODES) == {code for _, code, *_ in CASES} | {code for _, code, _ in CAPS}


SEVERAL = {
    "a == b && c <> 'x' || !d": ["S123", "S125", "S124", "S126", "S127"],
    "SUM(x) ^ 2 – “a”": ["S112", "S120", "S111", "S113"],
    "f((a + ": ["S132", "S132", "S139"],
    "case when (a": ["S145", "S132"],
    "a ? b : c ? d : e": ["S122", "S122"],
    "5 dayz + 1.5 months + 2x": ["S141", "S142", "S115"],
}


@pytest.mark.parametrize(("text", "codes"), SEVERAL.items())
def test_several_faults(text: str, codes: list[str]) -> None:
    """All that can be seen without the grammar is reported in one run, in writing order."""
    assert codes == [fault.code for fault in faults(text)]


def test_no_flood() -> None:
    """A text of nothing but foreign signs reports a few of them."""
    assert MAX_MISTAKES == len(faults("# ^ " * 4000))


CAPS = [
    ("x" * (MAX_CHARACTERS + 1), "S102", "20,000"),
    ("(" * 100_000, "S102", "20,000"),
    (" + ".join(["x"] * 10_000), "S102", "20,000"),
    ("+".join(["x"] * 10_000), "S103", "5,000"),
    ("+".join(["x"] * (MAX_TOKENS // 2 + 1)), "S103", "5,000"),
    ("(" * (MAX_DEPTH + 1), "S104", "100"),
    ("(" * 20_000, "S104", "100"),
    ("f(" * 101 + "x" + ")" * 101, "S104", "100"),
    ("-" * 101 + "x", "S104", "100"),
    ("a * " + "-" * 101 + "x", "S104", "100"),
    ("a ?? " + "-" * 101 + "x", "S104", "100"),
    ("not " * 101 + "x", "S104", "100"),
    ("not (-" * 34 + "x" + ")" * 34, "S104", "100"),
    ("case when " * 101 + "x", "S104", "100"),
    ("(x at end + " * 101, "S104", "100"),
]


@pytest.mark.parametrize(("text", "code", "number"), CAPS, ids=range(len(CAPS)))
def test_caps(text: str, code: str, number: str) -> None:
    """Each cap is a fault of its own that says the number, whatever the formula holds."""
    (fault,) = faults(text)
    assert code == fault.code
    assert number in fault.message


@pytest.mark.parametrize(
    "text",
    [
        "x" * MAX_CHARACTERS,
        "+".join(["x"] * (MAX_TOKENS // 2)),
        "(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH,
        "-" * MAX_DEPTH + "x",
        "not " * MAX_DEPTH + "x",
        " + ".join(["(-x)"] * 900),
        " and ".join(["not -x = -y"] * 600),
        " + ".join(["case when a then 1 end"] * 600),
        "sum(" + " + ".join(["-a"] * 500) + ") - -1",
    ],
    ids=range(9),
)
def test_below_caps(text: str) -> None:
    """What just keeps to the caps is read; what was closed again does not count as nesting."""
    parse_text(text)


def test_place_in_file() -> None:
    """A fault stands where the author wrote it, also in a scalar folded over several lines."""
    lines = ("metrics:", "  nrr:", "    formula: >-", "      start_mrr", "      ^ 2")
    positions = (*((4, 7 + i) for i in range(9)), (4, 16), *((5, 7 + i) for i in range(3)))
    written = Written("start_mrr ^ 2", "revenue.yaml", positions=tuple(positions), lines=lines)
    with pytest.raises(FaultError) as caught:
        parse(written)
    place = caught.value.faults[0].place
    assert place is not None
    assert ("revenue.yaml:5:7", 1, "      ^ 2") == (str(place), place.width, place.text)


def test_long_line_not_repeated() -> None:
    """A fault of a text of megabytes does not carry the text along."""
    (fault,) = faults("x" * 5_000_000)
    assert len(str(fault)) < 1_000
    assert faults("1e" + "9" * 19_000)
    assert len(str(faults("'" + "x" * 19_000)[0])) < 21_000


def test_plain_words() -> None:
    """No message shows a name that only the grammar knows."""
    terminals = "|".join({t.name for t in load_grammar().terminals} - {word.upper() for word in ("in", "at", "on")})
    for text, *_ in CASES:
        if "AND" in text:
            continue  # the author's own word
        for fault in faults(text):
            assert re.search(rf"\b({terminals}|END|\$END|_\w+STAR\w*)\b", f"{fault.message} {fault.help}") is None


@pytest.mark.parametrize("word", sorted(RESERVED - {"null", "true", "false"}))
def test_reserved(word: str) -> None:
    """A reserved word is no name, wherever it stands."""
    for text in (word, f"sum({word})", f"{word} + 1", f"1 + {word}", f"{word}(x, y)(z)", f"x per {word}"):
        assert faults(text)
