"""Bad input from end to end: each mistake is a coded fault with its line and column, several in one run, and what is
sound can still be asked. Slips inside formulas are among `tests/cases` (`unit_slips`, `type_slips`, `syntax_slips`, `rings`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tallymark
from tallymark.errors import Fault, FaultError

from .books import opened

At = tuple[str, str | None, int | None, int | None]
"""The code of a fault, its file, line and column."""


@dataclass(frozen=True)
class Project:
    """Files with mistakes, the faults of opening them, and what asking gives: values, or faults."""

    says: str
    files: Mapping[str, str | bytes]
    faults: tuple[At, ...] = ()
    helps: tuple[str, ...] = ()
    asks: Mapping[str, Any] = field(default_factory=dict)


def tally(datasets: str) -> str:
    """A `tally.yaml` with these datasets, which begin on its third line."""
    return "name: x\ndatasets:\n" + datasets


PROJECTS = (
    Project(
        "files and columns that are not there",
        {
            "tally.yaml": tally(
                "  a: {table: ordres.csv, columns: {id: integer}}\n"
                "  b: {table: orders.csv, columns: {id: integer, amont: integer}}\n"
                "  c: {table: orders.csv, key: idd, time: ata, columns: {id: integer, at: {type: date}}}\n"
                "  d: {table: orders.csv, columns: {id: integer}, refs: {id: nowhere, who: d}}\n"
                "  e: {table: orders.csv, columns: {id: integer}, source: warehouse}\n"
                "  f: {table: orders.csv, columns: {id: integer}}\n"
            ),
            "orders.csv": "id,amount,at\n1,2,2024-01-01\n",
        },
        (
            ("D413", "tally.yaml", 3, 14),
            ("D419", "tally.yaml", 4, 49),
            ("T115", "tally.yaml", 5, 3),
            ("T115", "tally.yaml", 5, 3),
            ("T102", "tally.yaml", 6, 57),
            ("T114", "tally.yaml", 6, 70),
            ("D430", "tally.yaml", 7, 58),
        ),
        ("`orders.csv`", "`amount`", "`id`", "`at`"),
        {"count(f)": 1, "count(a)": ("Q502",), "sum(b.amont)": ("Q502",), "sum(f.idd)": ("T105",), "count(d)": 1},
    ),
    Project(
        "empty files: without a header a fault, with one no rows",
        {
            "tally.yaml": tally(
                "  a: {table: a.csv, columns: {id: integer}}\n"
                "  b: {table: b.csv, columns: {id: integer}}\n"
                "  c: {table: c.csv, columns: {id: integer}}\n"
            ),
            "a.csv": "",
            "b.csv": "id\n",
            "c.csv": "\n\n",
        },
        (("D415", "a.csv", 1, 1), ("D415", "c.csv", 1, 1)),
        ("a file of no rows still has a header",),
        {"count(b)": 0, "sum(b.id)": 0, "avg(b.id)": None, "count(a)": ("Q502",)},
    ),
    Project(
        "encodings that are not what they are said to be",
        {
            "tally.yaml": tally(
                "  a: {table: a.csv, columns: {t: text}}\n"
                "  b: {table: b.csv, columns: {t: text}}\n"
                "  c: {table: c.csv, columns: {t: text}, format: {encoding: latin-1}}\n"
                "  d: {table: d.csv, columns: {t: text}}\n"
                "  e: {table: e.csv, columns: {t: text}}\n"
            ),
            "a.csv": "t,u\nok,1\nété,2\n".encode("latin-1"),
            "b.csv": "t,u\nok,1\n".encode("utf-16"),
            "c.csv": "t,u\nété,1\n".encode("latin-1"),
            "d.csv": b"\xef\xbb\xbft,u\n\xc3\xa9t\xc3\xa9,1\n",
            "e.csv": b"t,u\na\x00b,1\n",
        },
        (("D416", "a.csv", 3, 1), ("D416", "b.csv", 1, 1)),
        ("`été,2`", "encoding: utf-16"),
        {"min(c.t)": "été", "min(d.t)": "été", "min(e.t)": ("D416",)},
    ),
    Project(
        "values that are not of their type, all of them at once",
        {
            "tally.yaml": tally(
                "  a:\n    table: a.csv\n    time: at\n"
                "    columns: {n: integer, d: {type: decimal, unit: money}, b: boolean, at: date}\n"
            ),
            "a.csv": "n,d,b,at\n1,3,true,2024-01-01\nx,4,true,2024-01-01\n3,4,maybe,2024-01-01\n"
            '4,"1,5",true,2024-01-01\n5,1,true,2024-13-01\n',
        },
        asks={
            "count(a)": (
                ("D420", "a.csv", 3, 1),
                ("D420", "a.csv", 4, 5),
                ("D420", "a.csv", 5, 4),
                ("D420", "a.csv", 6, 10),
            ),
        },
    ),
    Project(
        "rows and headers that do not fit",
        {
            "tally.yaml": tally(
                "  a: {table: a.csv, columns: {id: integer}}\n"
                "  b: {table: b.csv, columns: {id: integer}}\n"
                "  c: {table: c.csv, columns: {id: integer}}\n"
                "  d: {table: d.csv, columns: {id: integer}}\n"
                "  e: {table: 'no*.csv', columns: {id: integer}}\n"
                "  f: {table: sub, columns: {id: integer}}\n"
                "  g: {table: g.parquet, columns: {id: integer}}\n"
            ),
            "a.csv": "id,n\n1,2\n2\n3,4,5\n",
            "b.csv": 'id,n\n1,"2\n2,3\n',
            "c.csv": "id,id\n1,2\n",
            "d.csv": b"PK\x03\x04\x00\x00",
            "sub/x.csv": "id\n1\n",
            "g.parquet": b"PAR1 not really",
        },
        (
            ("D418", "c.csv", 1, 1),
            ("D416", "d.csv", 1, 1),
            ("D413", "tally.yaml", 7, 14),
            ("D414", "tally.yaml", 8, 14),
            ("D427", "g.parquet", 1, 1),
        ),
        ("rename one of them", "`sub/*.csv`"),
        {"sum(a.id)": (("D417", "a.csv", 3, 1),), "sum(b.id)": (("D432", "b.csv", 2, 1),), "count(g)": ("Q502",)},
    ),
    Project(
        "settings and definitions with slips",
        {
            "tally.yaml": "name: x\ntimezone: Europe/Pariss\ncurrency: EURO\ndatasets:\n"
            "  a: {table: a.csv, colums: {id: integer}, columns: {id: int}}\n  a: {table: b.csv}\nfoo: 1\n",
            "metrics/m.yaml": "metrics:\n  x: sum(a.id\n  X: 1\n  y:\n    formul: sum(a.id)\n"
            "  z: {formula: sum(a.id), unit: moneys, direction: sideways}\n  sound: sum(a.id)\n",
            "metrics/n.yaml": "metrics:\n  sound: count(a)\n",
            "a.csv": "id\n1\n",
        },
        (
            ("S132", "metrics/m.yaml", 2, 9),
            ("R024", "metrics/m.yaml", 3, 3),
            ("R023", "metrics/m.yaml", 4, 3),
            ("R020", "metrics/m.yaml", 5, 5),
            ("R029", "metrics/m.yaml", 6, 33),
            ("R022", "metrics/m.yaml", 6, 52),
            ("R025", "metrics/n.yaml", 2, 3),
            ("R030", "tally.yaml", 2, 11),
            ("R022", "tally.yaml", 3, 11),
            ("R020", "tally.yaml", 5, 21),
            ("R022", "tally.yaml", 5, 58),
            ("R011", "tally.yaml", 6, 3),
            ("R020", "tally.yaml", 7, 1),
        ),
        ("`Europe/Paris`", "`formula`", "`money`", "`columns`", "`integer`", "`x`"),
        {"sound": 1, "x": ("Q510",), "y": ("T103",)},
    ),
    Project(
        "what is no YAML, or too clever",
        {
            "tally.yaml": "name: x\ndatasets: {a: {table: a.csv}}\nmetrics: [m.yaml, n.yaml, o.yaml, gone.yaml]\n",
            "m.yaml": "metrics: {a: &x count(a), b: *x}\n",
            "n.yaml": "metrics: [\n",
            "o.yaml": "- count(a)\n",
            "a.csv": "id\n1\n",
        },
        (
            ("R008", "m.yaml", 1, 14),
            ("R008", "m.yaml", 1, 30),
            ("R005", "n.yaml", 2, 1),
            ("R021", "n.yaml", 1, 10),
            ("R021", "o.yaml", 1, 1),
            ("R028", "tally.yaml", 3, 35),
        ),
        (),
        {"count(a)": 1},
    ),
    Project(
        "no project at all",
        {"a.csv": "id\n1\n"},
        (("R001", "tally.yaml", 1, 1),),
        ("a folder with a file `tally.yaml`",),
    ),
)


def written(folder: Path, project: Project) -> Path:
    """The folder with the project's files in it."""
    for name, content in project.files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def places(faults: Iterable[Fault], folder: Path) -> list[At]:
    """Code, file within the folder, line and column of each fault, sorted."""
    found = []
    for fault in faults:
        place = fault.place
        file = place.file.replace(f"{folder.as_posix()}/", "") if place else None
        found.append((fault.code, file, place.line if place else None, place.column if place else None))
    return sorted(found, key=repr)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.says)
