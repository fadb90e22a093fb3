"""Histories of an instance written as letters, and rules to fold them with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tallymark.definitions import NoDataDef, RuleDef
from tallymark.read.values import written_formula
from tallymark.rules.states import Observation
from tests.rules.model import Patience

OBSERVED = {
    "T": (True, False, True),
    "B": (True, True, True),
    "C": (False, True, True),
    "H": (False, False, True),
    "M": (False, None, True),
    "_": (None, None, True),
    "U": (None, True, True),
    ".": (None, None, False),
    "X": (True, True, False),
}
"""What each letter says of `when`, of `clear`, and whether there is a row: `T`rue, `B`oth true, `C`leared, neither
(`H`eld), `M`issing `clear`, unknown (`_`, and `U` although it may end), and no row at all (`.`, and `X` whatever is said).
"""


def observed(letters: str) -> list[Observation]:
    """One observation a month, from January 2000 on."""
    return [
        Observation(date(2000 + number // 12, number % 12 + 1, 1), when, clear, present=present)
        for number, (when, clear, present) in enumerate(OBSERVED[letter] for letter in letters)
    ]


def a_rule(patience: Patience) -> RuleDef:
    """A rule of that patience."""
    clear = written_formula("nrr > 1") if patience.clears else None
    return RuleDef(
        "watched", written_formula("nrr < 1"), "month", clear, lasting=patience.lasting,
        keep_firing=patience.keep_firing, no_data=NoDataDef(patience.no_data),
    )  # fmt: skip


def initials(words: Sequence[str]) -> str:
    """`ok` is o, `pending` p, `firing` f, `no_data` n."""
    return "".join(word[0] for word in words)
