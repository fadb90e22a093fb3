"""What each form of YAML means: from texts to definitions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tallymark.definitions import ColumnDef, DatasetDef, Definitions, MetricDef, ParameterDef, Project, RefDef
from tallymark.errors import FaultError
from tallymark.formula.nodes import Duration, Number, shape
from tallymark.read import read_texts, written_formula


def read(text: str, project: Project | None = None) -> Definitions:
    """What a metric file without faults defines."""
    made, faults = read_texts([("m.yaml", text)], project)
    assert [] == [str(f) for f in faults]
    return made


def metric(text: str) -> MetricDef:
    """The metric written like this."""
    return read(f"metrics:\n  m: {text}\n").metrics["m"]


def parameter(text: str) -> ParameterDef:
    """The parameter written like this."""
    return read(f"parameters:\n  p: {text}\n").parameters["p"]


def dataset(text: str) -> DatasetDef:
    """The dataset written like this."""
    return read(f"datasets:\n  d: {text}\n").datasets["d"]


def transform(text: str) -> tuple[Any, ...]:
    """Name, inputs, arguments and text of the transform written like this."""
    made = dataset(f"{{transform: {text}}}").transform
    assert made is not None
    arguments = {name: [v.text for v in said.values] for name, said in made.arguments.items()}
    return made.name, [i.text for i in made.inputs], arguments, made.text


def column(text: str) -> ColumnDef:
    """The column written like this."""
    return dataset(f"{{columns: {{c: {text}}}}}").columns["c"]


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("sum(a.b)", "sum(a.b)"),
        ("sum(a.b)", "{formula: sum(a.b)}"),
        ("sum(a.b)", "  'sum(a.b)'"),
        ("sum(a.b)", '" sum(a.b) "'),
        ("sum(a.b) / count(c)", ">\n    sum(a.b)\n    / count(c)\n"),
        ("sum(a.b)\n/ count(c)", "|\n    sum(a.b)\n    / count(c)\n"),
        ("sum(a.b) / count(c)", "sum(a.b)\n    / count(c)"),
        ("1", "1"),
        ("1.50", "1.50"),
        ("1_000", "{formula: 1_000}"),
        ("true", "true"),
        ("no", "{formula: no}"),
        ("null", "null"),
        ("null", "{formula: null}"),
        ("a ?? -1", "a ?? -1"),
    ],
)
def test_a_formula_is_always_text(expected: str, written: str) -> None:
    """A formula has the same text in each style of scalar, also where YAML sees a number or a truth value."""
    found = metric(written).formula
    assert expected == found.text
    assert found.node is not None


def test_every_key_of_a_metric_is_read() -> None:
    """A metric written in full has all of its fields."""
    found = metric(
        """
    formula: 1
    unit: percent
    missing: null
    convert: period_end
    label: {en: One, fr: Un}
    description: A constant.
    aliases: {en: [uno, single], ro: unu}
    direction: down
    decimals: 2
    tags: [a, 2024]
    hidden: true
"""
    )
    assert ("percent", None) == (found.unit.name, found.unit.detail) if found.unit else False
    assert "null" == found.missing
    assert found.convert is not None
    assert ("period_end", None) == (found.convert.policy, found.convert.day)
    assert {"en": "One", "fr": "Un"} == found.label
    assert {"en": "A constant."} == found.description
    assert {"en": ("uno", "single"), "ro": ("unu",)} == found.aliases
    assert ("down", 2, ("a", "2024"), True) == (found.direction, found.decimals, found.tags, found.hidden)
    assert ("m.yaml", 2, 3, 1) == (found.place.file, found.place.line, found.place.column, found.place.width)


def test_a_short_metric_has_the_usual_fields() -> None:
    """A metric that is only a formula says nothing else."""
    found = metric("1")
    assert MetricDef("m", found.formula, place=found.place) == found
    assert ("Number", 1, False) == shape(found.formula.node) if found.formula.node else False


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        (("money", None), "money"),
        (("money", "EUR"), "{money: EUR}"),
        (("money", "EUR"), '"money: EUR"'),
        (("money", "EUR"), "money EUR"),
        (("duration", "ms"), "{duration: ms}"),
        (("duration", None), "duration"),
        (("score", None), "score"),
    ],
)
def test_units(expected: tuple[str, str | None], written: str) -> None:
    """A unit is a name, or a name with a detail in any of three forms."""
    found = metric(f"{{formula: 1, unit: {written}}}").unit
    assert found is not None
    assert expected == (found.name, found.detail)


def test_plain_texts_are_in_the_language_of_the_project() -> None:
    """A label that is a plain text belongs to the project's language."""
    found = read("metrics: {m: {formula: 1, label: Un, aliases: [uno]}}", Project(language="fr")).metrics["m"]
    assert ({"fr": "Un"}, {"fr": ("uno",)}) == (found.label, found.aliases)


