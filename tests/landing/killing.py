"""Runs a sync again and again, each time killed at another point, in processes that are forked and never tidy up.

    python killing.py FOLDER POINT…

A point counts what the process does to files: Python tells of each by an audit event, dlt's own work included. After each
kill what questions would read is printed as one line of JSON; the last line is after a sync that nobody kills.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from tallymark.landing import loading, rounds  # noqa: F401 - imported here once, not in each process
from tallymark.landing.run import Pace
from tallymark.landing.sync import sync
from tests.landing.service import KIND, definitions

COUNTED = frozenset(("open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "shutil.copyfile"))


def killed(folder: Path, point: int | None) -> bool:
    """Syncs in a process of its own, killed at its `point`th event. Whether it was killed, and did not end before."""
    child = os.fork()
    if child == 0:
        if point is not None:
            _kill_at(point)
        done = sync(definitions(folder), {"service": KIND}, pace=Pace(rows=1))
        os._exit(1 if done[0].faults else 0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit(f"the sync failed at point {point}")
    return False


def _kill_at(point: int) -> None:
    left = point

    def count(event: str, arguments: object) -> None:
        nonlocal left
        if event in COUNTED:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def seen(folder: Path) -> dict[str, object]:
    """What is in the store, read in a process of its own: this one starts no threads, so that it can be forked."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        from tests.landing.tables import tables

        there = (folder / ".tally/landed/service.duckdb").exists()
        with os.fdopen(writer, "w") as out:
            json.dump(tables(folder) if there else {}, out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        found: dict[str, object] = json.load(told)
    os.wait()
    return found


def main() -> None:
    """Kills, and tells what is left each time."""
    folder, points = Path(sys.argv[1]), [int(p) for p in sys.argv[2:]]
    for point in [*points, None]:
        was = killed(folder, point)
        print(json.dumps({"point": point, "killed": was, "tables": seen(folder)}), flush=True)


main()
