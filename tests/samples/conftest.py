"""The sample company, generated once for all tests of this folder."""

from __future__ import annotations

import pytest

from tallymark_plugins.samples import company
from tallymark_plugins.samples.tables import Columns


@pytest.fixture(scope="session")
def tables() -> dict[str, Columns]:
    """All tables of the sample company."""
    return company()
