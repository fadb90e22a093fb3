"""What the table of functions says is true: names, arguments, types, units, examples."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tallymark.catalog import Catalog
from tallymark.check import check
from tallymark.check.empty_windows import Windows
from tallymark.check.formulas import Formulas
from tallymark.check.report import POISON, Report
from tallymark.definitions import Project
from tallymark.formula import nodes as n
from tallymark.formula.function import FAMILIES, GIVES, UNIT_RULES, Function, Kind, Take
from tallymark.formula.functions import CALLABLE, TABLE
from tallymark.formula.parse import parse_text
from tallymark.kinds import DECLARABLE
from tallymark.place import Written
from tallymark.read import read_texts
from tallymark.source import Table, TableColumn
from tallymark_packs import packs

from .shop import probed

ALIASES = {"negate": "-", "elapsed": "-", "is null": "is"}
"""How operators are written whose rows have another name."""


@cache
def standard() -> Catalog:
    """All packs, on tables that have every column."""
    files = [("tables.yaml", "datasets:\n" + "".join(f"  {d}: {{implements: {d}}}\n" for d in _canonical()))]
    definitions, faults = read_texts(files, project=Project(packs=("all",)), packs=packs())
    assert [] == faults

    def describe(source: str, table: Table) -> tuple[TableColumn, ...]:
        columns = definitions.canonical[table.dataset].columns.values()
        return tuple(TableColumn(c.name, DECLARABLE[c.type or "double"]) for c in columns if c.formula is None)

    catalog, found = check(definitions, describe)
    assert [] == [str(f) for f in found]
    return catalog


def _canonical() -> tuple[str, ...]:
    return tuple(read_texts([], project=Project(packs=("all",)), packs=packs())[0].canonical)


@pytest.mark.parametrize("function", TABLE.values(), ids=TABLE)
def test_example(function: Function) -> None:
    """The example uses the function, and checks on the standard packs without a word."""
    node = parse_text(function.example)
    calls = {x.name for x in n.walk(node) if isinstance(x, n.Call)}
    assert function.name in calls or function.kind is Kind.OPERATOR
    if function.kind is Kind.OPERATOR:
        assert ALIASES.get(function.name, function.name) in function.example
    catalog = standard()
    report = Report(Written(function.example), "the example")
    bound = Formulas(catalog, TABLE, Windows(catalog)).bind(node, report)
    assert [] == [str(f) for f in report.faults]
    assert {} == report.needs
    assert bound is not POISON


@pytest.mark.parametrize("function", TABLE.values(), ids=TABLE)
def test_row(function: Function) -> None:
    """A row has a help line, a signature that begins with its name, and words that mean something."""
    assert function.help.endswith(".")
    assert function.signature.startswith(f"{function.name}(")
    assert function.gives in GIVES
    assert function.unit in UNIT_RULES
    assert all(t.family in FAMILIES for t in function.takes) or function.kind in (Kind.CONTEXT, Kind.SETS, Kind.SCALAR)


def test_every_rule_for_units_is_used() -> None:
    """No rule for units is without a function, and none for plugins alone but the fixed ones."""
    assert {"count", "score", "ratio", "percent"} >= set(UNIT_RULES) - {f.unit for f in TABLE.values()}


ANSWERED = [f for f in CALLABLE.values() if f.kind is not Kind.SETS]


@pytest.mark.parametrize("function", ANSWERED, ids=[f.name for f in ANSWERED])
def test_arguments_are_counted(function: Function) -> None:
    """One argument too few or too many is a fault that shows the signature."""
    wrong = [function.least - 1] if function.least else []
    wrong += [function.most + 1] if function.most is not None else []
    assert wrong
    for count in wrong:
        result = probed(f"{function.name}({', '.join(['mrr'] * count)})")
        assert ["T203"] == result.codes
        assert f"it is called as {function.signature}" == result.faults[0].help


BAD_ROWS = [
    {"gives": "whole"},
    {"unit": "metres"},
    {"takes": (Take("x", repeats=True), Take("y"))},
    {"empty": "none"},
    {"kind": Kind.AGGREGATE, "takes": ()},
]


@pytest.mark.parametrize("wrong", BAD_ROWS, ids=lambda w: next(iter(w)))
def test_a_row_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    """A plugin's row with a word that means nothing raises as it is made, not as a formula is checked."""
    with pytest.raises(ValueError, match=r"."):
        replace(TABLE["abs"], name="mine", **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no family"):
        Take("x", "matrix")


def test_a_plugins_row_is_checked_like_any_other() -> None:
    """A row that is not in the table is bound by what it says of its types and units."""
    half = Function("half", Kind.SCALAR, (Take("x"),), "double", "first", "Half of x.", "half(mrr)", {"*": ":x / 2"})
    form = Function("later", Kind.CONTEXT, (Take("m", "any"),), "first", "first", "m later.", "later(mrr)")
    catalog = standard()
    table = {**TABLE, "half": half, "later": form}

    def codes(text: str) -> list[str]:
        report = Report(Written(text), "the formula")
        Formulas(catalog, table, Windows(catalog)).bind(parse_text(text), report)
        return [f.code for f in report.faults]

    assert [] == codes("half(mrr) + mrr")
    assert ["U301"] == codes("half(mrr) + half(paying_customers)")
    assert ["T201"] == codes("half('x')")
    assert ["T236"] == codes("later(mrr)")
