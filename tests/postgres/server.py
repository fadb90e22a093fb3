"""A PostgreSQL server of the tests' own: made in a temporary folder, reached over a socket there, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from tallymark.definitions import SourceDef

INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian keeps the servers, by version; elsewhere they are on the path."""

NATIVE = {
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.int16(): "smallint",
    pa.int8(): "smallint",
    pa.float64(): "double precision",
    pa.float32(): "real",
    pa.string(): "text",
    pa.large_string(): "text",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server."""

    folder: Path
    programs: Path

    def options(self, schema: str = "public", **more: Any) -> dict[str, Any]:
        """The options of a source on it."""
        return {"host": str(self.folder), "user": "tally", "database": "postgres", "schema": schema, **more}

    def source(self, schema: str = "public", **more: Any) -> SourceDef:
        """A source on it."""
        return SourceDef("pg", "postgres", self.options(schema, **more))

    def connected(self) -> psycopg.Connection[Any]:
        """A connection that may write."""
        return psycopg.connect(host=str(self.folder), user="tally", dbname="postgres", autocommit=True)

    def put(self, schema: str, tables: Mapping[str, pa.Table]) -> None:
        """Arrow tables as tables of a schema, in place of all that is there."""
        with self.connected() as connection, connection.cursor() as cursor:
            cursor.execute("SET client_min_messages = warning")
            own = sql.Identifier(schema)
            cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(own))
            cursor.execute(sql.SQL("CREATE SCHEMA {}").format(own))
            for name, table in tables.items():
                whole = sql.Identifier(schema, name)
                columns = [
                    sql.SQL("{} {}").format(sql.Identifier(f.name), sql.SQL(native(f.type))) for f in table.schema
                ]
                cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(whole, sql.SQL(", ").join(columns)))
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(whole)) as copy:
                    for row in zip(*(c.to_pylist() for c in table.columns), strict=True):
                        copy.write_row(row)


def native(kind: pa.DataType) -> str:
    """PostgreSQL's type for an Arrow type."""
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    return NATIVE[kind]


def programs() -> Path | None:
    """The folder of the newest server that is installed, if any is."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3])) if INSTALLED.exists() else []
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).parent if elsewhere else None


@contextmanager
def cluster(bin_: Path) -> Iterator[Cluster]:
    """A server that is there for a while."""
    # A socket's path may be 107 bytes long: not all temporary folders are short enough.
    folder = Path(tempfile.mkdtemp(prefix="tallypg", dir="/tmp"))
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run([str(bin_ / program), *arguments], user=user, cwd=folder, check=True, capture_output=True)

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "tally", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        quick = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=300"
        reached = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", f"{quick} {reached}", "start")
        try:
            yield Cluster(folder, bin_)
        finally:
            run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
