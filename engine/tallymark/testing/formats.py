"""What an output format of a plugin must do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from tallymark.hookspecs import Format
from tallymark.testing.books import opened, table
from tallymark.testing.plugin import given

YAML = """
datasets:
  kit: {time: at, columns: {at: timestamp, plan: text, amount: {type: decimal, unit: money}}}
metrics:
  revenue: {formula: sum(kit.amount), label: Revenue}
  failed: {formula: sum(kit.amount) / 0}
"""
PLANS = ["pro", "<b>&\"'|,;\\", "naïve ✓", None]


class FormatConformance:
    """Inherit it in a test class and set `plugin`, the module with the hooks, and `format`, the format's name."""

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    format: ClassVar[str]

    def test_is_described(self) -> None:
        """The help is a sentence; endings of files begin with a dot."""
        made = self._format()
        assert made.help.endswith("."), "`help` is a sentence"
        assert all(suffix.startswith(".") for suffix in made.suffixes)

    def test_writes_every_answer(self) -> None:
        """Answers by dimension and period, with nulls, odd texts, no rows: each is written, as text or as bytes."""
        kind = bytes if self._format().binary else str
        assert [True] * 4 == [isinstance(text, kind) for text in self._written()]

    def test_writes_the_same_again(self) -> None:
        """The same answer is written alike each time."""
        assert self._written() == self._written()

    def _format(self) -> Format:
        found = given(self.plugin, "formats", self.config)[self.format]
        assert isinstance(found, Format)
        return found

    def _written(self) -> list[Any]:
        at = [datetime(2024, 1 + n, 10) for n in range(len(PLANS))]
        types = {"at": "timestamp", "plan": "text", "amount": "integer"}
        rows = table({"at": at, "plan": PLANS, "amount": [1, 2, None, 4]}, types)
        questions: list[dict[str, Any]] = [
            {"period": "2024"},
            {"period": "2024", "by": "plan", "grain": "month"},
            {"period": "1999", "by": "plan"},
            {"period": "2024", "by": "plan", "grain": "month", "pivot": True},
        ]
        with opened(YAML, {"kit": rows}, self.plugin, self.config) as book:
            return [book.ask("revenue", "failed", **question).to(self.format) for question in questions]
