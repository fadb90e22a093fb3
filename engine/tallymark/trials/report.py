"""Results as text for a reader: what failed, expected against actual, and how the number came to be."""

from __future__ import annotations

from collections.abc import Iterator

from tallymark.show.faults import fault_text
from tallymark.show.sheet import Heading, Sheet, printable
from tallymark.show.tables import table
from tallymark.trials.results import Coverage, TestResult, TestRun

NAMED = 20
"""How many metrics without a test are named before the rest is counted."""


def report(run: TestRun, width: int | None = None, *, coverage: bool = False) -> str:
    """The failures, each with its table, and a last line that counts; with `coverage`, what no test asserts."""
    parts = ["\n".join(_failure(result, width)) for result in run.failed]
    if coverage:
        parts.append("\n".join(covered(run.coverage)))
    parts.append(summary(run))
    return "\n\n".join(parts) + "\n"


def summary(run: TestRun) -> str:
    """`12 tests: 11 passed, 1 failed`."""
    count = len(run.results)
    if not count:
        return "no tests"
    failed = f", {len(run.failed)} failed" if run.failed else ""
    return f"{count} test{'' if count == 1 else 's'}: {count - len(run.failed)} passed{failed}"


def covered(coverage: Coverage) -> Iterator[str]:
    """How much is covered, and what is not."""
    kinds = (
        ("metric", coverage.metrics, coverage.uncovered_metrics),
        ("rule", coverage.rules, coverage.uncovered_rules),
    )
    for kind, every, without in kinds:
        if every:
            yield f"{len(every) - len(without)} of {len(every)} {kind}s have a test"
        if without:
            more = f", and {len(without) - NAMED} more" if len(without) > NAMED else ""
            yield f"  without: {', '.join(without[:NAMED])}{more}"
    yield f"coverage {coverage.percent:.0f}%" if coverage.metrics or coverage.rules else "nothing to cover"


def _failure(result: TestResult, width: int | None) -> Iterator[str]:
    yield f"FAILED {result.name}  {result.place}"
    if result.why:
        yield f"  {printable(result.why)}"
    for fault in result.faults:
        yield f"\n{fault_text(fault)}"
    if result.differences:
        yield "\n" + table(_sheet(result), width).rstrip("\n")
    if result.receipt:
        yield "\n" + result.receipt.rstrip("\n")


def _sheet(result: TestResult) -> Sheet:
    """A row for each difference: where, what, expected, actual."""
    keys = list(dict.fromkeys(name for d in result.differences for name in d.cell))
    headings = (*(Heading(k) for k in keys), Heading("of"), Heading("expected"), Heading("actual"))
    rows = tuple(
        (*(printable(d.cell.get(k, "")) for k in keys), d.what, printable(d.expected), printable(d.actual))
        for d in result.differences
    )
    return Sheet(headings, rows)
