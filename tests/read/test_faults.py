"""Mistakes in project files: each a coded fault at its exact stretch, all in one run, and nothing ever raises."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark.definitions import Definitions
from tallymark.errors import Fault
from tallymark.read import read_texts


def faults(metrics: str = "", project: str = "") -> list[Fault]:
    """The faults in a metric file, and in a `tally.yaml`, that have these texts."""
    return read_texts([("tally.yaml", project), ("m.yaml", metrics)], packs={"revenue": []})[1]


def shown(fault: Fault) -> str:
    """What stands above the caret."""
    assert fault.place is not None
    start = fault.place.column - 1
    return fault.place.text[start : start + fault.place.width]


def told(fault: Fault) -> tuple[str, int, int, int]:
    """The code, and the stretch in numbers."""
    place = fault.place
    assert place is not None
    return fault.code, place.line, place.column, place.width


SECTIONS = [
    "metrics",
    "datasets",
    "parameters",
    "sources",
    "limits",
    "packs",
    "name",
    "timezone",
    "fiscal_year_start",
    "calendar",
]
KEYS = ["a", "formula", "unit", "label", "columns", "refs", "valid", "format", "nulls", "type", "default", "options"]
KEYS += [
    "pattern",
    "ends",
    "day",
    "week_53",
    "kind",
    "cells",
    "aliases",
    "tags",
    "decimals",
    "money",
    "table",
    "source",
    "column",
    "dataset",
    "missing",
]

# Code, the stretch under the caret, a part of the help, the file.
IN_METRIC_FILES = [
    ("R020", "lable", "`label`", "metrics:\n  a: {formula: b, lable: A}"),
    ("R020", "metric", "`metrics`", "metric:\n  a: b"),
    ("R020", "currency", "tally.yaml", "currency: EUR"),
    ("R021", "[b]", "a: sum(orders.amount)", "metrics:\n  a: [b]"),
    ("R021", "{c: d}", None, "metrics:\n  a: {formula: b, label: {fr: {c: d}}}"),
    ("R021", "[c]", "label: Net", "metrics:\n  a: {formula: b, label: [c]}"),
    ("R021", "one", "decimals: 1", "metrics:\n  a: {formula: b, decimals: one}"),
    ("R021", "'true'", "hidden: true", "metrics:\n  a: {formula: b, hidden: 'true'}"),
    ("R021", "[c]", None, "metrics:\n  a: {formula: b, tags: [[c]]}"),
    ("R021", "a.csv", "table: orders.csv", "datasets:\n  a: a.csv"),
    ("R021", "[b]", "{sessionize: events, gap: 30 minutes, per: user}", "datasets:\n  a: {transform: [b]}"),
    ("R021", "5", "{sessionize: events, gap: 30 minutes, per: user}", "datasets:\n  a: {transform: 5}"),
    ("R005", ":", 'quote the whole call: `transform: "sess', "datasets:\n  a:\n    transform: f(b, gap: 1 day)"),
    ("R033", "table", "keep one", "datasets:\n  a: {transform: f(b), table: b}"),
    ("R033", "format", "keep one", "datasets:\n  a: {transform: f(b), format: {decimal: ','}}"),
    ("R093", "b", "for example", "datasets:\n  a: {transform: b}"),
    ("R093", "{}", "for example", "datasets:\n  a: {transform: {}}"),
    ("R093", "{c: d}", None, "datasets:\n  a: {transform: {b: {c: d}}}"),
    ("R093", "c", "for example", "datasets:\n  a: {transform: 'f(b, per c'}"),
    ("R093", ",", "leave out one comma", "datasets:\n  a: {transform: 'f(b,, per c)'}"),
    ("R093", "gap:", "for example", "datasets:\n  a: {transform: 'f(b, gap: , per c)'}"),
    ("R093", "gap:", "keep one", "datasets:\n  a: {transform: 'f(b, gap: 1 day, gap: 2 days)'}"),
    ("R093", ")", "for example", "datasets:\n  a: {transform: 'f(b), per c)'}"),
    ("R021", "[id]", "columns:", "datasets:\n  a: {columns: [id]}"),
    ("R021", "- a", "metrics:", "- a\n"),
    ("R021", "a", "metrics:", "a"),
    ("R022", "13", "decimals: 1", "metrics:\n  a: {formula: b, decimals: 13}"),
    ("R022", "upp", "`up`", "metrics:\n  a: {formula: b, direction: upp}"),
    ("R022", "none", "`zero`, `null`", "metrics:\n  a: {formula: b, missing: none}"),
    ("R022", "[at]", "[started_at, ended_at]", "datasets:\n  a: {valid: [at]}"),
    ("R022", "intger", "`integer`", "datasets:\n  a: {columns: {b: intger}}"),
    ("R022", "money", "{unit: money}", "datasets:\n  a: {columns: {b: money}}"),
    ("R022", "fial", "`fail`", "datasets:\n  a: {format: {on_error: fial}}"),
    ("R022", "integr", None, "parameters:\n  a: {type: integr, default: 1}"),
    ("R023", "a", "formula", "metrics:\n  a: {unit: money}"),
    ("R023", "a", "default", "parameters:\n  a: {description: b}"),
    ("R023", "a", "default", "parameters:\n  a:"),
    ("R023", "{of: count(x)}", "at_least", "metrics:\n  a: {formula: x, min_count: {of: count(x)}}"),
    ("R023", "{at_least: 3}", "of: count", "metrics:\n  a: {formula: x, min_count: {at_least: 3}}"),
    ("R021", "many", "", "metrics:\n  a: {formula: x, min_count: many}"),
    ("R022", "-1", "", "metrics:\n  a: {formula: x, min_count: -1}"),
    ("R023", "b", "dataset", "datasets:\n  a: {refs: {b: {column: c}}}"),
    ("R024", "Net-MRR", "`net_mrr`", "metrics:\n  Net-MRR: b"),
    ("R024", "2nd", "`_2nd`", "metrics:\n  2nd: b"),
    ("R024", "where", "`where_metric`", "metrics:\n  where: b"),
    ("R024", "écart", "`ecart`", "metrics:\n  écart: b"),
    ("R024", "Order ID", "`order_id: {column: Order ID}`", "datasets:\n  a: {columns: {Order ID: text}}"),
    ("R024", "at", "`at_dataset`", "datasets:\n  at: {key: id}"),
    ("R026", "", "sum", "metrics:\n  a:"),
    ("R026", "''", "sum", "metrics:\n  a: {formula: ''}"),
    ("R029", "percents", "`percent`", "metrics:\n  a: {formula: b, unit: percents}"),
    ("R029", "{money: eur}", "EUR", "metrics:\n  a: {formula: b, unit: {money: eur}}"),
    ("R029", "{duration: years}", "ms", "metrics:\n  a: {formula: b, unit: {duration: years}}"),
    ("R029", "{percent: x}", "percent", "metrics:\n  a: {formula: b, unit: {percent: x}}"),
    ("R029", "{money: [EUR]}", "EUR", "metrics:\n  a: {formula: b, unit: {money: [EUR]}}"),
    ("R029", "{}", "money", "metrics:\n  a: {formula: b, unit: {}}"),
    ("R031", "5%", "5 / 100", "parameters:\n  a: 5%"),
    (
        "R031",
        ".inf",
        "finite",
        "parameters:\n  a: .inf",
    ),
    ("R031", "1e99", "digits", "parameters:\n  a: 1e99"),
    ("R031", "2024-02-31", "2024-01-31", "parameters:\n  a: 2024-02-31"),
    ("R031", "1.5 months", "whole", "parameters:\n  a: 1.5 months"),
    ("R031", "abc", "default: 0.05", "parameters:\n  a: {type: number, default: abc}"),
    ("R031", "c", "`x`, `y`", "parameters:\n  a: {default: c, options: [x, y]}"),
    ("R021", "[]", None, "scorecards: []"),
    ("R033", "source", "table", "datasets:\n  a: {source: w}"),
    ("R033", "column", "one", "datasets:\n  a: {columns: {b: {formula: c, column: d}}}"),
]


@pytest.mark.parametrize(("code", "stretch", "help", "text"), IN_METRIC_FILES)
def test_mistakes_in_metric_files(code: str, stretch: str, help: str | None, text: str) -> None:
    """Each mistake gives its own code under the exact stretch, with the right form, and no other fault."""
    (fault,) = faults(text)
    assert (code, stretch) == (fault.code, shown(fault))
    assert help is None or help in str(fault.help)


IN_PROJECTS = [
    ("R020", "curency", "`currency`", "curency: EUR"),
    ("R021", "{a: b}", "lists folders", "metrics: {a: b}"),
    ("R021", "12", "EUR", "currency: 12"),
    ("R022", "eur", "`EUR`", "currency: eur"),
    ("R022", "Monday", "`monday`", "week_start: Monday"),
    ("R022", "13", "4", "fiscal_year_start: 13"),
    ("R022", "Aprl", "`april`", "fiscal_year_start: Aprl"),
    ("R022", "0", "1000000", "limits: {cells: 0}"),
    ("R022", "French", "fr", "language: French"),
    ("R022", "4-4-4", "`5-4-4`", "calendar: {pattern: 4-4-4, ends: last friday of june}"),
    ("R022", "13", "12", "calendar: {pattern: 4-4-5, ends: last friday of june, week_53: 13}"),
    ("R020", "patern", "`pattern`", "calendar: {patern: 4-4-5, pattern: 4-5-4, ends: last friday of june}"),
    ("R021", "retail", "4-5-4", "calendar: retail"),
    ("R082", "friday", "nearest", "calendar: {pattern: 4-4-5, ends: friday}"),
    ("R082", "last friday by 31 june", "last friday by", "calendar: {pattern: 4-4-5, ends: last friday by 31 june}"),
    ("R082", "last freitag of june", "last friday by", "calendar: {pattern: 4-4-5, ends: last freitag of june}"),
    ("R083", "4", "leave out", "fiscal_year_start: 4\ncalendar: {pattern: 4-4-5, ends: last friday of june}"),
    ("R083", "monday", "leave out", "week_start: monday\ncalendar: {pattern: 4-4-5, ends: last friday of june}"),
    ("R084", "days", "keep", "calendar: {pattern: 4-4-5, ends: last friday of june, dataset: days}"),
    ("R084", "{pattern: 4-4-5}", "`ends:", "calendar: {pattern: 4-4-5}"),
    ("R084", "{dataset: days, day: d}", "columns", "calendar: {dataset: days, day: d}"),
    (
        "R084",
        "{dataset: a, month: b, quarter: c, year: d}",
        "one row a day",
        "calendar: {dataset: a, month: b, quarter: c, year: d}",
    ),
    ("R023", "w", "kind", "sources: {w: {path: x}}"),
    ("R023", "w", "kind", "sources: {w: }"),
    ("R027", "revenu", "`revenue`", "packs: [revenu]"),
    ("R030", "Europe/Pari", "`Europe/Paris`", "timezone: Europe/Pari"),
    ("R030", "../etc", None, "timezone: ../etc"),
    ("R030", "Europe", None, "timezone: Europe"),
]


@pytest.mark.parametrize(("code", "stretch", "help", "text"), IN_PROJECTS)
def test_mistakes_in_the_project_file(code: str, stretch: str, help: str | None, text: str) -> None:
    """The same for `tally.yaml`."""
    (fault,) = faults(project=text)
    assert (code, stretch) == (fault.code, shown(fault))
    assert help is None or help in str(fault.help)


FIVE = """\
datasets:
  orders:
    table: orders.csv
    columns:
      amount: {type: decimal, unti: money}
