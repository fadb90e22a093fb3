"""Notifications as lines: for people on the standard output, as JSON in a file that survives what may happen to it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tallymark import Notification

from .sending import NRR, channel, fault

WRITER = """
import sys
from pathlib import Path
from tallymark import Notification
from tallymark_plugins.notifiers.jsonl import JsonLines
notifier = JsonLines(Path(sys.argv[1]), "told.jsonl")
for number in range(1000):
    notifier.send(Notification(f"number {number}", "x" * 1_000_000, key=f"key {number}"))
"""


def lines(file: Path) -> list[dict[str, Any]]:
    """Every line of the file, each an object."""
    return [json.loads(line) for line in file.read_text("utf-8").split("\n")[:-1]]


# --- the standard output ---------------------------------------------------------------------------------------------


def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """The severity and the subject, and below it, indented, everything else."""
    told = Notification(
        "NRR fell",
        "From 104%\nto 96%.",
        "warning",
        {"plan": "pro"},
        "https://example.com",
        {"nrr": 0.96, "all": [1, None]},
    )
    channel("stdout").send(told)
    channel("stdout", stream="stderr").send(Notification("Alone"))
    said = capsys.readouterr()
    assert (
        "[warning] NRR fell\n    From 104%\n    to 96%.\n\n    plan: pro\n    nrr: 0.96\n    all: [1, null]\n\n    https://example.com\n"
        == said.out
    )
    assert "[info] Alone\n" == said.err


def test_people_get_values_as_they_read_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Of fields with `shown` people see those alone, beside the labels; programs get all fields."""
    fields = {"state": "firing", "values": {"nrr": 99.2270837}, "shown": {"Rétention nette": "99,2 %"}}
    channel("stdout").send(Notification("NRR", labels={"team": "success"}, fields=fields))
    assert "[info] NRR\n    team: success\n    Rétention nette: 99,2 %\n" == capsys.readouterr().out


def test_what_people_are_told_behind_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name once, a mapping as what it holds, and neither digests nor the severity a second time."""
    labels = {"plan": "pro", "rule": "nrr_low", "severity": "critical"}
    fields = {"rule": "nrr_low", "alert": "d" * 32, "instance": {"plan": "pro"}, "values": {"nrr": 0.96, "mrr": None}}
    channel("stdout").send(Notification("NRR fell", severity="critical", labels=labels, fields=fields))
    assert (
        "[critical] NRR fell\n    plan: pro\n    rule: nrr_low\n    nrr: 0.96\n    mrr: –\n" == capsys.readouterr().out
    )
    channel("stdout").send(Notification("NRR fell", severity="info", labels=labels))
    assert "    severity: critical\n" in capsys.readouterr().out


def test_no_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    """What would steer a terminal, or turn the direction of writing, is written out; no text begins a line of its own."""
    channel("stdout").send(
        Notification("s\x1b]0;x\x07", "a\x1b[2J\u202eb\n[critical] forged\r\x00", labels={"x\ny": "\x9b1m"})
    )
    said = capsys.readouterr().out
    assert [] == [c for c in said if not c.isprintable() and c != "\n"]
    assert ["[info] s\\x1b]0;x\\x07"] == [line for line in said.splitlines() if line and not line.startswith(" ")]
    assert "    a\\x1b[2J\\u202eb\n    [critical] forged\\r\\x00\n" in said


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "NRR \\xe9 \\u2013"), ("utf-8", "NRR é –")])
def test_every_output_can_show_it(monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str) -> None:
    """A terminal that knows few letters shows the others written out."""
    output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", output)
    channel("stdout").send(Notification("NRR é –"))
    assert f"[info] {shown}\n".encode(encoding) == output.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO


def test_an_output_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cannot write says so."""
    reader, writer = os.pipe()
    os.close(reader)
    output = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stdout", output)
    found = fault(channel("stdout"))
    assert ("A312", True) == (found.code, "Broken pipe" in found.message)
    with pytest.raises(BrokenPipeError):
        output.close()


# --- a file of JSON lines --------------------------------------------------------------------------------------------


def test_lines_of_json(tmp_path: Path) -> None:
    """Each has all of the notification and when it was written; what was in the file stays."""
    (tmp_path / "told.jsonl").write_text('{"key": "of somebody else"}')
    to = channel("jsonl", tmp_path, path="told.jsonl")
    to.send(NRR)
    to.send(Notification("é\u2028", fields={"n": float("inf")}, key="of somebody else"))
    to.send(Notification("é\u2028", fields={"n": float("inf")}))
    text = (tmp_path / "told.jsonl").read_text("utf-8")
    first, second, third = lines(tmp_path / "told.jsonl")
    assert {"key": "of somebody else"} == first
    assert NRR.as_dict() == {name: value for name, value in second.items() if name != "at"}
    assert second["at"].endswith("+00:00")
    assert ("é\u2028", {"n": None}) == (third["subject"], third["fields"])
    assert ["é", "\\u2028"] == [part for part in ("é", "\u2028", "\\u2028") if part in text]


