"""Formulas put together: what was written keeps its places, what is added stands where the part is named."""

from __future__ import annotations

from decimal import Decimal

from tallymark.place import Place, Written

Piece = str | Decimal | Written


def together(at: Place, lines: tuple[str, ...], *pieces: Piece) -> Written:
    """One formula of several pieces. Characters that nobody wrote stand at `at`."""
    texts: list[str] = []
    positions: list[tuple[int, int]] = []
    for piece in pieces:
        if isinstance(piece, Written):
            texts.append(piece.text)
            places = (piece.place((k, k + 1)) for k in range(len(piece.text)))
            positions += [(p.line, p.column) for p in places]
        else:
            text = literal(piece) if isinstance(piece, Decimal) else piece
            texts.append(text)
            positions += [(at.line, at.column)] * len(text)
    return Written("".join(texts), at.file, at.line, at.column, tuple(positions), lines)


def literal(number: Decimal) -> str:
    """A number as formulas write it."""
    return format(number, "f")


def quoted(text: str) -> str:
    """A text as formulas write it."""
    return "'" + text.replace("'", "''") + "'"
