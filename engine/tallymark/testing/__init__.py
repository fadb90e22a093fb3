"""Conformance kits: what a plugin's source, function, aggregate, transform or notifier must do, as tests to inherit.

A plugin's own test file says what it has, and gets the tests:

    from tallymark.testing import FunctionConformance, FunctionCase

    import tallymark_acme

    class TestFunctions(FunctionConformance):
        plugin = tallymark_acme
        cases = (FunctionCase("acme.doubled(x)", {"x": 21}, 42),)

Each kit's docstring lists what it needs and which of its abilities a plugin may say it lacks. pytest runs them; the
extra `tallymark[testing]` installs it.
"""

from tallymark.testing.aggregates import AggregateCase, AggregateConformance
from tallymark.testing.functions import FunctionCase, FunctionConformance
from tallymark.testing.packs import PackConformance
from tallymark.testing.sources import SourceConformance
from tallymark.testing.transforms import TransformConformance

__all__ = [
    "AggregateCase",
    "AggregateConformance",
    "FunctionCase",
    "FunctionConformance",
    "PackConformance",
    "SourceConformance",
    "TransformConformance",
]