def test_every_mistake_is_told_in_one_run(tmp_path: Path, project: Project) -> None:
    """Opening tells every mistake with its place and a way out; what can be answered is, the rest is a fault."""
    folder = written(tmp_path, project)
    with tallymark.open(folder, strict=False, plugins=False) as book:
        assert sorted(project.faults, key=repr) == places(book.faults, folder)
        told = " ".join(fault.help or "" for fault in book.faults)
        assert [] == [help_ for help_ in project.helps if help_ not in told], told
        for formula, expected in project.asks.items():
            assert expected == answer(book, formula, folder, expected), formula


def answer(book: tallymark.Book, formula: str, folder: Path, expected: Any) -> Any:
    """The value of a formula; or its faults, by codes alone or with places, as the expected ones are."""
    try:
        (row,) = book.ask(formula, period="2024").to_dicts()
    except FaultError as error:
        if isinstance(expected, tuple) and isinstance(expected[0], tuple):
            return tuple(places(error.faults, folder))
        return tuple(sorted({f.code for f in error.faults}))
    return next(iter(row.values()))


@pytest.mark.parametrize("project", [p for p in PROJECTS if p.faults], ids=lambda p: p.says)
def test_a_strict_book_is_not_opened(tmp_path: Path, project: Project) -> None:
    """Unless asked not to, `open` raises everything that is wrong; the text shows each place and a caret."""
    folder = written(tmp_path, project)
    with pytest.raises(FaultError) as caught:
        tallymark.open(folder, plugins=False)
    assert sorted(project.faults, key=repr) == places(caught.value.faults, folder)
    text = str(caught.value)
    assert len(project.faults) == text.count("error[")
    assert "Traceback" not in text


