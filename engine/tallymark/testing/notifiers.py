"""What a notifier of a plugin must do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tallymark.notifier import IMPORTANCES, Importance, Notification, Notifier, NotifierKind
from tallymark.testing.plugin import given

HOSTILE = "NRR <b>fell</b> {0} ${HOME} {{ 7 * 7 }} %s *bold* @channel 'x'; é ✓"


class NotifierConformance:
    """Inherit it in a test class and set what stands below.

    `plugin` is the module with the hooks and `kind` the kind's name. `options(folder)` gives the options of a notifier
    that works (a local server, a file), and `received(folder)` what has arrived there since the test began, each as
    the text that a reader would see. `broken(folder)` gives options of one whose channel is not there, or None.
    """

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    kind: ClassVar[str]

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
            notifier.send(Notification(f"number {number}", key="the same"))
        assert [0, 1, 2] == [n for text in self.received(tmp_path) for n in range(3) if f"number {n}" in text]

    def test_a_failure_is_raised(self, tmp_path: Path) -> None:
        """What could not be sent is not passed over in silence."""
        options = self.broken(tmp_path)
        if options is None:
            pytest.skip("this notifier has no channel that can be missing")
        with pytest.raises(Exception):  # noqa: B017, PT011  # a notifier may raise what it likes
            self._kind().make(options, tmp_path).send(Notification("NRR below 100"))
        assert [] == list(self.received(tmp_path))

    def _kind(self) -> NotifierKind:
        found = given(self.plugin, "notifiers", self.config)[self.kind]
        assert isinstance(found, NotifierKind)
        return found

    def _notifier(self, folder: Path) -> Notifier:
        return self._kind().make(self.options(folder), folder)
