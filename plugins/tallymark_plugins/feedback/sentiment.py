"""How a text feels: the rules of VADER over word lists, in English and in French.

VADER (C. Hutto, E. Gilbert, 2014) adds up what words weigh, turned by negations and strengthened by degrees, and brings
the sum between -1 and 1. Its rules look for negations before a word. French says them around the verb and often only
after it, so French texts are put into that order first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from vader import SentimentIntensityAnalyzer

REACH = 4
"""Words between `ne` and the `pas` that belongs to it, at most."""

AFTER = frozenset({"pas", "plus", "jamais", "rien", "guère", "aucun", "aucune", "personne"})
ALONE = frozenset({"pas", "jamais"})
"""Words that negate after `ne`; those that negate what they follow where `ne` is left out, as in speech."""

_ELISION = re.compile(r"\b([cdjlmnst]|qu|lorsqu|puisqu|jusqu)'(?=\w)", re.IGNORECASE)
_EDGES = ".,;:!?…()«»\"'"


class Sentiment:
    """The word lists of a project; `words` weigh as they say in place of the plugin's. Raises ImportError without the
    library.
    """

    def __init__(self, words: Mapping[str, Mapping[str, float]]) -> None:
        from vader import SentimentIntensityAnalyzer

        own = _data()
        self._english: SentimentIntensityAnalyzer = _analyzer(
            SentimentIntensityAnalyzer, own["en"], words.get("en", {})
        )
        self._french: SentimentIntensityAnalyzer = _french(SentimentIntensityAnalyzer, own["fr"], words.get("fr", {}))

    def of(self, text: str, language: str | None) -> float | None:
        """From -1 to 1; None of no text, and of a language without word lists."""
        if not text:
            return None
        if language == "en":
            return float(self._english.polarity_scores(text)["compound"])
        if language == "fr":
            return float(self._french.polarity_scores(in_order(text, self._french.lexicon))["compound"])
        return None


@cache
def _data() -> Any:
    return yaml.safe_load((files(__package__) / "data/sentiment.yaml").read_text(encoding="utf-8"))


def _analyzer(make: Any, own: Any, words: Mapping[str, float]) -> Any:
    from vader.data.lexicon import MULTIWORD

    singles, phrases = _split({**own["words"], **own["phrases"], **words})
    return make(extra_lexicon=singles, multiword={**MULTIWORD, **phrases})


def _french(make: Any, own: Any, words: Mapping[str, float]) -> Any:
    from vader.data.lexicon import LEXICON

    signs = {sign: weight for sign, weight in LEXICON.items() if not any(c.isalpha() for c in sign)}
    singles, phrases = _split({**own["words"], **own["phrases"], **words})
    return make(
        {**signs, **_lexicon(), **singles},
        booster=own["boosters"],
        negations=own["negations"],
        special_cases={},
        idioms={},
        multiword={_spaced(phrase): weight for phrase, weight in phrases.items()},
    )


def _split(words: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Single words, and phrases."""
    lowered = {word.lower(): float(weight) for word, weight in words.items()}
    return (
        {word: weight for word, weight in lowered.items() if " " not in word},
        {word: weight for word, weight in lowered.items() if " " in word},
    )


@cache
def _lexicon() -> dict[str, float]:
    lines = (files(__package__) / "data/lexicon_fr.tsv").read_text(encoding="utf-8").splitlines()
    return {word: float(weight) for word, weight in (line.split("\t") for line in lines)}


def _spaced(text: str) -> str:
    """French with a space after each elision: `n'est` is two words."""
    return _ELISION.sub(r"\1' ", text.replace("’", "'"))


def in_order(text: str, lexicon: Mapping[str, float]) -> str:
    """A French text with each negation before what it negates, and once: `ne recommande`, `est pas bon`.

    Of `ne … pas`, the one stays that stands before the word that weighs something. Speech leaves `ne` out: `marche pas`
    becomes `pas marche`. `mais` is said as VADER's rules know it.
    """
    words = _spaced(text).split()
    plain = [word.strip(_EDGES).lower() for word in words]
    for place, word in enumerate(plain):
        if word == "mais":
            words[place] = "but"
        if word not in AFTER:
            continue
        start = next((p for p in range(place - 1, max(-1, place - REACH - 1), -1) if plain[p] in ("ne", "n")), None)
        between = range(place if start is None else start + 1, place)
        if start is not None and any(plain[p] in lexicon for p in between):
            words[place], plain[place] = "", ""
        elif start is not None:
            words[start], plain[start] = "", ""
            if word in ("plus", "personne"):
                words[place] = words[place].lower().replace(word, "jamais")
        elif word in ALONE and place and plain[place - 1] in lexicon and _ends(plain, place, lexicon):
            words[place - 1], words[place] = words[place], words[place - 1]
            plain[place - 1], plain[place] = plain[place], plain[place - 1]
    return " ".join(word for word in words if word)


def _ends(plain: list[str], place: int, lexicon: Mapping[str, float]) -> bool:
    """Whether nothing that weighs something comes soon after, which the negation would rather belong to."""
    return not any(word in lexicon for word in plain[place + 1 : place + 4])
