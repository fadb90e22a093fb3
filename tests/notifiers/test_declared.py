"""`notifiers:` in `tally.yaml`: what is written there becomes a notifier that sends, or faults with their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tallymark
from tallymark import Notification, NotifierKind, PluginInfo, Secret, hookimpl
from tallymark.errors import Fault, FaultError

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "the file"},
        "key": {"type": "string", "secret": True, "description": "the key"},
        "loud": {"type": "boolean", "default": False},
        "fails": {"enum": ["make", "send", "fault", "nothing"]},
    },
    "required": ["path"],
    "additionalProperties": False,
}


class Board:
    """Keeps what it is sent, or fails as its options say."""

    def __init__(self, options: Mapping[str, Any], folder: Path) -> None:
        self.options, self.folder = options, folder
        self.sent: list[Notification] = []

    def send(self, notification: Notification) -> None:
        """Keeps it."""
        key = self.options["key"].reveal() if "key" in self.options else ""
        if self.options.get("fails") == "send":
            raise ConnectionError(f"no way to https://{key}@example.org")
        if self.options.get("fails") == "fault":
            raise FaultError(Fault("acme.1", f"{key} is not known there", None, f"is {key} right?"))
        self.sent.append(notification)


def make(options: Mapping[str, Any], folder: Path) -> Any:
    """A board, unless its options say that making one fails."""
    if options.get("fails") == "make":
        raise RuntimeError("no board today")
    return object() if options.get("fails") == "nothing" else Board(options, folder)


@pytest.fixture
def acme() -> ModuleType:
    """A plugin with one kind of notifier."""
    module = ModuleType("acme")
    module.tally_plugin = PluginInfo("acme")  # type: ignore[attr-defined]

    @hookimpl
    def tally_notifiers() -> Sequence[NotifierKind]:
        return [NotifierKind("acme.board", make, "Keeps notifications.", OPTIONS, repeatable=True)]

    module.tally_notifiers = tally_notifiers  # type: ignore[attr-defined]
    return module


@pytest.fixture
def opened(tmp_path: Path, acme: ModuleType) -> Iterator[Any]:
    """Opens a project with the notifiers that are given as YAML."""
    books: list[tallymark.Book] = []

    def open_(notifiers: str) -> tallymark.Book:
        (tmp_path / "tally.yaml").write_text(f"name: P\nnotifiers:\n{notifiers}\n")
        books.append(tallymark.open(tmp_path, plugins=[acme], strict=False))
        return books[-1]

    yield open_
    for book in books:
        book.close()


def test_a_notifier_is_made_of_its_options(opened: Any, tmp_path: Path) -> None:
    """Defaults are filled in, a secret is no text, the folder is the project's; it is made once, and sends."""
    book = opened("  team: {kind: acme.board, path: out, key: 'env:BOARD_KEY'}\n  other: {kind: acme.board, path: x}")
    assert () == book.faults
    assert ["team", "other"] == list(book.notifiers)
    channel = book.notifier("team")
    assert (True, "acme.board", "acme") == (channel.kind.repeatable, channel.kind.name, channel.giver)
    board: Any = channel.notifier
    assert ("out", False, tmp_path) == (board.options["path"], board.options["loud"], board.folder)
    assert isinstance(board.options["key"], Secret)
    assert channel is book.notifier("team")
    plain: Any = book.notifier("other")
    plain.send(Notification("NRR fell"))
    assert ["NRR fell"] == [n.subject for n in plain.notifier.sent]


WRONG = [
    ("  team: {kind: acme.bord, path: out}", "A301", 3, "did you mean `acme.board`?"),
    ("  team:\n    kind: acme.board", "R037", 3, "`path` is the file"),
    ("  team:\n    kind: acme.board\n    path: out\n    pth: out", "R035", 6, "did you mean `path`?"),
    ("  team:\n    kind: acme.board\n    path: 3", "R036", 5, "`path` is the file"),
    ("  team:\n    kind: acme.board\n    path: out\n    key: hunter22", "D480", 6, "write `env:NAME`"),
    ("  team: {path: out}", "R023", 3, "write `kind: stdout`"),
    ("  Team: {kind: acme.board, path: out}", "R024", 3, "write `team`"),
    ("  team: slack", "R021", 3, "`team: {kind: stdout}`"),
    ("  - slack", "R021", 3, None),
]


@pytest.mark.parametrize(
    ("written", "code", "line", "help_"), WRONG, ids=[f"{c} {w.split()[-1]}" for w, c, _, _ in WRONG]
)
def test_what_is_wrong_is_told_where_it_is_written(
    opened: Any, written: str, code: str, line: int, help_: str | None
) -> None:
    """Kinds, options and names that cannot be used are faults with a place and a way out, and show no secret."""
    (fault,) = opened(written).faults
    assert (code, line) == (fault.code, fault.place.line)
    assert help_ is None or help_ in fault.help
    assert "hunter22" not in str(fault)


def test_one_that_cannot_be_used_is_not_made(opened: Any) -> None:
    """Who asks for a notifier that is not there, or not sound, is told so; the others work."""
    book = opened("  team: {kind: acme.bord, path: out}\n  fine: {kind: acme.board, path: out}")
    with pytest.raises(FaultError, match="A301"):
        book.notifier("team")
    with pytest.raises(FaultError, match="A300") as caught:
        book.notifier("fin")
    assert "did you mean `fine`?" == caught.value.faults[0].help
    book.notifier("fine").send(Notification("x"))


@pytest.mark.parametrize(
    ("fails", "code"), [("make", "P700"), ("nothing", "P700"), ("send", "P700"), ("fault", "acme.1")]
)
def test_a_plugin_that_fails_is_named(opened: Any, fails: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises becomes a fault that names the notifier, without the secret that was in it."""
    monkeypatch.setenv("BOARD_KEY", "canary-1234")
    book = opened(f"  team: {{kind: acme.board, path: out, key: 'env:BOARD_KEY', fails: {fails}}}")
    with pytest.raises(FaultError) as caught:
        book.notifier("team").send(Notification("x"))
    (fault,) = caught.value.faults
    assert code == fault.code
    assert "`team`" in f"{fault.message} {fault.subject}"
    assert "canary" not in str(caught.value)
