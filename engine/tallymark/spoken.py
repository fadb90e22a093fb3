"""What people call things: the same name in other case, with other accents, in the plural, with or without `of the`."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from math import log

SMALL = frozenset(("a", "an", "of", "the", "to", "de", "du", "des", "d", "l", "la", "le", "les", "aux"))
"""Words of English, French and Romanian without which a name of several words is still the same name."""
NEAR = 0.84
"""How alike two words must be for one to be a slip of the other: a letter more, less or changed in six."""
TELLING = 0.6
"""How much of what the words of a text tell must be in a name for the name to be proposed."""
KEPT = 10_000
"""Names that are kept as folded: a question folds all those of a catalog, and most questions come again."""


@lru_cache(KEPT)
def plain(text: str) -> str:
    """The text in small letters without accents; everything but letters and digits is one blank."""
    return " ".join("".join(c if c.isalnum() else " " for c in unaccented(text)).split())


def unaccented(text: str) -> str:
    """The text in small letters without accents, with single blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(bare.split())


@lru_cache(KEPT)
def loose(text: str) -> str:
    """The plain text without small words and without the `s` and `x` of plurals: `taux de churn des clients` and
    `taux de churn client` are one.
    """
    return " ".join(words(text))


def words(text: str) -> tuple[str, ...]:
    """The words of a text that tell something, without the endings of plurals."""
    every = plain(text).split()
    telling = [w for w in every if w not in SMALL] or every
    return tuple(w[:-1] if len(w) > 3 and w[-1] in "sx" else w for w in telling)


def proposed(text: str, known: Mapping[str, Iterable[str]]) -> str | None:
    """The thing whose names, of those in `known`, say most of what a text of several words says; None when none does.

    A word tells more the fewer things have it in a name: `taux` alone is no reason to propose one rate for another.
    """
    names = {thing: [set(words(name)) for name in called] for thing, called in known.items()}
    having = Counter(word for called in names.values() for word in set().union(*called))
    weight = {word: log(1 + len(names) / count) for word, count in having.items()}
    asked = [_met(word, weight) for word in words(text)]
    unknown = log(1 + len(names)) / 2
    whole = sum(weight.get(word, unknown) for word in asked)

    def fits(called: list[set[str]]) -> tuple[float, float]:
        """How much of the text the best of the names has, and how little else it says."""
        told = ((sum(weight[w] for w in asked if w in name), -sum(weight[w] for w in name)) for name in called)
        return max(told, default=(0.0, 0.0))

    best = max(names, key=lambda thing: fits(names[thing]), default=None)
    return best if best is not None and fits(names[best])[0] >= TELLING * whole > 0 else None


def _met(word: str, known: Iterable[str]) -> str:
    """The known word that a word is a slip of, or the word itself."""
    close = get_close_matches(word, known, n=1, cutoff=NEAR)
    return close[0] if close else word
