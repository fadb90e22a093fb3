"""Runs the tests of a project, and of its packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tallymark.definitions import Definitions, Project
from tallymark.definitions.trials import TrialDef
from tallymark.engine.loading import plugins_of
from tallymark.errors import Fault, FaultError, did_you_mean
from tallymark.plugins import Plugins
from tallymark.read import read_project, read_tests, read_texts
from tallymark.trials.coverage import coverage_of
from tallymark.trials.question import expected_metrics
from tallymark.trials.results import Coverage, TestResult, TestRun
from tallymark.trials.rows import with_files
from tallymark.trials.trying import Trying


def run_tests(
    path: str | Path | None = None,
    names: Sequence[str] = (),
    *,
    packs: bool = False,
    plugins: bool | Sequence[object] = True,
) -> TestRun:
    """Runs the tests of the project in a folder; with `packs`, those of the packs that it takes too.

    `names` are tests, or metrics and rules whose tests are run; all unless said. The project's data is never read.
    Raises FaultError when there is no project, when its files cannot be understood, and for unknown names (E115).
    """
    at = Path(path if path is not None else ".")
    loaded = plugins_of(at, plugins)
    definitions, faults = read_project(at, loaded.packs, loaded.units)
    errors = [f for f in faults if f.severity == "error"]
    if errors:
        raise FaultError(errors)
    theirs, theirs_defined = pack_tests(definitions.project, loaded) if packs else ({}, None)
    own = with_files(definitions.tests.values(), Path(definitions.project.folder))
    chosen = _chosen(names, {**theirs, **own})
    results = _results(definitions, loaded, own, chosen)
    covered = [coverage_of(definitions, results, packs=False)]
    if theirs_defined is not None:
        of_packs = _results(theirs_defined, loaded, theirs, chosen)
        results = (*results, *of_packs)
        covered.append(coverage_of(theirs_defined, of_packs, packs=True))
    return TestRun(results, _together(covered))


def run_pack_tests(packs: Iterable[str], plugins: Plugins) -> TestRun:
    """Runs the tests of packs by themselves, on what the packs define. Raises FaultError."""
    trials, definitions = pack_tests(Project(packs=tuple(packs)), plugins)
    results = _results(definitions, plugins, trials, None)
    return TestRun(results, coverage_of(definitions, results, packs=True))


def pack_tests(project: Project, plugins: Plugins) -> tuple[dict[str, TrialDef], Definitions]:
    """The tests of the packs that a project takes, and what the packs define without the project. Raises FaultError."""
    definitions, faults = read_texts([], Project(packs=project.packs), plugins.packs, plugins.units)
    found: dict[str, TrialDef] = {}
    seen: set[tuple[str, str]] = set()
    for pack in definitions.project.packs:
        give = plugins.tests.get(pack)
        files = [f for f in (give() if give is not None else ()) if f not in seen]
        seen.update(files)
        made, wrong = read_tests(files, pack)
        faults += wrong
        for name, trial in made.items():
            if name in found:
                message = f"the test `{name}` is defined twice"
                help_ = f"it is defined already at {found[name].place}"
                faults.append(Fault("R025", message, trial.place, help_))
            found.setdefault(name, trial)
    errors = [f for f in faults if f.severity == "error"]
    if errors:
        raise FaultError(errors)
    return with_files(found.values(), None), definitions


def _results(
    definitions: Definitions, plugins: Plugins, trials: Mapping[str, TrialDef], chosen: frozenset[str] | None
) -> tuple[TestResult, ...]:
    wanted = [t for t in trials.values() if chosen is None or t.name in chosen]
    trying = Trying(definitions, plugins, trials, definitions.project.language)
    try:
        return tuple(trying.run(trial) for trial in wanted)
    finally:
        trying.close()


def _chosen(names: Sequence[str], trials: Mapping[str, TrialDef]) -> frozenset[str] | None:
    """The names of the tests to run; None is all. Raises FaultError (E115)."""
    if not names:
        return None
    of: dict[str, set[str]] = {}
    for trial in trials.values():
        asked = {*trial.ask.get("metrics", ()), *expected_metrics(trial)} if trial.rule is None else {trial.rule.text}
        for name in {trial.name, *asked}:
            of.setdefault(name, set()).add(trial.name)
    faults = [
        Fault("E115", f"no test is called `{name[:60]}`, or of a metric or rule of that name", None,
              did_you_mean(name, of))
        for name in names if name not in of
    ]  # fmt: skip
    if faults:
        raise FaultError(faults)
    return frozenset(trial for name in names for trial in of[name])


def _together(covered: Sequence[Coverage]) -> Coverage:
    first, *rest = covered
    for other in rest:
        known = set(first.metrics)
        first = replace(
            first,
            metrics=(*first.metrics, *(m for m in other.metrics if m not in known)),
            uncovered_metrics=(*first.uncovered_metrics, *(m for m in other.uncovered_metrics if m not in known)),
        )
    return first
