"""Files of each kind are read whole, from wherever they stand in the folder, and again when they change."""

from __future__ import annotations

import bz2
import gzip
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from tallymark.kinds import Type
from tallymark.source import Table, WantedColumn

from .conftest import Columns, Shop, faults_of, rows_of, table_of

COLUMNS: Columns = {"id": Type.INTEGER, "amount": Type.DECIMAL, "day": Type.DATE}
ROWS = [(1, Decimal("2.5"), date(2024, 1, 31)), (2, None, date(2024, 2, 1))]
CSV = "id,amount,day\n1,2.5,2024-01-31\n2,,2024-02-01\n"
JSON = '{"id": 1, "amount": 2.5, "day": "2024-01-31"}\n{"id": 2, "amount": null, "day": "2024-02-01"}\n'


def zstd(content: bytes) -> bytes:
    """The content as a zstd file holds it."""
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


SAME: dict[str, tuple[str, bytes]] = {
    "commas": ("o.csv", CSV.encode()),
    "semicolons": ("o.csv", CSV.replace(",", ";").encode()),
    "tabs": ("o.tsv", CSV.replace(",", "\t").encode()),
    "bars": ("o.txt", CSV.replace(",", "|").encode()),
    "a byte-order mark": ("o.csv", b"\xef\xbb\xbf" + CSV.encode()),
    "lines of Windows": ("o.csv", CSV.replace("\n", "\r\n").encode()),
    "lines of old Macs": ("o.csv", CSV.replace("\n", "\r").encode()),
    "mixed line ends": ("o.csv", CSV.replace("\n", "\r\n", 2).encode()),
    "no end of the last line": ("o.csv", CSV[:-1].encode()),
    "blank lines": ("o.csv", ("\n" + CSV.replace("\n2", "\n\n\n2") + "\n\n").encode()),
    "lines of spaces": ("o.csv", (CSV + "   \n\t\n\x1a").encode()),
    "blanks around names": ("o.csv", CSV.replace("id,amount,", " id , amount,").encode()),
    "quotes everywhere": ("o.csv", b'"id","amount","day"\n"1","2.5","2024-01-31"\n"2","","2024-02-01"\n'),
    "a header of two lines": ("o.csv", b'"i\nd",id,amount,day\n0,1,2.5,2024-01-31\n0,2,,2024-02-01\n'),
    "other columns around": ("o.csv", b"x,day,id,y,amount\n,2024-01-31,1,,2.5\n,2024-02-01,2,,\n"),
    "columns without names": ("o.csv", b"id,amount,day,,\n1,2.5,2024-01-31,,\n2,,2024-02-01,,\n"),
    "gzip": ("o.csv.gz", gzip.compress(CSV.encode())),
    "zstd": ("o.csv.zst", zstd(CSV.encode())),
    "bzip2": ("o.csv.bz2", bz2.compress(CSV.encode())),
    "a name of pattern signs": ("o[1]*.csv", CSV.encode()),
    "a name of quotes": ("o'rders \".csv", CSV.encode()),
    "JSON lines": ("o.jsonl", JSON.encode()),
    "JSON lines with blank ones": ("o.ndjson", ("\n" + JSON.replace("\n", "\r\n\r\n")).encode()),
    "JSON lines, packed": ("o.jsonl.gz", gzip.compress(JSON.encode())),
    "JSON lines with a mark": ("o.json", b"\xef\xbb\xbf" + JSON.encode()),
    "JSON of texts": ("o.jsonl", JSON.replace("2.5", '"2.5"').replace("1,", '"1",').encode()),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content"), SAME.values(), ids=SAME)
def test_the_same_rows_however_written(shop: Shop, name: str, content: bytes) -> None:
    """The same rows come out, whatever the delimiter, line ends, compression or kind of file."""
    shop.write(name, content)
    assert ROWS == shop.rows(name, COLUMNS)


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-1", "utf-16", "utf-16-be", "cp850", "utf-8"])
def test_french_in_any_encoding(shop: Shop, encoding: str) -> None:
    """A French export is read in the encodings French exports have, names of columns included."""
    money = "1 234,50 €" if encoding in ("cp1252", "utf-8", "utf-16", "utf-16-be") else "1 234,50"
    shop.write("o.csv", f'Libellé;Montant HT;Payé\n"Été ; dès ""lundi""";{money};oui\n', encoding)
    columns: Columns = {"Libellé": Type.TEXT, "Montant HT": Type.DECIMAL, "Payé": Type.BOOLEAN}
    found = shop.rows("o.csv", columns, encoding=encoding, decimal=",", thousands=" ")
    assert [('Été ; dès "lundi"', Decimal("1234.5"), True)] == found


@pytest.mark.parametrize("encoding", ["iso-8859-16", "utf-8"])
def test_romanian_in_any_encoding(shop: Shop, encoding: str) -> None:
    """A Romanian export is read with its own letters, decimal commas, lei and dates."""
    shop.write("o.csv", "Județ;Sumă;Dată\nIași;1.234,50 lei;31.01.2024\n", encoding)
    columns: Columns = {"Județ": Type.TEXT, "Sumă": Type.DECIMAL, "Dată": Type.DATE}
    form = {"encoding": encoding, "decimal": ",", "thousands": ".", "dates": "day_first"}
    assert [("Iași", Decimal("1234.5"), date(2024, 1, 31))] == shop.rows("o.csv", columns, **form)


def test_a_packed_file_in_another_encoding(shop: Shop) -> None:
    """Compression and encoding go together."""
    shop.write("o.csv.gz", gzip.compress("nom\nété\n".encode("cp1252")))
    assert [("été",)] == shop.rows("o.csv.gz", {"nom": Type.TEXT}, encoding="cp1252")


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("Report of today\n\nid,amount\n1,2\n", {"skip": 2}),
        ("id'amount\n1'2\n", {"delimiter": "'", "quote": None}),
        ("id,amount\n'1','2'\n", {"quote": "'"}),
        ("id,amount\n1,2\n", {"quote": None}),
        ("id\tamount\n1\t2\n", {"delimiter": "tab"}),
    ],
)
def test_the_keys_of_a_file(shop: Shop, content: str, form: dict[str, Any]) -> None:
    """`skip`, `delimiter` and `quote` say how a file is laid out."""
    shop.write("o.csv", content)
    assert [(1, 2)] == shop.rows("o.csv", {"id": Type.INTEGER, "amount": Type.INTEGER}, **form)


