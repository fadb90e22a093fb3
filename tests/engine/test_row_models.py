"""Row models inside a book: what functions are given, what may come back, how often they run, how they are stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tallymark
from tallymark import RowInput, RowModel, RowOutput, hookimpl
from tallymark.definitions import Project, SourceDef
from tallymark.errors import Cancelled, FaultError
from tallymark.read import read_texts
from tallymark.units import DURATION, money

from ..elsewhere import Elsewhere

ANSWERS = pa.table(
    {
        "id": [1, 2, 3, 4, 5, 6],
        "day": [date(2024, 1, d) for d in (1, 2, 3, 4, 5)] + [date(2024, 2, 1)],
        "who": ["a", "a", "b", "b", None, "c"],
        "said": ["good", "bad", None, "good", "excellent", "bad"],
        "amount": pa.array(
            [Decimal("1.5"), None, Decimal(2), Decimal(3), Decimal(4), Decimal(5)], pa.decimal128(18, 6)
        ),
    }
)
CUSTOMERS = pa.table({"id": ["a", "b", "c"], "country": ["fr", "ro", "fr"]})
DATASETS = """
datasets:
  customers: {key: id, columns: {id: text, country: text}}
  answers:
    key: id
    time: day
    refs: {customer: {dataset: customers, column: who}}
    columns: {id: integer, day: date, who: text, said: text, amount: {type: decimal, unit: money}}
"""
SIZED = DATASETS + '  sized: {transform: "acme.size(answers, text: said)"}\n'


class Watched:
    """A function that remembers what it was given."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.given: list[pa.RecordBatch] = []

    def __call__(self, inputs: pa.RecordBatch) -> Any:
        """What the function gives."""
        self.given.append(inputs)
        return self.function(inputs)

    @property
    def texts(self) -> list[list[Any]]:
        """The texts of each batch."""
        return [batch.column("text").to_pylist() for batch in self.given]


def sizes(inputs: pa.RecordBatch) -> dict[str, Any]:
    """How long texts are."""
    return {"length": pc.utf8_length(inputs.column("text"))}


def size(function: Callable[[Any], Any] = sizes, **more: Any) -> RowModel:
    """A model of texts, with one output unless `more` says otherwise."""
    said: dict[str, Any] = {
        "name": "acme.size", "version": "7", "help": "Sizes texts.", "example": "acme.size(answers, text: said)",
        "inputs": (RowInput("text", "text"),), "outputs": (RowOutput("length", "integer", "count"),),
    }  # fmt: skip
    return RowModel(**(said | more), function=function)


def book(model: RowModel, yaml: str = SIZED, **tables: Any) -> tallymark.Book:
    """A book of answers with a plugin that gives one model."""
    plugin = ModuleType("acme")
    plugin.tally_models = hookimpl(lambda: [model], specname="tally_models")  # type: ignore[attr-defined]
    definitions, faults = read_texts([("book.yaml", yaml)], project=Project(folder=""))
    assert [] == faults
    given = {"answers": ANSWERS, "customers": CUSTOMERS, **tables}
    return tallymark.open(definitions=definitions, tables=given, plugins=[plugin], strict=False)


def value(asked: tallymark.Book, formula: str, **question: Any) -> Any:
    """The only cell of a question about January 2024."""
    return asked.ask(formula, **({"period": "2024-01"} | question)).value


def faults(asked: tallymark.Book, formula: str) -> list[tuple[str, str]]:
    """The code and message of each fault of a question."""
    with pytest.raises(FaultError) as caught:
        value(asked, formula)
    return [(f.code, f.message) for f in caught.value.faults]


# --- what it means ---------------------------------------------------------------------------------------------------


def test_a_models_columns_are_columns_like_any_other() -> None:
    """They are summed, grouped by and filtered on, over time and over references; a null text gave a null length."""
    asked = book(size())
    assert () == asked.faults
    assert 4 + 3 + 4 + 9 == value(asked, "sum(sized.length)")
    assert 4 == value(asked, "avg(sized.length where length < 9 and said != 'bad')")
    by_country = asked.ask("sum(sized.length)", by="customer.country", period="2024-01", sparse=True).to_dicts()
    assert {"fr": 7, "ro": 4, None: 9} == {r["customer.country"]: r["sum(sized.length)"] for r in by_country}
    by_length = asked.ask("count(sized)", by="length", period="2024").to_dicts()
    assert {4: 2, 3: 2, 9: 1, None: 1} == {r["length"]: r["count(sized)"] for r in by_length}


