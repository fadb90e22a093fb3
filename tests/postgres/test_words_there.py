"""Functions, row by row: PostgreSQL gives what the embedded database gives, for values that invite mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import tallymark
from tallymark.definitions import ColumnDef, DatasetDef, Definitions, Project
from tallymark.errors import FaultError

from .server import Cluster

DOUBLES = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 1.005, 2.675, 1e15 + 0.5, 1e300, -1e300, 1e-300]
DOUBLES += [0.1, 1 / 3, 1234567.891, 99.9999995, None, float("nan"), float("inf"), float("-inf")]
DECIMALS = [
    Decimal(t) for t in ("0", "0.5", "-0.5", "1.005", "2.675", "-1234567.899999", "99999999999.999999", "0.000001")
]
TEXTS = [
    "",
    " ",
    "abc",
    "ABC",
    "Straße",
    "ÉCOLE",
    "éa",
    "zz",
    "Z",
    "_",
    "İstanbul",
    "ΣΑΣ",
    "\u00a0x\u3000",
    "a\nb",
    "\t t",
]
TEXTS += ["100%", "a_b", "a\\b", "o'brien", '"quoted"', "日本", "😀 ok", "e\u0301", "K", "ſ", "pay me", "PAYER", None]
TIMES = [datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(2024, 2, 29, 12), datetime(2023, 12, 31, 23), None]
TIMES += [
    datetime(2024, 3, 31, 2, 30),
    datetime(2024, 10, 27, 2, 30),
    datetime(2024, 1, 1),
    datetime(2020, 12, 31, 8, 7, 6),
]

COLUMNS: dict[str, tuple[str, pa.DataType, list[Any]]] = {
    "x": ("double", pa.float64(), DOUBLES),
    "y": ("double", pa.float64(), [2.0, -1.0, 0.0, 0.5, None, 3.0, 10.0]),
    "m": ("decimal", pa.decimal128(18, 6), [*DECIMALS, None]),
    "d": ("decimal", pa.float64(), [0.5, 0.0000005, -0.0000015, 1234567890.1234565, 1.0000005, None, 2.5e-7]),
    "n": ("integer", pa.int64(), [0, 1, -1, 7, -7, 1250, -1250, 2**40, None]),
    "s": ("text", pa.string(), TEXTS),
    "b": ("boolean", pa.bool_(), [True, False, None]),
    "t": ("timestamp", pa.timestamp("us"), TIMES),
    "i": ("instant", pa.timestamp("us", tz="UTC"), [t and t.replace(tzinfo=UTC) for t in TIMES]),
    "a": ("date", pa.date32(), [date(2024, 2, 29), date(1969, 12, 31), None, date(2020, 12, 31), date(2024, 1, 1)]),
}
ROWS = 60

ROWWISE = (
    "abs(x)", "sign(x)", "sign(n)", "round(x)", "round(x, 2)", "round(x, -2)", "round(m)", "round(m, 2)", "round(n, -2)",
    "floor(x)", "ceil(x)", "trunc(x)", "floor(m)", "ceil(m)", "trunc(m)", "x / y", "m / n", "n / 7", "m * n", "m * m",
    "m + d", "-m", "mod(n, 7)", "mod(n, 0)", "mod(m, 0.3)", "pow(y, 2)", "pow(y, 0.5)", "pow(y, -1)", "pow(x, y)",
    "sqrt(x)", "ln(x)", "log10(x)", "exp(y)", "divide(x, y, 0)", "greatest(y, n)", "least(y, n, 3)", "clamp(y, 0, 1)",
    "coalesce(y, x, 0)", "if(b, n, 0)", "length(s)", "d * 100", "scale(y, 0, 10)", "band(y, 0, 1, 2)",
    "date_part('year', t)", "date_part('quarter', t)", "date_part('week', t)", "date_part('hour', i)", "weekday(t)",
    "date_part('second', t)", "date_part('minute', t)", "date_diff('day', t, date('2024-01-01'))",
    "date_diff('hour', t, t + 90 minutes)", "date_diff('month', a, date('2024-03-01'))", "date_diff('year', a, a + 400 days)",
    "date_diff('week', a, date('2024-03-01'))", "date_diff('quarter', i, t)", "weighted_mean(y, 2, n, 1)",
    "date_diff('second', t, t + 90 seconds)",
)  # fmt: skip
"""Numbers for each row."""

TEXTUAL = (
    "lower(s)", "upper(s)", "trim(s)", "contains(s, 'a')", "contains(s, '')", "starts_with(s, 'a_')", "ends_with(s, 'e')",
    "ends_with(s, '')", "matches(s, '^a.b$')", "matches(s, '(?i)é')", "matches(s, '(?i)k')", "matches(s, '^[A-Z]+$')",
    "matches(s, '[[:space:]]')", "matches(s, '\\\\')", "matches(s, 'x|^$')", "matches(s, '(?i)^pay(er)?')", "s < 'a'", "s >= 'Z'",
    "matches(s, '[^a-z]{2,}')", "s = 'o''brien'", "s in ('', 'ABC')", "s between 'A' and 'a'", "b and n > 0", "not b",
    "b or x > 1", "year(t)", "quarter(i)", "month(a)", "week(t)", "day(i)", "a + 1 month", "t + 1 month", "i + 1 day",
    "i + 1.5 hours", "case when n > 0 then 'é' when n < 0 then 'Z' else 'a' end", "coalesce(s, 'none')",
)  # fmt: skip
"""Dimensions for each row."""

AGGREGATES = (
    "sum(things.n)", "sum(things.m)", "avg(things.m)", "min(things.s)", "max(things.s)", "min(things.b)", "max(things.b)",
    "min(things.a)", "max(things.i)", "count_distinct(things.s)", "median(things.y)", "percentile(things.m, 90)",
    "stddev(things.y)", "variance(things.m)", "first(things.s)", "last(things.n)", "any(things.b)", "all(things.b)",
    "stddev(things.n where n = 7)", "variance(0.1 * things.y where y = 3)",
)  # fmt: skip


def table() -> pa.Table:
    """Rows in which each column goes through its values at its own pace."""
    columns = {"id": pa.array(range(ROWS), pa.int64())}
    for name, (_, kind, values) in COLUMNS.items():
        columns[name] = pa.array([values[r % len(values)] for r in range(ROWS)], kind)
    return pa.table(columns)


def definitions(timezone: str, computed: dict[str, str]) -> Definitions:
    """The rows as a dataset, each formula a column of it."""
    from tallymark.definitions import Formula
    from tallymark.formula.parse import parse
    from tallymark.place import Written

    columns = {n: ColumnDef(n, type=kind) for n, (kind, _, _) in COLUMNS.items()}
    columns["id"] = ColumnDef("id", type="integer")
    for name, text in computed.items():
        columns[name] = ColumnDef(name, formula=Formula(Written(text), parse(Written(text))))
    dataset = DatasetDef("things", "memory", "things", key="id", columns=columns)
    return Definitions(project=Project(timezone=timezone), datasets={"things": dataset})


@pytest.fixture(scope="module", params=["Europe/Berlin"])
def both(request: pytest.FixtureRequest, server: Cluster) -> Iterator[tuple[tallymark.Book, tallymark.Book]]:
    """A book over the rows in the embedded database, and one over the same rows on the server."""
    computed = {f"f{n}": text for n, text in enumerate((*ROWWISE, *TEXTUAL))}
    here = definitions(request.param, computed)
    server.put("words", {"things": table()})
    moved = replace(here.datasets["things"], source="pg", table="things")
    there = replace(here, datasets={"things": moved}, sources={"pg": server.source("words")})
    with (
        tallymark.open(definitions=here, tables={"things": table()}) as one,
        tallymark.open(definitions=there) as other,
    ):
        yield one, other


def close(one: Any, other: Any) -> bool:
    """Whether two values are the same; doubles but for their last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return bool(other == pytest.approx(one, rel=1e-12, abs=1e-300))
    return bool(one == other)


