"""A batch of texts in, their labels out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from tallymark.errors import Fault, FaultError
from tallymark_plugins.feedback.languages import Languages, code_of
from tallymark_plugins.feedback.sentiment import Sentiment
from tallymark_plugins.feedback.settings import Settings
from tallymark_plugins.feedback.topics import Topics

_GATE = threading.Lock()
_MADE: list[tuple[Settings, _Labeller]] = []
"""The labeller made last: its models and word lists take a moment to load and much memory to keep twice."""


class _Labeller:
    def __init__(self, settings: Settings) -> None:
        try:
            self.languages = Languages(settings.languages)
            self.sentiment = Sentiment(settings.words)
        except ImportError as error:
            help_ = "install it: pip install 'tallymark[feedback]'"
            message = f"labelling answers needs the package `{error.name}`, which is not installed"
            raise FaultError(Fault("P790", message, None, help_)) from error
        except KeyError as error:
            message = f"no language that can be told apart is called {error}"
            raise FaultError(Fault("P764", message, None, "write languages as ISO 639-1 does: en, fr")) from error
        self.topics = Topics(settings.topics, settings.bare)


def labelled(settings: Settings, texts: Sequence[str | None], languages: Sequence[str | None]) -> dict[str, list[Any]]:
    """The labels of texts, by the names of the model's columns; None where there is nothing to say.

    `languages` are those that are known already; the others are found out. Raises FaultError (P790) when a library is
    not installed.
    """
    labeller = _labeller(settings)
    told = [(text or "").strip() for text in texts]
    given = [code_of(language) for language in languages]
    found = labeller.languages.of([text if known is None else "" for text, known in zip(told, given, strict=True)])
    spoken = [(known or other) if text else None for text, known, other in zip(told, given, found, strict=True)]
    topics = [labeller.topics.of(text, language) for text, language in zip(told, spoken, strict=True)]
    return {
        "language": spoken,
        "sentiment": [labeller.sentiment.of(text, language) for text, language in zip(told, spoken, strict=True)],
        "topic": [each[0] if each else None for each in topics],
        "topics": [", ".join(each) if each else None for each in topics],
    }


def _labeller(settings: Settings) -> _Labeller:
    with _GATE:
        if not _MADE or _MADE[0][0] != settings:
            _MADE[:] = [(settings, _Labeller(settings))]
        return _MADE[0][1]