def test_each_distinct_input_is_computed_once() -> None:
    """In one batch, whatever is asked and however often; a condition on the input narrows what is computed."""
    watched = Watched(sizes)
    asked = book(size(watched), SIZED.replace("answers, text", "answers where said != 'excellent', text"))
    assert 11 == value(asked, "sum(sized.length)")
    assert 3 == value(asked, "sum(sized.length)", period="2024-02")
    asked.ask("count(sized)", by="length", grain="day", period="2024-01")
    asked.explain("sum(sized.length)", period="2024-01")
    assert [["bad", "good"]] == [sorted(batch) for batch in watched.texts]


def test_only_what_is_new_is_computed_when_data_changes() -> None:
    """A table that is handed over again brings its new texts and no others to the function."""
    watched = Watched(sizes)
    asked = book(size(watched))
    value(asked, "sum(sized.length)")
    more = pa.concat_tables([ANSWERS, ANSWERS.slice(0, 1).set_column(3, "said", pa.array(["new"]))])
    asked._sources.source("memory").put("answers", more)  # type: ignore[attr-defined]
    assert 23 == value(asked, "sum(sized.length)")
    assert ["new"] == watched.texts[-1]


def test_batches_are_as_long_as_the_model_says() -> None:
    """Four distinct texts in batches of three are two calls."""
    watched = Watched(sizes)
    asked = book(size(watched, batch=3))
    assert 20 == value(asked, "sum(sized.length)")
    assert [3, 1] == [batch.num_rows for batch in watched.given]


def test_a_model_sees_its_declared_types() -> None:
    """A number is widened to the declared type, times come as Arrow's, an input left out is null in every row."""
    inputs = (RowInput("amount", "double"), RowInput("on", "date"), RowInput("text", "text", required=False))
    watched = Watched(lambda given: {"length": [1] * given.num_rows})
    asked = book(
        size(watched, inputs=inputs), DATASETS + '  sized: {transform: "acme.size(answers, amount: amount, on: day)"}\n'
    )
    assert 5 == value(asked, "sum(sized.length)")
    assert [pa.float64(), pa.date32(), pa.string()] == watched.given[0].schema.types
    assert {None} == set(watched.given[0].column("text").to_pylist())
    assert {None, 1.5, 2.0, 3.0, 4.0, 5.0} == set(watched.given[0].column("amount").to_pylist())


def test_every_type_comes_back() -> None:
    """An output of each type is read as it was given."""
    given = {
        "i": 3, "m": Decimal("1.25"), "d": 0.5, "t": "é", "b": True, "on": date(2024, 5, 1),
        "seen": datetime(2024, 5, 1, 12, 30),
    }  # fmt: skip
    types = ("integer", "decimal", "double", "text", "boolean", "date", "timestamp")
    outputs = tuple(RowOutput(n, t) for n, t in zip(given, types, strict=True))
    asked = book(size(lambda inputs: {n: [v] * inputs.num_rows for n, v in given.items()}, outputs=outputs))
    assert () == asked.faults
    (row,) = asked.ask("count(sized)", by=tuple(given), period="2024-01").to_dicts()
    assert {**given, "count(sized)": 5} == row


def test_money_that_a_model_gives_is_money() -> None:
    """A unit with a currency is checked like a column's."""
    model = size(
        lambda inputs: {"worth": [Decimal(2)] * inputs.num_rows}, outputs=(RowOutput("worth", "decimal", money("EUR")),)
    )
    asked = book(model, SIZED + "metrics:\n  worth: {formula: sum(sized.worth), unit: percent}\n")
    assert ["U305"] == [f.code for f in asked.faults]
    assert 10 == value(asked, "sum(sized.worth)")


def test_a_prefix_keeps_two_models_apart() -> None:
    """One text's columns beside another's, on the same rows."""
    yaml = SIZED + '  twice: {transform: "acme.size(sized, text: who, prefix: name)"}\n'
    asked = book(size(), yaml)
    assert () == asked.faults
    assert (20, 4) == (value(asked, "sum(twice.length)"), value(asked, "sum(twice.name_length)"))


def test_the_knowledge_date_hides_rows_not_results() -> None:
    """As of 3 January only the rows before it count, and what a text gave is the same."""
    asked = book(size())
    assert 20 == value(asked, "sum(sized.length)")
    assert 7 == value(asked, "sum(sized.length)", as_of="2024-01-02")


