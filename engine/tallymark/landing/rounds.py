"""Reading a source in rounds, each put away safely before the next: a sync that is killed goes on after the last.

A round reads a group of resources, or a stretch of one, and makes load packages of it. It works in `reading/`, and
counts only once that folder has been renamed to `kept/N`: the rows, the schema and the cursors after them, all in one.

    .tally/sync/NAME/manifest.json    the run, what it began from
    .tally/sync/NAME/kept/0001/…      round 1: dlt's working folder, and `round.json`
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import dlt
from dlt import Pipeline
from dlt.extract import DltSource

from tallymark.home import synced
from tallymark.landing.groups import groups, source_of
from tallymark.landing.kept import KEPT, Reading, Round, resumed
from tallymark.landing.landed import Landed
from tallymark.landing.run import Run
from tallymark.landing.store import Store
from tallymark.landing.watching import watched

PIPELINE = "landing"
"""The name of every pipeline: what it is of is said by its folder, so that a source may be renamed."""

DATASET = "main"
READING = "reading"


def read(run: Run, before: Landed | None) -> Reading:
    """Reads what is left to read. Raises whatever the source raises; rounds that are put away stay."""
    reading = resumed(run, before) or _begun(run, before)
    run.full = reading.full
    for each in reading.rounds:
        run.seen.update(each.rows)
    rounds = list(reading.rounds)
    wanted: list[tuple[str, ...]] | None = None
    while True:
        store = run.store
        store.clear(READING)
        _seed(store, rounds)
        pipeline = _pipeline(store.work / READING, store)
        if not rounds and not reading.full and store.exists:
            store.stage(anew=False)
            pipeline.sync_destination()
        source = source_of(run)
        if wanted is None:
            wanted = groups(source)
        ended = {each.group for each in rounds if not each.paused}
        group = next((g for g in wanted if g not in ended), None)
        if group is None:
            break
        rounds.append(_round(run, pipeline, source, group, rounds))
    run.store.clear(READING)
    return Reading(reading.run, reading.started, reading.full, tuple(rounds))


def _begun(run: Run, before: Landed | None) -> Reading:
    run.store.clear(KEPT, READING)
    reading = Reading(uuid4().hex, run.now(), run.full)
    manifest = {
        "run": reading.run,
        "started": reading.started.isoformat(),
        "before": before.run if before else None,
        "options": run.options,
        "full": reading.full,
    }
    run.store.note("manifest", manifest)
    return reading


def _seed(store: Store, rounds: list[Round]) -> None:
    """The working folder, with the state and the schema after the last round."""
    folder = store.work / READING / PIPELINE
    folder.mkdir(parents=True)
    if rounds:
        shutil.copyfile(rounds[-1].folder / "state.json", folder / "state.json")
        shutil.copytree(rounds[-1].folder / "schemas", folder / "schemas")


def _pipeline(folder: Path, store: Store) -> Pipeline:
    return dlt.pipeline(
        PIPELINE,
        pipelines_dir=str(folder),
        destination=dlt.destinations.duckdb(str(store.staged)),
        dataset_name=DATASET,
    )


def _round(run: Run, pipeline: Pipeline, source: DltSource, group: tuple[str, ...], done: Sequence[Round]) -> Round:
    started, before = run.now(), dict(run.seen)
    state = _state(pipeline)
    # A resource that rested and is not a step further, as rows of one moment fill a page, is read to its end.
    run.begin_round(whole=bool(done) and done[-1].stuck)
    watched(source, group, run)
    pipeline.extract(source.with_resources(*group), loader_file_format="parquet")
    pipeline.normalize()
    rows = {name: count - before.get(name, 0) for name, count in run.seen.items() if count != before.get(name, 0)}
    made = Round(Path(), group, started, run.paused, run.paused and state == _state(pipeline), rows, _cursors(pipeline))
    folder = run.store.work / READING / PIPELINE
    (folder / "round.json").write_text(json.dumps(made.told()), encoding="utf-8")
    return replace(made, folder=_put_away(run.store, folder, len(done) + 1))


def _state(pipeline: Pipeline) -> str:
    """What the source keeps of what it has read."""
    return json.dumps(pipeline.state.get("sources", {}), sort_keys=True, default=str)


def _put_away(store: Store, folder: Path, number: int) -> Path:
    for path in folder.rglob("*"):
        if path.is_file():
            synced(path)
    kept = store.work / KEPT / f"{number:05}"
    kept.parent.mkdir(exist_ok=True)
    os.rename(folder, kept)
    synced(kept.parent)
    return kept


def _cursors(pipeline: Pipeline) -> dict[str, str]:
    """Up to where dlt says each resource is read."""
    found: dict[str, str] = {}
    for source in pipeline.state.get("sources", {}).values():
        for name, state in source.get("resources", {}).items():
            for told in state.get("incremental", {}).values():
                if told.get("last_value") is not None:
                    found[name] = str(told["last_value"])
    return found