def test_a_line_cut_at_any_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a kill stopped the write, what is sent again stands there once and whole, and so do the others."""
    file = tmp_path / "told.jsonl"
    for key in ("a", "b"):
        channel("jsonl", tmp_path, path="told.jsonl").send(Notification("s", key=key))
    whole = file.read_bytes()
    first = whole.index(b"\n") + 1
    monkeypatch.setattr(os, "fsync", lambda opened: None)  # the disk is asked hundreds of times otherwise
    for end in range(first, len(whole) + 1):
        file.write_bytes(whole[:end])
        to = channel("jsonl", tmp_path, path="told.jsonl")
        for key in ("b", "a", "c"):
            to.send(Notification("s", key=key))
        assert ["a", "b", "c"] == [line["key"] for line in lines(file)], end


def test_other_last_lines_are_kept(tmp_path: Path) -> None:
    """A last line that is not of ours, or no line's beginning, is ended and not cut."""
    file = tmp_path / "told.jsonl"
    for there in (b"hello", b'{"key": 7}', b"\xff\x00", b'{"at": 1}\n{"x"'):
        file.write_bytes(there)
        channel("jsonl", tmp_path, path="told.jsonl").send(NRR)
        assert file.read_bytes().startswith(there + b"\n")


def test_killed_in_the_middle_of_writing(tmp_path: Path) -> None:
    """SIGKILL at some moment of a long write: each key stands there once, when all are sent again."""
    file, counts = tmp_path / "told.jsonl", []
    for rounds in range(1, 3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
        while writer.poll() is None and (not file.exists() or file.stat().st_size < rounds * 3_500_000):
            pass
        os.kill(writer.pid, signal.SIGKILL)
        assert -signal.SIGKILL == writer.wait()
        counts.append(file.read_bytes().count(b"\n"))
    to = channel("jsonl", tmp_path, path="told.jsonl")
    for number in range(counts[-1] + 3):
        to.send(Notification(f"number {number}", key=f"key {number}"))
    told = Counter(line["key"] for line in lines(file))
    assert {f"key {number}": 1 for number in range(counts[-1] + 3)} == told
    assert counts[-1] >= 6, "the writes were long enough to be killed in"


def test_two_who_write_at_a_time(tmp_path: Path) -> None:
    """Several threads, each with a notifier of its own, write each key once, and every line is whole."""

    def write() -> None:
        to = channel("jsonl", tmp_path, path="told.jsonl")
        for number in range(30):
            to.send(Notification(f"number {number}", key=f"key {number}"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(f"key {n}" for n in range(30)) == sorted(line["key"] for line in lines(tmp_path / "told.jsonl"))


def test_a_file_that_is_begun_anew(tmp_path: Path) -> None:
    """When somebody moves the file away, as those do who keep logs short, a new one is begun with what is sent then."""
    to = channel("jsonl", tmp_path, path="told.jsonl")
    to.send(Notification("s", key="a"))
    (tmp_path / "told.jsonl").rename(tmp_path / "told.1.jsonl")
    to.send(Notification("s", key="a"))
    assert ["a"] == [line["key"] for line in lines(tmp_path / "told.jsonl")]
    (tmp_path / "told.jsonl").write_bytes(b"")
    to.send(Notification("s", key="a"))
    assert ["a"] == [line["key"] for line in lines(tmp_path / "told.jsonl")]


@pytest.mark.parametrize("path", ["../told.jsonl", "/tmp/told.jsonl", "out/../../told.jsonl", ".", "away/told.jsonl"])
def test_it_stays_in_the_project(tmp_path: Path, path: str) -> None:
    """No path leads out of the project's folder, over a link neither."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "away").symlink_to(tmp_path)
    assert "A310" == fault(channel("jsonl", tmp_path / "project", path=path)).code
    assert not (tmp_path / "told.jsonl").exists()


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder in its place, or a file in a folder's, is told in the system's words."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").write_text("")
    for path, words in {"taken": "Is a directory", "file/told.jsonl": "File exists"}.items():
        found = fault(channel("jsonl", tmp_path, path=path))
        assert ("A311", True) == (found.code, words in found.message), found
