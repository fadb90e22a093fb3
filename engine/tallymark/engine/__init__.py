"""The conductor: opens projects, checks them, asks and explains. Alone knows all rooms."""

from __future__ import annotations

from tallymark.engine.book import Book
from tallymark.engine.opening import open_project

__all__ = ["Book", "open_project"]
