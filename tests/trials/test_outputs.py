"""How results are told: the command's text, JSON and exit codes, and the XML that CI servers read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from tallymark import TestRun
from tallymark.cli import tally
from tallymark.errors import Fault
from tallymark.place import Place
from tallymark.trials.junit import junit
from tallymark.trials.report import report
from tallymark.trials.results import Coverage, Difference, TestResult

from .projects import run

TESTS = """\
right: {metrics: {revenue: 30, order_count: 4}, expect: {average_order: 7.5}}
wrong: {why: 'Seven and a half, not eight.', metrics: {revenue: 30, order_count: 4}, expect: {average_order: 8}}
broken: {metrics: {revenue: 30}, expect: {average_order: 8}}
"""
ATTRIBUTES = {
    "testsuites": {"name": "any", "tests": "whole", "failures": "whole", "errors": "whole", "skipped": "whole", "time": "seconds"},
    "testsuite": {"name": "any", "tests": "whole", "failures": "whole", "errors": "whole", "skipped": "whole", "time": "seconds"},
    "testcase": {"name": "any", "classname": "any", "file": "any", "line": "whole", "time": "seconds"},
    "failure": {"message": "any", "type": "any"},
    "error": {"message": "any", "type": "any"},
}  # fmt: skip
"""The elements and attributes of JUnit's XML that CI servers share, and what may stand in them."""
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error"},
    "failure": set(),
    "error": set(),
}
FORMS = {"any": r"(?s).+", "whole": r"\d+", "seconds": r"\d+\.\d+"}


@pytest.fixture
def results(tmp_path: Path) -> TestRun:
    """A run with one test that passes, one that fails and one that is broken."""
    return run(tmp_path, TESTS)


def called(folder: Path, *arguments: str) -> Result:
    """The command in a project."""
    return CliRunner().invoke(tally, ["--project", str(folder), "test", *arguments])


def assert_junit(text: str) -> ElementTree.Element:
    """The document, which has the elements that CI servers read and no others, with counts that are true."""
    root = ElementTree.fromstring(text.encode("utf-8"))
    assert "testsuites" == root.tag
    for element in root.iter():
        assert ATTRIBUTES[element.tag].keys() == element.attrib.keys()
        for name, form in ATTRIBUTES[element.tag].items():
            assert re.fullmatch(FORMS[form], element.attrib[name]), (element.tag, name)
        assert {child.tag for child in element} <= INSIDE[element.tag]
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        assert all(len(case) <= 1 for case in cases)
        assert str(len(cases)) == suite.attrib["tests"]
        for kind, counted in (("failure", "failures"), ("error", "errors")):
            assert str(len(suite.findall(f"testcase/{kind}"))) == suite.attrib[counted]
    return root


def test_junit_is_what_servers_read(results: TestRun) -> None:
    """A test that differs is a failure, one at fault an error, one that passes neither."""
    root = assert_junit(junit(results))
    said = {case.attrib["name"]: [child.tag for child in case] for case in root.iter("testcase")}
    assert {"right": [], "wrong": ["failure"], "broken": ["error"]} == said
    (failure,) = root.iter("failure")
    assert failure.text is not None
    assert "`average_order` is 7.5, expected 8" == failure.attrib["message"]
    assert "E130" in failure.text


def test_junit_takes_any_text() -> None:
    """Markup, quotes and characters that XML forbids end up as text, and the document can be read."""
    place = Place('a "b" <c>.yaml', 1, 1, 1, "x: <&>\x00\x1b]]>")
    fault = Fault("E130", "is </failure> & \x00 \x1b[31m \ud800 ]]> \ufffe", place)
    result = TestResult(
        "one", place, "pack & <co>", differences=(Difference({}, "m", "<", ">", fault),), receipt="\x07]]>"
    )
    root = assert_junit(junit(TestRun((result,), Coverage((), (), (), ()))))
    (failure,) = root.iter("failure")
    assert "is </failure> & " in failure.attrib["message"]
    assert ["pack & <co>"] == [suite.attrib["name"] for suite in root]


def test_text_has_no_characters_that_a_terminal_obeys() -> None:
    """What a project's files hold is shown, not obeyed."""
    place = Place("a.yaml", 1, 1, 1, "x")
    difference = Difference({"plan": "\x1b[2J"}, "m", "1", "\x1b[31m2", Fault("E130", "no \x1b[2J", place))
    text = report(
        TestRun((TestResult("one", place, why="\x1b[5m", differences=(difference,)),), Coverage((), (), (), ()))
    )
    assert "\x1b" not in text


def test_json_has_everything(results: TestRun, tmp_path: Path) -> None:
    """The command's JSON is the run as data."""
    told = called(tmp_path, "--format", "json")
    data = json.loads(told.output)
    assert 1 == told.exit_code
    assert (3, 1, 2) == (data["tests"], data["passed"], data["failed"])
    assert ["right", "wrong", "broken"] == [r["name"] for r in data["results"]]
    assert [{"cell": {}, "what": "average_order", "expected": "8", "actual": "7.5", "code": "E130"}] == data["results"][
        1
    ]["differences"]
    assert ["E107"] == [f["code"] for f in data["results"][2]["faults"]]
    assert results.coverage.as_dict() == data["coverage"]


def test_exit_codes(results: TestRun, tmp_path: Path) -> None:
    """0 when all pass, 1 when one fails or too little is covered, 2 for what the command does not take."""
    assert 1 == called(tmp_path).exit_code
    assert 0 == called(tmp_path, "right").exit_code
    assert 0 == called(tmp_path, "right", "--fail-under", "4").exit_code
    low = called(tmp_path, "right", "--fail-under", "90")
    assert (1, True) == (low.exit_code, "below 90%" in low.output)
    assert 1 == called(tmp_path, "nobody").exit_code
    assert 2 == called(tmp_path, "--format", "xml").exit_code
    assert 2 == called(tmp_path, "--fail-under", "101").exit_code


def test_out_writes_a_file(results: TestRun, tmp_path: Path) -> None:
    """With --out the results are in the file, and the last line is told; a file that cannot be written is a fault."""
    told = called(tmp_path, "--format", "junit", "--out", str(tmp_path / "tests.xml"))
    assert "3 tests: 1 passed, 2 failed\n" == told.output
    assert_junit((tmp_path / "tests.xml").read_text(encoding="utf-8"))
    assert "D490" in called(tmp_path, "--out", str(tmp_path / "none/tests.txt")).output


def test_a_failure_is_told_with_its_table(results: TestRun) -> None:
    """Name, place, reason, expected and actual, and the receipt."""
    text = report(results)
    assert re.search(r"FAILED wrong  \S+tests\.yaml:3:3\n  Seven and a half, not eight\.\n", text)
    assert re.search(r"average_order +8 +7\.5\n", text)
    assert "average_order = revenue / order_count" in text
    assert text.endswith("3 tests: 1 passed, 2 failed\n")


def test_a_project_without_tests_says_so(tmp_path: Path) -> None:
    """No tests is no failure."""
    run(tmp_path, TESTS)
    (tmp_path / "metrics/tests.yaml").unlink()
    assert (0, "no tests\n") == ((told := called(tmp_path)).exit_code, told.output)
