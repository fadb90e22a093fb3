"""A statement cut into parts for several databases gives what it gives uncut, and asks of each only what is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from tallymark.errors import Fault, FaultError
from tallymark.render.parting import APART, Parted, part

TABLES = ("orders", "visits", "customers")

ROWS = """
CREATE TABLE orders AS SELECT * FROM (VALUES (1, 'a', 10, 1), (2, 'b', 20, 2), (3, 'a', 30, 2), (4, NULL, 40, 3))
  AS t (id, customer, amount, day);
CREATE TABLE visits AS SELECT * FROM (VALUES ('a', 1), ('b', 2), ('b', 2), ('z', 3)) AS t (customer, day);
CREATE TABLE customers AS SELECT * FROM (VALUES ('a', 'fr'), ('b', 'ro'), ('c', NULL)) AS t (id, country);
"""

STATEMENTS = {
    "aggregates of two": """
        WITH o AS (SELECT customer, amount FROM orders), v AS (SELECT customer FROM visits),
        g AS (SELECT customer, SUM(amount) AS total FROM o GROUP BY customer),
        w AS (SELECT customer, COUNT(*) AS n FROM v GROUP BY customer)
        SELECT g.customer, total, n FROM g LEFT JOIN w ON g.customer = w.customer""",
    "rows joined": """
        WITH o AS (SELECT customer, amount, day FROM orders), c AS (SELECT id, country FROM customers)
        SELECT c.country, SUM(b.amount) AS total FROM o AS b LEFT JOIN c ON b.customer = c.id
        WHERE b.day >= 2 AND c.country = 'fr' AND (b.amount > 5 OR c.id IS NULL) GROUP BY c.country""",
    "rows without a partner": """
        WITH o AS (SELECT customer, amount FROM orders), c AS (SELECT id, country FROM customers)
        SELECT SUM(b.amount) AS total FROM o AS b LEFT JOIN c ON b.customer = c.id WHERE c.id IS NULL""",
    "rows of both": """
        WITH o AS (SELECT customer, amount FROM orders), v AS (SELECT customer, day FROM visits)
        SELECT b.amount, v.day FROM o AS b FULL JOIN v ON b.customer = v.customer WHERE b.amount > 15 OR v.day = 3""",
    "a union of counts": """
        SELECT n, found FROM (WITH r AS (SELECT id FROM orders) SELECT 0 AS n, COUNT(*) AS found FROM r) AS q
        UNION ALL SELECT n, found FROM (WITH r AS (SELECT day FROM visits) SELECT 1 AS n, COUNT(*) AS found FROM r) AS q
        UNION ALL SELECT n, found FROM (WITH r AS (SELECT day FROM orders) SELECT 2 AS n, MAX(day) AS found FROM r) AS q""",
    "keys of both": """
        WITH a AS (SELECT DISTINCT customer AS k FROM orders), b AS (SELECT DISTINCT customer AS k FROM visits),
        ks AS (SELECT k FROM a UNION SELECT k FROM b UNION SELECT id FROM customers)
        SELECT ks.k, m.i FROM ks CROSS JOIN (SELECT UNNEST(RANGE(2)) AS i) AS m""",
    "what is read twice": """
        WITH o AS (SELECT customer, amount, day FROM orders), w AS (SELECT day FROM visits),
        early AS (SELECT SUM(x.amount) AS v FROM o AS x CROSS JOIN w WHERE x.day < 2 AND w.day = 1),
        late AS (SELECT SUM(x.amount) AS v FROM o AS x CROSS JOIN w WHERE x.day >= 2 AND w.day = 1)
        SELECT early.v AS e, late.v AS l, (SELECT COUNT(*) FROM o) AS n FROM early CROSS JOIN late""",
    "queries inside": """
        WITH o AS (SELECT customer, amount FROM orders), v AS (SELECT customer FROM visits)
        SELECT q.customer, q.total FROM (SELECT customer, SUM(amount) AS total FROM o GROUP BY customer) AS q
        WHERE EXISTS (SELECT 1 FROM v WHERE v.customer = q.customer)""",
}  # fmt: skip


def tree(sql: str) -> exp.Query:
    """A statement whose tables lie nobody knows where yet."""
    found = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(found, exp.Query)
    for each in found.find_all(exp.Table):
        if each.name in TABLES:
            if not each.alias:
                each.set("alias", exp.TableAlias(this=exp.to_identifier(each.name)))
            each.set("db", exp.to_identifier(APART, quoted=True))
    return found


def plain(home: int, query: exp.Query) -> str:
    """A database that says everything."""
    return query.sql("duckdb")


def no_sums(home: int, query: exp.Query) -> str:
    """A database that cannot add."""
    if query.find(exp.Sum):
        raise FaultError(Fault("D462", "no sums"))
    return query.sql("duckdb")


def no_conditions(home: int, query: exp.Query) -> str:
    """A database that cannot compare."""
    if query.find(exp.Where):
        raise FaultError(Fault("D462", "no conditions"))
    return query.sql("duckdb")


def cut(sql: str, homes: dict[str, int], written: Callable[[int, exp.Query], str] = plain, most: int = 100) -> Parted:
    """The parts of a statement."""
    return part(tree(sql), lambda dataset: homes[dataset], lambda dataset: (dataset,), written, most)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with all the tables."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(ROWS)
        yield connection


def answer(parted: Parted, database: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """What the parts give together."""
    given = {fetch.name: database.sql(fetch.sql).to_arrow_table() for fetch in parted.fetches}
    if parted.rest is None:
        (table,) = given.values()
        return sorted(zip(*(c.to_pylist() for c in table.columns), strict=True), key=repr)
    for name, table in given.items():
        database.register(name, table)
    try:
        return sorted(database.sql(parted.rest.sql("duckdb")).fetchall(), key=repr)
    finally:
        for name in given:
            database.unregister(name)


@pytest.mark.parametrize("written", [plain, no_sums, no_conditions])
@pytest.mark.parametrize("statement", [pytest.param(s, id=n) for n, s in STATEMENTS.items()])
def test_parts_give_what_the_whole_gives(
    statement: str, written: Callable[[int, exp.Query], str], database: duckdb.DuckDBPyConnection
) -> None:
    """Wherever its tables lie, and whatever the databases cannot say, a statement gives the same rows."""
    expected = sorted(database.sql(statement).fetchall(), key=repr)
    for places in (*product((0, 1), repeat=len(TABLES)), (1, 2, 0), (0, 1, 2), (1, 1, 2), (1, 2, 1)):
        homes = dict(zip(TABLES, places, strict=True))
        assert expected == answer(cut(statement, homes, written), database), homes


def test_each_database_aggregates() -> None:
    """What one database has alone is aggregated there, and only its result is given."""
    parted = cut(STATEMENTS["aggregates of two"], {"orders": 1, "visits": 2, "customers": 0})
    assert [("g", 1, None), ("w", 2, None)] == [(f.name, f.home, f.rows) for f in parted.fetches]


def test_what_lies_in_one_database_alone_is_its_own_statement() -> None:
    """Nothing is put together where nothing lies apart."""
    parted = cut(STATEMENTS["aggregates of two"], {"orders": 1, "visits": 1, "customers": 0})
    assert (None, 1) == (parted.rest, len(parted.fetches))


def test_conditions_go_with_rows_and_rows_are_limited() -> None:
    """Of rows to be joined only those are asked that conditions on them alone leave, and never too many."""
    (fetch,) = cut(STATEMENTS["rows joined"], {"orders": 1, "visits": 0, "customers": 0}, most=7).fetches
    assert "orders" == fetch.rows
    assert fetch.sql.endswith("AS q WHERE (day >= 2) LIMIT 8")


def test_conditions_on_what_may_have_no_partner_stay() -> None:
    """A condition on the other side of a join is not asked there: nulls it speaks of come from the join."""
    (fetch,) = cut(STATEMENTS["rows without a partner"], {"orders": 0, "visits": 0, "customers": 1}).fetches
    assert "WHERE" not in fetch.sql
    for fetch in cut(STATEMENTS["rows of both"], {"orders": 1, "visits": 2, "customers": 0}).fetches:
        assert "WHERE" not in fetch.sql


def test_sides_of_a_union_go_together() -> None:
    """Two sides of a union that lie in one database are one statement there."""
    parted = cut(STATEMENTS["a union of counts"], {"orders": 1, "visits": 0, "customers": 0})
    assert 1 == len(parted.fetches)


def test_a_table_that_cannot_be_read_is_a_fault() -> None:
    """When not even the rows can be asked for, the database's own complaint is raised."""

    def nothing(home: int, query: exp.Query) -> str:
        raise FaultError(Fault("D462", "nothing at all"))

    with pytest.raises(FaultError, match="nothing at all"):
        cut(STATEMENTS["rows joined"], {"orders": 1, "visits": 0, "customers": 0}, nothing)