def test_every_key_of_a_dataset_is_read() -> None:
    """A dataset written in full has all of its fields."""
    found = dataset(
        """
    source: files
    table: tickets-*.csv
    implements: tickets
    key: id
    time: at
    valid: [from_at, to_at]
    refs: {customer: customers, payer: {dataset: customers, column: payer_id}}
    format: {delimiter: ";", thousands: " ", nulls: ["", "-"], on_error: null}
    label: Tickets
    description: One row a ticket.
    columns:
      at: timestamp
"""
    )
    assert ("files", "tickets-*.csv", "tickets") == (found.source, found.table, found.implements)
    assert ("id", "at", ("from_at", "to_at")) == (found.key, found.time, found.valid)
    customer, payer = found.refs.values()
    assert RefDef("customer", "customers", "customer", customer.place) == customer
    assert RefDef("payer", "customers", "payer_id", payer.place) == payer
    assert {"delimiter": ";", "thousands": " ", "nulls": ("", "-"), "on_error": "null"} == found.format
    assert ({"en": "Tickets"}, {"en": "One row a ticket."}) == (found.label, found.description)
    assert ("at", "timestamp") == (found.columns["at"].name, found.columns["at"].type)


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ((None, None), "{key: id}"),
        (("files", "a.csv"), "{table: a.csv}"),
        (("w", "a"), "{source: w, table: a}"),
        ((None, None), ""),
    ],
)
def test_a_table_without_a_source_is_a_file(expected: tuple[str | None, str | None], written: str) -> None:
    """`files` is the source of a table that names none; a dataset without a table has no source."""
    found = dataset(written)
    assert expected == (found.source, found.table)


def test_the_source_of_files_is_there_when_used() -> None:
    """A project that names no source has the one of its own folder, and none where nothing uses it."""
    found = read("datasets: {d: {table: a.csv}}").sources
    assert {"files": ("files", {"path": "."})} == {n: (s.kind, s.options) for n, s in found.items()}
    assert {} == read("datasets: {d: {key: id}}").sources


def test_columns() -> None:
    """A column is a type, a mapping, or nothing more than its name."""
    assert "text" == column("text").type
    assert ColumnDef("c", place=column("").place) == column("")
    full = column("{type: integer, unit: {duration: ms}, column: Time Spent, required: false, format: {decimal: ','}}")
    assert ("integer", "Time Spent", False, {"decimal": ","}) == (full.type, full.column, full.required, full.format)
    assert ("duration", "ms") == (full.unit.name, full.unit.detail) if full.unit else False
    computed = column('{formula: "score >= 4"}').formula
    assert computed is not None
    assert computed.node is not None


@pytest.mark.parametrize(
    ("kind", "expected", "written"),
    [
        ("number", 3, "3"),
        ("number", Decimal("0.05"), "0.05"),
        ("number", 1000, "1_000"),
        ("number", -2, "{default: -2}"),
        ("text", "export", "export"),
        ("text", "no", "no"),
        ("text", "5", "'5'"),
        ("text", "365 days", "{type: text, default: 365 days}"),
        ("text", "2024", "{type: text, default: 2024}"),
        ("boolean", False, "false"),
        ("date", date(2024, 1, 31), "2024-01-31"),
        ("date", date(2024, 1, 31), "'2024-01-31'"),
        ("list", ("active", "past_due"), "[active, past_due]"),
        ("list", ("active",), "{type: list, default: active}"),
        ("text", None, "{type: text}"),
        ("text", None, "{options: [a, b]}"),
        ("duration", Duration(365, "day", (0, 8)), "365 days"),
        ("duration", Duration(1, "month", (0, 7)), '"1 month"'),
        ("duration", Duration(Decimal("1.5"), "hour", (0, 9)), "1.5 hours"),
        ("duration", Duration(1000, "day", (0, 10)), "1_000 days"),
    ],
)
def test_parameters_show_their_type(kind: str, expected: Any, written: str) -> None:
    """A parameter has the type its value shows, unless it says another."""
    found = parameter(written)
    assert (kind, expected, type(expected)) == (found.type, found.default, type(found.default))


def test_options_have_the_type_of_the_parameter() -> None:
    """The options of a parameter are values of its type; those of a list are its items."""
    assert (1, 2) == parameter("{default: 1, options: [1, 2]}").options
    assert ("a", "b") == parameter("{default: [a], options: [a, b]}").options
    assert ("1", "2") == parameter("{type: text, options: [1, 2]}").options


def test_a_question_s_formula() -> None:
    """A formula outside any file is parsed the same, and its faults are raised."""
    assert ("1 + 1", "<question>") == (written_formula("1 + 1").text, written_formula("1 + 1").written.file)
    assert isinstance(written_formula("1").node, Number)
    with pytest.raises(FaultError):
        written_formula("1 +")


def test_a_transform_is_a_call_or_a_mapping() -> None:
    """Both forms say the same: inputs with their postfixes, lists, members that are named once or several times."""
    call = "\"sessionize(e where n != 'a, b', gap: 30 minutes, per [u, v], first: [p, q], single: null)\""
    mapping = "{sessionize: \"e where n != 'a, b'\", gap: 30 minutes, per: [u, v], first: [p, q], single: null}"
    assert transform(mapping) == transform(call)
    assert transform(call) == (
        "sessionize",
        ["e where n != 'a, b'"],
        {"gap": ["30 minutes"], "per": ["u", "v"], "first": ["p", "q"], "single": ["null"]},
        "sessionize(e where n != 'a, b', gap: 30 minutes, per [u, v], first: [p, q], single: null)",
    )
    assert transform('"f(a, b on c, per u, per: v)"')[1:3] == (["a", "b on c"], {"per": ["u", "v"]})
    assert transform("{acme.smooth: [a, b], by: $x}")[:3] == ("acme.smooth", ["a", "b"], {"by": ["$x"]})


def test_a_dataset_made_by_a_transform_has_no_source() -> None:
    """Nothing is read for it, so it has neither a source nor a table."""
    made = dataset("{transform: f(a), key: id}")
    assert (None, None, "id") == (made.source, made.table, made.key)
