"""Open answers, labelled: the language of each, how it feels, what it speaks of. Offline, by libraries and word lists.

    datasets:
      feedback: {transform: "feedback.label(answers, text: comment)", implements: feedback}

Labels are made of a text alone, so they stay what they are when other answers come in: metrics over time compare. The
libraries come with the extra: `pip install 'tallymark[feedback]'`.

    __init__.py    the row model, as the engine knows it
    labelling.py   what it computes: a batch of texts in, their labels out
    languages.py   which language a text is in
    sentiment.py   how it feels: the rules of VADER, with word lists in English and in French
    topics.py      what it speaks of: words and beginnings of words
    settings.py    what a project may say of all this
    data/          the word lists
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tallymark import PluginInfo, RowInput, RowModel, RowOutput, hookimpl
from tallymark_plugins.feedback.settings import SCHEMA, Settings, settings_of

VERSION = "1"
"""Goes up whenever a text may get other labels than before."""

tally_plugin = PluginInfo(
    "feedback", "Labels open answers with their language, sentiment and topics, offline.", config=SCHEMA
)

TEXT = RowInput("text", "text", "The column that holds the answers.")
LANGUAGE = RowInput("language", "text", "The column with their languages (en, fr-FR), where known.", required=False)

OUTPUTS = (
    RowOutput(
        "language",
        "text",
        label={"en": "Language", "fr": "Langue", "ro": "Limbă"},
        description={"en": "The language of the text, as ISO 639 writes it: `en`, `fr`."},
        absent=": no text, or too little to tell",
    ),
    RowOutput(
        "sentiment",
        "double",
        "score",
        label={"en": "Sentiment", "fr": "Sentiment", "ro": "Sentiment"},
        description={"en": "How the text feels, from -1 (bad) over 0 (neither) to 1 (good)."},
        absent=": no text, or its language is not known to be English or French",
    ),
    RowOutput(
        "topic",
        "text",
        label={"en": "Topic", "fr": "Sujet", "ro": "Subiect"},
        description={"en": "What the text speaks of most."},
        absent=": no text, or it speaks of no topic that has words",
    ),
    RowOutput(
        "topics",
        "text",
        label={"en": "Topics", "fr": "Sujets", "ro": "Subiecte"},
        description={"en": "All that the text speaks of, most first, with commas between."},
    ),
)


def model(settings: Settings) -> RowModel:
    """`feedback.label`, as a project sets it up."""

    def label(inputs: Any) -> Mapping[str, Sequence[Any]]:
        # The libraries are loaded with the first texts, not with the plugin.
        from tallymark_plugins.feedback.labelling import labelled

        return labelled(settings, inputs.column("text").to_pylist(), inputs.column("language").to_pylist())

    return RowModel(
        "feedback.label",
        f"{VERSION}{settings.mark}",
        "Labels open answers: their language, how they feel (-1 to 1), what they speak of.",
        "feedback.label(answers, text: comment)",
        (TEXT, LANGUAGE),
        OUTPUTS,
        label,
        batch=1_000,
    )


@hookimpl
def tally_models(config: Mapping[str, Any]) -> tuple[RowModel, ...]:
    """The one model this plugin gives."""
    return (model(settings_of(config)),)
