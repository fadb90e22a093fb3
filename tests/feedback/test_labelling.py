"""Labels of open answers: on sentences that people labelled, on texts that are none, and as a project changes them.

`sentences.csv` was at hand while the word lists were written; `held_out.csv` was written and labelled afterwards, by the
same hand, and nothing was changed for it. Both have 60 sentences or more in each language.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tallymark
from tallymark.definitions import Project
from tallymark.errors import FaultError
from tallymark.read import read_texts
from tallymark_plugins import feedback
from tallymark_plugins.feedback.labelling import labelled
from tallymark_plugins.feedback.languages import Languages, code_of
from tallymark_plugins.feedback.sentiment import in_order
from tallymark_plugins.feedback.settings import Settings, settings_of
from tallymark_plugins.feedback.topics import Topics

HERE = Path(__file__).parent


@cache
def sentences(file: str) -> tuple[dict[str, str], ...]:
    """The labelled sentences of a file."""
    with (HERE / file).open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def label(*texts: str | None, language: str | None = None, settings: Settings | None = None) -> dict[str, list[Any]]:
    """The labels of texts."""
    return labelled(settings or Settings(), texts, [language] * len(texts))


def feeling(score: float | None) -> str | None:
    """The side that a score is on, as the packs' metrics draw the line."""
    if score is None:
        return None
    return "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"


def right(file: str, language: str, column: str) -> float:
    """The share of a file's sentences in a language whose label is the one that was given by hand."""
    rows = [row for row in sentences(file) if row["language"] == language]
    found = label(*(row["text"] for row in rows), language=None if column == "language" else language)
    values = map(feeling, found["sentiment"]) if column == "sentiment" else found[column]
    return sum((value or "") == row[column] for value, row in zip(values, rows, strict=True)) / len(rows)


# --- how often they are right ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "column", "english", "french"),
    [
        ("sentences.csv", "language", 0.98, 0.98),
        ("sentences.csv", "sentiment", 0.96, 0.95),
        ("sentences.csv", "topic", 0.95, 0.95),
        ("held_out.csv", "language", 1.0, 1.0),
        ("held_out.csv", "sentiment", 0.70, 0.76),
        ("held_out.csv", "topic", 0.61, 0.66),
    ],
)
def test_labels_are_right_as_often_as_is_said(file: str, column: str, english: float, french: float) -> None:
    """What `plugins/README.md` says of the share of right labels holds, in each language."""
    assert english <= right(file, "en", column)
    assert french <= right(file, "fr", column)


def test_other_languages_are_told_apart() -> None:
    """Sentences in Romanian, German and Spanish have their language, and no sentiment."""
    rows = [row for row in sentences("sentences.csv") if row["language"] not in ("en", "fr")]
    found = label(*(row["text"] for row in rows))
    assert [row["language"] for row in rows] == found["language"]
    assert {None} == set(found["sentiment"])


def test_romanian_has_topics() -> None:
    """The vocabulary has three languages."""
    rows = [row for row in sentences("sentences.csv") if row["language"] == "ro"]
    assert [row["topic"] for row in rows] == label(*(row["text"] for row in rows))["topic"]


# --- texts that are none, or odd --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "", "  \n", "\u00a0"])
def test_no_text_has_no_label(text: str | None) -> None:
    """Whatever its language is said to be."""
    assert {"language": [None], "sentiment": [None], "topic": [None], "topics": [None]} == label(text, language="fr")


@pytest.mark.parametrize("text", ["12345", "!!!", "-", "👍", "5/5"])
def test_a_text_without_words_has_no_language(text: str) -> None:
    """And so no sentiment."""
    found = label(text)
    assert ([None], [None]) == (found["language"], found["sentiment"])


def test_a_word_of_several_languages_has_none() -> None:
    """`Super` may be any of four."""
    assert [None] == label("Super")["language"]


