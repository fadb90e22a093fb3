"""What a metric pack of a plugin must do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tallymark.definitions import Definitions
from tallymark.read import read_texts
from tallymark.testing.plugin import loaded


class PackConformance:
    """Inherit it in a test class and set `plugin`, the module with the hooks, and `pack`, the pack's name.

    `languages` are those in which each metric has a label.
    """

    plugin: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    pack: ClassVar[str]
    languages: ClassVar[tuple[str, ...]] = ("en",)

    def test_reads_without_faults(self) -> None:
        """The files of the pack are what metric files may be."""
        self._definitions()

    def test_metrics_say_what_they_are(self) -> None:
        """Each metric has a unit, a label and a description in each language."""
        for metric in self._definitions().metrics.values():
            assert metric.unit is not None, f"`{metric.name}` has no unit"
            for language in self.languages:
                assert language in metric.label, f"`{metric.name}` has no label in `{language}`"
            assert metric.description, f"`{metric.name}` has no description"

    def _definitions(self) -> Definitions:
        plugins = loaded(self.plugin, self.config)
        definitions, faults = read_texts(list(plugins.packs[self.pack]), None, plugins.packs, plugins.units)
        assert not faults, "\n".join(map(str, faults))
        return definitions
