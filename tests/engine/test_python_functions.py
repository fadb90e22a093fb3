"""Functions of formulas in Python: metrics by a model, in every window and level; what they may give; metrics of one
member at a time.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tallymark
from tallymark import Function, FunctionKind, Python, Take, hookimpl
from tallymark.definitions import Project, SourceDef
from tallymark.errors import Cancelled, FaultError
from tallymark.read import read_texts

from ..elsewhere import Elsewhere, spread

EVENTS = (
    ("a", "login", 1), ("a", "login", 2), ("a", "ticket", 3), ("b", "ticket", 3), ("b", "ticket", 4), ("b", "login", 35),
    ("a", "login", 36), ("a", "login", 37), ("a", "login", 38), ("c", "login", 40), ("c", "ticket", 41),
)  # fmt: skip
"""Who did what on which day of 2024. January: a 2 logins 1 ticket, b 0 and 2. February: a 3 and 0, b 1 and 0, c 1 and 1."""
TABLES = {
    "customers": pa.table({"id": ["a", "b", "c"], "country": ["fr", "ro", "fr"]}),
    "events": pa.table(
        {
            "who": [e[0] for e in EVENTS],
            "kind": [e[1] for e in EVENTS],
            "day": [date(2023, 12, 31) + timedelta(days=e[2]) for e in EVENTS],
            "paid": pa.array([float(e[2]) for e in EVENTS]),
        }
    ),
}
YAML = """
datasets:
  customers: {key: id, columns: {id: text, country: text}}
  events:
    time: day
    refs: {customer: {dataset: customers, column: who}}
    columns: {day: date, who: text, kind: text, paid: {type: double, unit: money}}
metrics:
  logins: count(events where kind = 'login')
  tickets: count(events where kind = 'ticket')
  paid: {formula: sum(events.paid), unit: money}
  spread: {formula: "acme.model(logins, tickets)", level: customer}
  mean_spread: avg(spread per customer)
"""


def model(call: Callable[[Any], Any], **more: Any) -> Function:
    """A function in Python of two numbers, unless `more` says otherwise."""
    said: dict[str, Any] = {
        "name": "acme.model", "kind": FunctionKind.SCALAR, "takes": (Take("x"), Take("y")), "gives": "double",
        "unit": "none", "help": "A model.", "example": "acme.model(logins, tickets)",
    }  # fmt: skip
    return Function(**(said | more), python=Python(call, "7"))


def tenfold(inputs: pa.RecordBatch) -> Any:
    """Ten of the first less the second."""
    return pc.subtract(pc.multiply(inputs.column("x"), 10.0), inputs.column("y"))


def book(function: Function | None = None, yaml: str = YAML) -> tallymark.Book:
    """A book of events with a plugin that gives one function."""
    plugin = ModuleType("acme")
    rows = [function or model(tenfold)]
    plugin.tally_functions = hookimpl(lambda: rows, specname="tally_functions")  # type: ignore[attr-defined]
    definitions, faults = read_texts([("book.yaml", yaml)], project=Project(folder="", currency="EUR"))
    assert [] == faults
    return tallymark.open(definitions=definitions, tables=TABLES, plugins=[plugin], strict=False)


def value(asked: tallymark.Book, formula: str, **question: Any) -> Any:
    """The only cell of a question about January 2024."""
    return asked.ask(formula, **({"period": "2024-01"} | question)).value


def faults(asked: tallymark.Book, *formulas: str, **question: Any) -> list[tuple[str, str]]:
    """The code and message of each fault of a question."""
    with pytest.raises(FaultError) as caught:
        asked.ask(*formulas, **({"period": "2024-01"} | question))
    return [(f.code, f.message) for f in caught.value.faults]


# --- what it means ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "february"),
    [
        ("avg(spread per customer)", (30 + 10 + 9) / 3),
        ("sum(spread per customer)", 49),
        ("max(spread per customer)", 30),
        ("sum(previous(spread) per customer)", 19 - 2 + 0),
        ("sum(change(spread) per customer)", 49 - 17),
        ("sum(trailing(spread, 2 months) per customer)", (50 - 1) + (10 - 2) + (10 - 1)),
        ("sum(cumulative(spread) per customer)", 49 + 8 + 9),
        ("count(spread > 9 per customer)", 2),
        ("sum(spread per customer) where customer.country = 'fr'", 39),
        ("acme.model(logins, tickets)", 49),
        ("acme.model(previous(logins), 1)", 19),
        ("acme.model(sum(events.paid), 0) / 10", 35 + 36 + 37 + 38 + 40 + 41),
        ("count(events where acme.model(1, 2) = 8)", 6),
        ("acme.model(1, null)", None),
    ],
)
def test_a_function_takes_what_its_arguments_are_in_the_context(formula: str, february: float | None) -> None:
    """In other windows, for members, under conditions, and over rows it is the function of the values there."""
    found = value(book(), formula, period="2024-02")
    assert (february if february is None else pytest.approx(february)) == found


def test_cells_of_an_answer() -> None:
    """By member and period, as each cell's own values make it; what has no value is not given to it."""
    rows = book().ask("spread", by="customer", grain="month", start="2024-01-01", end="2024-02-29").to_dicts()
    assert {("a", 1): 19, ("b", 1): -2, ("c", 1): 0, ("a", 2): 30, ("b", 2): 10, ("c", 2): 9} == {
        (r["customer"], r["period"].month): r["spread"] for r in rows
    }


