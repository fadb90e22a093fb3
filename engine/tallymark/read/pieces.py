"""Formulas put together of what was written and what is added; each character keeps a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tallymark.place import Place, Written


@dataclass(slots=True)
class Pieces:
    """A formula in the making: what was written keeps its places, what is added stands at `place`."""

    place: Place
    lines: Sequence[str]
    """Those of the file, for carets."""
    text: list[str] = field(default_factory=list)
    positions: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str) -> Pieces:
        """Puts down what nobody wrote."""
        self.text.append(text)
        self.positions += [(self.place.line, self.place.column)] * len(text)
        return self

    def take(self, written: Written) -> Pieces:
        """Puts down what stands in the file."""
        self.text.append(written.text)
        places = (written.place((n, n + 1)) for n in range(len(written.text)))
        self.positions += [(p.line, p.column) for p in places]
        return self

    def put(self, parts: Sequence[str | Written]) -> Pieces:
        """Puts down texts that were added, and some that were written."""
        for part in parts:
            self.add(part) if isinstance(part, str) else self.take(part)
        return self

    def written(self) -> Written:
        """All of it as one text."""
        place = self.place
        return Written(
            "".join(self.text), place.file, place.line, place.column, tuple(self.positions), tuple(self.lines)
        )
