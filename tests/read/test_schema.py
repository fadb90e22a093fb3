"""The JSON Schema that editors use and that `read` validates with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tallymark.json_keys import KEYS
from tallymark.json_schema import metrics_schema, project_schema, schema, validation_schema
from tallymark.read import read_texts

WHOLE = {"either": schema(), "project": project_schema(), "metrics": metrics_schema()}


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """All mappings in a schema."""
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from parts(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from parts(inner)


@pytest.mark.parametrize("document", WHOLE.values(), ids=WHOLE.keys())
def test_the_schema_is_valid_draft_07(document: dict[str, Any]) -> None:
    """Each published schema, and what is made of it for validation, is itself valid."""
    Draft7Validator.check_schema(document)
    Draft7Validator.check_schema(validation_schema(document))


@pytest.mark.parametrize("document", WHOLE.values(), ids=WHOLE.keys())
def test_every_reference_in_it_resolves(document: dict[str, Any]) -> None:
    """No `$ref` points at nothing, and none is left in the schema for validation."""
    refs = [part["$ref"] for part in parts(document) if "$ref" in part]
    assert [] == [r for r in refs if r.removeprefix("#/$defs/") not in document["$defs"]]
    assert [] == [part for part in parts(validation_schema(document)) if "$ref" in part]


@pytest.mark.parametrize("name", KEYS)
def test_every_field_is_a_described_key_or_known_not_to_be_one(name: str) -> None:
    """A field added to a definition cannot be forgotten in the schema."""
    made, keys, silent = KEYS[name]
    written = {key.field or text for text, key in keys.items()}
    assert {f.name for f in fields(made)} == written | silent
    assert set() == written & silent


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_described_with_an_example(name: str) -> None:
    """Editors have a sentence and an example for each key of each mapping."""
    shape = next(s for s in (schema()["$defs"][name], *schema()["$defs"][name].get("anyOf", ())) if "properties" in s)
    for key, said in shape["properties"].items():
        assert said["description"].endswith("."), key
        assert 1 == len(said["examples"]), key


def test_mappings_take_no_unknown_keys() -> None:
    """Only sources and notifiers, whose options are their kind's business, take keys that are not listed."""
    described = schema()["$defs"]
    loose = [
        name for name in described if described[name].get("properties") and described[name]["additionalProperties"]
    ]
    assert ["source", "notifier"] == loose


def examples(shape: dict[str, Any], kind: str) -> Iterator[Any]:
    """A document for each key, with that key's example."""
    root = shape["$defs"][kind]
    for key, said in root["properties"].items():
        yield {key: said["examples"][0]}


@pytest.mark.parametrize("case", list(examples(project_schema(), "project")), ids=str)
def test_examples_of_a_project_are_valid(case: dict[str, Any]) -> None:
    """Each example in the project's schema is valid by it."""
    assert [] == list(Draft7Validator(project_schema()).iter_errors(case))


@pytest.mark.parametrize("name", ["dataset", "column", "ref", "metric", "parameter", "format", "limits"])
def test_examples_of_entries_are_valid(name: str) -> None:
    """Each example of a key is valid for that key."""
    document = schema()
    shape = next(s for s in (document["$defs"][name], *document["$defs"][name].get("anyOf", ())) if "properties" in s)
    for key, said in shape["properties"].items():
        checked = Draft7Validator({**said, "$defs": document["$defs"]})
        assert [] == list(checked.iter_errors(said["examples"][0])), key


VALID = {
    "short metric": {"metrics": {"mrr": "sum(subscriptions.mrr)"}},
    "number as a formula": {"metrics": {"one": 1}},
    "money of a currency": {"metrics": {"a": {"formula": "b", "unit": {"money": "EUR"}}}},
    "money of a currency as a text": {"metrics": {"a": {"formula": "b", "unit": "money: EUR"}}},
    "labels by language": {"metrics": {"a": {"formula": "b", "label": {"en": "A", "fr": "B"}}}},
    "aliases by language": {"metrics": {"a": {"formula": "b", "aliases": {"en": ["A"], "fr": "B"}}}},
    "short column": {"datasets": {"a": {"columns": {"id": "text", "n": {}}}}},
    "long reference": {"datasets": {"a": {"refs": {"b": {"dataset": "c", "column": "d"}}}}},
    "short parameters": {"parameters": {"a": 1, "b": "28 days", "c": ["x"], "d": {"type": "text"}}},
}


@pytest.mark.parametrize("case", VALID.values(), ids=VALID.keys())
def test_every_written_form_is_valid(case: dict[str, Any]) -> None:
    """Short and long forms are valid for editors, in a metric file and in the schema for either kind."""
    assert [] == list(Draft7Validator(metrics_schema()).iter_errors(case))
    assert [] == list(Draft7Validator(schema()).iter_errors(case))


INVALID = {
    "unknown key": {"metrics": {"a": {"formula": "b", "lable": "A"}}},
    "no formula": {"metrics": {"a": {"unit": "money"}}},
    "bad name": {"metrics": {"A b": "1"}},
    "unknown unit": {"metrics": {"a": {"formula": "b", "unit": "euros"}}},
    "unknown currency": {"metrics": {"a": {"formula": "b", "unit": {"money": "eur"}}}},
    "unknown type": {"datasets": {"a": {"columns": {"id": "string"}}}},
    "one end": {"datasets": {"a": {"valid": ["from"]}}},
    "bad direction": {"metrics": {"a": {"formula": "b", "direction": "left"}}},
}


@pytest.mark.parametrize("case", INVALID.values(), ids=INVALID.keys())
def test_editors_see_mistakes(case: dict[str, Any]) -> None:
    """What `read` refuses, the published schema refuses as well."""
    assert [] != list(Draft7Validator(metrics_schema()).iter_errors(case))


def test_read_uses_the_schema() -> None:
    """A key that the schema does not have is a fault of `read`."""
    _, faults = read_texts([("m.yaml", "metrics: {a: {formula: b, lable: A}}")])
    assert ["R020"] == [f.code for f in faults]