def test_nulls_are_kept_from_a_function_unless_it_wants_them() -> None:
    """`pass` gives null for them; any other word gives them to the function."""
    seen: list[Any] = []

    def watched(inputs: pa.RecordBatch) -> Any:
        seen.extend(inputs.column("x").to_pylist())
        return [0.0 if v is None else v for v in inputs.column("x").to_pylist()]

    formula = "acme.model(avg(events.paid where kind = 'none'), 1)"
    assert value(book(model(watched)), formula) is None
    assert [] == seen
    assert 0 == value(book(model(watched, nulls="skip")), formula)
    assert [None] == list(dict.fromkeys(seen))


@pytest.mark.parametrize(
    ("takes", "gives", "formula", "given", "expected"),
    [
        ((Take("t", "text"),), "text", "acme.model(max(events.kind))", "ticket", "TICKET"),
        ((Take("b", "boolean"),), "boolean", "acme.model(logins > 1)", True, False),
        ((Take("x"),), "integer", "acme.model(logins)", 2.0, 5),
        ((Take("x"),), "double", "acme.model(paid / 4)", 13 / 4, 6.5),
    ],
)
def test_types(takes: tuple[Take, ...], gives: str, formula: str, given: Any, expected: Any) -> None:
    """Texts, truths and numbers go in and come out; numbers go in as doubles."""
    turned = {"ticket": "TICKET", True: False, 2.0: 5, 13 / 4: 6.5}
    seen: list[Any] = []

    def turn(inputs: pa.RecordBatch) -> Any:
        seen.extend(inputs.column(0).to_pylist())
        return [turned[v] for v in inputs.column(0).to_pylist()]

    assert expected == value(book(model(turn, takes=takes, gives=gives)), formula)
    assert {given} == set(seen)


# --- receipts --------------------------------------------------------------------------------------------------------


def test_a_receipt_shows_the_inputs_and_the_version() -> None:
    """Each argument with its value, and which state of the function it was."""
    receipt = book().explain("spread", period="2024-01", where="customer = 'a'")
    assert (19, [2, 1]) == (receipt.value, [step.value for step in receipt.step.children])
    assert ["logins", "tickets"] == [step.name for step in receipt.step.children]
    assert "`acme.model` is Python of version 7" in receipt.notes


def test_lineage_goes_through_a_function() -> None:
    """To the metrics that it takes."""
    edges = {(a.name, b.name) for a, b in book().lineage("mean_spread").edges}
    assert {("mean_spread", "spread"), ("spread", "logins"), ("spread", "tickets")} <= edges


# --- faults ----------------------------------------------------------------------------------------------------------