# --- questions -------------------------------------------------------------------------------------------------------

BOOK = """
datasets:
  orders:
    key: id
    time: at
    refs: {customer: customers}
    columns: {id: integer, customer: text, amount: {type: decimal, unit: money}, at: date, tags: text}
  customers: {key: id, columns: {id: text, country: text}}
parameters:
  limit: 10
metrics:
  revenue: {formula: sum(orders.amount), unit: money, aliases: {en: [turnover]}}
  large: count(orders where amount > $limit)
  sales: {formula: count(orders), aliases: {en: [turnover]}}
"""


@pytest.fixture(scope="module")
def book() -> tallymark.Book:
    """A small sound book."""
    orders = {
        "id": [1, 2],
        "customer": ["A", "B"],
        "amount": [1, 2],
        "at": ["2024-01-01", "2024-02-01"],
        "tags": ["", ""],
    }
    table = pa.table(orders)
    dated = table.set_column(3, "at", table.column("at").cast(pa.date32()))
    return opened(BOOK, {"orders": dated, "customers": pa.table({"id": ["A"], "country": ["fr"]})})


@pytest.mark.parametrize(
    ("metrics", "options", "faults"),
    [
        (["revenu"], {}, [("T103", "did you mean `revenue`?")]),
        (["revenue", "reveneu", "larg"], {}, [("T103", "`revenue`"), ("T103", "`large`")]),
        (["turnover"], {}, [("Q503", "one of `revenue`, `sales`")]),
        ([], {}, [("Q501", "name one")]),
        (["revenue"], {"by": "contry"}, [("T111", "did you mean `customer.country`?")]),
        (["revenue"], {"by": "color"}, [("T111", "it reaches")]),
        (["revenue"], {"by": ["a", "b"]}, [("T111", ""), ("T111", "")]),
        (["revenue"], {"where": "contry = 'fr'"}, [("T111", "did you mean `customer.country`?")]),
        (["revenue"], {"where": "country = "}, [("S139", "")]),
        (["revenue"], {"where": "country"}, [("T204", "compare it")]),
        (["revenue"], {"where": "revenue > 1"}, [("T106", "nest")]),
        (["revenue"], {"where": "country = 1"}, [("T202", "no implicit casts")]),
        (["revenue"], {"grain": "months"}, [("Q521", "`month`")]),
        (["revenue"], {"order": "-revenu"}, [("Q507", "`revenue`")]),
        (["revenue"], {"limit": -1}, [("Q505", "0 or more")]),
        (["revenue"], {"timezone": "Europe/Pari"}, [("Q520", "`Europe/Paris`")]),
        (["large"], {"parameters": {"limits": 1}}, [("T110", "`limit`")]),
        (["large"], {"parameters": {"limit": "many"}}, [("Q504", "")]),
        (["revenue", "sum(orders.amont)"], {"by": "x", "limit": -1, "grain": "moon", "parameters": {"p": 1}},
         [("T105", "`amount`"), ("T111", ""), ("Q521", ""), ("Q505", ""), ("T110", "`limit`")]),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_bad_questions(
    book: tallymark.Book, metrics: list[str], options: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    """A question with mistakes gives all of them, each with the nearest name or the right form."""
    with pytest.raises(FaultError) as caught:
        book.ask(*metrics, **({"period": "2024"} | options))
    found = [(f.code, f.help or "") for f in caught.value.faults]
    assert sorted(code for code, _ in faults) == sorted(code for code, _ in found)
    for code, help_ in faults:
        assert any(c == code and help_ in h for c, h in found), (code, help_, found)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"period": "2024-13"}, "Q524"), ({"period": "next year"}, "Q522"), ({"period": ""}, "Q522"),
        ({"start": "2024-01-01", "end": "2023-01-01"}, "Q526"), ({"start": "2024-02-30", "end": "2024-03-01"}, "Q524"),
        ({"start": "2024-01-01T10:00", "end": "2024-01-01T10:00"}, "Q526"), ({"start": "tomorrow"}, "Q523"),
        ({"period": "2024", "start": "2024-01-01"}, "Q508"), ({"as_of": "2024-02-31", "period": "2024"}, "Q524"),
        ({"as_of": "2023-01-01"}, "Q509"), ({"start": "9999-01-01", "end": "99999-01-01"}, "Q525"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_ranges(book: tallymark.Book, options: dict[str, Any], code: str) -> None:
    """An empty, reversed or impossible range is a fault, not an empty answer."""
    with pytest.raises(FaultError) as caught:
        book.ask("revenue", **options)
    assert [code] == [f.code for f in caught.value.faults]


def test_a_range_of_no_rows_is_no_fault(book: tallymark.Book) -> None:
    """A range in which nothing happened is answered: 0 for sums, null for averages, no groups."""
    answer = book.ask("revenue", "avg(orders.amount)", period="1990")
    assert [{"revenue": 0, "avg(orders.amount)": None}] == answer.to_dicts()
    assert [] == book.ask("revenue", by="country", period="1990").to_dicts()


@pytest.mark.parametrize(
    "table",
    [None, 7, "orders.csv", {"id": [1]}, pa.table({"ID": [1], "id": [2]}), pa.table({"id": [1]}), [1, 2], object()],
    ids=lambda t: type(t).__name__,
)
def test_bad_tables(table: Any) -> None:
    """A table that is none, or lacks columns, is a fault that names the dataset."""
    with pytest.raises(FaultError) as caught:
        opened("datasets:\n  a: {columns: {id: integer, x: integer}}\n", {"a": table})
    assert {"D"} == {f.code[0] for f in caught.value.faults}
    assert "a" in str(caught.value)


def test_a_question_says_why_its_dataset_is_not_there(tmp_path: Path) -> None:
    """A metric whose dataset has faults tells the first of them, and where it is."""
    (tmp_path / "tally.yaml").write_text(tally("  a: {table: ordres.csv, columns: {id: integer}}\n"))
    (tmp_path / "orders.csv").write_text("id\n1\n")
    with tallymark.open(tmp_path, strict=False, plugins=False) as book, pytest.raises(FaultError) as caught:
        book.ask("count(a)", period="2024")
    (fault,) = caught.value.faults
    assert fault.code == "Q502"
    assert "`a` has faults: no file" in (fault.help or "")
    assert "tally.yaml:3:14" in (fault.help or "")


def test_a_column_that_only_the_file_has_is_told(tmp_path: Path) -> None:
    """A name that the table knows and the declared columns leave out is told apart from a misspelt one."""
    (tmp_path / "tally.yaml").write_text(tally("  a: {table: a.csv, columns: {id: integer}}\n"))
    (tmp_path / "a.csv").write_text("id,amount\n1,2\n")
    with tallymark.open(tmp_path, plugins=False) as book:
        for formula in ("sum(a.amount)", "sum(amount)"):
            with pytest.raises(FaultError) as caught:
                book.ask(formula, period="2024")
            (fault,) = caught.value.faults
            assert fault.code == "T105"
            assert "the table of `a` has it" in (fault.help or "")
            assert "`amount: integer`" in (fault.help or "")
        with pytest.raises(FaultError) as caught:
            book.ask("sum(a.amont)", period="2024")
        assert "has it" not in (caught.value.faults[0].help or "")
