"""Every fault code has one meaning, and every meaning is raised somewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

from tallymark import codes as tables
from tallymark.codes import CODES
from tallymark.errors import FAMILIES

ROOT = Path(__file__).parents[2]
ROOTS = ("engine/tallymark", "plugins/tallymark_plugins", "metric_defs/tallymark_packs")
HERE = Path(__file__).parent


def strings(tree: ast.Module) -> Iterator[str]:
    """Every string in a module's code; docstrings and the keys of tables of meanings are none."""
    said = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    keys = {id(k) for n in ast.walk(tree) if isinstance(n, ast.Dict) for k in n.keys if k is not None}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said | keys:
            yield node.value


def raised() -> dict[str, str]:
    """The codes in the source, each with a file that has it."""
    files = [f for root in ROOTS for f in (ROOT / root).rglob("*.py") if f.parent.name != "codes"]
    return {
        text: str(file.relative_to(ROOT))
        for file in files
        for text in strings(ast.parse(file.read_text(encoding="utf-8")))
        if len(text) == 4 and text[0] in FAMILIES and text[1:].isdecimal()
    }


def test_every_code_that_is_raised_has_a_meaning() -> None:
    """A code in the source is in the table."""
    assert {} == {code: file for code, file in raised().items() if code not in CODES}


def test_every_meaning_is_raised() -> None:
    """A code in the table is in the source."""
    assert set() == CODES.keys() - raised().keys()


def test_codes_are_in_order_and_of_a_family() -> None:
    """The table is ordered within each family, and each code's letter is a family's."""
    for family in FAMILIES:
        codes = [c for c in CODES if c.startswith(family)]
        assert sorted(codes) == codes
    assert {c[0] for c in CODES} <= FAMILIES.keys()


def test_a_code_stands_once_among_its_family() -> None:
    """Each family has a table of its own, whose codes all begin with its letter."""
    assert list(FAMILIES) == ["".join({c[0] for c in table}) for table in tables.FAMILIES]


def test_a_meaning_stands_for_one_code() -> None:
    """No two codes of one family stand for the same kind of mistake."""
    assert len(CODES) == len({(code[0], meaning) for code, meaning in CODES.items()})


def test_every_code_of_the_checker_has_a_case() -> None:
    """Each code of names, types and units is shown by a case of this folder."""
    of_formulas = {c["code"] for c in yaml.safe_load((HERE / "faults.yaml").read_text(encoding="utf-8"))}
    files = yaml.safe_load((HERE / "definitions.yaml").read_text(encoding="utf-8"))
    of_files = {f["code"] for case in files for f in case["faults"]}
    # Plugins' rows (test_function_table, engine/test_python_functions), and those that cases/conversions shows.
    elsewhere = {"T231", "T234", "T236", "T281"}
    assert {c for c in CODES if c[0] in "TU"} - elsewhere == {c for c in of_formulas | of_files if c[0] in "TU"}
