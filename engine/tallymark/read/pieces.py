"""Formulas put together of what was written and what is added; each character keeps a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tallymark.place import Place, Written

Piece = str | Decimal | Written | tuple[str, Written]
"""What nobody wrote, a number or a text; what was written; or a text with what it belongs to behind it."""


def together(at: Place, lines: Sequence[str], *pieces: Piece) -> Written:
    """One formula of several pieces. Characters that nobody wrote stand at `at`."""
    return Pieces(at, lines).put(pieces).written()


def literal(number: Decimal) -> str:
    """A number as formulas write it."""
    return format(number, "f")


def quoted(text: str) -> str:
    """A text as formulas write it."""
    return "'" + text.replace("'", "''") + "'"


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

    def before(self, text: str, written: Written) -> Pieces:
        """Puts down what nobody wrote, and what it belongs to behind it: both stand where that is written."""
        at = written.place()
        self.text.append(text)
        self.positions += [(at.line, at.column)] * len(text)
        return self.take(written)

    def put(self, parts: Sequence[Piece]) -> Pieces:
        """Puts down pieces of all kinds, one after the other."""
        for part in parts:
            if isinstance(part, str | Decimal):
                self.add(literal(part) if isinstance(part, Decimal) else part)
            elif isinstance(part, tuple):
                self.before(*part)
            else:
                self.take(part)
        return self

    def written(self) -> Written:
        """All of it as one text."""
        place = self.place
        return Written(
            "".join(self.text), place.file, place.line, place.column, tuple(self.positions), tuple(self.lines)
        )
