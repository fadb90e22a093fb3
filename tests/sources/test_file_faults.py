"""Every file that cannot be read is a fault that says what is wrong, where, and what to do."""

from __future__ import annotations

import gzip
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tallymark.definitions import SourceDef
from tallymark.errors import Fault, FaultError
from tallymark.kinds import Type
from tallymark.source import Table, WantedColumn
from tallymark_plugins import duckdb_file, files

from .conftest import Columns, Shop, faults_of, rows_of, table_of

AMOUNT: Columns = {"amount": Type.DECIMAL}


@dataclass(frozen=True)
class Bad:
    """A file, and what is said about it: the code, the line (0: none), and words of the message and the help."""

    content: str | bytes
    code: str
    line: int
    message: str
    help: str = ""
    name: str = "orders.csv"
    columns: Columns = field(default_factory=lambda: AMOUNT)
    form: dict[str, Any] = field(default_factory=dict)


BAD = {
    "an empty file": Bad("", "D415", 1, "is empty"),
    "only blank lines": Bad("\n \n\r\n", "D415", 1, "is empty"),
    "nothing after skipped lines": Bad("title\n", "D415", 1, "after the first 1 lines", form={"skip": 1}),
    "too many fields": Bad("id,amount\n1,2\n3,4,5\n6,7,8\n", "D417", 3, "has 3 fields, and the header has 2; 1 more"),
    "too few fields": Bad("id,amount\n1,2\n3\n", "D417", 3, "has 1 field, and the header has 2"),
    "too few after a record of two lines": Bad('id,amount\n"a\nb",2\n3\n', "D417", 4, "has 1 field"),
    "decimal commas without quotes": Bad(
        "id,amount\n1,2,50\n", "D417", 2, "has 3 fields", "a field that holds `,` must be in quotes"
    ),
    "a quote that never closes": Bad('id,amount\n1,2\n"3,4\n5,6\n', "D432", 3, "never closed", "quote: null"),
    "text behind a quote": Bad('id,amount\n1,2\n"3"x,4\n', "D432", 3, "follows a closing quote"),
    "a header with a name twice": Bad("amount,amount\n1,2\n", "D418", 1, "has `amount` twice"),
    "a column that is not there": Bad("id,amonut\n1,2\n", "D419", 0, "no column `amount`", "did you mean `amonut`?"),
    "a column in other capitals": Bad("id,Amount\n1,2\n", "D419", 0, "no column `amount`", "`Amount`"),
    "bytes of another encoding": Bad(
        "id;amount\n1;2\n2;café\n".encode("cp1252"), "D416", 3, "byte 0xe9 on line 3", "as cp1252, it reads `2;café`"
    ),
    "bytes of another encoding far down": Bad(
        b"id;amount\n" + b"1;2\n" * 500_000 + b"\xff;3\n", "D416", 500_002, "byte 0xff on line 500002",
        columns={"id": Type.TEXT},
    ),
    "Romanian of Windows": Bad(
        "id;amount\n1;mulțumită\n".replace("ț", "ţ").encode("cp1250"), "D416", 2, "byte 0xfe", "as cp1250, it reads"
    ),
    "utf-16 that is not declared": Bad("id,amount\n1,2\n".encode("utf-16"), "D416", 1, "not utf-8", "utf-16"),
    "utf-16 without a mark": Bad("id,amount\n1,2\n".encode("utf-16-le"), "D416", 1, "NULs", "utf-16-le"),
    "a declared encoding that is not true": Bad(
        b"id,amount\n1,2\n\x81,3\n", "D416", 3, "byte 0x81 on line 3", form={"encoding": "cp1252"}
    ),
    "a NUL in text": Bad(
        b"id,amount\n1,2\na\0b,3\n", "D416", 3, "NUL character in column `id`", columns={"id": Type.TEXT}
    ),
    "a value of another type": Bad("id,amount\n1,2\n2,x\n3,y\n", "D420", 3, "`x` is not a decimal", ""),
    "a value in a record of several lines": Bad(
        'id,amount\n"a\nb",2\n\n"c\nd\ne",x\n', "D420", 5, "at line 5 of orders.csv"
    ),
    "a value below skipped lines": Bad("a\nb\nid,amount\n2,x\n", "D420", 4, "line 4", form={"skip": 2}),
    "a value without a header": Bad(
        "1,2\n3,x\n", "D420", 2, "`column_2`", columns={"column_2": Type.INTEGER}, form={"header": False}
    ),
    "several currencies": Bad("id,amount\n1,2 EUR\n2,$3\n3,€4\n", "D425", 0, "several currencies: EUR, USD"),
    "not gzip": Bad("id,amount\n1,2\n", "D433", 1, "cannot read orders.csv.gz", name="orders.csv.gz"),
    "half of a gzip file": Bad(
        gzip.compress(b"id,amount\n" + bytes(range(48, 58)) * 20_000)[:-30], "D433", 1, "cannot read",
        name="orders.csv.gz",
    ),
    "a line that is no JSON": Bad('{"amount": 1}\n\n{"amount": }\n[1]\n', "D423", 3, "1 more", name="orders.jsonl"),
    "a JSON array": Bad('[{"amount": 1}]\n', "D423", 1, "it is an array", "one object a line", name="orders.json"),
    "a JSON text": Bad('{"amount": 1}\n"x"\n', "D423", 2, "it is a text", name="orders.jsonl"),
    "a key no object has": Bad('{"amuont": 1}\n', "D419", 0, "no object", "did you mean `amuont`?", "orders.jsonl"),
    "a value of another type in JSON": Bad('{"amount": 1}\n\n{"amount": "x"}\n', "D420", 3, "`x`", "", "orders.jsonl"),
    "bad bytes in JSON": Bad(b'{"amount": 1}\n{"amount": "\xff"}\n', "D416", 2, "byte 0xff", "", "orders.jsonl"),
    "no Parquet": Bad("PAR1 or so", "D427", 1, "cannot read orders.parquet", "", "orders.parquet"),
    "a spreadsheet": Bad(b"PK", "D414", 0, "`.xlsx`, which tells no kind of data", "save the sheet as CSV", "a.xlsx"),
    "no ending": Bad("id,amount\n", "D414", 0, "no ending", ".csv", "orders"),
    "an unknown key": Bad("amount\n1\n", "D410", 0, "unknown key `decimals`", "`decimal`", form={"decimals": ","}),
    "a bad encoding": Bad("amount\n1\n", "D411", 0, "no such encoding", form={"encoding": "latin-99"}),
    "an encoding that is none of text": Bad("amount\n1\n", "D411", 0, "no such encoding", form={"encoding": "rot13"}),
    "a bad delimiter": Bad("amount\n1\n", "D411", 0, "one character", form={"delimiter": ";;"}),
    "one sign for two": Bad("amount\n1\n", "D411", 0, "are both `,`", form={"decimal": ",", "thousands": ","}),
    "an unknown order of dates": Bad("amount\n1\n", "D411", 0, "day_first", form={"dates": "dmy"}),
    "an unreadable pattern": Bad("amount\n1\n", "D411", 0, "not a pattern", form={"dates": "%Q"}),
    "truth and falsehood alike": Bad("amount\n1\n", "D411", 0, "same word", form={"booleans": ["x", "X"]}),
    "an unknown way with errors": Bad("amount\n1\n", "D411", 0, "'fail'", form={"on_error": "skip"}),
    "an offset in a pattern of dates": Bad(
        "amount\n1\n", "D422", 0, "reads an offset", "instant", columns={"amount": Type.DATE}, form={"dates": "%d%z"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_file_is_a_fault(shop: Shop, bad: Bad) -> None:
    """The first fault has the right code, stands on the right line, and says what the reader needs."""
    shop.write(bad.name, bad.content)
    fault = shop.faults(bad.name, bad.columns, **bad.form)[0]
    assert bad.code == fault.code
    if bad.line:
        assert fault.place is not None
        assert (bad.name, bad.line) == (fault.place.file, fault.place.line)
    assert bad.message in fault.message
    assert bad.help in (fault.help or "")


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_describing_a_bad_file_raises_nothing_else(shop: Shop, bad: Bad) -> None:
    """`describe` either gives columns or raises faults: nothing else leaves it."""
    shop.write(bad.name, bad.content)
    for columns in (bad.columns, {}):
        with suppress(FaultError):
            assert shop.source().describe(table_of(bad.name, columns, bad.form))


def test_all_bad_columns_are_reported_at_once(shop: Shop) -> None:
    """One run names each column with values that cannot be read, its first value and how many there are."""
    shop.write("orders.csv", "id,amount,day\na,1,x\nb,y,2024-01-01\n3,z,2024-02-30\n")
    columns: Columns = {"id": Type.INTEGER, "amount": Type.DECIMAL, "day": Type.DATE}
    found = [(f.place.line if f.place else 0, f.message) for f in shop.faults("orders.csv", columns)]
    assert [
        (2, "`a` is not an integer, in column `id` at line 2 of orders.csv; 1 more like it"),
        (2, "`x` is not a date, in column `day` at line 2 of orders.csv; 1 more like it"),
        (3, "`y` is not a decimal, in column `amount` at line 3 of orders.csv; 1 more like it"),
    ] == sorted(found)


def test_all_missing_and_misfit_columns_are_reported_at_once(shop: Shop) -> None:
    """One run names each declared column that is not there."""
    shop.write("orders.csv", "id\n1\n")
    assert ["D419", "D419"] == [f.code for f in shop.faults("orders.csv", {"a": None, "b": None, "id": None})]


def test_the_caret_stands_under_the_value(shop: Shop) -> None:
    """The place of a value is its own, also where the same text stands earlier in the line."""
    shop.write("orders.csv", "x,y\nab,b\n")
    (fault,) = shop.faults("orders.csv", {"y": Type.INTEGER})
    assert fault.place is not None
    assert (2, 4, 1, "ab,b") == (fault.place.line, fault.place.column, fault.place.width, fault.place.text)


def test_a_long_value_is_cut(shop: Shop) -> None:
    """A value is shown with at most sixty characters, control characters made visible."""
    shop.write("orders.csv", "amount\n" + "x\t" * 1000 + "\n")
    message = shop.faults("orders.csv", AMOUNT, delimiter=";")[0].message
    shown = message.split("`")[1]
    assert 60 == len(shown)
    assert shown.startswith("x\\tx")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../secret.csv", "D412"),
        ("data/../../secret.csv", "D412"),
        ("/etc/passwd", "D412"),
        ("link.csv", "D412"),
        ("door/secret.csv", "D412"),
        ("door/*.csv", "D412"),
        ("nowhere.csv", "D413"),
        ("data/*.csv", "D413"),
        ("loop.csv", "D413"),
        ("", "D413"),
        ("a\0b.csv", "D413"),
        ("data", "D414"),
        (".", "D414"),
        ("fifo.csv", "D414"),
    ],
)
def test_a_table_stays_in_its_folder(shop: Shop, name: str, code: str) -> None:
    """No name, link or pattern leads out of the source's folder, and what is no file is said to be none."""
    import os

    outside = shop.folder.parent / "outside"
    outside.mkdir()
    for secret in (outside / "secret.csv", shop.folder.parent / "secret.csv"):
        secret.write_text("amount\n1\n")
    (shop.folder / "data").mkdir()
    (shop.folder / "link.csv").symlink_to(outside / "secret.csv")
    (shop.folder / "door").symlink_to(outside)
    (shop.folder / "loop.csv").symlink_to(shop.folder / "loop.csv")
    os.mkfifo(shop.folder / "fifo.csv")
    assert code == shop.faults(name, AMOUNT)[0].code


def test_a_missing_file_is_met_with_the_nearest_name(shop: Shop) -> None:
    """The help of a missing file names the one that was probably meant."""
    shop.write("data/orders_2024.csv", "amount\n1\n")
    (fault,) = shop.faults("data/order_2024.csv", AMOUNT)
    assert "did you mean `data/orders_2024.csv`?" == fault.help


def test_an_absolute_path_may_lie_anywhere(shop: Shop) -> None:
    """A source whose path is absolute reads there; a relative one must not leave the project."""
    outside = shop.folder.parent / "outside"
    outside.mkdir()
    (outside / "orders.csv").write_text("amount\n1\n")
    assert [(1,)] == rows_of(shop.source(path=str(outside)), table_of("orders.csv", {"amount": Type.INTEGER}))
    with pytest.raises(FaultError) as raised:
        shop.source(path="../outside")
    assert "D412" == raised.value.faults[0].code


@pytest.mark.parametrize("options", [{"paht": "data"}, {"decimal": "x"}, {"path": 3}, {"path": "a\0b"}])
def test_bad_options_are_faults(shop: Shop, options: dict[str, Any]) -> None:
    """An unknown option, or a value it cannot have, is a fault of the source."""
    with pytest.raises(FaultError) as raised:
        shop.source(**options)
    assert raised.value.faults[0].code in ("D410", "D411")
    assert "source `shop`" == raised.value.faults[0].subject


def test_faults_stand_where_the_project_says_so() -> None:
    """The folders a source reads are known before it is made, and are faulted the same way."""
    definition = SourceDef("w", "duckdb", {"path": "../x.duckdb"})
    with pytest.raises(FaultError):
        duckdb_file.reach(definition, files.Path("."))


def test_a_column_declared_twice_must_agree(shop: Shop) -> None:
    """One column with two declared types is a fault; declared alike, it is read once."""
    shop.write("orders.csv", "a,A\n1,2\n")

    def wanted(*columns: WantedColumn) -> Table:
        return Table("orders", "orders.csv", columns)

    integer, text = WantedColumn("a", Type.INTEGER), WantedColumn("a", Type.TEXT)
    assert [(1,)] == rows_of(shop.source(), wanted(integer, integer))
    codes = [fault.code for fault in faults_of(shop.source(), wanted(integer, text))]
    assert ["D428"] == codes
    assert ["D418"] == [f.code for f in faults_of(shop.source(), wanted(integer, WantedColumn("A", Type.INTEGER)))]


def test_a_file_that_vanishes_is_a_fault(shop: Shop) -> None:
    """A file deleted between two questions is a fault at the next, not a traceback."""
    path = shop.write("orders.csv", "amount\n1\n")
    source, table = shop.source(), table_of("orders.csv", AMOUNT)
    assert [(1,)] == rows_of(source, table)
    path.unlink()
    faults: tuple[Fault, ...] = faults_of(source, table)
    assert ["D413"] == [fault.code for fault in faults]
