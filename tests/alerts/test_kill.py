"""A run that is killed, at whatever point, tells everything in the end, and once to whoever knows what they were told."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killing.py")
ROOT = Path(__file__).parents[2]

Posts = dict[str, list[tuple[str, bytes]]]


@pytest.fixture
def server() -> Iterator[tuple[str, Posts]]:
    """A server that takes posts, with what it took by path: keys and bodies."""
    posts: Posts = defaultdict(list)

    class Takes(BaseHTTPRequestHandler):
        """Takes everything."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) < int(self.headers["Content-Length"]):
                return  # whoever sent it is gone
            posts[self.path[1:]].append((self.headers["Idempotency-Key"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
    thread = Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", posts
    made.shutdown()
    made.server_close()


UNKILLED = ("0:", "1:")
"""Both steps without a kill."""


def kill(folder: Path, url: str, notifiers: str, cases: list[str]) -> dict[str, dict[str, Any]]:
    """What was told in each case, those without a kill included."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, str(SCRIPT), str(folder), url, notifiers, *UNKILLED, *cases]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert "" == done.stderr
    return {found["case"]: found for found in map(json.loads, done.stdout.splitlines())}


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


def test_killed_at_every_point(folder: Path, server: tuple[str, Posts]) -> None:
    """At each statement, write and request: a file and a server end with one of each key, those of an unkilled run."""
    url, posts = server
    found = kill(folder, url, "log,server", [f"{step}:{point}" for step in (0, 1) for point in range(1 + step, 75, 3)])
    # By hand: two begin at first; then, in order, three of one, two of another, and the end of the one that is gone.
    assert [2, 6] == [len(found[step]["told"]["log"]) for step in UNKILLED]
    assert 35 <= sum(each["kills"] for each in found.values())
    for case, each in found.items():
        sound = found[f"{case[0]}:"]["told"]["log"]
        assert sound == each["told"]["log"]
        # What came twice under one key is the same, to the letter: dropping either loses nothing.
        assert len(sound) == len(set(posts[case]))
        assert by_instance(sound) == by_instance([json.loads(body) for _, body in posts[case]])


def test_killed_again_and_again(folder: Path, server: tuple[str, Posts]) -> None:
    """Runs that are killed over and over on their way come through all the same."""
    url, posts = server
    chance = random.Random(20240607)
    cases = [f"1:{','.join(str(chance.randint(5, 60)) for _ in range(4))}" for _ in range(8)]
    found = kill(folder, url, "log,server", cases)
    sound = found["1:"]["told"]["log"]
    for case in cases:
        assert 3 <= found[case]["kills"]
        assert sound == found[case]["told"]["log"]
        assert by_instance(sound) == by_instance([json.loads(body) for _, body in posts[case]])


def test_killed_before_a_notifier_that_forgets(folder: Path) -> None:
    """Whoever does not know what they were told hears all of it too, at most once more for each kill, and is told so."""
    found = kill(folder, "", "forgetful", [f"1:{point}" for point in range(15, 60, 3)])
    sound = keys(found["1:"]["told"]["forgetful"])
    doubled = 0
    for case, each in found.items():
        told = each["told"]["forgetful"] if case[0] == "1" else []
        assert len(told) <= len(sound) + each["kills"]
        assert case[0] == "0" or sound == list(dict.fromkeys(keys(told)))
        seen: set[str] = set()
        for one in told:
            assert one["key"] not in seen or "Possibly told before" in one["text"]
            doubled += one["key"] in seen
            seen.add(one["key"])
    assert doubled > 0
