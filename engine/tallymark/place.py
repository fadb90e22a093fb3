"""Where a piece of text stands: file, line, column.

A formula is parsed as plain text, but it was written somewhere: in a YAML scalar that may be quoted or folded over
several lines, on the command line, in a Python string. `Written` is that text together with the position of each of
its characters, so that a fault points at the exact stretch the author typed.
"""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[int, int]
"""A half-open stretch `[start, end)` of character offsets in a formula's text."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of one line of a file. Lines and columns count from 1; `width` is in characters."""

    file: str
    line: int = 1
    column: int = 1
    width: int = 1
    text: str = ""
    """The whole line as it stands in the file, for showing a caret under it."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Written:
    """A text and where each of its characters stands.

    `positions` holds one `(line, column)` per character, and may be None when the text stands on one line beginning at
    `(line, column)`. `lines` are the lines of the whole file, for carets.
    """

    text: str
    file: str = "<formula>"
    line: int = 1
    column: int = 1
    positions: tuple[tuple[int, int], ...] | None = None
    lines: tuple[str, ...] = ()

    def place(self, span: Span | None = None) -> Place:
        """The place of `span`, cut to its first line; of the whole text when `span` is None."""
        start, end = span if span is not None else (0, len(self.text))
        line, column = self._at(start)
        width = 1
        while start + width < end and self._at(start + width) == (line, column + width):
            width += 1
        return Place(self.file, line, column, width, self._line(line))

    def part(self, span: Span) -> Written:
        """The stretch `span` as a text of its own, each character where it stands."""
        start, end = span
        line, column = self._at(start)
        positions = self.positions[start:end] if self.positions is not None else None
        lines = self.lines or tuple([""] * (self.line - 1) + self.text.split("\n"))
        return Written(self.text[start:end], self.file, line, column, positions, lines)

    def _at(self, offset: int) -> tuple[int, int]:
        if self.positions is None:
            before = self.text[:offset]
            breaks = before.count("\n")
            if breaks:
                return self.line + breaks, offset - before.rfind("\n")
            return self.line, self.column + offset
        if not self.positions:
            return self.line, self.column
        if offset < len(self.positions):
            return self.positions[offset]
        line, column = self.positions[-1]
        return line, column + 1 + offset - len(self.positions)

    def _line(self, line: int) -> str:
        if 1 <= line <= len(self.lines):
            return self.lines[line - 1]
        if not self.lines:
            rows = self.text.split("\n")
            return rows[line - self.line] if 0 <= line - self.line < len(rows) else ""
        return ""
