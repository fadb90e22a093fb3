"""Runs rules in processes that are killed at a point of theirs, and then to the end; tells what was told.

    python killing.py FOLDER URL NOTIFIERS STEP:POINT,POINT… …

Each argument from the fourth on is a case, in a folder of its own, where the steps before were run: a run killed at the
first point, one at the second, and a last one that nobody kills. A point counts what a run does that outlives it: statements of SQLite, files it opens
to write lines, requests it sends. After each case a line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import Any

import requests  # noqa: F401 - imported here once, not in each process
import tenacity  # noqa: F401

from tallymark.landing import guarded  # noqa: F401
from tallymark.rules.states import Instance
from tests.alerts.channels import CHANNELS, told_in
from tests.alerts.pretend import Pretend
from tests.alerts.written import evaluation, rule

STEPS = (
    {"pro": "oFo", "free": "oFF", "old": "onF"},
    {"pro": "oFFoF", "free": "oooF"},
)
"""A first run; and one over two months at once, after a backfill, while an instance goes."""


def killed(folder: Path, url: str, notifiers: tuple[str, ...], step: int, point: int | None) -> bool:
    """Runs in a process of its own, killed at its `point`th event. Whether it was killed, and did not end before."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            book: Any = Pretend(folder, channels={n: CHANNELS[n](folder, url) for n in notifiers})
            series: dict[Instance, str] = {(("plan", name),): letters for name, letters in STEPS[step].items()}
            book.evaluations["churn_high"] = evaluation(series, of=rule(notify=notifiers))
            if point is not None:
                _kill_at(point)
            code = 0 if book.run().whole else 2
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit(f"the run failed at point {point}")
    return False


def _kill_at(point: int) -> None:
    left = point

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        lines = event == "open" and str(arguments[0]).endswith(".jsonl")
        if lines or event in ("http.client.connect", "http.client.send"):
            count()

    connects: Any = sqlite3.connect

    def connect(*args: Any, **more: Any) -> Any:
        made = connects(*args, **more)
        made.set_trace_callback(count)
        return made

    sqlite3.connect = connect
    sys.addaudithook(watch)


def main() -> None:
    """Kills, and tells what was told."""
    root, url, notifiers = Path(sys.argv[1]), sys.argv[2], tuple(sys.argv[3].split(","))
    killed(root, f"{url}/before", notifiers, 0, None)
    for case in sys.argv[4:]:
        step, points = int(case[0]), [int(point) for point in case[2:].split(",") if point]
        folder = root / case
        folder.mkdir()
        if step:
            shutil.copytree(root / ".tally", folder / ".tally")
        kills = sum(killed(folder, f"{url}/{case}", notifiers, step, point) for point in points)
        killed(folder, f"{url}/{case}", notifiers, step, None)
        print(
            json.dumps({"case": case, "kills": kills, "told": {n: told_in(folder, n) for n in notifiers}}), flush=True
        )


if __name__ == "__main__":
    main()
