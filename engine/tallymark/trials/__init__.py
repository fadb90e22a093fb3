"""Tests of metrics and rules: rows in, numbers out. `tally test` runs them.

    tables.py     the only source of a book of tests
    layout.py     which columns datasets have in tests, and their types
    values.py     values as their types want them
    stage.py      a project's definitions on those tables
    rows.py       the rows of one test
    inputs.py     values of metrics in place of their formulas
    partners.py   such values by dimensions that are reached over references
    question.py   what a test asks
    compare.py    an answer held against what is expected
    receipt.py    how the first number that differs came to be
    trying.py     one test, run
    ruling.py     one test of a rule, run
    coverage.py   which metrics and rules have a test
    results.py    what comes of it all
    run.py        the tests of a project and of its packs
    junit.py      results as JUnit's XML
    report.py     results as text for a reader

The code calls a test as written a *trial*, so that nobody's test runner takes it for one of its own.
"""

from __future__ import annotations

from tallymark.trials.results import Coverage, Difference, TestResult, TestRun
from tallymark.trials.run import run_pack_tests, run_tests

__all__ = ["Coverage", "Difference", "TestResult", "TestRun", "run_pack_tests", "run_tests"]