def test_rows_may_lie_in_another_database() -> None:
    """Their distinct inputs are fetched, and what the model gives is joined here; once."""
    watched = Watched(sizes)
    plugin = ModuleType("acme")
    plugin.tally_models = hookimpl(lambda: [size(watched)], specname="tally_models")  # type: ignore[attr-defined]
    definitions, _ = read_texts([("book.yaml", SIZED)], project=Project(folder=""))
    moved = {n: d if d.transform else replace(d, source="east", table=n) for n, d in definitions.datasets.items()}
    definitions = replace(definitions, datasets=moved, sources={"east": SourceDef("east", "elsewhere")})
    tables = {"answers": ANSWERS, "customers": CUSTOMERS}
    with tallymark.open(definitions=definitions, plugins=[plugin, Elsewhere(tables)]) as asked:
        assert 20 == value(asked, "sum(sized.length)")
        assert 11 == value(asked, "sum(sized.length) where customer.country = 'fr' or customer.country = 'ro'")
    assert [["bad", "excellent", "good"]] == [sorted(t for t in batch if t) for batch in watched.texts]


def test_no_rows_call_nothing() -> None:
    """A model of an empty dataset is never called."""
    watched = Watched(sizes)
    asked = book(size(watched), answers=ANSWERS.slice(0, 0))
    assert 0 == value(asked, "sum(sized.length)")
    assert [] == watched.given


# --- receipts, lineage, notes ----------------------------------------------------------------------------------------


def test_a_receipt_names_the_model_and_its_version() -> None:
    """Beside what makes the dataset."""
    receipt = book(size()).explain("sum(sized.length)", period="2024-01")
    assert "`sized` is made by acme.size(answers, text: said), Python of version 7" in receipt.notes


def test_lineage_goes_through_a_model() -> None:
    """To the columns that the model reads."""
    asked = book(size(), SIZED + "metrics:\n  length: sum(sized.length)\n")
    edges = {(a.name, b.name) for a, b in asked.lineage("length").edges}
    assert {("length", "sized.length"), ("sized.length", "answers.said")} <= edges


def test_rows_without_a_value_are_noted_with_the_models_reason() -> None:
    """Only by questions that read the column."""
    asked = book(size(outputs=(RowOutput("length", "integer", "count", absent=": no text"),)))
    note = "1 row of `sized` has no `length`: no text"
    assert note in asked.ask("sum(sized.length)", period="2024-01").notes
    assert note not in asked.ask("count(sized)", period="2024-01").notes


def test_what_is_no_finite_number_is_null_and_noted() -> None:
    """NaN and infinity never reach a sum."""
    strange = {"good": float("nan"), "bad": float("inf"), "excellent": 2.0, None: None}
    model = size(
        lambda inputs: {"length": [strange[t] for t in inputs.column("text").to_pylist()]},
        outputs=(RowOutput("length", "double"),),
    )
    answer = book(model).ask("sum(sized.length)", period="2024-01")
    assert 2.0 == answer.value
    assert "`acme.size` gave 2 values that are no finite number: null is read instead" in answer.notes


# --- faults ----------------------------------------------------------------------------------------------------------


def fails(inputs: Any) -> Any:
    """What a model may do."""
    raise LookupError("no such\nmodel file")


@pytest.mark.parametrize(
    ("function", "code", "said"),
    [
        (fails, "P761", "the model `acme.size` failed: LookupError: no such model file"),
        (lambda i: None, "P762", "gave NoneType where length is declared"),
        (lambda i: {}, "P762", "gave columns  where length is declared"),
        (
            lambda i: {"length": [1] * i.num_rows, "more": []},
            "P762",
            "gave columns length, more where length is declared",
        ),
        (lambda i: {"length": [1]}, "P762", "gave 1 values of `length` for 4 rows"),
        (lambda i: {"length": ["x"] * i.num_rows}, "P762", "gave `length` as something else than integer"),
        (lambda i: {"length": [1.5] * i.num_rows}, "P762", "gave `length` as something else than integer"),
        (lambda i: {"length": 1}, "P762", "gave `length` as something else than integer"),
        (lambda i: i, "P762", "gave columns text where length is declared"),
    ],
)
def test_what_a_function_does_wrong_is_told(function: Any, code: str, said: str) -> None:
    """Each break of its promise is a fault with the model's name; what does not read it goes on."""
    asked = book(size(function))
    ((found, message),) = faults(asked, "sum(sized.length)")
    assert code == found
    assert said in message
    assert 5 == value(asked, "count(answers)")


