"""A run that is killed, at whatever point, tells everything in the end, and once to whoever knows what they were told."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.alerts.conftest import memory

SCRIPT = Path(__file__).with_name("killing.py")
ROOT = Path(__file__).parents[2]

Posts = dict[str, list[tuple[str, dict[str, Any]]]]


UNKILLED = ("0:", "1:")
"""Both steps without a kill."""
POINTS = [*(f"0:{point}" for point in range(1, 60, 4)), *(f"1:{point}" for point in range(2, 140, 6))]
"""One kill each."""
CHANCE = random.Random(20240607)
AGAIN = [f"1:{','.join(str(CHANCE.randint(5, 60)) for _ in range(4))}" for _ in range(5)]
"""Several, one after the other."""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Posts]]:
    """A server that takes posts, with what it took by path: keys and bodies."""
    posts: Posts = defaultdict(list)

    class Takes(BaseHTTPRequestHandler):
        """Takes everything."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) < int(self.headers["Content-Length"]):
                return  # whoever sent it is gone
            posts[self.path[1:]].append((self.headers["Idempotency-Key"], json.loads(body)["data"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", posts
    made.shutdown()
    made.server_close()


@pytest.fixture(scope="module")
def found(server: tuple[str, Posts]) -> dict[str, dict[str, Any]]:
    """What was told in each case, those without a kill included."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        command = [sys.executable, str(SCRIPT), folder, server[0], "log,server,forgetful", *UNKILLED, *POINTS, *AGAIN]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert "" == done.stderr
    return {case["case"]: case for case in map(json.loads, done.stdout.splitlines())}


def keys(told: list[dict[str, Any]]) -> list[str]:
    """The keys of what was told, in order."""
    return [each["key"] for each in told]


def by_instance(told: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The keys by instance, each once, in the order in which they came first."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in told:
        plan = each["fields"]["instance"]["plan"]
        if each["key"] not in found[plan]:
            found[plan].append(each["key"])
    return found


def test_nothing_is_lost_and_nothing_twice(found: dict[str, dict[str, Any]], server: tuple[str, Posts]) -> None:
    """Killed at statements, writes and requests: a file and a server end with one of each key, as if nobody had."""
    # By hand: two begin at first; then three changes of one, two of another, and the end of the one that is gone.
    assert [2, 6] == [len(found[case]["told"]["log"]) for case in UNKILLED]
    assert 25 <= sum(found[case]["kills"] for case in POINTS)
    for case in (*UNKILLED, *POINTS):
        sound, posts = found[f"{case[0]}:"]["told"]["log"], server[1][case]
        assert sound == found[case]["told"]["log"]
        assert by_instance(sound) == by_instance([data for _, data in posts])
        # What came twice under one key is the same: dropping either loses nothing.
        assert len(sound) == len({(key, json.dumps(data)) for key, data in posts})


def test_killed_again_and_again(found: dict[str, dict[str, Any]], server: tuple[str, Posts]) -> None:
    """Runs that are killed over and over on their way come through all the same."""
    sound = found["1:"]["told"]["log"]
    for case in AGAIN:
        assert 3 <= found[case]["kills"]
        assert sound == found[case]["told"]["log"]
        assert by_instance(sound) == by_instance([data for _, data in server[1][case]])


def test_a_notifier_that_forgets(found: dict[str, dict[str, Any]]) -> None:
    """Whoever does not know what they were told hears all of it too, at most once more for each kill, and is told so."""
    doubled = 0
    for case, each in found.items():
        sound, told = keys(found[f"{case[0]}:"]["told"]["forgetful"]), each["told"]["forgetful"]
        assert sound == list(dict.fromkeys(keys(told)))
        assert len(told) <= len(sound) + each["kills"]
        seen: set[str] = set()
        for one in told:
            assert one["key"] not in seen or "Possibly told before" in one["text"]
            doubled += one["key"] in seen
            seen.add(one["key"])
    assert doubled > 0
