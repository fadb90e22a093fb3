"""The sample company's own metrics have tests, which pass without its data."""

from __future__ import annotations

import shutil
from pathlib import Path

import tallymark
from tallymark_plugins.samples import write_project


def test_the_company_tests_its_metrics(tmp_path: Path) -> None:
    """Each of its own metrics has a test with a value, worked out by hand, and the data is not read for it."""
    write_project(tmp_path / "company")
    shutil.rmtree(tmp_path / "company/data")
    run = tallymark.run_tests(tmp_path / "company")
    assert [] == [str(f) for r in run.failed for f in (*r.faults, *(d.fault for d in r.differences))]
    assert () == run.coverage.uncovered_metrics
    assert len(run.results) >= 5
