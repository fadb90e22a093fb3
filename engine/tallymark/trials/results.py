"""What comes of tests: results, what differs, coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallymark.errors import Fault
from tallymark.place import Place


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out otherwise than expected.

    `cell` says where: dimensions and period, as texts. `what` is the metric, or what else was expected. `expected` and
    `actual` are texts at full precision; `fault` tells the same in a sentence, with a code and a place.
    """

    cell: Mapping[str, str]
    what: str
    expected: str
    actual: str
    fault: Fault

    def as_dict(self) -> dict[str, Any]:
        """The difference as plain data."""
        return {
            "cell": dict(self.cell), "what": self.what, "expected": self.expected, "actual": self.actual,
            "code": self.fault.code,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test. It passed when it has neither faults nor differences.

    `faults` are mistakes in the test, or what kept its question from being answered. `metrics` are those that it
    expects a value of, which is not null; `rule` is the one that it is of. `receipt` tells how the first number that
    differs came to be. `seconds` is how long it took.
    """

    __test__ = False  # what pytest is told who finds it imported in a file of its own tests

    name: str
    place: Place
    pack: str | None = None
    why: str = ""
    metrics: tuple[str, ...] = ()
    rule: str | None = None
    differences: tuple[Difference, ...] = ()
    faults: tuple[Fault, ...] = ()
    receipt: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.differences and not self.faults

    def as_dict(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "name": self.name,
            "passed": self.passed,
            "pack": self.pack,
            "file": self.place.file,
            "line": self.place.line,
            "why": self.why,
            "metrics": list(self.metrics),
            "rule": self.rule,
            "differences": [d.as_dict() for d in self.differences],
            "faults": [f.as_dict() for f in self.faults],
            "receipt": self.receipt,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which metrics and rules tests expect a value of. `metrics` and `rules` are all of them, in order."""

    metrics: tuple[str, ...]
    rules: tuple[str, ...]
    uncovered_metrics: tuple[str, ...]
    uncovered_rules: tuple[str, ...]

    @property
    def percent(self) -> float:
        """How many of both are covered, from 0 to 100; 100 when there are none."""
        count = len(self.metrics) + len(self.rules)
        return 100.0 if not count else 100 * (1 - (len(self.uncovered_metrics) + len(self.uncovered_rules)) / count)

    def as_dict(self) -> dict[str, Any]:
        """The coverage as plain data."""
        return {
            "percent": round(self.percent, 2),
            "metrics": len(self.metrics),
            "rules": len(self.rules),
            "uncovered_metrics": list(self.uncovered_metrics),
            "uncovered_rules": list(self.uncovered_rules),
        }


@dataclass(frozen=True, slots=True)
class TestRun:
    """The results of the tests that were run, in their order, and the coverage of those that there are."""

    __test__ = False

    results: tuple[TestResult, ...]
    coverage: Coverage
    faults: tuple[Fault, ...] = field(default=())
    """What is wrong with the project's files, as far as it keeps definitions from being read."""

    @property
    def failed(self) -> tuple[TestResult, ...]:
        """The tests that did not pass."""
        return tuple(r for r in self.results if not r.passed)

    @property
    def passed(self) -> bool:
        return not self.failed and not self.faults

    def as_dict(self) -> dict[str, Any]:
        """The whole run as plain data."""
        return {
            "tests": len(self.results),
            "passed": len(self.results) - len(self.failed),
            "failed": len(self.failed),
            "results": [r.as_dict() for r in self.results],
            "coverage": self.coverage.as_dict(),
            "faults": [f.as_dict() for f in self.faults],
        }
