"""The kits of Tallymark, on what the orchard gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow
import tallymark_orchard

from tallymark.testing import FormatConformance, NotifierConformance, PackConformance, TransformConformance


class TestShouted(TransformConformance):
    """Varieties in capitals; two equal rows stay two."""

    plugin = tallymark_orchard
    datasets = """
    datasets:
      harvests: {time: at, columns: {at: timestamp, variety: text}}
      loud: {transform: "orchard.shouted(harvests)"}
    """
    made = "loud"
    tables = {
        "harvests": pyarrow.table(
            {
                "at": pyarrow.array([datetime(2024, 9, 1), datetime(2024, 9, 1), None], pyarrow.timestamp("us")),
                "variety": ["gala", "gala", None],
            }
        )
    }
    rows = (
        {"variety": "gala", "shouted": "GALA"},
        {"variety": "gala", "shouted": "GALA"},
    )


class TestPack(PackConformance):
    """The pack, in two languages."""

    plugin = tallymark_orchard
    pack = "orchard"
    languages = ("en", "fr")


class TestLines(FormatConformance):
    """The format."""

    plugin = tallymark_orchard
    format = "orchard.lines"


class TestDiary(NotifierConformance):
    """The notifier, which writes into a file."""

    plugin = tallymark_orchard
    kind = "orchard.diary"

    def options(self, folder: Path) -> Mapping[str, Any]:
        """A file in the folder."""
        return {"path": "diary.txt"}

    def received(self, folder: Path) -> Sequence[str]:
        """The lines of the file."""
        path = folder / "diary.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def broken(self, folder: Path) -> Mapping[str, Any]:
        """A file in a folder that is not there."""
        return {"path": "nowhere/diary.txt"}
