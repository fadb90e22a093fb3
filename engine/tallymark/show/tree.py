"""A tree with a value at the end of each line, the values aligned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

GAP = 3
SHORTEST = 12
"""Texts are not cut below this many characters, however narrow the page."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of a tree: what it is, its value as text, something aside, and what it is made of."""

    text: str
    value: str = ""
    aside: str = ""
    children: tuple[Branch, ...] = ()


def tree(root: Branch, width: int | None = None) -> str:
    """The tree as lines; a long text is cut so that its value stays on the page, a value never."""
    from rich.cells import cell_len, set_cell_size

    lines = [(prefix + b.text, b.value, b.aside) for prefix, b in _lines(root)]
    values = max(cell_len(value) for _, value, _ in lines)
    asides = max(cell_len(aside) for _, _, aside in lines)
    room = max(cell_len(text) for text, _, _ in lines)
    if width is not None:
        room = min(room, max(SHORTEST, width - GAP - values - (GAP + asides if asides else 0)))

    def whole(text: str, value: str, aside: str) -> str:
        if cell_len(text) > room:
            text = set_cell_size(text, room - 1) + "…"
        padded = text + " " * (room - cell_len(text))
        line = f"{padded}{' ' * GAP}{' ' * (values - cell_len(value))}{value}"
        return (f"{line}{' ' * GAP}{aside}" if aside else line).rstrip()

    return "".join(f"{whole(*line)}\n" for line in lines)


def _lines(root: Branch) -> Iterator[tuple[str, Branch]]:
    """Each line's lead and branch, top to bottom, without recursion: a formula may nest deeply."""
    waiting: list[tuple[str, str, Branch]] = [("", "", root)]
    while waiting:
        lead, below, branch = waiting.pop()
        yield lead, branch
        last = len(branch.children) - 1
        for i in range(last, -1, -1):
            end = i == last
            child = branch.children[i]
            waiting.append((below + ("└─ " if end else "├─ "), below + ("   " if end else "│  "), child))
