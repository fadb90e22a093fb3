"""What a notifier of a plugin must do."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tallymark.notifier import IMPORTANCES, Importance, Notification, Notifier, NotifierKind
from tallymark.options import Owner, check_options, settled
from tallymark.secret import Secret
from tallymark.testing.plugin import given

HOSTILE = "NRR <b>fell</b> {0} ${HOME} {{ 7 * 7 }} %s *bold* @channel <!here> [x](https://example.org) 'x'; é ✓"
BROKEN_UP = "below 100\r\nSubject: forged\r\n\r\nforged\n\x1b[2Jforged\u2028forged"
"""Text that ends lines, and would begin others of its own."""


class NotifierConformance:
    """Inherit it in a test class and set what stands below.

    `plugin` is the module with the hooks and `kind` the kind's name. `options(folder)` gives the options of a notifier
    that works (a local server, a file), as `tally.yaml` has them, secrets as references; `received(folder)` what has
    arrived there since the test began, each as the text that a reader would see, and of what the channel drops as told
    before nothing. `broken(folder)` gives options of one whose channel is not there, or None.
    """

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    kind: ClassVar[str]
    _found: NotifierKind | None = None

    def options(self, folder: Path) -> Mapping[str, Any]:
        """The options of a notifier that works."""
        return {}

    def received(self, folder: Path) -> Sequence[str]:
        """What has arrived, oldest first."""
        raise NotImplementedError("give `received(folder)`")

    def broken(self, folder: Path) -> Mapping[str, Any] | None:
        """The options of a notifier that cannot send."""
        return None

    def test_is_described(self) -> None:
        """The help is a sentence, and the options have a JSON Schema with a description each."""
        from jsonschema import Draft202012Validator

        kind = self._kind()
        assert kind.help.endswith("."), "`help` is a sentence"
        Draft202012Validator.check_schema(kind.options)
        for name, option in kind.options.get("properties", {}).items():
            assert option.get("description"), f"the option `{name}` has no `description`"

    @pytest.mark.parametrize("severity", IMPORTANCES)
    def test_sends_once(self, severity: Importance, tmp_path: Path) -> None:
        """One notification arrives as one, with its subject, whatever its severity."""
        self._notifier(tmp_path).send(Notification("NRR below 100", severity=severity))
        assert [True] == ["NRR below 100" in text for text in self.received(tmp_path)]

    def test_text_is_text(self, tmp_path: Path) -> None:
        """What stands in a notification is shown as it is: no markup, template or command."""
        self._notifier(tmp_path).send(Notification(HOSTILE, HOSTILE, labels={"plan": HOSTILE}, fields={"nrr": None}))
        assert [True] == [HOSTILE in text for text in self.received(tmp_path)]

    def test_sends_again(self, tmp_path: Path) -> None:
        """The same notifier may be used again, in the order of the notifications."""
        notifier = self._notifier(tmp_path)
        for number in range(3):
            notifier.send(Notification(f"number {number}", key=f"key {number}"))
        assert [0, 1, 2] == [n for text in self.received(tmp_path) for n in range(3) if f"number {n}" in text]

    def test_line_ends_end_nothing(self, tmp_path: Path) -> None:
        """Text, labels and fields with line ends in them make no second notification, and no other subject."""
        labels, fields = {"plan": BROKEN_UP, "a\nb": "c"}, {"nrr": BROKEN_UP, "parts": [1, {"a": BROKEN_UP}]}
        sent = Notification("NRR below 100", BROKEN_UP, labels=labels, fields=fields, link=f"https://{BROKEN_UP}")
        self._notifier(tmp_path).send(sent)
        assert [True] == ["NRR below 100" in text for text in self.received(tmp_path)]

    def test_what_is_sent_again(self, tmp_path: Path) -> None:
        """The same key a second time, from a new notifier, as after a kill: a `repeatable` kind tells it once.

        Any other tells it twice; one that drops it should say so.
        """
        told = Notification("NRR below 100", "In June.", key="nrr pro 2024-06 1")
        for _ in range(2):
            self._notifier(tmp_path).send(told)
        self._notifier(tmp_path).send(Notification("NRR below 100", "In July.", key="nrr pro 2024-07 1"))
        june = ["In June."] if self._kind().repeatable else ["In June.", "In June."]
        assert [*june, "In July."] == [
            month for text in self.received(tmp_path) for month in ("In June.", "In July.") if month in text
        ]

    def test_a_failure_is_raised(self, tmp_path: Path) -> None:
        """What could not be sent is not passed over in silence."""
        options = self.broken(tmp_path)
        if options is None:
            pytest.skip("this notifier has no channel that can be missing")
        with pytest.raises(Exception):  # noqa: B017, PT011  # a notifier may raise what it likes
            self._made(options, tmp_path).send(Notification("NRR below 100"))
        assert [] == list(self.received(tmp_path))

    def test_no_secret_is_told(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """What is an option's secret stands in no error, no traceback, no output and no text of the notifier itself."""
        for written in (self.options(tmp_path), self.broken(tmp_path)):
            secrets = [] if written is None else list(_secrets(self._settled(written, tmp_path)))
            if written is None or not secrets:
                continue
            notifier, said = self._made(written, tmp_path), ""
            try:
                notifier.send(Notification("NRR below 100"))
            except Exception as error:  # whatever it raises: what matters here is what that says
                said = "".join(traceback.format_exception(error))
            said += "".join(capfd.readouterr()) + repr(notifier) + repr(vars(notifier)) * hasattr(notifier, "__dict__")
            assert [] == [s.reference for s in secrets if s.reveal() in said]

    def _kind(self) -> NotifierKind:
        if self._found is None:
            self._found = given(self.plugin, "notifiers", self.config)[self.kind]
        assert isinstance(self._found, NotifierKind)
        return self._found

    def _notifier(self, folder: Path) -> Notifier:
        return self._made(self.options(folder), folder)

    def _made(self, written: Mapping[str, Any], folder: Path) -> Notifier:
        return self._kind().make(self._settled(written, folder), folder)

    def _settled(self, written: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
        """The options as an engine gives them: held against the schema, defaults filled in, secrets made."""
        schema, owner = self._kind().options, Owner(f"notifier of the kind `{self.kind}`")
        assert [] == check_options(written, schema, owner)
        return settled(written, schema, folder, owner)


def _secrets(value: Any) -> Iterator[Secret]:
    """Every secret among options."""
    if isinstance(value, Secret):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _secrets(item)
