"""Hostile texts stay texts: in filters, parameters, names and rows, on the embedded database and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tallymark
from tallymark.definitions import ColumnDef, DatasetDef, Definitions, ParameterDef
from tallymark.errors import FaultError

from .server import Cluster

KNOWN = [
    "'", "''", '"', "\\", "\\'", "'; DROP TABLE hostile.words; --", "$$", "$1", "%s", ":x", "?", "{}", "/*", "--", ";",
    "E'\\x41'", "U&'\\0041'", "' OR '1'='1", "`", "\n", "\r\n", "\t", "\u2028", "😀", "\u202e", "a\u0301", "NULL", "null",
    "') UNION SELECT usename FROM pg_user --", "\x1a", "\x7f", "\ufeff", "1;SELECT pg_sleep(9)", "@key", "",
]  # fmt: skip
"""Texts that have broken out of a quotation somewhere."""

WORDS = st.one_of(
    st.sampled_from(KNOWN),
    st.lists(st.sampled_from([*KNOWN, "a", " ", "é"]), min_size=1, max_size=4).map("".join),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20),
)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def definitions() -> Definitions:
    """Words, counted, and the word that is asked for as a parameter."""
    columns = {"word": ColumnDef("word", type="text")}
    dataset = DatasetDef("words", "memory", "words", columns=columns)
    return Definitions(datasets={"words": dataset}, parameters={"asked": ParameterDef("asked", "text", "x")})


@pytest.fixture(scope="module")
def both(server: Cluster) -> Iterator[list[tallymark.Book]]:
    """The known words in the embedded database and on the server."""
    here, rows = definitions(), pa.table({"word": KNOWN})
    server.put("hostile", {"words": rows})
    there = replace(here, datasets={"words": replace(here.datasets["words"], source="pg", table="words")})
    there = replace(there, sources={"pg": server.source("hostile")})
    books = [tallymark.open(definitions=here, tables={"words": rows}), tallymark.open(definitions=there)]
    yield books
    for book in books:
        book.close()


@FEW
@given(word=WORDS)
def test_a_filter_finds_the_word_and_nothing_else(word: str, both: list[tallymark.Book]) -> None:
    """A word in a filter counts the rows that are that word."""
    quoted = word.replace("'", "''")
    for book in both:
        assert asked(book, quoted) in (KNOWN.count(word), "S")


def asked(book: tallymark.Book, quoted: str) -> object:
    """How many rows have the word; `S` where the formula cannot say it, which is noticed before any SQL is written."""
    try:
        return book.ask("count(words)", where=f"word = '{quoted}'").value
    except FaultError as error:
        return ", ".join(sorted({f.code[0] for f in error.faults}))


@FEW
@given(word=WORDS)
def test_a_parameter_is_the_word_and_nothing_else(word: str, both: list[tallymark.Book]) -> None:
    """A word as a parameter counts the same rows, in comparisons and in functions."""
    formulas = ("count(words where word = $asked)", "count(words where contains(word, $asked))")
    for book in both:
        answer = book.ask(*formulas, parameters={"asked": word})
        expected = [KNOWN.count(word), sum(word in known for known in KNOWN)]
        assert expected == list(answer.to_dicts()[0].values())


def test_a_null_character_is_refused_or_found_nowhere(both: list[tallymark.Book]) -> None:
    """PostgreSQL's texts hold no null character: it is never cut off there, which would make another statement."""
    assert 0 == both[0].ask("count(words where word = $asked)", parameters={"asked": "a\0b"}).value
    with pytest.raises(FaultError) as caught:
        both[1].ask("count(words where word = $asked)", parameters={"asked": "a\0b"})
    assert ["D468"] == [f.code for f in caught.value.faults]


def test_every_word_comes_back_as_it_is(both: list[tallymark.Book]) -> None:
    """As dimensions all words are themselves, in one order."""
    for book in both:
        found = [row["word"] for row in book.ask("count(words)", by="word", order="word").to_dicts()]
        assert sorted(set(KNOWN)) == found


def test_names_of_tables_and_columns_are_names(server: Cluster) -> None:
    """A table and its columns may be called anything that the server takes."""
    odd = ['sel"ect', "a'b; --", "Ünï", "per cent %", "x" * 60, "order", "CamelCase"]
    names = {f"c{n}": name for n, name in enumerate(odd)}
    for table in ('ta"b"le', "select", "a.b", "Größe; DROP"):
        server.put("odd", {table: pa.table({name: [n + 1, 10] for n, name in enumerate(odd)})})
        columns = {own: ColumnDef(own, type="integer", column=name) for own, name in names.items()}
        dataset = DatasetDef("odd", "pg", table, columns=columns)
        made = Definitions(datasets={"odd": dataset}, sources={"pg": server.source("odd")})
        with tallymark.open(definitions=made) as book:
            answer = book.ask(*(f"sum(odd.{own})" for own in names))
        assert [n + 11 for n in range(len(odd))] == list(answer.to_dicts()[0].values())


def test_the_server_is_as_it_was(server: Cluster, both: list[tallymark.Book]) -> None:
    """After all of this the table is there, whole."""
    assert len(KNOWN) == both[1].ask("count(words)").value


def test_long_names_of_datasets_are_told_apart(server: Cluster) -> None:
    """A dataset's name that is longer than PostgreSQL's own can be is no matter: the table's name is another."""
    first, second = (f"{'a_very_long_name_for_a_dataset_' * 2}{end}" for end in ("one", "two"))
    server.put("odd", {"one": pa.table({"n": [1, 2]}), "two": pa.table({"n": [4, 8]})})
    columns = {"n": ColumnDef("n", type="integer")}
    datasets = {
        name: DatasetDef(name, "pg", table, columns=columns) for name, table in ((first, "one"), (second, "two"))
    }
    with tallymark.open(definitions=Definitions(datasets=datasets, sources={"pg": server.source("odd")})) as book:
        answer = book.ask(f"sum({first}.n)", f"sum({second}.n)")
    assert [3, 12] == list(answer.to_dicts()[0].values())