def fails(inputs: Any) -> Any:
    """What a function may do."""
    raise LookupError("no such\nmodel file")


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        (fails, "P761", "the model `acme.model` failed: LookupError: no such model file"),
        (lambda i: [1.0] * (i.num_rows + 1), "P762", "gave 2 values of its value for 1 rows"),
        (lambda i: ["x"] * i.num_rows, "P762", "gave its value as something else than double"),
        (lambda i: None, "P762", "gave its value as something else than double"),
    ],
)
def test_what_a_function_does_wrong_is_told(call: Any, code: str, said: str) -> None:
    """With its name; other metrics go on."""
    asked = book(model(call))
    ((found, message),) = faults(asked, "acme.model(logins, tickets)")
    assert code == found
    assert said in message
    assert 2 == value(asked, "logins")


def test_a_fault_that_a_function_raises_is_told_as_it_is() -> None:
    """A model may know better what the user should do."""

    def needs(inputs: Any) -> Any:
        raise FaultError(tallymark.Fault("P790", "a package is missing", None, "install it"))

    assert [("P790", "a package is missing")] == faults(book(model(needs)), "acme.model(logins, 1)")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_null_and_noted(number: float) -> None:
    """Where the function was called; not by other questions."""
    asked = book(model(lambda inputs: [number] * inputs.num_rows))
    answer = asked.ask("acme.model(logins, tickets)", period="2024-01")
    assert answer.value is None
    assert "`acme.model` gave numbers that are not finite: null is read instead" in answer.notes
    assert () == asked.ask("logins", period="2024-01").notes


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("acme.model(logins)", "T203"),
        ("acme.model(logins, 'x')", "T201"),
        ("acme.modle(logins, 1)", "T104"),
        ("acme.model(paid, tickets)", "T281"),
        ("acme.model(logins, avg(events.day - date('2024-01-01')))", "T281"),
    ],
)
def test_what_is_written_wrong_is_found(formula: str, code: str) -> None:
    """By number, type, name and declared unit of the arguments."""
    function = model(tenfold, takes=(Take("x", unit="count"), Take("y", unit="count")))
    assert [code] == [c for c, _ in faults(book(function), formula)]


def test_money_is_asked_for_by_its_name() -> None:
    """In whatever currency."""
    function = model(tenfold, takes=(Take("x", unit="money"), Take("y")))
    assert 130 == value(book(function), "acme.model(paid, 0)")
    assert [("T281", "`x` of `acme.model` is a money, this is count")] == faults(
        book(function), "acme.model(logins, 0)"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: model(tenfold, kind=FunctionKind.AGGREGATE),
        lambda: model(tenfold, takes=()),
        lambda: model(tenfold, takes=(Take("x", "time"),)),
        lambda: model(tenfold, takes=(Take("x", optional=True),)),
        lambda: model(tenfold, gives="first"),
        lambda: model(tenfold, sql={"*": ":x"}),
        lambda: Take("x", unit="bushel"),
        lambda: Take("x", "text", unit="money"),
    ],
)
def test_a_function_that_cannot_be_is_refused(wrong: Callable[[], Any]) -> None:
    """Who writes it is told at once."""
    with pytest.raises(ValueError, match="`"):
        wrong()


def test_another_database_cannot_compute_it() -> None:
    """A plan for PostgreSQL says so, and writes no SQL of a function that is not there."""
    from tallymark.kinds import Type
    from tallymark.plan import Clock
    from tallymark.render.expressions import Term, Writer
    from tallymark.render.keys import NEVER
    from tallymark.render.values import constant
    from tallymark.windows import Calendar

    function = model(tenfold)
    writer = Writer(Clock(Calendar(), date(2024, 1, 1), NEVER), "postgres", {"acme.model": function})
    terms = [Term(constant(1.0, Type.DOUBLE), Type.DOUBLE)] * 2
    with pytest.raises(FaultError, match="P763"):
        writer.apply("acme.model", terms, (), Type.DOUBLE)


@pytest.mark.parametrize("formula", ["avg(spread per customer)", "count(events where acme.model(1, 2) = 8)"])
def test_rows_may_lie_in_another_database(formula: str) -> None:
    """What that one has is fetched, and the function computes here; the answer is the same."""
    plugin = ModuleType("acme")
    plugin.tally_functions = hookimpl(lambda: [model(tenfold)], specname="tally_functions")  # type: ignore[attr-defined]
    definitions, _ = read_texts([("book.yaml", YAML)], project=Project(folder="", currency="EUR"))
    for there in (("east",), ("east", "west")):
        moved = spread(definitions, Random(1), {name: SourceDef(name, "elsewhere") for name in there})
        moved = replace(
            moved, datasets={n: replace(d, source=d.source or there[-1], table=n) for n, d in moved.datasets.items()}
        )
        with tallymark.open(definitions=moved, plugins=[plugin, Elsewhere(TABLES)]) as asked:
            assert value(book(), formula) == value(asked, formula)