def test_a_long_text_is_labelled() -> None:
    """A hundred thousand words take no more than their share, and stay between -1 and 1."""
    (score,) = label("This is very good. " * 25_000, language="en")["sentiment"]
    assert 0.9 < score <= 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("fr", "fr"),
        ("FR", "fr"),
        ("fr-CA", "fr"),
        ("en_GB", "en"),
        (" ro ", "ro"),
        ("", None),
        (None, None),
        ("français", None),
        ("12", None),
    ],
)
def test_a_known_language_is_read(said: str | None, code: str | None) -> None:
    """As codes are written; anything else is found out."""
    assert code == code_of(said)


def test_a_known_language_is_not_found_out() -> None:
    """`Super` is French where the survey was."""
    assert (["fr"], ["positive"]) == (
        (found := label("Super", language="fr-FR"))["language"],
        [feeling(found["sentiment"][0])],
    )


def test_a_text_has_the_same_labels_in_any_company() -> None:
    """A batch says nothing about a text."""
    texts = [row["text"] for row in sentences("held_out.csv")]
    together = label(*texts)
    alone = [label(text) for text in texts[:40]]
    assert [{k: v[n] for k, v in together.items()} for n in range(40)] == [
        {k: v[0] for k, v in a.items()} for a in alone
    ]


# --- French negation ---------------------------------------------------------------------------------------------------

WEIGHS = {"bon": 1.6, "recommande": 0.9, "marche": 0.5, "content": 2.0, "rapide": 1.6, "déçu": -2.2}


@pytest.mark.parametrize(
    ("text", "ordered"),
    [
        ("Ce n'est pas bon.", "Ce est pas bon."),
        ("Je ne recommande pas.", "Je ne recommande"),
        ("Je recommande pas !", "Je pas recommande !"),
        ("Je n’ai jamais été déçu", "Je ai jamais été déçu"),
        ("C'est plus rapide", "C' est plus rapide"),
        ("Ce n'est plus rapide", "Ce est jamais rapide"),
        ("Ça marche pas mal, content", "Ça marche pas mal, content"),
        ("Lent mais bon", "Lent but bon"),
    ],
)
def test_a_negation_stands_once_and_before(text: str, ordered: str) -> None:
    """VADER's rules look for negations before a word."""
    assert ordered == in_order(text, WEIGHS)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("C'est bon.", "Ce n'est pas bon."),
        ("Je recommande.", "Je ne recommande pas."),
        ("Je suis très content du service.", "Je ne suis vraiment pas content du service."),
        ("Jamais déçue.", "Déçue."),
        ("It is good.", "It is not good."),
        ("It is good, but slow.", "It is slow, and slow."),
    ],
)
def test_a_negation_turns_a_text(better: str, worse: str) -> None:
    """Said with and without."""
    language = "en" if better.startswith("It") else "fr"
    good, bad = label(better, worse, language=language)["sentiment"]
    assert bad < good
    assert bad < 0


# --- topics ------------------------------------------------------------------------------------------------------------


def test_topics_come_in_the_order_of_their_weight() -> None:
    """Most different words first, then the first in the text."""
    found = label("Slow delivery of the parcel, and a slow page.", language="en")
    assert (["delivery"], ["delivery, speed"]) == (found["topic"], found["topics"])


def test_words_count_whole_unless_they_say_so() -> None:
    """`bill` is not in `billboard`; `invoic*` is in `invoices`; accents, capitals and apostrophes do not count."""
    topics = Topics({"bills": {"en": ("bill", "invoic*", "l'été chaud")}}, bare=True)
    assert [["bills"], [], ["bills"], ["bills"]] == [
        topics.of(text, "en") for text in ("Bill!", "a billboard", "my INVOICES", "L’ETE   chaud")
    ]


def test_a_word_is_no_pattern() -> None:
    """What is written in a vocabulary stands for itself."""
    topics = Topics({"odd": {"en": ("c++", "a.b", "(x")}}, bare=True)
    assert [["odd"], ["odd"], [], ["odd"]] == [topics.of(t, "en") for t in ("in C++", "a.b", "a-b", "say (x")]


