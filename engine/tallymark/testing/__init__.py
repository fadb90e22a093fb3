"""Conformance kits: what the sources, functions, aggregates… of a plugin must do, as tests to inherit.

A plugin's own test file says what it has, and gets the tests:

    from tallymark.testing import FunctionConformance, FunctionCase

    import tallymark_acme

    class TestFunctions(FunctionConformance):
        plugin = tallymark_acme
        cases = (FunctionCase("acme.doubled(x)", {"x": 21}, 42),)

Each kit's docstring lists what it needs and which of its abilities a plugin may say it lacks. pytest runs them; the
extra `tallymark[testing]` installs it.
"""

import pytest

# Before they are imported, so that a test that fails shows the values, as tests in a test file do.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{room}"
        for room in ("aggregates", "formats", "functions", "notifiers", "packs", "sources", "transforms")
    )
)

from tallymark.testing.aggregates import AggregateCase, AggregateConformance  # noqa: E402
from tallymark.testing.formats import FormatConformance  # noqa: E402
from tallymark.testing.functions import FunctionCase, FunctionConformance  # noqa: E402
from tallymark.testing.notifiers import NotifierConformance  # noqa: E402
from tallymark.testing.packs import PackConformance  # noqa: E402
from tallymark.testing.sources import SourceConformance  # noqa: E402
from tallymark.testing.transforms import TransformConformance  # noqa: E402

__all__ = [
    "AggregateCase",
    "AggregateConformance",
    "FormatConformance",
    "FunctionCase",
    "FunctionConformance",
    "NotifierConformance",
    "PackConformance",
    "SourceConformance",
    "TransformConformance",
]