def test_a_fault_that_a_function_raises_is_told_as_it_is() -> None:
    """A model may know better what the user should do."""

    def needs(inputs: Any) -> Any:
        raise FaultError(tallymark.Fault("P790", "a package is missing", None, "install it"))

    assert [("P790", "a package is missing")] == faults(book(size(needs)), "sum(sized.length)")


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        ("acme.size(answers, text: amount)", "T247", "`text:` is text, the column `amount` is decimal"),
        ("acme.size(answers, text: nothing)", "T105", "`answers` has no column `nothing`"),
        ("acme.size(answers)", "T245", "`acme.size` needs `text:`"),
        ("acme.size(answers, text: said, by: who)", "T244", "`acme.size` takes no `by:`"),
        ("acme.size(answers, text: [said, who])", "T246", "one value is wanted, not a list"),
        ("acme.sise(answers, text: said)", "T240", "unknown transform `acme.sise`"),
        ("acme.size(sized, text: said)", "T247", "`sized` has a column `length` already"),
        ("__import__('os')", "T240", "unknown transform `__import__`"),
    ],
)
def test_what_is_written_wrong_is_found_by_check(call: str, code: str, said: str) -> None:
    """Nothing runs for it."""
    watched = Watched(sizes)
    found = book(size(watched), SIZED + f'  wrong: {{transform: "{call}"}}\n').faults
    assert [code] == [f.code for f in found]
    assert said in found[0].message
    assert [] == watched.given


def test_a_unit_that_is_declared_must_be_there() -> None:
    """A model of durations takes no money."""
    model = size(inputs=(RowInput("text", "double", unit=DURATION),))
    asked = book(model, DATASETS + '  sized: {transform: "acme.size(answers, text: amount)"}\n')
    assert [("T247", "`text:` is duration, the column `amount` is money (USD)")] == [
        (f.code, f.message) for f in asked.faults
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: RowInput("a", "number of things"),
        lambda: RowOutput("a", "double", "money"),
        lambda: RowInput("a", "double", unit="bushels"),
        lambda: size(inputs=()),
        lambda: size(outputs=()),
        lambda: size(inputs=(RowInput("a", "text"), RowInput("a", "text"))),
        lambda: size(inputs=(RowInput("prefix", "text"),)),
        lambda: size(version=""),
        lambda: size(batch=0),
    ],
)
def test_a_model_that_cannot_be_is_refused(wrong: Callable[[], Any]) -> None:
    """Who writes it is told at once."""
    with pytest.raises(ValueError, match="`"):
        wrong()


def test_a_model_takes_no_name_of_a_transform() -> None:
    """What there is stays what it was, and the plugin is told."""
    asked = book(size(name="union"), DATASETS)
    assert [("P706", "names of a plugin begin with its own: call it `acme.union`")] == [
        (f.code, f.help) for f in asked.faults
    ]


# --- threads ---------------------------------------------------------------------------------------------------------


def test_cancel_ends_the_wait_for_a_function() -> None:
    """One that would take for ever is given up; what it gave before is kept, and the next question goes on from there."""
    inside, leave = threading.Event(), threading.Event()

    def slow(inputs: Any) -> Any:
        if inputs.column("text").to_pylist() == ["good"] and not leave.is_set():
            inside.set()
            leave.wait(30)
        return sizes(inputs)

    watched = Watched(slow)
    asked = book(size(watched, batch=1))
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            value(asked, "sum(sized.length)")
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert inside.wait(10)
    asked.cancel()
    thread.join(10)
    assert not thread.is_alive()
    assert [Cancelled] == [type(e) for e in raised]
    leave.set()
    before = [t for t in watched.texts if t != ["good"]]
    assert 20 == value(asked, "sum(sized.length)")
    assert before == [t for t in watched.texts if t != ["good"]][: len(before)]
    assert len(watched.texts) == 4 + 1


def test_many_threads_compute_a_text_once() -> None:
    """Questions that come at one time wait for one another's results."""
    watched = Watched(sizes)
    asked = book(size(watched))
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(value(asked, "sum(sized.length)"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [20] * 8 == found
    assert 1 == len(watched.given)