def test_a_file_without_a_header(shop: Shop) -> None:
    """Without a header the columns are column_1, column_2 and so on."""
    shop.write("o.csv", "1;a\n2;b\n")
    assert [(1, "a"), (2, "b")] == shop.rows("o.csv", header=False)


def test_a_header_alone_is_a_table_without_rows(shop: Shop) -> None:
    """A file of only a header has its columns and no rows."""
    shop.write("o.csv", "id,amount\n")
    source, table = shop.source(), table_of("o.csv", {"id": Type.INTEGER, "amount": None})
    assert [Type.INTEGER, Type.TEXT] == [column.type for column in source.describe(table)]
    assert [] == rows_of(source, table)


def test_a_single_column(shop: Shop) -> None:
    """A file of one column needs no delimiter, and blank lines in it are no rows."""
    shop.write("o.csv", "id\n1\n\n2\n\n")
    assert [(1,), (2,)] == shop.rows("o.csv", {"id": Type.INTEGER})


def test_quoted_line_ends_stay(shop: Shop) -> None:
    """A line end in quotes belongs to the value."""
    shop.write("o.csv", 'id,note\n1,"a\nb"\n2,"c\r\nd"\n')
    assert [(1, "a\nb"), (2, "c\r\nd")] == shop.rows("o.csv", {"id": Type.INTEGER, "note": Type.TEXT})


INFERRED: dict[str, tuple[Type, list[str]]] = {
    "integers": (Type.INTEGER, ["1", "-20", "", "0"]),
    "digits with a leading zero": (Type.TEXT, ["01", "20"]),
    "very long digits": (Type.TEXT, ["1234567890123456789012345678", "x"]),
    "decimals": (Type.DECIMAL, ["1.5", "2", "-0.25"]),
    "many digits after the point": (Type.DOUBLE, ["0.12345678", "1"]),
    "exponents": (Type.DOUBLE, ["1e-5", "2"]),
    "dates": (Type.DATE, ["2024-01-31", ""]),
    "dates in another order": (Type.TEXT, ["31/01/2024"]),
    "timestamps": (Type.TIMESTAMP, ["2024-01-31 10:00", "2024-01-31"]),
    "midnights": (Type.TIMESTAMP, ["2024-01-31 00:00:00"]),
    "instants": (Type.INSTANT, ["2024-01-31T10:00:00Z", "2024-01-31 10:00:00+02:00"]),
    "instants and not": (Type.TEXT, ["2024-01-31T10:00:00Z", "2024-01-31 10:00:00"]),
    "truths": (Type.BOOLEAN, ["true", "FALSE"]),
    "yes and no": (Type.TEXT, ["yes", "no"]),
    "currencies": (Type.TEXT, ["€ 12", "13"]),
    "nothing": (Type.TEXT, ["", ""]),
    "a late exception": (Type.TEXT, ["1"] * 5000 + ["x"]),
}


