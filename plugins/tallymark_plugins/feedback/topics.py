"""What a text speaks of: topics, each known by words, phrases and beginnings of words in several languages.

Rules rather than statistics: a topic found by clustering answers changes with every answer that comes in, and is called
differently each month; a metric of it would compare nothing. Words say why a text has its topic, and a project changes
them in a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from tallymark_plugins.feedback.settings import Words


class Topics:
    """The words of topics: the plugin's, unless `bare`, and those of a project."""

    def __init__(self, more: Mapping[str, Words], bare: bool) -> None:
        known: dict[str, dict[str, list[str]]] = {}
        for topics in (() if bare else (_data(),), (more,)):
            for vocabulary in topics:
                for topic, words in vocabulary.items():
                    for language, listed in words.items():
                        known.setdefault(topic, {}).setdefault(language, []).extend(listed)
        self._known = known
        self._patterns: dict[str | None, dict[str, re.Pattern[str]]] = {}

    def of(self, text: str, language: str | None) -> list[str]:
        """The topics of a text, the one with most different words first, then the one spoken of first.

        Of a language that has no words, or none that is known, the words of all languages are looked for.
        """
        if language not in self._patterns:
            self._patterns[language] = self._compiled(language)
        plain = folded(text)
        found = []
        for topic, pattern in self._patterns[language].items():
            matches = list(pattern.finditer(plain))
            if matches:
                found.append((-len({m.group() for m in matches}), matches[0].start(), topic))
        return [topic for _, _, topic in sorted(found)]

    def _compiled(self, language: str | None) -> dict[str, re.Pattern[str]]:
        listed = {
            topic: [w for each, ws in words.items() if each == language for w in ws]
            for topic, words in self._known.items()
        }
        if not any(listed.values()):
            listed = {topic: [w for ws in words.values() for w in ws] for topic, words in self._known.items()}
        return {topic: _pattern(words) for topic, words in listed.items() if words}


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Any of the words as a whole, or of the beginnings; longer ones first, so that a phrase counts once."""
    parts = []
    for word in sorted((folded(w) for w in words), key=len, reverse=True):
        head = re.escape(word.removesuffix("*")).replace(r"\ ", r"\s+")
        parts.append(head + (r"\w*" if word.endswith("*") else ""))
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def folded(text: str) -> str:
    """The text without capitals and accents, with plain apostrophes."""
    apart = unicodedata.normalize("NFKD", text.replace("’", "'").lower())
    return "".join(c for c in apart if not unicodedata.combining(c))


@cache
def _data() -> Any:
    return yaml.safe_load((files(__package__) / "data/topics.yaml").read_text(encoding="utf-8"))
