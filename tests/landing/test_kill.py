"""A sync that is killed, at whatever point, loses nothing and doubles nothing; questions never see half of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.landing.service import event, serve, ticket
from tests.landing.tables import tables
from tests.landing.test_sync import run

SCRIPT = Path(__file__).with_name("killing.py")
ROOT = Path(__file__).parents[2]


def kill(folder: Path, points: range) -> list[dict[str, Any]]:
    """What questions would read after each kill."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, str(SCRIPT), str(folder), *map(str, points)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=600)
    assert "" == done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def first(folder: Path) -> None:
    """What the service has at first."""
    serve(folder, [ticket(n, n) for n in range(1, 9)], [event(n, n) for n in range(1, 9)], [{"id": "p", "name": "P"}])


def then(folder: Path) -> None:
    """What it has after a while: tickets changed, deleted and new, more events, other people."""
    tickets = [
        ticket(1, 1),
        ticket(2, 20, "9"),
        ticket(3, 21, deleted=True),
        *(ticket(n, n + 15) for n in range(7, 12)),
    ]
    serve(folder, tickets, [event(n, n) for n in range(1, 15)], [{"id": "q", "name": "Q"}])


def plain(folder: Path) -> dict[str, Any]:
    """The tables as JSON has them."""
    found: dict[str, Any] = json.loads(json.dumps(tables(folder)))
    return found


def test_a_killed_sync_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed at over twenty points, each time going on, a sync ends with the tables of one that nobody killed."""
    sound, killed = tmp_path / "sound", tmp_path / "killed"
    old: dict[str, Any] = {}
    kills = 0
    for serve_, points in ((first, range(60, 1900, 160)), (then, range(90, 2000, 170))):
        for folder in (sound, killed):
            folder.mkdir(exist_ok=True)
            serve_(folder)
        run(sound)
        new = plain(sound)
        seen = kill(killed, points)
        assert all(each["tables"] in (old, new) for each in seen)
        assert new == seen[-1]["tables"]
        kills += sum(each["killed"] for each in seen)
        old = new
    assert kills >= 20
