"""The page of the built-in plugins: what it says of notifiers is what their kinds take.

REWRITE_REFERENCE=1 makes the tables of options anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tallymark.definitions import NotifierDef
from tallymark.options import Owner, check_options, described
from tallymark.read import read_texts
from tallymark_plugins.notifiers import ROOMS

from .sending import PLUGINS

PAGE = Path(__file__).parents[2] / "plugins" / "README.md"
TABLE = re.compile(r"(<!-- options of the notifier (\w+) -->\n)((?:\|.*\n)*)")


def table(kind: str) -> str:
    """The options of a kind, with what each is."""
    rows = (f"| `{name}` | {words} |" for name, words in described(PLUGINS.notifiers[kind].options))
    return "\n".join(["| option | what it is |", "|---|---|", *rows, ""])


def test_the_tables_say_what_the_kinds_take() -> None:
    """Every kind has a table of its options, each option as its schema describes it."""
    text = PAGE.read_text("utf-8")
    if os.environ.get("REWRITE_REFERENCE"):
        text = TABLE.sub(lambda found: found[1] + table(found[2]), text)
        PAGE.write_text(text, "utf-8")
    told = {found[2]: found[3] for found in TABLE.finditer(text)}
    assert {room.KIND.name: table(room.KIND.name) for room in ROOMS} == told


def test_what_is_told_again_is_told_so() -> None:
    """The page says of each kind whether it tells once what is sent again."""
    rows = re.findall(r"^\| `(\w+)` \| (once|twice)\b", PAGE.read_text("utf-8"), re.MULTILINE)
    assert {room.KIND.name: room.KIND.repeatable for room in ROOMS} == {name: word == "once" for name, word in rows}


BLOCKS = re.findall(r"^```yaml\n(notifiers:.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
DECLARED = [n for block in BLOCKS for n in read_texts([("tally.yaml", block)])[0].notifiers.values()]


@pytest.mark.parametrize("declared", DECLARED, ids=[n.name for n in DECLARED])
def test_notifiers_of_the_page_are_sound(declared: NotifierDef) -> None:
    """Each has a kind that there is, and options as its schema says, secrets by reference."""
    kind = PLUGINS.notifiers[declared.kind]
    assert [] == check_options(declared.options, kind.options, Owner("notifier"))


def test_every_kind_is_shown() -> None:
    """The page declares a notifier of every kind."""
    assert {room.KIND.name for room in ROOMS} == {n.kind for n in DECLARED}
