"""Patterns: what is written for PostgreSQL finds in any text what RE2 finds in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallymark.errors import FaultError
from tallymark.render.dialects.letters import alike, mapping
from tallymark.render.dialects.regexes import translated

from .server import Cluster

SIGNS = [
    "a",
    "B",
    "k",
    "é",
    "É",
    "s",
    "ß",
    "1",
    " ",
    "_",
    "-",
    "\n",
    "]",
    "^",
    ".",
    "*",
    "\\",
    "K",
    "ſ",
    "😀",
    "{",
    "$",
]
ATOMS = [
    "a", "B", "k", "s", "é", "ß", "1", ".", "\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "\\.", "\\\\", "\\*", "\\]", "\\n", "\\$",
    "[ab]", "[^ab]", "[a-k]", "[^é-ü]", "[]a]", "[^]]", "[a-]", "[-a]", "[\\w-]", "[\\]\\\\]", "[[:alpha:]]", "[^[:digit:]_]",
    "[.*^$]", "[a\\-k]", "[\\n ]", "😀", "_", "-", " ", "[0-9]", "(?:)",
]  # fmt: skip
REPEATED = ["", "", "", "*", "+", "?", "*?", "{2}", "{0,2}", "{1,}", "??"]

PIECES = st.tuples(st.sampled_from(ATOMS), st.sampled_from(REPEATED)).map("".join)
PATTERNS = st.recursive(
    st.lists(PIECES, min_size=1, max_size=4).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("|".join),
        st.tuples(st.sampled_from(["(", "(?:"]), inner, st.just(")"), st.sampled_from(REPEATED)).map("".join),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=4,
)
WHOLE = st.tuples(
    st.sampled_from(["", "", "(?i)"]), st.sampled_from(["", "^"]), PATTERNS, st.sampled_from(["", "$"])
).map("".join)
TEXTS = st.lists(st.lists(st.sampled_from(SIGNS), max_size=6).map("".join), min_size=5, max_size=12)


@pytest.fixture(scope="module")
def found(server: Cluster) -> Iterator[Any]:
    """Asks the server for each text whether the pattern is found in it."""
    with server.connected() as connection:

        def ask(pattern: str, texts: list[str]) -> list[bool]:
            query = 'SELECT (t COLLATE "C") ~ %s FROM unnest(%s::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n'
            return [row[0] for row in connection.execute(query, (pattern, texts))]

        yield ask


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=WHOLE, texts=TEXTS)
def test_a_pattern_finds_the_same(pattern: str, texts: list[str], found: Any) -> None:
    """A pattern is refused, or finds exactly what DuckDB finds."""
    with suppress(FaultError):
        there = translated(pattern)
        asked = "SELECT regexp_matches(t, ?) FROM (SELECT unnest(?) AS t, unnest(range(?)) AS n) ORDER BY n"
        here = [row[0] for row in duckdb.execute(asked, [pattern, texts, len(texts)]).fetchall()]
        assert here == found(there, texts), there


@pytest.mark.parametrize(
    "pattern",
    [
        "\\bword", "\\pL", "(?s).", "(?m)^a", "a(?i)b", "(?P<n>a)", "\\Qa\\E", "a**", "^*", "[[:nothing:]]", "[z-a]", "(", ")", "[",
        "\\", "a{256}", "a{", "*", "+a", "a|*", "\\1", "(?=a)", "[[.a.]]", "[a-\\d]", "\\x41", "a{2}{3}", "(" * 60 + ")" * 60,
    ],
)  # fmt: skip
def test_what_may_differ_is_refused(pattern: str) -> None:
    """What PostgreSQL has not, or reads otherwise, is a fault."""
    with pytest.raises(FaultError) as caught:
        translated(pattern)
    assert ["D463"] == [f.code for f in caught.value.faults]


def test_every_pattern_of_before_is_of_use() -> None:
    """Most of what the test above makes is not refused."""
    assert all(translated(f"{atom}{repeated}") for atom in ATOMS for repeated in ("", "*", "{2}") if atom != "(?:)")


def test_letters_change_alike(server: Cluster) -> None:
    """Of every character PostgreSQL makes the same small letter and capital as DuckDB."""
    numbers = [n for n in range(1, 0x1E944) if not 0xD800 <= n < 0xE000]
    whole = "".join(map(chr, numbers))
    with server.connected() as connection:
        for function in ("lower", "upper"):
            before, after = mapping(function)
            query = psycopg.sql.SQL('SELECT translate({}(%s COLLATE "C"), %s, %s)').format(psycopg.sql.SQL(function))
            (there,) = connection.execute(query, (whole, before, after)).fetchone() or ("",)
            (here,) = duckdb.execute(f"SELECT {function}(?)", [whole]).fetchone() or ("",)
            assert here == there


@pytest.mark.parametrize(
    ("sign", "forms"), [("k", "Kk\u212a"), ("s", "Ss\u017f"), ("ß", "ßẞ"), ("1", "1"), ("é", "Éé")]
)
def test_forms_of_letters(sign: str, forms: str) -> None:
    """A letter without case is each of its forms."""
    assert sorted(forms) == sorted(alike(sign))
