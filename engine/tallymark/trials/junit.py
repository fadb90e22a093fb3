"""Results as the XML that CI servers read: JUnit's, in the form that Jenkins, GitLab and GitHub's reporters share.

One `testsuites` with a `testsuite` for the project and one for each pack; a `testcase` for each test, with a `failure`
where a number differs and an `error` where the test could not be run. `file` and `line` say where the test stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tallymark.secret import redacted
from tallymark.show.faults import fault_text
from tallymark.trials.results import TestResult, TestRun

PROJECT = "project"

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, however it is written."""


def junit(run: TestRun) -> str:
    """The run as an XML document."""
    root = Element("testsuites", {"name": "tally test", **_counts(run.results)})
    suites: dict[str, list[TestResult]] = {}
    for result in run.results:
        suites.setdefault(result.pack or PROJECT, []).append(result)
    for name, results in suites.items():
        suite = SubElement(root, "testsuite", {"name": _text(name), **_counts(results)})
        for result in results:
            _case(suite, name, result)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _counts(results: Sequence[TestResult]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(1 for r in results if r.differences and not r.faults)),
        "errors": str(sum(1 for r in results if r.faults)),
        "skipped": "0",
        "time": f"{sum(r.seconds for r in results):.3f}",
    }


def _case(suite: Element, name: str, result: TestResult) -> None:
    case = SubElement(suite, "testcase", {
        "name": _text(result.name), "classname": _text(name), "file": _text(result.place.file),
        "line": str(result.place.line), "time": f"{result.seconds:.3f}",
    })  # fmt: skip
    if result.passed:
        return
    told = [*result.faults, *(d.fault for d in result.differences)]
    kind = "error" if result.faults else "failure"
    said = SubElement(case, kind, {"message": _text(told[0].message), "type": told[0].code})
    texts = [fault_text(f) for f in told] + ([result.receipt] if result.receipt else [])
    said.text = _text("\n\n".join(texts))


def _text(value: str) -> str:
    return _ILLEGAL.sub("\ufffd", redacted(value))
