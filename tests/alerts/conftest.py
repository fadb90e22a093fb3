"""Folders in memory: a ledger waits for the disk at every step, which only the tests of the disk need."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


def memory() -> str | None:
    """A folder in memory, where there is one."""
    return str(MEMORY) if MEMORY.is_dir() else None


@pytest.fixture
def folder() -> Iterator[Path]:
    """A project's folder, in memory where that can be had."""
    with tempfile.TemporaryDirectory(dir=memory()) as made:
        yield Path(made)
