"""Sentences in the lines of a page."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from tallymark.show.sheet import text_of

PAGE = 120
"""How wide a text is when nobody gave a width."""


def one_line(text: str) -> str:
    """The text in one line, its white space single spaces, fit for a terminal."""
    return text_of(" ".join(text.split()))


def paragraphs(texts: Iterable[str], page: int) -> str:
    """Texts in lines of at most `page` characters, the second and later lines of each set in."""
    wrapped = (line for text in texts for line in wrap(text, page, subsequent_indent="  ", break_on_hyphens=False))
    return "".join(f"{line}\n" for line in wrapped)
