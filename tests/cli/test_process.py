"""The command as a process: signals, pipes, terminals."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = """
import sys, time
from tallymark.cli import main, opening

class Book:
    faults = ()
    stopped = False
    metrics = {}
    def format(self, name):
        return type("Table", (), {"name": "table", "binary": False})
    def ask(self, *metrics, **question):
        print("asking", flush=True)
        if metrics[0] == "listening":
            while not self.stopped:
                time.sleep(0.01)
            raise SystemExit
        time.sleep(60)
    def cancel(self):
        self.stopped = True
        print("cancelled", flush=True)

opening.open_book = lambda session: Book()
main()
"""


def _stopped(metric: str) -> tuple[int, str, str, float]:
    """Runs a question that would take a minute, presses Ctrl-C, gives exit code, outputs, and seconds to the end."""
    command = [sys.executable, "-c", PROGRAM, "ask", metric]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "asking\n" == process.stdout.readline()
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err.strip(), time.monotonic() - begin


def test_ctrl_c_cancels_the_query_and_leaves_with_130() -> None:
    """The engine is told to stop; no traceback."""
    code, out, err, _ = _stopped("listening")
    assert (130, "cancelled\n", "") == (code, out, err)


def test_ctrl_c_does_not_wait_for_what_does_not_listen() -> None:
    """A query that goes on regardless ends with the process, within seconds rather than its minute."""
    code, _, err, seconds = _stopped("deaf")
    assert (130, "") == (code, err)
    assert seconds < 20


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """`tally … | head` prints no complaint about a closed pipe."""
    code = "import sys\nfrom tallymark.cli import tally\nfrom click import command, echo\n"
    code += "import tallymark.cli.ask as ask\n"
    code += "@command()\ndef ask_command():\n    for _ in range(100_000):\n        echo('x' * 80)\n"
    code += "ask.ask_command = ask_command\ntally.main(['ask'], prog_name='tally')\n"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("xxx")
    process.stdout.close()
    assert process.stderr is not None
    assert (0, "") == (process.wait(30), process.stderr.read())


def test_a_project_named_by_a_missing_folder_is_a_usage_error(tmp_path: Path) -> None:
    """Through the installed entry point's function, in a folder without anything."""
    code = "from tallymark.cli import main; main()"
    command = [sys.executable, "-c", code, "ask", "mrr", "--project", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert 2 == done.returncode
    assert "nowhere" in done.stderr
