"""Temporary folders go with their process, whichever way it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tallymark import scratch
from tallymark.scratch import LOCK, YOUNGEST, Scratch, sweep

PROGRAM = """
import sys, time
from tallymark.scratch import Scratch
made = Scratch()
print(made.path, flush=True)
{rest}
"""

pytestmark = pytest.mark.skipif(scratch.fcntl is None, reason="locks are the system's")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files in which nobody has looked yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "_swept", set())
    return tmp_path


def started(temporary: Path, rest: str) -> tuple[subprocess.Popen[str], Path]:
    """Another process that has such a folder, and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(rest=rest)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def aged(path: Path) -> None:
    """Makes a folder's lock as old as a forgotten one's."""
    then = (path / LOCK).stat().st_mtime - 2 * YOUNGEST
    os.utime(path / LOCK, (then, then))


def test_closing_removes_the_folder(temporary: Path) -> None:
    """A closed folder is gone; closing it again changes nothing."""
    made = Scratch()
    (made.path / "spill").mkdir()
    made.close()
    made.close()
    assert not made.path.exists()


def test_a_forgotten_folder_is_removed(temporary: Path) -> None:
    """A folder that nobody refers to any more is gone."""
    path = Scratch().path
    assert not path.exists()


def test_a_program_that_ends_leaves_nothing(temporary: Path) -> None:
    """A program that never closes its folder leaves none."""
    process, path = started(temporary, "")
    assert 0 == process.wait(30)
    assert path.parent == temporary.resolve()
    assert not path.exists()


def test_what_a_killed_process_left_is_removed_by_the_next(temporary: Path) -> None:
    """The folder of a killed process is removed, that of a living one and a stranger's are not."""
    killed, left = started(temporary, "time.sleep(60)")
    living, held = started(temporary, "time.sleep(60)")
    stranger = temporary / "tallymark-notes"
    stranger.mkdir()
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait(30)
        for path in (left, held):
            aged(path)
        sweep(temporary)
        assert not left.exists()
        assert held.exists()
        assert stranger.exists()
    finally:
        living.kill()
        living.wait(30)


def test_a_young_folder_is_left_alone(temporary: Path) -> None:
    """A folder whose lock is a moment old may belong to a process that is just making it."""
    killed, left = started(temporary, "time.sleep(60)")
    killed.kill()
    killed.wait(30)
    sweep(temporary)
    assert left.exists()