metrics:
  revenue: sum(orders.amount
  nrr:
    formula: >
      (start_mrr + expansion)
      / start_mrr ** 2
    unit: percents
  where: count(orders)
"""


def test_five_mistakes_in_one_run() -> None:
    """All mistakes of a project are told in one run, in the order of the file, each at its exact column."""
    found = faults(FIVE)
    assert [
        ("R020", 5, 31, 4),
        ("S132", 7, 15, 1),
        ("S120", 11, 19, 2),
        ("R029", 12, 11, 8),
        ("R024", 13, 3, 5),
    ] == [told(f) for f in found]
    assert [
        "column `amount` of dataset `orders`",
        "metric `revenue`",
        "metric `nrr`",
        "metric `nrr`",
        None,
    ] == [f.subject for f in found]


def test_a_faulty_metric_is_still_defined() -> None:
    """A metric whose formula or keys are at fault keeps its name, so that others that use it are not at fault too."""
    made, _ = read_texts([("m.yaml", "metrics:\n  a: sum(\n  b: {formula: c, lable: d}\n")])
    assert ["a", "b"] == list(made.metrics)
    assert made.metrics["a"].formula.node is None


def test_an_aliased_value_is_one_fault() -> None:
    """What an alias stood for is not reported missing on top."""
    assert ["R008"] == [f.code for f in faults("metrics:\n  a: *b\n")]
    assert ["R008"] == [f.code for f in faults("datasets:\n  a: {refs: {b: *c}}\n")]
    assert ["R008"] == [f.code for f in faults(project="sources: {w: *c}\n")]


def test_defined_twice_names_both_places() -> None:
    """A name defined in two files is a fault at the second that names the first."""
    texts = [(f"{n}.yaml", f"{kind}:\n  a: {value}\n") for kind, value in KINDS for n in ("x", "y")]
    for first, second in zip(texts[::2], texts[1::2], strict=True):
        _, (fault,) = read_texts([first, second])
        assert ("R025", "y.yaml:2:3") == (fault.code, str(fault.place))
        assert "x.yaml:2:3" in str(fault.help)


KINDS = [("metrics", "1"), ("datasets", "{key: id}"), ("parameters", "1")]


def test_a_file_full_of_faults_is_not_read_to_its_end() -> None:
    """After two hundred faults one says that the rest is not read."""
    found = faults("metrics:\n" + "".join(f"  a{i}: +\n" for i in range(5_000)))
    assert (201, "R034") == (len(found), found[-1].code)


HOSTILE = {
    "unknown keys": "metrics:\n a:\n  formula: b\n" + "".join(f"  k{i}: x\n" for i in range(20_000)),
    "wrong types": "metrics:\n" + "".join(f" a{i}: [x]\n" for i in range(20_000)),
    "bad items": "metrics:\n a: {formula: b, tags: [" + "[]," * 20_000 + "]}",
    "bad names": "metrics:\n" + "".join(f" A{i}: x\n" for i in range(20_000)),
    "deep formula": "metrics:\n a: " + "(" * 400_000,
    "long formula": "metrics:\n a: " + "a+" * 400_000,
    "many options": "parameters:\n a: {default: [" + "z," * 40_000 + "], options: [" + "b," * 40_000 + "]}",
    "long unit": "metrics:\n a: {formula: b, unit: '" + ": " * 200_000 + "'}",
    "long number": "metrics:\n a: {formula: b, decimals: " + "9" * 400_000 + "}",
    "huge exponent": "parameters:\n a: 1e999999999",
    "long duration": "parameters:\n a: " + "9" * 300_000 + " days",
    "long zone": "timezone: " + "a/" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_definitions_give_faults(text: str) -> None:
    """Files made to cost much give a bounded number of faults, each of a printable size."""
    found = faults(text, text)
    assert found
    assert len(found) <= 500
    assert all(len(str(f)) < 5_000 for f in found)


WHOLE = """\
name: Acme
currency: EUR
timezone: Europe/Paris
packs: [revenue]
sources: {files: {kind: files, path: data}}
parameters: {window: 365 days, feature: {type: text, default: a, options: [a, b]}}
limits: {cells: 10}
datasets:
  orders:
    table: "orders*.csv"
    valid: [from_at, to_at]
    refs: {customer: {dataset: customers, column: id}}
    format: {nulls: ["", '-']}
    columns: {id: text, amount: {unit: {money: EUR}}, ok: {formula: "score >= 4"}}
metrics:
  m: {formula: sum(orders.amount), unit: "money: EUR", label: {fr: A}, aliases: [b], decimals: 1}
  n: >
    m / 2
"""
LINES = WHOLE.splitlines()


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(deadline=None, max_examples=150)
def test_no_mutation_raises(seed: int, count: int) -> None:
    """However a project's text is cut, doubled and strewn with signs, reading it gives definitions and faults."""
    dice = random.Random(seed)
    text = WHOLE
    for _ in range(count):
        at, to = sorted(dice.randrange(len(text) + 1) for _ in range(2))
        to = min(to, at + dice.choice([0, 1, 5, 40]))
        new = dice.choice(
            [
                "",
                "",
                "[",
                "{",
                "}",
                ": ",
                "- ",
                "\n",
                " ",
                "'",
                '"',
                "*a",
                "&a ",
                "!x ",
                "null",
                "1",
                "[[]]",
                "é",
                text[at:to] * 2,
                dice.choice(LINES),
            ]
        )
        text = text[:at] + new + text[to:]
    made, found = read_texts([("tally.yaml", text), ("m.yaml", text)], packs={"revenue": [("r.yaml", text)]})
    assert isinstance(made, Definitions)
    assert all(str(f) and f.as_dict()["code"] for f in found)


@given(
    st.recursive(
        st.sampled_from(["a", "1", "null", "true", "''", "1 day", ""]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(i or "''" for i in items) + "]"),
            st.dictionaries(st.sampled_from(KEYS), inner, max_size=4).map(
                lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}"
            ),
        ),
        max_leaves=12,
    ),
    st.sampled_from(SECTIONS),
)
@settings(deadline=None, max_examples=200)
def test_no_shape_raises(value: str, section: str) -> None:
    """Any value in any place gives definitions and faults."""
    text = f"{section}: {value}\n"
    made, found = read_texts([("tally.yaml", text), ("m.yaml", text)])
    assert isinstance(made, Definitions)
    assert all(str(f) for f in found)
