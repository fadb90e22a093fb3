"""From rounds to tables: loaded into a copy of the store, views made, changes counted, the copy swapped in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt import Pipeline
from dlt.common.schema import Schema

from tallymark.errors import Cancelled, Fault, FaultError
from tallymark.landing.changes import changes
from tallymark.landing.kept import Reading, Round
from tallymark.landing.landed import Landed, LandedTable, write_landed
from tallymark.landing.rounds import DATASET, PIPELINE
from tallymark.landing.run import Progress, Run

LOADING = "loading"
_SKEW = timedelta(days=1)
"""How far the clock of a service may be ahead without a word."""

_STAGING = f"{DATASET}_staging"


def load(run: Run, reading: Reading, before: Landed | None) -> Landed:
    """Loads the rounds and swaps the new file in. What it was doing is lost when it fails; the rounds are not.

    Raises FaultError: L822 for rows that do not go into their table, L823 for a view, L820 and L821 for the disk.
    """
    store = run.store
    run.watch(Progress(run.definition.name, "loading"))
    if reading.full or not store.staged.exists():
        store.stage(anew=reading.full)
    schema: Schema | None = None
    for number, each in enumerate(reading.rounds, 1):
        if run.stop.is_set():
            raise Cancelled("the sync was stopped")
        last = number == len(reading.rounds)
        if last or packages(each):
            pipeline = _loaded(run, each)
            if last and pipeline.schema_names:
                schema = pipeline.default_schema
                _make_empty_tables(pipeline, schema)
    store.clear(LOADING)
    landed = _finished(run, reading, before, schema)
    store.swap()
    return landed


def packages(each: Round) -> list[Path]:
    """The folders of a round's load packages, each named by its load id."""
    return sorted((each.folder / "load" / "normalized").glob("*"))


def _loaded(run: Run, each: Round) -> Pipeline:
    """Loads one round. It works in a copy of the round's folder, which stays as it is."""
    store = run.store
    store.clear(LOADING)
    shutil.copytree(each.folder, store.work / LOADING / PIPELINE, copy_function=_linked)
    destination = dlt.destinations.duckdb(str(store.staged))
    folder = str(store.work / LOADING)
    pipeline = dlt.pipeline(PIPELINE, pipelines_dir=folder, destination=destination, dataset_name=DATASET)
    if pipeline.schema_names:
        pipeline.load(workers=1)
    return pipeline


def _linked(source: str, target: str) -> str:
    """Files of rows are only ever read, and need no second copy; dlt rewrites the others in place."""
    if Path(source).parent.name == "new_jobs":
        os.link(source, target)
        return target
    return shutil.copyfile(source, target)


def _make_empty_tables(pipeline: Pipeline, schema: Schema) -> None:
    """Tables that are declared and of which no row has come yet."""
    with pipeline.sql_client() as client:
        there = {name for (name,) in client.execute_sql(_TABLES, DATASET) or ()}
    declared = {
        name
        for name, table in schema.tables.items()
        if name not in there and any(c.get("data_type") for c in table["columns"].values())
    }
    if declared:
        with pipeline.destination_client() as client:
            client.update_stored_schema(only_tables=declared)


_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"


def _finished(run: Run, reading: Reading, before: Landed | None, schema: Schema | None) -> Landed:
    store = run.store
    with duckdb.connect(str(store.staged)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"DROP SCHEMA IF EXISTS {_STAGING} CASCADE")
        for each in before.tables if before else ():
            if each.kind == "view":
                connection.execute(f'DROP TABLE IF EXISTS "{each.name}"')
        tables = _tables(run, reading, before, schema, connection)
        views = _views(run, connection)
        told = Landed(reading.run, reading.started, run.now(), run.options, reading.full, (*tables, *views))
        write_landed(connection, told)
        connection.execute("CHECKPOINT")
    return told


def _tables(
    run: Run, reading: Reading, before: Landed | None, schema: Schema | None, connection: duckdb.DuckDBPyConnection
) -> list[LandedTable]:
    """The tables as they are now, with what this run did to each."""
    known = {t.name: t for t in before.tables} if before and not reading.full else {}
    since: dict[str, Any] = {}
    for each in reading.rounds:
        for name in each.group:
            since.setdefault(name, each.started)
    cursors = dict(reading.rounds[-1].cursors) if reading.rounds else {}
    resources, parts = _origins(schema)
    loads = _loads(reading.rounds)
    counted = changes(connection, run.store.file if before else None, loads, _keys(schema))
    found = []
    for name, count in counted.items():
        if name in run.kind.views:
            continue
        resource = resources.get(name, known[name].resource if name in known else "")
        told = LandedTable(name, "part" if name in parts else "table", *count, resource=resource)
        old = known.get(name)
        until = since.get(resource, old.complete_until if old else reading.started)
        cursor = cursors.get(resource, old.cursor if old else None)
        if name not in parts:
            told = replace(told, cursor=cursor, complete_until=until)
        if cursor is not None and resource in since and ahead(cursor, run.now()):
            run.notes.append(f"`{name}` is read up to {cursor}, which is yet to come: rows before it may be missed")
        if resource not in since:
            run.notes.append(f"the service no longer gives `{name}`: its rows are those of an earlier sync")
        found.append(told)
    return found


def ahead(cursor: str, now: datetime) -> bool:
    """Whether a cursor is a moment that lies ahead, as a row with a wrong clock leaves it."""
    try:
        at = datetime.fromisoformat(cursor)
    except ValueError:
        return False
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) > now + _SKEW


def _origins(schema: Schema | None) -> tuple[dict[str, str], set[str]]:
    """The resource of each table, and which tables are parts of others."""
    resources: dict[str, str] = {}
    parts: set[str] = set()
    for name, table in (schema.tables if schema else {}).items():
        top = table
        while schema is not None and (parent := top.get("parent")):
            top = schema.tables[parent]
        resources[name] = str(top.get("resource") or name)
        if table.get("parent"):
            parts.add(name)
    return resources, parts


def _keys(schema: Schema | None) -> dict[str, tuple[str, ...]]:
    tables = schema.tables if schema else {}
    return {
        name: tuple(c for c, column in table["columns"].items() if column.get("primary_key"))
        for name, table in tables.items()
    }


def _loads(rounds: Sequence[Round]) -> list[str]:
    return [path.name for each in rounds for path in packages(each)]


def _views(run: Run, connection: duckdb.DuckDBPyConnection) -> list[LandedTable]:
    """Makes the kind's views, as tables: questions read them often, a sync writes them once."""
    made = []
    for setting, value in (("enable_external_access", "false"), ("autoload_known_extensions", "false")):
        connection.execute(f"SET {setting} = {value}")
    for name, select in run.kind.views.items():
        try:
            statements = duckdb.extract_statements(select)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise duckdb.InvalidInputException("it is not exactly one SELECT")
            connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS {select}')
            found = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        except duckdb.Error as error:
            raise FaultError(_unmade(run, name, error)) from error
        made.append(LandedTable(name, "view", found[0] if found else 0))
    return made


def _unmade(run: Run, name: str, error: duckdb.Error) -> Fault:
    said = " ".join(str(error).split("\n\n")[0].split("\nLINE ")[0].split(": ", 1)[-1].split())[:300]
    message = f"the view `{name}` of the kind `{run.kind.name}` cannot be made: {said}"
    help_ = "the data of the last sync stands; please report this to the maker of the kind of source"
    return Fault("L823", message, run.definition.place, help_, f"source `{run.definition.name}`")
