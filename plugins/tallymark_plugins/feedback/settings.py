"""What a project may say of how its answers are labelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

LANGUAGES = ("en", "fr", "ro", "de", "es", "it", "nl", "pt")
"""Languages that answers may be in unless a project says which. Few are told apart better than many."""

Words = Mapping[str, tuple[str, ...]]
"""Words by language."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`languages`: those that answers may be in. `topics`: words of topics, beside those that come with the plugin, by
    topic and language. `words`: what words weigh (-4 to 4) by language, beside or in place of the plugin's. `bare`
    leaves the plugin's own topics out.
    """

    languages: tuple[str, ...] = LANGUAGES
    topics: Mapping[str, Words] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    bare: bool = False

    @property
    def mark(self) -> str:
        """What stands after the version, so that other settings are another version; nothing after the common ones."""
        if self == Settings():
            return ""
        return "+" + sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings that a project's options say."""
    topics = {
        topic: {language: tuple(listed) for language, listed in words.items()}
        for topic, words in config.get("topics", {}).items()
    }
    words = {language: dict(weights) for language, weights in config.get("words", {}).items()}
    languages = tuple(config.get("languages", LANGUAGES))
    return Settings(languages, topics, words, not config.get("own_topics", True))
