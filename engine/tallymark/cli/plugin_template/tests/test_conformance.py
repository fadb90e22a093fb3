"""What Tallymark asks of every plugin. Each class inherits its tests; what stands here says what to try them on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import tallymark_acme

from tallymark.testing import (
    AggregateCase,
    AggregateConformance,
    FunctionCase,
    FunctionConformance,
    SourceConformance,
)


class TestSource(SourceConformance):
    """The source, over a table of two rows."""

    plugin = tallymark_acme
    kind = "acme"
    table = "orders"
    columns = {"id": "text", "amount": "decimal", "at": "timestamp"}
    rows = (("a", Decimal("2.5"), datetime(2024, 1, 5, 10)), ("b", None, None))

    def options(self, folder: Path) -> Mapping[str, Any]:
        """Two orders, the second without amount and time."""
        (folder / "data").mkdir()
        self._write(folder, [["a", 2.5, "2024-01-05T10:00:00"], ["b", None, None]])
        return {"path": "data"}

    def change(self, folder: Path) -> Sequence[tuple[Any, ...]]:
        """Another order in their place."""
        self._write(folder, [["c", 1, "2024-02-01T00:00:00"]])
        return [("c", Decimal(1), datetime(2024, 2, 1))]

    def _write(self, folder: Path, rows: list[list[Any]]) -> None:
        objects = [dict(zip(self.columns, row, strict=True)) for row in rows]
        (folder / "data/orders.json").write_text(json.dumps(objects))


class TestFunctions(FunctionConformance):
    """The functions, each called at least once."""

    plugin = tallymark_acme
    cases = (
        FunctionCase("acme.clamped(x, 0, 100)", {"x": 120}, 100),
        FunctionCase("acme.clamped(x, 0, 100)", {"x": -3}, 0),
        FunctionCase("acme.clamped(x, 0, 100)", {"x": 42}, 42),
    )


class TestAggregates(AggregateConformance):
    """The aggregates, each called at least once."""

    plugin = tallymark_acme
    cases = (
        AggregateCase("acme.spread(x)", [1, 5, None, 3], 4),
        AggregateCase("acme.spread(x)", [2.5, 2.5], 0.0),
    )
