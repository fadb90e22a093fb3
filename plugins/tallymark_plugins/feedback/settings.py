"""What a project may say of how its answers are labelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

LANGUAGES = ("en", "fr", "ro", "de", "es", "it", "nl", "pt")
"""Languages that answers may be in unless a project says which. Few are told apart better than many."""

_CODE = {"type": "string", "pattern": "^[a-z]{2}$"}
_LISTED = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 100}, "maxItems": 1_000}
_WEIGHED = {"type": "object", "additionalProperties": {"type": "number", "minimum": -4, "maximum": 4}}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "languages": {
            "type": "array", "items": _CODE, "minItems": 1, "uniqueItems": True,
            "description": "Languages that answers may be in; few are told apart better than many.",
        },
        "topics": {
            "type": "object",
            "additionalProperties": {"type": "object", "propertyNames": _CODE, "additionalProperties": _LISTED},
            "description": "Words of topics, by topic and language; `word*` for all that begin so.",
        },
        "own_topics": {"type": "boolean", "description": "Whether the topics that come with it stay; they do."},
        "words": {
            "type": "object",
            "properties": {"en": _WEIGHED, "fr": _WEIGHED},
            "additionalProperties": False,
            "description": "What words and phrases weigh, from -4 to 4, by language.",
        },
    },
    "additionalProperties": False,
}  # fmt: skip
"""A JSON Schema of the plugin's options."""

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