# --- threads ---------------------------------------------------------------------------------------------------------


def test_cancel_ends_the_wait_for_a_function() -> None:
    """One that would take for ever is given up, and the book goes on."""
    inside, leave = threading.Event(), threading.Event()

    def slow(inputs: Any) -> Any:
        if not leave.is_set():
            inside.set()
            leave.wait(30)
        return inputs.column("x")

    asked = book(model(slow))
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            value(asked, "acme.model(logins, tickets)")
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
    assert 2 == value(asked, "acme.model(logins, tickets)")


def test_many_threads_may_ask() -> None:
    """And each gets its own answer."""
    asked = book()
    found: dict[int, Any] = {}

    def ask(n: int) -> None:
        found[n] = value(asked, f"acme.model({n}, tickets)")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: 10 * n - 3 for n in range(8)} == found


# --- one member at a time --------------------------------------------------------------------------------------------

OFF = "`spread` is of one `customer`, and this would be of several together"


@pytest.mark.parametrize(
    ("question", "cells"),
    [
        ({"by": "customer"}, 3),
        ({"by": ("customer", "customer.country")}, 3),
        ({"by": "customer", "compare": "previous"}, 3),
        ({"by": "customer", "having": "spread > 9"}, 2),
        ({"by": "customer", "top": 1}, 1),
        ({"where": "customer = 'a'"}, 1),
        ({"where": "customer = 'a' and customer.country = 'fr'"}, 1),
    ],
)
def test_a_metric_of_one_member_is_asked_by_it(question: dict[str, Any], cells: int) -> None:
    """Or under a condition that leaves one."""
    answer = book().ask("spread", period="2024-02", sparse=True, **question)
    assert cells == len(answer.to_dicts())


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"by": "customer.country"},
        {"where": "customer != 'a'"},
        {"where": "customer = 'a' or customer = 'b'"},
        {"where": "customer in ('a', 'b')"},
        {"by": "customer", "share": True},
    ],
)
def test_a_metric_of_one_member_is_not_asked_of_several(question: dict[str, Any]) -> None:
    """It would be a number that means nothing."""
    assert [("T280", OFF)] == faults(book(), "spread", **question)


@pytest.mark.parametrize("word", ["total", "other"])
def test_a_metric_of_one_member_has_no_total(word: str) -> None:
    """Nor a row of all the others."""
    more: dict[str, Any] = {"total": True} if word == "total" else {"top": 1, "other": True}
    ((code, _),) = faults(book(), "spread", by="customer", **more)
    assert "T280" == code


@pytest.mark.parametrize(
    ("formula", "level", "codes"),
    [
        ("spread * 2", None, ["T280"]),
        ("spread * 2", "customer", []),
        ("avg(spread per customer)", None, []),
        ("avg(spread * 2 + logins per customer)", None, []),
        ("avg(previous(trailing(spread, 2 months)) per customer)", None, []),
        ("avg(spread per day)", None, ["T280"]),
        ("avg(avg(spread per customer) per day)", None, []),
        ("avg(avg(spread per day) per customer)", None, []),
        ("avg(spread per customer.country)", None, ["T280"]),
        ("spread where customer = 'a'", None, []),
        ("avg(share(spread) per customer)", None, ["T280"]),
        ("total(mean_spread)", None, []),
        ("logins", "kind", []),
        ("logins", "weather", ["T111"]),
    ],
)
def test_uses_off_the_level_are_found_by_check(formula: str, level: str | None, codes: list[str]) -> None:
    """Where no single member is known."""
    said = "  wanted:\n    formula: >-\n      " + formula + "\n" + (f"    level: {level}\n" if level else "")
    assert codes == [f.code for f in book(yaml=YAML + said).faults]
