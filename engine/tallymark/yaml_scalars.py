"""Where each character of a YAML scalar stands in its file.

A YAML parser gives a scalar's value and where it begins and ends; in between lie quotes, escapes, folded lines and
indentation. This walks the source again, by the rules of the scalar's style, and notes one offset per character of
the value. An escape stands where its backslash (or first quote) stands; a space that a fold made stands where the
line ended.
"""

from __future__ import annotations

BREAKS = "\r\n"
BLANKS = " \t"
HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


def offsets(source: str, start: int, end: int, style: str, value: str) -> list[int]:
    """The offset in `source` of each character of `value`, the scalar written at `source[start:end]`.

    `style` is YAML's own mark: empty (plain), `'`, `"`, `|` or `>`.
    """
    if style in ("|", ">"):
        found = _block(source, start, end, style, value)
    elif style:
        found = _flow(source, start + 1, end - 1, style)
    else:
        found = _flow(source, start, end, "")
    # A parser that reads some corner otherwise than this walk costs the exact column there, never a wrong length.
    return found if len(found) == len(value) else [start] * len(value)


def _flow(source: str, start: int, end: int, quote: str) -> list[int]:
    found: list[int] = []
    i = start
    while i < end:
        char = source[i]
        if char in BLANKS or char in BREAKS:
            i = _fold(source, i, end, found)
        elif char == "\\" and quote == '"':
            i = _escape(source, i, end, found)
        else:
            found.append(i)
            i += 2 if char == "'" and quote == "'" else 1
    return found


def _escape(source: str, i: int, end: int, found: list[int]) -> int:
    """Past the escape at `i`; a backslash at the end of a line joins it to the next without a space."""
    kind = source[i + 1 : i + 2]
    if kind and kind in BREAKS:
        return _fold(source, _past_break(source, i + 1), end, found, joined=True)
    found.append(i)
    return i + 2 + HEX_DIGITS.get(kind, 0)


def _fold(source: str, start: int, end: int, found: list[int], *, joined: bool = False) -> int:
    """Past the white space at `start`: kept within a line; one line break is a space, each further one a break."""
    breaks: list[int] = []
    i = start
    while i < end and (source[i] in BLANKS or source[i] in BREAKS):
        if source[i] in BREAKS:
            breaks.append(i)
            i = _past_break(source, i)
        else:
            i += 1
    if joined:
        found += breaks
    elif not breaks:
        found += range(start, i)
    else:
        found += breaks[1:] or [start]
    return i


def _past_break(source: str, i: int) -> int:
    return i + 2 if source.startswith("\r\n", i) else i + 1


def _block(source: str, start: int, end: int, style: str, value: str) -> list[int]:
    i = start
    while i < end and source[i] not in BREAKS:
        i += 1
    header = source[start + 1 : i].split("#")[0]
    content = _past_break(source, i)
    indent = _indent(source[content:end], value)
    found: list[int] = []
    ending, blank_lines = _block_lines(source, content, end, indent, style == ">", found)
    if "-" not in header:
        found += ending
        if "+" in header:
            found += blank_lines
    return found


def _block_lines(
    source: str, start: int, end: int, indent: int, folded: bool, found: list[int]
) -> tuple[list[int], list[int]]:
    """Notes the lines of a block; gives the last line's break and the breaks of the empty lines after it."""
    i, empty = _empty_lines(source, start, end, indent)
    ending: list[int] = []
    indented = False
    while i < end:
        blank = source[i] in BLANKS
        # A fold joins two lines at the block's own indentation; lines indented further keep their breaks.
        if not (folded and ending and empty and not indented and not blank):
            found += ending
        found += empty
        indented = blank
        line = i
        while i < end and source[i] not in BREAKS:
            i += 1
        found += range(line, i)
        ending = [i] if i < end else []
        i, empty = _empty_lines(source, _past_break(source, i), end, indent)
    return ending, empty


def _empty_lines(source: str, i: int, end: int, indent: int) -> tuple[int, list[int]]:
    """Past indentation and empty lines; the breaks of those lines."""
    breaks: list[int] = []
    while i < end:
        limit = min(i + indent, end)
        while i < limit and source[i] == " ":
            i += 1
        if i >= end or source[i] not in BREAKS:
            break
        breaks.append(i)
        i = _past_break(source, i)
    return i, breaks


def _indent(content: str, value: str) -> int:
    """The block's indentation: how much less the first line with text is indented in the value than in the file."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    written = next((_leading(line) for line in lines if line.strip(" ")), None)
    if written is None:
        return max(map(len, lines)) - max(map(len, value.split("\n")))
    return written - next((_leading(line) for line in value.split("\n") if line.strip(" ")), 0)


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
