"""The packs' tests, run by the product as `tally test --packs` runs them, and whether they would notice a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tallymark.definitions import Definitions, Formula, Project
from tallymark.plugins import Plugins, load
from tallymark.read import written_formula
from tallymark.trials import TestResult, TestRun, run_pack_tests
from tallymark.trials.run import pack_tests
from tallymark.trials.trying import Trying
from tallymark_packs import CONTENTS, trials_of

from .figures import entries, written


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    """The built-in plugins."""
    return load(outside=False)


@pytest.fixture(scope="module")
def run(plugins: Plugins) -> TestRun:
    """All tests of all packs, run once."""
    return run_pack_tests(["all"], plugins)


@pytest.fixture(scope="module")
def results(run: TestRun) -> dict[str, TestResult]:
    """The results by name."""
    return {result.name: result for result in run.results}


@pytest.mark.parametrize("name", written())
def test_figure(name: str, results: dict[str, TestResult]) -> None:
    """The engine gives the figures worked out by hand, in exactly the expected cells."""
    result = results[name]
    assert [] == [str(f) for f in (*result.faults, *(d.fault for d in result.differences))]


def test_every_test_was_run(results: dict[str, TestResult]) -> None:
    """What the files hold is what runs."""
    assert list(written()) == list(results)


def test_every_metric_of_the_packs_is_covered(run: TestRun) -> None:
    """Each metric, and the score of each scorecard, has a test that expects a value of it, as the product counts it."""
    assert ((), 100.0) == (run.coverage.uncovered_metrics, run.coverage.percent)
    assert entries("metrics").keys() | entries("scorecards").keys() <= set(run.coverage.metrics)


@pytest.mark.parametrize("pack", CONTENTS)
def test_each_pack_brings_the_tests_of_its_metrics(pack: str, plugins: Plugins) -> None:
    """A test asks of nothing that a project which takes the pack alone does not have."""
    trials, definitions = pack_tests(Project(packs=(pack,)), plugins)
    assert bool(trials_of(pack)) == bool(trials)
    for trial in trials.values():
        assert trial.expect is not None
        banded = {f"{name}_band" for name, metric in definitions.metrics.items() if metric.bands}
        known = {*definitions.metrics, *banded, *trial.ask.get("by", ()), "period"}
        assert set() == {name for cell in trial.expect.cells for name in cell} - known
        assert set() == trial.rows.keys() - definitions.canonical.keys()


# --- mutants ---------------------------------------------------------------------------------------------------------

SWAPS = (
    (" - ", " + "), (" + ", " - "), (" / ", " * "), (" * 100", " * 10"), ("sum(", "avg("), ("count(", "1 + count("),
    ("avg(", "max("), ("median(", "max("), ("count_distinct(", "1 + count_distinct("), (" >= ", " < "), (" > ", " <= "),
    ("opening(", "("), (" = ", " != "),
)  # fmt: skip
"""Small mistakes in a formula: the first one that can be made in it is."""


def mutants(definitions: Definitions) -> Iterator[tuple[str, str]]:
    """Every tenth metric that the packs write and the quick ratio, each with a formula that has a mistake in it."""
    for name in (*list(entries("metrics"))[::10], "quick_ratio"):
        metric = definitions.metrics[name]
        for old, new in SWAPS:
            if old in metric.formula.text:
                yield metric.name, metric.formula.text.replace(old, new, 1)
                break


def test_a_mistake_in_a_formula_is_noticed(plugins: Plugins) -> None:
    """For a metric with a small mistake in its formula a test of the packs fails that passes without it."""
    trials, definitions = pack_tests(Project(packs=("all",)), plugins)
    found = list(mutants(definitions))
    assert len(found) >= 10
    unnoticed = []
    for name, text in found:
        formula: Formula = written_formula(text)
        metrics = {**definitions.metrics, name: replace(definitions.metrics[name], formula=formula, unit=None)}
        trying = Trying(replace(definitions, metrics=metrics), plugins, trials)
        of = [
            t
            for t in trials.values()
            if t.expect and any(name in c and c[name].value is not None for c in t.expect.cells)
        ]
        assert of
        if all(trying.run(trial).passed for trial in of):
            unnoticed.append(f"{name}: {text}")
        trying.close()
    assert [] == unnoticed
