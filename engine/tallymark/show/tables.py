"""A sheet laid out: for a terminal, for HTML, for Markdown.

A number is never cut. Where a terminal is too narrow for one row a line, names and headings wrap; where that does not
suffice, or where there is a single row, each row becomes a block with a line per column.
"""

from __future__ import annotations

from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from tallymark.show.bands import PAGE, TERMINAL
from tallymark.show.sheet import Heading, Sheet

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

UNLIMITED = 10_000
"""The width of a page without edges, in characters."""

NARROWEST = 10
"""A name or heading may be wrapped down to this many characters."""

GAP = 2


def table(sheet: Sheet, width: int | None = None, *, color: bool = False) -> str:
    """The sheet as lines of at most `width` characters; without a width, one line per row."""
    page = width or UNLIMITED
    if not sheet.rows:
        body = "no rows\n"
    else:
        panels = _panels(sheet, page) if sheet.keys else [sheet]
        body = "\n".join(_body(panel, page, color) for panel in panels)
    title = f"{sheet.title}\n\n" if sheet.title and sheet.rows else ""
    return title + body + notes_text(sheet.notes)


def _body(sheet: Sheet, page: int, color: bool) -> str:
    least = _narrowest(sheet)
    # One row needs no headings above it: what would have to wrap them reads better line by line.
    narrow = _widths(sheet, least, UNLIMITED) if len(sheet.rows) == 1 else least
    if sum(narrow) + GAP * (len(narrow) - 1) <= page:
        return _printed(_table(sheet, _widths(sheet, least, page)), page, color)
    return _stacked(sheet, page, color)


def _panels(sheet: Sheet, page: int) -> list[Sheet]:
    """As many tables as the page needs, each with the keys and some of the other columns; the whole sheet when even one
    column does not fit. Rows that have nothing in a later table are left out of it.
    """
    liked = _widths(sheet, _narrowest(sheet), UNLIMITED)
    room = page - sum(w + GAP for w in liked[: sheet.keys])
    panels: list[list[int]] = [[]]
    taken = -GAP
    for number in range(sheet.keys, len(liked)):
        if panels[-1] and taken + GAP + liked[number] > room:
            panels.append([])
            taken = -GAP
        panels[-1].append(number)
        taken += GAP + liked[number]
    if len(panels) == 1 or any(liked[n] > room for panel in panels for n in panel):
        return [sheet]
    return [_panel(sheet, columns, first=n == 0) for n, columns in enumerate(panels)]


def _panel(sheet: Sheet, columns: list[int], first: bool) -> Sheet:
    chosen = [*range(sheet.keys), *columns]
    rows = tuple(tuple(row[n] for n in chosen) for row in sheet.rows if first or any(row[n] for n in columns))
    return Sheet(tuple(sheet.headings[n] for n in chosen), rows, keys=sheet.keys)


def notes_text(notes: tuple[str, ...]) -> str:
    """The notes under a table, a line each."""
    return "".join(f"{'' if i else chr(10)}note: {n}\n" for i, n in enumerate(notes))


def html(sheet: Sheet) -> str:
    """The sheet as an HTML table, everything escaped."""

    def cell(tag: str, heading: Heading, text: str) -> str:
        style = f"text-align: {'right' if heading.number else 'left'}"
        if tag == "td" and text in heading.colours:
            style += f"; color: {PAGE[heading.colours[text]]}"
        return f'<{tag} style="{style}">{escape(text)}</{tag}>'

    def line(tag: str, texts: tuple[str, ...]) -> str:
        return "<tr>" + "".join(cell(tag, h, t) for h, t in zip(sheet.headings, texts, strict=True)) + "</tr>"

    head = line("th", tuple(f"{h.title} ({h.unit})" if h.unit else h.title for h in sheet.headings))
    body = "\n".join(line("td", row) for row in sheet.rows)
    notes = "".join(f"<p>note: {escape(n)}</p>" for n in sheet.notes)
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>{notes}"


def markdown(sheet: Sheet) -> str:
    """The sheet as a Markdown table."""

    def line(texts: tuple[str, ...]) -> str:
        return "| " + " | ".join(t.replace("\\", "\\\\").replace("|", "\\|") for t in texts) + " |"

    rule = "| " + " | ".join("---:" if h.number else "---" for h in sheet.headings) + " |"
    return "\n".join([line(tuple(h.title for h in sheet.headings)), rule, *map(line, sheet.rows)]) + "\n"


def _narrowest(sheet: Sheet) -> list[int]:
    """The least width of each column: numbers whole, names and headings down to a long word or `NARROWEST`."""
    from rich.cells import cell_len

    def least(text: str) -> int:
        return max((min(cell_len(word), NARROWEST) for word in text.split()), default=1)

    widths = []
    for i, heading in enumerate(sheet.headings):
        cells = [cell_len(row[i]) if heading.number else least(row[i]) for row in sheet.rows]
        widths.append(max([least(heading.title), cell_len(heading.unit), *cells]))
    return widths


def _widths(sheet: Sheet, least: list[int], page: int) -> list[int]:
    """Each column's width: as wide as it likes if the page allows, the room that is left going to the leftmost."""
    from rich.cells import cell_len

    spare = page - sum(least) - GAP * (len(least) - 1)
    widths = []
    for i, heading in enumerate(sheet.headings):
        liked = max([cell_len(heading.title), *(cell_len(row[i]) for row in sheet.rows)])
        more = min(max(0, liked - least[i]), spare)
        spare -= more
        widths.append(least[i] + more)
    return widths


def _table(sheet: Sheet, widths: list[int]) -> Table:
    from rich.table import Table
    from rich.text import Text

    laid = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    units = any(h.unit for h in sheet.headings)
    for heading, width in zip(sheet.headings, widths, strict=True):
        title = Text(heading.title)
        if units:
            title.append(f"\n{heading.unit}", style="dim")
        laid.add_column(title, justify="right" if heading.number else "left", width=width, overflow="fold")
    for row in sheet.rows:
        laid.add_row(*(Text(cell, _style(h, cell)) for h, cell in zip(sheet.headings, row, strict=True)))
    return laid


def _style(heading: Heading, cell: str) -> str:
    """The colour of a cell; empty for the page's own."""
    return TERMINAL.get(heading.colours.get(cell, ""), "")


def _stacked(sheet: Sheet, page: int, color: bool) -> str:
    """Each row as a block: a line per column, the title before the value, or above it where both do not fit."""
    from rich.cells import cell_len
    from rich.text import Text

    titles = max(cell_len(h.title) for h in sheet.headings)
    blocks = []
    for row in sheet.rows:
        values = [f"{cell} {h.unit}" if h.unit else cell for h, cell in zip(sheet.headings, row, strict=True)]
        beside = titles + GAP + max(map(cell_len, values)) <= page
        block = Text()
        for heading, value, cell in zip(sheet.headings, values, row, strict=True):
            block.append(heading.title, style="bold")
            block.append(" " * (titles + GAP - cell_len(heading.title)) if beside else "\n  ")
            block.append(value, style=_style(heading, cell))
            block.append("\n")
        block.right_crop(1)
        blocks.append(_printed(block, page, color))
    return "\n".join(blocks)


def _printed(what: Table | Text, page: int, color: bool) -> str:
    from rich.console import Console

    out = StringIO()
    console = Console(
        file=out,
        width=page,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