def test_a_project_adds_words_and_topics() -> None:
    """Beside the plugin's, or alone."""
    config = {"topics": {"safety": {"en": ["helmet*"]}, "price": {"en": ["dear"]}}}
    more, alone = settings_of(config), settings_of({**config, "own_topics": False})
    text = "A dear helmet, delivered."
    assert ["safety, price, delivery"] != label(text, language="en")["topics"]
    assert {"safety", "price", "delivery"} == set(label(text, language="en", settings=more)["topics"][0].split(", "))
    assert {"safety", "price"} == set(label(text, language="en", settings=alone)["topics"][0].split(", "))


def test_a_project_weighs_words() -> None:
    """A word that means something in the trade has its own weight."""
    own = settings_of({"words": {"en": {"sick": 3, "on fire": 3}, "fr": {"mortel": 3}}})
    assert [True, True] == [
        s > 0.5 for s in label("This is sick!", "You are on fire", language="en", settings=own)["sentiment"]
    ]
    assert 0.5 < label("C'est mortel", language="fr", settings=own)["sentiment"][0]
    assert 0 > label("This is sick!", language="en")["sentiment"][0]


def test_languages_can_be_few() -> None:
    """Of one language every text with words is in it; one that nobody knows is refused."""
    assert ["en", None] == Languages(("en",)).of(["Super", "123"])
    assert ["fr"] == label("Super", settings=Settings(("fr",)))["language"]
    with pytest.raises(FaultError, match="no language that can be told apart is called 'xx'"):
        label("Super", settings=Settings(("en", "xx")))


def test_other_settings_are_another_version() -> None:
    """Results of one are not taken for those of the other."""
    assert feedback.VERSION == feedback.model(Settings()).version
    other = feedback.model(settings_of({"topics": {"a": {"en": ["b"]}}})).version
    assert feedback.VERSION != other
    assert other != feedback.model(settings_of({"topics": {"a": {"en": ["c"]}}})).version


# --- in a book ---------------------------------------------------------------------------------------------------------

ANSWERS = pa.table(
    {
        "id": ["1", "2", "3", "4", "5"],
        "customer": ["a", "a", "b", "b", "c"],
        "given_at": pa.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-02-05", "2024-01-06"]).cast(
            pa.timestamp("us")
        ),
        "comment": [
            "Great support!",
            "Livraison en retard, colis abîmé.",
            None,
            "I hate it.",
            "Coletul a ajuns ieri dimineață.",
        ],
    }
)
YAML = """
datasets:
  customers: {key: id, columns: {id: text}}
  answers: {key: id, time: given_at, columns: {id: text, customer: text, given_at: timestamp, comment: text}}
  feedback:
    transform: "feedback.label(answers, text: comment)"
    refs: {customer: customers}
    columns: {text: {column: comment}}
metrics:
  negative_share: {formula: "count(feedback where sentiment <= -0.05) / count(feedback where sentiment is not null) * 100", unit: percent}
"""


def opened(yaml: str) -> tallymark.Book:
    """A book of answers."""
    definitions, faults = read_texts([("book.yaml", yaml)], project=Project(folder=""))
    assert [] == faults
    tables = {"answers": ANSWERS, "customers": pa.table({"id": ["a", "b", "c"]})}
    return tallymark.open(definitions=definitions, tables=tables, plugins=False)


def test_labels_are_columns_of_a_dataset() -> None:
    """One of the two answers in January that have a sentiment is bad; the others are noted."""
    answer = opened(YAML).ask("negative_share", period="2024-01")
    assert 50 == answer.value
    note = "2 rows of `feedback` have no `sentiment`: no text, or its language is not known to be English or French"
    assert note in answer.notes


def test_labels_group_answers() -> None:
    """By language and topic."""
    rows = opened(YAML).ask("count(feedback)", by=("feedback.language", "topic"), period="2024-01").to_dicts()
    assert {("en", "support"), ("fr", "delivery"), (None, None), ("ro", "delivery")} == {
        (r["feedback.language"], r["topic"]) for r in rows
    }


def test_without_the_libraries_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, by a fault."""
    monkeypatch.setitem(__import__("sys").modules, "vader", None)
    with pytest.raises(FaultError) as caught:
        label("Hello", settings=Settings(("en",), bare=True))
    assert [("P790", "install it: pip install 'tallymark[feedback]'")] == [
        (f.code, f.help) for f in caught.value.faults
    ]
