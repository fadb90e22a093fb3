"""Other dialects write what is known to mean the same there, and nothing else."""

from __future__ import annotations

import pytest
from sqlglot import exp

from tallymark.errors import FaultError
from tallymark.render.dialects import dialect_of
from tallymark.render.values import array, call, column, integer, named, select, table


def written(*values: exp.Expression) -> str:
    """A SELECT of the values of a table, for PostgreSQL."""
    query = select(*(named(v, f"v{n}") for n, v in enumerate(values))).from_(table("t"), copy=False)
    return dialect_of("postgres").text(query)


@pytest.mark.parametrize(
    "unknown",
    [
        call("LIST_SUM", column("x")), exp.Struct(expressions=[column("x")]), call("RANGE", integer(3)),
        exp.BitwiseAnd(this=column("x"), expression=integer(1)), call("acme_scored", column("x")),
        exp.Anonymous(this="PG_SLEEP", expressions=[integer(9)]),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_written(unknown: exp.Expression) -> None:
    """A node, a function or a name that nobody vouched for is a fault, wherever it stands."""
    for value in (unknown, exp.Coalesce(this=unknown.copy(), expressions=[integer(0)])):
        with pytest.raises(FaultError) as caught:
            written(value)
        assert ["D462"] == [f.code for f in caught.value.faults]


def test_an_unknown_dialect_is_a_fault() -> None:
    """Questions are written in dialects that there are."""
    with pytest.raises(FaultError) as caught:
        dialect_of("oracle")
    assert ["D461"] == [f.code for f in caught.value.faults]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (call("UNNEST", call("RANGE", integer(3))), "GENERATE_SERIES(0, 2)"),
        (call("UNNEST", array([3, 5])), "UNNEST(CAST('{3, 5}' AS BIGINT[]))"),
        (call("ARRAY_EXTRACT", array([3, 5]), integer(2)), "(CAST('{3, 5}' AS BIGINT[]))[2]"),
        (call("LIST_EXTRACT", call("RANGE", integer(5)), column("i")), '(0 + "i" - 1)'),
        (exp.IntDiv(this=column("x"), expression=integer(7)), '("x" / 7)'),
        (call("FIRST", exp.Order(this=column("x"), expressions=[exp.Ordered(this=column("t"), nulls_first=True)])),
         '(ARRAY_AGG("x" ORDER BY "t" NULLS FIRST))[1]'),
        (call("LAST", exp.Order(this=column("x"), expressions=[exp.Ordered(this=column("t"), nulls_first=True)])),
         '(ARRAY_AGG("x" ORDER BY "t" DESC NULLS LAST))[1]'),
        (exp.Literal.string("a'b"), "('a''b' COLLATE \"C\")"),
    ],
)  # fmt: skip
def test_words_of_duckdb_become_postgres(value: exp.Expression, expected: str) -> None:
    """What PostgreSQL says otherwise is said its way."""
    assert f'SELECT {expected} AS "v0" FROM "t"' == written(value)


def test_long_names_stay_apart() -> None:
    """PostgreSQL cuts names off at 63 bytes: longer ones of the statement's own are shortened, and still differ."""
    text = written(exp.Add(this=column("é" * 40 + "a"), expression=column("é" * 40 + "b")))
    names = [part for part in text.split('"') if part.startswith("é")]
    assert (2, True) == (len(set(names)), all(len(name.encode()) <= 63 for name in names))
    with pytest.raises(FaultError):
        dialect_of("postgres").text(select(named(integer(1), "x" * 64)))


def test_a_node_in_two_places_is_rewritten_in_both() -> None:
    """Trees may share nodes; a rule holds for each place."""
    shared = call("YEAR", column("t"))
    text = written(exp.Add(this=shared, expression=integer(1)), shared)
    assert ("YEAR(" not in text, 2) == (True, text.count("EXTRACT(YEAR"))