@pytest.mark.parametrize(("expected", "values"), INFERRED.values(), ids=INFERRED)
def test_an_undeclared_column_is_what_all_its_values_are(shop: Shop, expected: Type, values: list[str]) -> None:
    """The type of an undeclared column is found from the whole file, and never guessed from a meaning."""
    shop.write("o.csv", "n,v\n" + "".join(f"{n},{value}\n" for n, value in enumerate(values)))
    source, table = shop.source(), table_of("o.csv", {"v": None})
    assert [expected] == [column.type for column in source.describe(table)]
    assert len(values) == len(rows_of(source, table))


def test_undeclared_columns_follow_the_format(shop: Shop) -> None:
    """Inference reads numbers and dates as the format says they are written."""
    shop.write("o.csv", "a;b\n1 234,5;31/01/2024\n2,5;01/02/2024\n")
    source = shop.source(decimal=",", thousands=" ", dates="day_first")
    assert [Type.DECIMAL, Type.DATE] == [column.type for column in source.describe(table_of("o.csv"))]


def test_describing_declared_columns_reads_only_the_header(shop: Shop) -> None:
    """With all types declared, `describe` answers from the header, though a value below cannot be read."""
    shop.write("o.csv", "id,amount\n1,x\n")
    source, table = shop.source(), table_of("o.csv", {"amount": Type.DECIMAL})
    assert [("amount", Type.DECIMAL)] == [(column.name, column.type) for column in source.describe(table)]
    assert ["D420"] == [fault.code for fault in faults_of(source, table)]


def test_bad_values_become_null_where_that_is_wished(shop: Shop) -> None:
    """With `on_error: null` a value that cannot be read is null, and a note counts them and shows the first."""
    shop.write("o.csv", "id,amount\n1,2\n2,x\n3,y\n")
    source = shop.source(on_error=None)
    table = table_of("o.csv", {"id": Type.INTEGER, "amount": Type.DECIMAL})
    assert [(1, Decimal(2)), (2, None), (3, None)] == rows_of(source, table)
    (note,) = source.notes(table)
    expected = "2 values of `amount` in `o.csv` could not be read as decimal and became null; "
    assert expected + "the first is `x` (line 3 of o.csv)" == note


def test_rounded_and_infinite_values_are_noted(shop: Shop) -> None:
    """Digits that a decimal has no room for, NaN and infinities are told in notes."""
    shop.write("o.csv", "a,b\n0.1234567,nan\n0.1234560,1\n")
    source, table = shop.source(), table_of("o.csv", {"a": Type.DECIMAL, "b": Type.DOUBLE})
    assert [(Decimal("0.123457"), None), (Decimal("0.123456"), 1.0)] == rows_of(source, table)
    assert (
        "`a` in `o.csv`: 1 value rounded to six digits after the point",
        "`b` in `o.csv`: 1 value NaN or infinite, counted as null",
    ) == source.notes(table)


def test_optional_columns_may_be_missing(shop: Shop) -> None:
    """A column that is not required and not there is left out, in every kind of file."""
    shop.write("o.csv", "id\n1\n")
    shop.write("o.jsonl", '{"id": 1}\n')
    pyarrow.parquet.write_table(pyarrow.table({"id": [1]}), shop.folder / "o.parquet")
    columns = (WantedColumn("id", Type.INTEGER), WantedColumn("note", Type.TEXT, required=False))
    for name in ("o.csv", "o.jsonl", "o.parquet"):
        source, table = shop.source(), Table("orders", name, columns)
        assert ["id"] == [column.name for column in source.describe(table)]
        assert [(1,)] == rows_of(source, table)


def test_a_pattern_reads_all_files_it_matches(shop: Shop) -> None:
    """Files of one pattern are one table, columns matched by name; what a file lacks is null, with a note."""
    shop.write("in/2024-01.csv", "id,amount\n1,10\n")
    shop.write("in/2024-02.csv", "amount;id;note\n20;2;x\n")
    shop.write("in/deep/2024-03.csv", "id,amount\n3,30\n")
    source, table = shop.source(), table_of("in/**/*.csv", {"id": Type.INTEGER, "amount": None, "note": None})
    assert [(1, 10, None), (2, 20, "x"), (3, 30, None)] == rows_of(source, table)
    assert ("`note` is not in 2 of 3 files (in/2024-01.csv) and null in their rows",) == source.notes(table)


