"""Whatever stands under the keys of a test ends in placed faults or in a result, never in anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from textwrap import indent

import pytest

from tallymark.definitions.trials import TrialDef
from tallymark.errors import Fault
from tallymark.json_keys import KEYS
from tallymark.plugins import load
from tallymark.read import read_tests, read_texts
from tallymark.trials.trying import Trying

from .projects import METRICS

VALUES = ("x", "''", "0", "-1.5", "1e999", "true", "null", "~", "[]", "[1]", "[[1]]", "[{a: 1}]", "[{revenue: }]", "{}",
          "{a: 1}", "{revenue: {a: b}}", "{revenue: [1]}", "'1 _ 2'", "{revenue: '1 2'}", "{revenue: 1}", "{orders: x}",
          "{orders: [x]}", "{orders: [{at: 2024-13-01}]}", "{orders: {}}", "{orders: {file: }}", "{states: }",
          "{states: ok, notifications: []}", "2024-99", "{period: }", "{period: 0000}", "{grain: decade}", "{by: [x.y.z]}",
          "{metrics: ['sum(']}", "{parameters: {least: many}}", "{limit: -1}", "{as_of: never}")  # fmt: skip
FEW = ("why", "rows_of", "others", "rule", "from", "within", "some", "only_nulls", "notes", "fault")
"""Keys of a single word or number, which the first of these values try well enough."""
BASE = {"rows": "{orders: [{id: 1, amount: 1, at: 2024-01-05}]}", "ask": "{period: 2024-01}", "expect": "{revenue: 1}"}


def made(key: str, value: str, *, of_values: bool) -> str:
    """A test that is sound but for one key."""
    base = {"metrics": "{revenue: 1}", "expect": "{revenue: 1}"} if of_values else BASE
    if key == "rule":
        base = base | {"expect": "{states: ok}"}
    return "".join(f"{k}: {v}\n" for k, v in (base | {key: value}).items())


def read(text: str) -> tuple[dict[str, TrialDef], list[Fault]]:
    """One test."""
    return read_tests([("tests.yaml", "tests:\n  one:\n" + indent(text, "    "))], "shop")


@pytest.fixture(scope="module")
def trying() -> Iterator[Trying]:
    """Runs tests of the project, which is read and whose book is opened once."""
    tests = "tests:\n  one:\n" + indent(made("some", "true", of_values=False), "    ")
    definitions, faults = read_texts([("shop.yaml", METRICS), ("tests.yaml", tests)])
    assert [] == [str(f) for f in faults]
    with closing(Trying(definitions, load(outside=False), definitions.tests)) as found:
        yield found


def assert_told(trials: dict[str, TrialDef], trying: Trying, value: str) -> None:
    """The one test has a result, and each of its faults a place."""
    (trial,) = trials.values()
    trying.trials = {trial.name: trial}
    assert all(f.place is not None for f in trying.run(trial).faults), value


@pytest.mark.parametrize("key", KEYS["test"][1])
def test_anything_under_a_key(key: str, trying: Trying) -> None:
    """It is a fault in the test's file, with a place, or a test that passes or fails."""
    for value in VALUES[:10] if key in FEW else VALUES:
        # A word says the same of both kinds of test, but for `from`, which is of values alone.
        for of_values in (key == "from",) if key in FEW else (False, True):
            trials, faults = read(made(key, value, of_values=of_values))
            assert all(f.place is not None and f.place.file == "tests.yaml" for f in faults), (value, faults)
            if not faults:
                assert_told(trials, trying, value)


@pytest.mark.parametrize("key", KEYS["ask"][1])
def test_anything_in_a_question(key: str, trying: Trying) -> None:
    """A question that cannot be asked fails its test, and nothing else."""
    for value in ("x", "0", "-1", "true", "[]", "[x]", "{}", "2024-99", "'1 2'"):
        for of_values in (False, True):
            base = "metrics: {revenue: 1}" if of_values else "rows: {orders: []}"
            trials, faults = read(f"{base}\nask: {{{key}: {value}}}\nexpect: {{revenue: 1}}\n")
            if not faults:
                assert_told(trials, trying, value)
