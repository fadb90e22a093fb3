"""A tree with a value at the end of each line, the values aligned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

GAP = 3
SHORTEST = 12
"""Texts have at least this many characters in a line, however narrow the page."""

ROOMY = 60
"""Labels are told only where the longest text, or this much of it, stays in one line."""

HANGING = 2
"""How much farther right the second line of a text begins."""

GLUE = "\u00a0"
"""Stands for a blank at which a text is not broken."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of a tree: what it is, its value as text, something aside, what people call it, and what it is made of."""

    text: str
    value: str = ""
    aside: str = ""
    children: tuple[Branch, ...] = ()
    label: str = ""


def tree(root: Branch, width: int | None = None) -> str:
    """The tree as lines; a long text goes on in the next line, a value stays whole.

    Labels, which stand to the right of all, are left out where the page has no room for them.
    """
    from rich.cells import cell_len

    found = list(_lines(root))
    texts, values, asides, labels = (
        max(map(cell_len, column))
        for column in zip(*((lead + b.text, b.value, b.aside, b.label) for lead, _, b in found), strict=True)
    )
    taken = sum(GAP + size for size in (values, asides) if size)
    labelled = bool(labels) and (width is None or width - taken - GAP - labels >= min(texts, ROOMY))
    taken += GAP + labels if labelled else 0
    room = texts if width is None else min(texts, max(SHORTEST, width - taken))

    def shown(lead: str, below: str, branch: Branch) -> str:
        below += " " * HANGING
        first, *more = _wrapped(branch.text, room - cell_len(lead), room - cell_len(below))
        columns = [(branch.value, values, True), (branch.aside, asides, False)]
        columns += [(branch.label, labels, False)] if labelled else []
        line = lead + first + " " * (room - cell_len(lead + first))
        for text, size, right in columns:
            pad = " " * (size - cell_len(text))
            line += " " * GAP + (pad + text if right else text + pad) if size else ""
        return "".join(f"{x.rstrip()}\n" for x in (line, *(below + part for part in more)))

    return "".join(shown(*line) for line in found)


def _wrapped(text: str, room: int, later: int) -> list[str]:
    """The text in lines of `room` cells, `later` ones from the second on, broken at blanks where there are any.

    Words joined by no-break spaces stay in one line where they fit.
    """
    from rich.cells import cell_len, chop_cells

    lines = [""]
    for word in text.split(" "):
        size = max(SHORTEST, later if len(lines) > 1 else room)
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) <= size:
            lines[-1] = longer
        elif cell_len(word) <= max(SHORTEST, later):
            lines.append(word)
        else:
            start, *pieces = chop_cells(longer, size)
            lines[-1:] = [start, *chop_cells("".join(pieces), max(SHORTEST, later))]
    return [line.replace(GLUE, " ") for line in lines]


def _lines(root: Branch) -> Iterator[tuple[str, str, Branch]]:
    """Each branch with the lead of its first line and of those that follow, top to bottom, without recursion."""
    waiting: list[tuple[str, str, Branch]] = [("", "", root)]
    while waiting:
        lead, below, branch = waiting.pop()
        yield lead, below + ("│  " if branch.children else "   "), branch
        last = len(branch.children) - 1
        for i in range(last, -1, -1):
            end = i == last
            child = branch.children[i]
            waiting.append((below + ("└─ " if end else "├─ "), below + ("   " if end else "│  "), child))
