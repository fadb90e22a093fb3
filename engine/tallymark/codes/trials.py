"""Codes of the family E, tests of metrics and rules."""

from __future__ import annotations

CODES = {
    "E101": "a test that asserts nothing",
    "E102": "a test of a metric, a rule or another test that there is not",
    "E103": "parts of a test that exclude each other, or one that is missing",
    "E104": "rows of a dataset that there is not, or that cannot be given any",
    "E105": "a column of a row that its dataset does not have, or computes",
    "E106": "a value in a test that is not of its column's type",
    "E107": "a test that looks outside its input",
    "E108": "a test that expects nothing but nulls without saying so",
    "E109": "something expected or given that is not written as it must be",
    "E110": "the same cell twice in one test",
    "E111": "a metric with written values that is asked where they say nothing",
    "E112": "rows as CSV that cannot be read",
    "E113": "a test that does not say of which time it is",
    "E114": "a metric that cannot be tested as it is defined",
    "E115": "a name of which there is no test",
    "E130": "a number that is not the expected one",
    "E131": "an expected cell or instance that did not come out",
    "E132": "a cell or instance that came out and is not expected",
    "E133": "an expected note that no answer has",
    "E134": "an expected fault that did not come, or another one",
    "E135": "a state of a rule that is not the expected one",
    "E136": "a notification that is missing or not expected",
}
