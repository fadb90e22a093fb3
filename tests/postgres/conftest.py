"""The server of these tests: one for each process that runs some."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import Cluster, cluster, programs

# The naive evaluator stands in the folder beside this one.
sys.path.insert(0, str(Path(__file__).parent.parent))


@pytest.fixture(scope="session")
def server() -> Iterator[Cluster]:
    """A running PostgreSQL; where none is installed the tests are skipped, except in CI."""
    found = programs()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed, and CI must run its tests: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    with cluster(found) as running:
        yield running
