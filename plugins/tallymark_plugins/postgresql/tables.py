"""The tables and views of a PostgreSQL server, as its catalogue has them."""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.kinds import DECIMAL_SCALE, Type
from tallymark.source import Table, TableColumn
from tallymark_plugins.postgresql.options import Options
from tallymark_plugins.postgresql.server import Server

TYPES: Mapping[str, Type] = {
    "int2": Type.INTEGER,
    "int4": Type.INTEGER,
    "int8": Type.INTEGER,
    "numeric": Type.DECIMAL,
    "float4": Type.DOUBLE,
    "float8": Type.DOUBLE,
    "text": Type.TEXT,
    "varchar": Type.TEXT,
    "bpchar": Type.TEXT,
    "name": Type.TEXT,
    "citext": Type.TEXT,
    "uuid": Type.TEXT,
    "bool": Type.BOOLEAN,
    "date": Type.DATE,
    "timestamp": Type.TIMESTAMP,
    "timestamptz": Type.INSTANT,
}
"""The types of columns by the catalogue's names; texts are also the members of an enumeration. A domain is its base."""

_MOST_NAMED = 1_000


@dataclass(frozen=True, slots=True)
class _Found:
    """A table of the catalogue. `lasting`: whether the server's own snapshots tell when it changes."""

    schema: str
    name: str
    columns: tuple[TableColumn, ...]
    lasting: bool
    rounded: tuple[str, ...]
    """Columns with more digits after the point than are read."""


class PostgresSource:
    """A `source.Source` over a PostgreSQL database. Safe to use from several threads."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._server = Server(options)
        self._known: dict[str, _Found] = {}

    @property
    def backend(self) -> Server:
        """The server, on which questions run."""
        return self._server

    def describe(self, table: Table) -> tuple[TableColumn, ...]:
        """The table's columns, or the declared ones among them. Raises FaultError (D419, D426, D465 to D469)."""
        self._known.pop(table.name, None)
        return self._offered(table, self._found(table))

    def prepare(self, table: Table) -> tuple[str, ...]:
        """The schema and the name: the table is read where it is."""
        found = self._found(table)
        self._offered(table, found)
        return found.schema, found.name

    def state(self, table: Table) -> Hashable:
        """What the server's transactions see now; it changes with every change that is committed to the database.

        A foreign table may change without: its state is never the same.
        """
        if not self._found(table).lasting:
            return uuid.uuid4().hex
        seen: str = self._server.run("SELECT CAST(pg_current_snapshot() AS TEXT) AS s").column(0)[0].as_py()
        return seen

    def notes(self, table: Table) -> tuple[str, ...]:
        """Columns whose values are rounded as they are read."""
        found = self._found(table)
        read = {w.name for w in table.columns} or set(found.rounded)
        return tuple(
            f"`{table.dataset}.{name}` is read with {DECIMAL_SCALE} digits after the point"
            for name in found.rounded
            if name in read
        )

    # --- the catalogue -----------------------------------------------------------------------------------------------

    def _offered(self, table: Table, found: _Found) -> tuple[TableColumn, ...]:
        known = {each.name: each for each in found.columns}
        subject = f"dataset `{table.dataset}`"
        faults = []
        if table.format:
            faults.append(_no_text("a `format:`", table.place, subject))
        offered: dict[str, TableColumn] = {}
        for wanted in table.columns:
            if wanted.format:
                faults.append(_no_text(f"a format for `{wanted.name}`", wanted.place, subject))
            if wanted.name in known:
                offered[wanted.name] = known[wanted.name]
            elif wanted.required:
                message = f"no column `{wanted.name}` in `{table.name}`"
                faults.append(Fault("D419", message, wanted.place, did_you_mean(wanted.name, known), subject))
        if faults:
            raise FaultError(faults)
        return tuple(offered.values()) if table.columns else found.columns

    def _found(self, table: Table) -> _Found:
        """The table as it was when the project was opened: a question fails if it is another one by then."""
        if table.name not in self._known:
            self._known[table.name] = self._looked_up(table)
        return self._known[table.name]

    def _looked_up(self, table: Table) -> _Found:
        schema, dot, name = table.name.partition(".")
        places = [(self._options.schema, table.name), *([(schema, name)] if dot else [])]
        for schema, name in places:
            rows = self._server.run(_columns_of(schema, name)).to_pylist()
            if rows:
                return _table(schema, name, rows)
        message = f"no table `{table.name}` in the source `{self._options.name}`"
        help_ = did_you_mean(table.name, self._names()) or "give its user the right to read it"
        raise FaultError(Fault("D426", message, table.place, help_, f"dataset `{table.dataset}`"))

    def _names(self) -> list[str]:
        rows = self._server.run(_TABLES).to_pylist()
        own = self._options.schema
        return [r["name"] if r["schema"] == own else f"{r['schema']}.{r['name']}" for r in rows]


def _no_text(what: str, place: Any, subject: str) -> Fault:
    help_ = "leave it out: a database's columns have types, and are read as they are"
    return Fault("D465", f"{what} says how text is read, and PostgreSQL's values are no text", place, help_, subject)


def _table(schema: str, name: str, rows: list[dict[str, Any]]) -> _Found:
    columns = tuple(TableColumn(r["column"], _type(r), r["native"]) for r in rows)
    rounded = tuple(r["column"] for r in rows if _type(r) is Type.DECIMAL and (r["scale"] or 0) > DECIMAL_SCALE)
    return _Found(schema, name, columns, rows[0]["relkind"] != "f", rounded)


def _type(row: Mapping[str, Any]) -> Type:
    if row["kind"] == "e":
        return Type.TEXT
    return TYPES.get(row["type"], Type.OPAQUE)


def _text(value: str) -> str:
    return exp.Literal.string(value).sql("postgres")


def _columns_of(schema: str, name: str) -> str:
    """The columns of a relation; a modifier of numeric holds its scale in the lowest 11 bits."""
    return f"""
        SELECT CAST(a.attname AS TEXT) AS "column", CAST(t.typname AS TEXT) AS "type", CAST(t.typtype AS TEXT) AS kind,
               format_type(a.atttypid, a.atttypmod) AS native, CAST(c.relkind AS TEXT) AS relkind,
               CASE WHEN m.modifier >= 4 THEN (m.modifier - 4) & 2047 END AS scale
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type AS d ON d.oid = a.atttypid
        JOIN pg_type AS t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
        CROSS JOIN LATERAL (
            SELECT CASE WHEN d.typtype = 'd' THEN d.typtypmod ELSE a.atttypmod END AS modifier
        ) AS m
        WHERE n.nspname = {_text(schema)} AND c.relname = {_text(name)} AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
        ORDER BY a.attnum"""


_TABLES = f"""
    SELECT CAST(n.nspname AS TEXT) AS "schema", CAST(c.relname AS TEXT) AS "name"
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg!_toast%' ESCAPE '!'
    ORDER BY 1, 2 LIMIT {_MOST_NAMED}"""