def test_a_fault_in_one_of_many_files_names_it(shop: Shop) -> None:
    """Lines are counted in the file that a value stands in."""
    shop.write("in/a.csv", "id\n1\n2\n")
    shop.write("in/b.csv", "\nid\n3\n\nx\n")
    (fault,) = shop.faults("in/*.csv", {"id": Type.INTEGER})
    assert "`x` is not an integer, in column `id` at line 5 of in/b.csv" == fault.message


def test_files_of_several_kinds_are_no_table(shop: Shop) -> None:
    """A pattern that matches CSV and JSON is a fault."""
    shop.write("a.csv", "id\n1\n")
    shop.write("a.jsonl", '{"id": 1}\n')
    assert "D414" == shop.faults("a.*", {"id": None})[0].code


def test_json_paths_and_types(shop: Shop) -> None:
    """Dots lead into nested objects, a key with a dot comes first, and undeclared values keep JSON's types."""
    shop.write(
        "o.jsonl",
        '{"id": 1, "to": {"country": "FR", "zip": "01"}, "x.y": "a", "x": {"y": "b"}, "ok": true, "tags": ["t"]}\n'
        '{"id": 2.5, "to": null, "ok": null, "at": "2024-01-31"}\n',
    )
    source = shop.source()
    columns: Columns = {"to.country": None, "to.zip": Type.TEXT, "x.y": None, "at": Type.DATE}
    expected: list[Any] = [("FR", "01", "a", None), (None, None, None, date(2024, 1, 31))]
    assert expected == rows_of(source, table_of("o.jsonl", columns))
    kinds = {column.name: column.type for column in source.describe(table_of("o.jsonl"))}
    assert {
        "id": Type.DECIMAL, "to": Type.OPAQUE, "x.y": Type.TEXT, "x": Type.OPAQUE, "ok": Type.BOOLEAN,
        "tags": Type.OPAQUE, "at": Type.TEXT,
    } == kinds  # fmt: skip
    assert ["id", "to", "x.y", "x", "ok", "tags", "at"] == list(kinds)


def test_json_numbers_do_not_follow_the_decimal_sign(shop: Shop) -> None:
    """A JSON number has a point whatever the format says; a text in JSON follows the format."""
    shop.write("o.jsonl", '{"v": 1.5}\n{"v": "2,5"}\n')
    assert [(Decimal("1.5"),), (Decimal("2.5"),)] == shop.rows("o.jsonl", {"v": Type.DECIMAL}, decimal=",")


def parquet(shop: Shop, name: str, table: Any) -> Path:
    """Writes a Parquet file."""
    path = shop.folder / name
    pyarrow.parquet.write_table(table, path)
    return path


def test_parquet_stays_in_place(shop: Shop) -> None:
    """A Parquet file whose columns need no parsing is a view over the file, its types told as they are."""
    at = datetime(2024, 1, 31, 10, tzinfo=UTC)
    parquet(shop, "o.parquet", pyarrow.table({
        "small": pyarrow.array([1, None], pyarrow.int8()),
        "big": pyarrow.array([2**63, 1], pyarrow.uint64()),
        "price": pyarrow.array([Decimal("1.50"), None]),
        "rate": [float("nan"), 0.5],
        "ratio": pyarrow.array([0.5, float("inf")], pyarrow.float32()),
        "day": [date(2024, 1, 31), None],
        "at": pyarrow.array([at, None], pyarrow.timestamp("ns", "UTC")),
        "seen": pyarrow.array([datetime(2024, 1, 31), None], pyarrow.timestamp("ms")),
        "kind": pyarrow.array(["a", ""]).dictionary_encode(),
        "ok": [True, None],
        "list": [[1], None],
    }))  # fmt: skip
    source, table = shop.source(), table_of("o.parquet")
    kinds = [str(column.type) for column in source.describe(table)]
    numbers = ["integer", "integer", "decimal", "double", "double"]
    assert [*numbers, "date", "instant", "timestamp", "text", "boolean", "opaque"] == kinds
    assert source.prepare(table)[2].endswith("_view")
    first, second = rows_of(source, table)
    assert (1, 2**63, Decimal("1.50"), None, 0.5, date(2024, 1, 31), at) == first[:7]
    assert (None, 1, None, 0.5, None) == second[:5]
    assert "" == second[8]
    assert 2 == len(source.notes(table))


