"""A secret is read where its reference says, and is shown nowhere."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from tallymark.errors import FaultError
from tallymark.secret import Secret, secret

CANARY = "sk_live_canary"


def test_a_secret_is_read_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both references give the value, without the space around it."""
    monkeypatch.setenv("A_KEY", f" {CANARY}\n")
    (tmp_path / "key.txt").write_text(f"{CANARY}\n")
    assert [CANARY, CANARY] == [Secret(r, tmp_path).reveal() for r in ("env:A_KEY", "file:key.txt")]


def test_a_secret_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way of printing it has the value."""
    monkeypatch.setenv("A_KEY", CANARY)
    kept = Secret("env:A_KEY")
    kept.reveal()
    assert ["***"] * 4 == [repr(kept), str(kept), f"{kept}", f"{kept!r:>3}"]


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy])
def test_a_secret_is_not_written(write: object) -> None:
    """What would put it elsewhere refuses."""
    with pytest.raises(TypeError):
        write(Secret("env:A_KEY"))  # type: ignore[operator]  # either takes anything


@pytest.mark.parametrize("text", [CANARY, "env:", "file: ", ""])
def test_a_secret_in_the_open_is_refused_without_repeating_it(text: str) -> None:
    """The fault says what to write, and not what was written."""
    with pytest.raises(FaultError) as caught:
        secret({"key": text}, "key", Path())
    fault = caught.value.faults[0]
    assert "D480" == fault.code
    assert CANARY not in f"{fault}{fault.help}"


@pytest.mark.parametrize("reference", ["env:NOT_THERE", "env:EMPTY", "file:none.txt", "file:bytes.bin", "file:."])
def test_a_secret_that_is_not_there_is_a_fault(reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset, empty, unreadable: each is told as such."""
    monkeypatch.setenv("EMPTY", " ")
    (tmp_path / "bytes.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FaultError) as caught:
        Secret(reference, tmp_path).reveal()
    assert "D481" == caught.value.faults[0].code