@pytest.mark.parametrize("number", [pytest.param(n, id=t) for n, t in enumerate((*ROWWISE, *TEXTUAL))])
def test_a_function_gives_the_same(number: int, both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """Of every row the function gives the same, as a dimension and so also as a key of groups."""
    asked = {"by": ("id", f"f{number}"), "order": ("id",)}
    here, there = (b.ask("count(things)", **asked).to_dicts() for b in both)
    wrong = [(h, t) for h, t in zip(here, there, strict=True) if not all(close(h[k], t[k]) for k in h)]
    assert [] == wrong


@pytest.mark.parametrize("formula", AGGREGATES)
def test_an_aggregate_gives_the_same(formula: str, both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """Over all rows and over groups the aggregate is the same."""
    for by in ((), ("b",)):
        here, there = (b.ask(formula, by=by, order=by).to_dicts() for b in both)
        assert [] == [(h, t) for h, t in zip(here, there, strict=True) if not all(close(h[k], t[k]) for k in h)]


def test_the_order_of_texts_is_that_of_their_characters(both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """Texts come in the same order, whatever the server's locale; nulls last."""
    here, there = (list(b.ask("count(things)", by="s", order="s").to_dicts()) for b in both)
    assert here == there


def test_what_cannot_be_computed_alike_is_refused(both: tuple[tallymark.Book, tallymark.Book]) -> None:
    """The remainder of doubles, and patterns that mean something else, are faults; nothing is nearly the same."""
    _, there = both
    for formula, code in (
        ("sum(mod(things.x, 0.1))", "D464"),
        ("count(things where matches(s, '\\pL'))", "D463"),
        ("count(things where matches(s, '(?s).'))", "D463"),
        ("count(things where matches(s, 'a\\b'))", "D463"),
    ):
        with pytest.raises(FaultError) as caught:
            there.ask(formula)
        assert [code] == [f.code for f in caught.value.faults], formula