CONVERTED: dict[str, tuple[Any, Type, Any]] = {
    "whole doubles": ([1.0, None], Type.INTEGER, [1, None]),
    "whole decimals": ([Decimal("2.00")], Type.INTEGER, [2]),
    "integers as text": ([7], Type.TEXT, ["7"]),
    "text as decimals": (["1,5", ""], Type.DECIMAL, [Decimal("1.5"), None]),
    "midnights as dates": ([datetime(2024, 1, 31)], Type.DATE, [date(2024, 1, 31)]),
    "local times as instants": ([datetime(2024, 7, 1)], Type.INSTANT, [datetime(2024, 6, 30, 22, tzinfo=UTC)]),
    "doubles stay for decimals": ([1.5], Type.DECIMAL, [1.5]),
    "integers stay for doubles": ([1], Type.DOUBLE, [1]),
    "dates stay for timestamps": ([date(2024, 1, 31)], Type.TIMESTAMP, [date(2024, 1, 31)]),
}


@pytest.mark.parametrize(("held", "kind", "expected"), CONVERTED.values(), ids=CONVERTED)
def test_typed_columns_serve_declared_types(shop: Shop, held: Any, kind: Type, expected: Any) -> None:
    """A typed column serves the declared type where no value is lost; widening is left to the question."""
    parquet(shop, "o.parquet", pyarrow.table({"v": held}))
    source = shop.source(timezone="Europe/Paris", decimal=",")
    assert expected == [row[0] for row in rows_of(source, table_of("o.parquet", {"v": kind}))]


UNFIT: dict[str, tuple[Any, Type, str]] = {
    "a fraction": ([1.0, 1.5], Type.INTEGER, "D420"),
    "a time of day": ([datetime(2024, 1, 31, 10)], Type.DATE, "D420"),
    "a truth": ([True], Type.DECIMAL, "D424"),
    "a number": ([1], Type.BOOLEAN, "D424"),
    "an instant": ([datetime(2024, 1, 31, tzinfo=UTC)], Type.TIMESTAMP, "D424"),
    "a list": ([[1]], Type.TEXT, "D424"),
}


@pytest.mark.parametrize(("held", "kind", "code"), UNFIT.values(), ids=UNFIT)
def test_typed_columns_that_cannot_serve_are_faults(shop: Shop, held: Any, kind: Type, code: str) -> None:
    """A typed column whose kind or values cannot serve the declared type is a fault."""
    parquet(shop, "o.parquet", pyarrow.table({"v": held}))
    assert [code] == [fault.code for fault in shop.faults("o.parquet", {"v": kind})]


def test_rows_of_parquet_are_found_in_their_file(shop: Shop) -> None:
    """A text that cannot be read is told by file and row, also in the second of two files."""
    parquet(shop, "a.parquet", pyarrow.table({"v": ["1", "2"]}))
    parquet(shop, "b.parquet", pyarrow.table({"v": ["3", "x"], "w": [1, 2]}))
    (fault,) = shop.faults("*.parquet", {"v": Type.INTEGER})
    assert "`x` is not an integer, in column `v` at row 2 of b.parquet" == fault.message


@pytest.mark.parametrize("name", ["o.csv", "o.jsonl", "o.parquet"])
def test_a_changed_file_is_read_again(shop: Shop, name: str) -> None:
    """The state changes with the file, and the next question sees the new rows under the same name."""

    def write(values: list[int], second: int) -> None:
        if name.endswith("parquet"):
            path = parquet(shop, name, pyarrow.table({"v": values}))
        else:
            lines = ["v", *map(str, values)] if name.endswith("csv") else [f'{{"v": {v}}}' for v in values]
            path = shop.write(name, "\n".join(lines) + "\n")
        os.utime(path, (second, second))

    write([1], 1)
    source, table = shop.source(), table_of(name, {"v": Type.INTEGER})
    before = source.state(table)
    assert [(1,)] == rows_of(source, table)
    assert before == source.state(table)
    write([2, 3], 2)
    assert before != source.state(table)
    assert [(2,), (3,)] == rows_of(source, table)


def test_a_failed_load_leaves_the_old_rows_nowhere(shop: Shop) -> None:
    """After a load that fails, the next question fails too, until the file is mended."""
    path = shop.write("o.csv", "v\n1\n")
    source, table = shop.source(), table_of("o.csv", {"v": Type.INTEGER})
    assert [(1,)] == rows_of(source, table)
    path.write_text("v\nxyz\n")
    assert ["D420"] == [fault.code for fault in faults_of(source, table)]
    assert ["D420"] == [fault.code for fault in faults_of(source, table)]
    path.write_text("v\n12345\n")
    assert [(12345,)] == rows_of(source, table)
