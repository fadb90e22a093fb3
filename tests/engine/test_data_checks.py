"""What `check --data` finds in keys, times, validities and references, all of it in one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

import tallymark
from tallymark.errors import Fault

from .books import opened

SHOP = """
datasets:
  customers:
    key: id
    columns: {id: {type: text}, country: {type: text}}
  orders:
    key: id
    time: at
    refs: {customer: customers, payer: customers}
    columns: {id: {type: integer}, at: {type: timestamp}, customer: {type: text}, payer: {type: text}}
  plans:
    key: name
    valid: [since, until]
    columns: {name: {type: text}, since: {type: date}, until: {type: date}}
"""
TEXT, WHOLE, DAY, TIME = pa.string(), pa.int64(), pa.date32(), pa.timestamp("us")
NOON = datetime(2024, 1, 5, 12)


def table(rows: Sequence[tuple[Any, ...]], **columns: pa.DataType) -> pa.Table:
    """Rows as an Arrow table."""
    values = list(zip(*rows, strict=True)) if rows else [[] for _ in columns]
    return pa.table({n: pa.array(v, t) for (n, t), v in zip(columns.items(), values, strict=True)})


def world(
    customers: Sequence[tuple[Any, ...]] = (("C1", "FR"), ("C2", None)),
    orders: Sequence[tuple[Any, ...]] = ((1, NOON, "C1", "C2"),),
    plans: Sequence[tuple[Any, ...]] = (),
) -> Mapping[str, pa.Table]:
    """The tables of a shop."""
    return {
        "customers": table(customers, id=TEXT, country=TEXT),
        "orders": table(orders, id=WHOLE, at=TIME, customer=TEXT, payer=TEXT),
        "plans": table(plans, name=TEXT, since=DAY, until=DAY),
    }


def told(faults: Sequence[Fault]) -> list[tuple[str, str, str]]:
    """The codes, severities and messages of faults."""
    return [(f.code, f.severity, f.message) for f in faults]


def day(number: int) -> date:
    """A day of January 2024."""
    return date(2024, 1, number)


C1_REPEATS = "`id`, the key of `customers`, repeats: 'C1' stands in several rows, and `orders` refer to it"

CASES: dict[str, tuple[Mapping[str, pa.Table], list[tuple[str, str, str]]]] = {
    "sound data": (world(), []),
    "no rows": (world(customers=[], orders=[]), []),
    "a repeated key that others refer to": (
        world(customers=[("C1", "FR"), ("C1", "DE"), ("C2", "IT")]),
        [("D440", "error", C1_REPEATS)],
    ),
    "several of them": (
        world(customers=[("C2", "FR"), ("C2", "DE"), ("C1", "IT"), ("C1", "IT"), ("C1", "IT")]),
        [
            (
                "D440",
                "error",
                "`id`, the key of `customers`, repeats: 2 values stand in several rows, such as 'C1', and `orders`"
                " refer to it",
            )
        ],
    ),
    "a repeated key that nothing refers to": (
        world(orders=[(7, NOON, "C1", "C1"), (7, NOON, "C2", "C2")]),
        [("D440", "warning", "`id`, the key of `orders`, repeats: '7' stands in several rows")],
    ),
    "a null key": (
        world(customers=[("C1", "FR"), ("C2", None), (None, "IT"), (None, "DE")]),
        [("D441", "warning", "2 rows of `customers` have no `id`, their key")],
    ),
    "null times": (
        world(orders=[(1, None, "C1", "C1"), (2, None, "C1", "C1"), (3, NOON, "C1", "C1")]),
        [("D442", "warning", "2 rows of `orders` have no `at` and are in no period (such as `id` '1')")],
    ),
    "orphans of one of two references": (
        world(orders=[(1, NOON, "C1", "C9"), (2, NOON, "C1", "C8"), (3, NOON, "C1", "C2")]),
        [("D444", "warning", "2 rows of `orders` refer to a `payer` that `customers` does not have, such as 'C8'")],
    ),
    "one orphan, and one null": (
        world(orders=[(1, NOON, "C9", "C1"), (2, NOON, None, "C1")]),
        [
            ("D444", "warning", "1 row of `orders` refers to a `customer` that `customers` does not have: 'C9'"),
            ("D445", "warning", "1 row of `orders` has no `customer` (`id` '2')"),
        ],
    ),
    "a key that repeats with disjoint validity": (
        world(plans=[("pro", day(1), day(5)), ("pro", day(5), None), ("pro", day(4), day(4))]),
        [],
    ),
    "validities that overlap": (
        world(plans=[("pro", day(1), day(6)), ("pro", day(5), None), ("basic", day(1), None), ("basic", day(9), None)]),
        [("D447", "warning", "rows of 2 `name` values are valid at the same time in `plans`, as those of 'basic' are")],
    ),
    "one without end before another": (
        world(plans=[("pro", day(1), None), ("pro", day(2), day(3)), ("basic", day(1), day(9))]),
        [("D447", "warning", "rows of `plans` with the `name` 'pro' are valid at the same time")],
    ),
    "an end before the beginning": (
        world(plans=[("pro", day(5), day(4)), ("basic", day(5), day(5))]),
        [("D443", "warning", "1 row of `plans` ends, in `until`, before it begins, in `since` (`name` 'pro')")],
    ),
    "no beginning": (
        world(plans=[("pro", None, day(4))]),
        [("D442", "warning", "1 row of `plans` has no `since` and is in no period (`name` 'pro')")],
    ),
    "everything at once": (
        world(customers=[("C1", "FR"), ("C1", "DE")], orders=[(1, None, "C2", None)]),
        [
            ("D440", "error", C1_REPEATS),
            ("D442", "warning", "1 row of `orders` has no `at` and is in no period (`id` '1')"),
            ("D444", "warning", "1 row of `orders` refers to a `customer` that `customers` does not have: 'C2'"),
            ("D445", "warning", "1 row of `orders` has no `payer` (`id` '1')"),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_found(case: str) -> None:
    """Every flaw is found, counted and shown by an example; what is sound is left in peace."""
    tables, expected = CASES[case]
    with opened(SHOP, tables) as book:
        assert expected == told(book.check(data=True))


def test_places_and_help() -> None:
    """A fault stands at its dataset and says a way out."""
    with opened(SHOP, world(customers=[("C1", None), ("C1", None)], orders=[])) as book:
        (fault,) = book.check(data=True)
    assert fault.place is not None
    assert ("book.yaml", 3, "dataset `customers`") == (fault.place.file, fault.place.line, fault.subject)
    assert "a reference needs one row for each key: remove the repeats, or choose another key" == fault.help


def test_without_data_nothing_is_read() -> None:
    """`check` alone says nothing of rows."""
    with opened(SHOP, world(customers=[("C1", None), ("C1", None)])) as book:
        assert () == book.check()


def test_keys_that_are_computed() -> None:
    """A computed key is checked as it is computed, and a question that joins on it too."""
    yaml = SHOP.replace("{id: {type: text}, country", "{id: {formula: lower(code)}, code: {type: text}, country")
    codes = table([("C1", "FR"), ("c1", "DE")], code=TEXT, country=TEXT)
    orders = table([(1, NOON, "c1", "c1")], id=WHOLE, at=TIME, customer=TEXT, payer=TEXT)
    with opened(yaml, {**world(), "customers": codes, "orders": orders}) as book:
        said = "`id`, the key of `customers`, repeats: 'c1' stands in several rows, and `orders` refer to it"
        assert [("D440", "error", said)] == told(book.check(data=True))
        with pytest.raises(tallymark.FaultError) as caught:
            book.ask("count(orders)", by="customer.country", period="2024-01")
        assert ["D440"] == [f.code for f in caught.value.faults]


KEYLESS = SHOP.replace("    key: id\n    columns: {id: {type: text}", "    columns: {id: {type: text}")
NUMBERED = SHOP.replace("customer: {type: text}", "customer: {type: integer}")


@pytest.mark.parametrize(
    ("yaml", "customer", "why"),
    [
        (KEYLESS, "C1", "`customers` has no key"),
        (NUMBERED, 5, "`customer` is integer and the key of `customers` is text"),
    ],
    ids=["no key", "another type"],
)
def test_references_that_cannot_be_followed(yaml: str, customer: Any, why: str) -> None:
    """A reference to nothing it could equal is a warning of its own, and the others are still checked."""
    orders = pa.table({"id": [1], "at": pa.array([None], TIME), "customer": [customer], "payer": ["C1"]})
    with opened(yaml, {**world(), "orders": orders}, strict=False) as book:
        found = told(book.check(data=True))
    assert ("D446", "warning", f"the reference `customer` of `orders` cannot be checked: {why}") in found
    assert "D442" in [code for code, _, _ in found]


def test_a_check_that_fails_leaves_the_others() -> None:
    """Where one column cannot be computed for some row, that is a fault and the rest is checked all the same."""
    yaml = SHOP.replace("time: at", "time: due").replace("at: {type: timestamp}", "DUE")
    yaml = yaml.replace("DUE", 'at: {type: timestamp}, due: {formula: "if(id * id > 0, orders.at)"}')
    with opened(yaml, world(orders=[(2**62, NOON, "C9", "C1")])) as book:
        found = book.check(data=True)
    assert ["D402", "D444"] == sorted(f.code for f in found)
    assert {"dataset `orders`"} == {f.subject for f in found}


# --- files ------------------------------------------------------------------------------------------------------------

FILES = """
datasets:
  customers: {source: files, table: customers.csv, key: id, columns: {id: {type: text}}}
  orders:
    source: files
    table: orders.csv
    time: at
    refs: {customer: customers}
    columns: {at: {type: date}, customer: {type: text}, amount: {type: decimal}}
  visits:
    source: files
    table: visits.csv
    time: at
    format: {on_error: "null"}
    columns: {at: {type: date}, pages: {type: integer}}
"""


def project(folder: Path, files: Mapping[str, str]) -> Path:
    """A project of CSV files."""
    (folder / "metrics").mkdir()
    (folder / "tally.yaml").write_text("name: shop\n", "utf-8")
    (folder / "metrics" / "shop.yaml").write_text(FILES, "utf-8")
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def test_broken_files(tmp_path: Path) -> None:
    """A value that cannot be read is a fault of its file, a reference into it is not checked, other files are."""
    files = {
        "customers.csv": "id\nC1\nC1\n",
        "orders.csv": "at,customer,amount\n2024-01-05,C9,10.00\n2024-01-06,C1,ten\n",
        "visits.csv": "at,pages\n2024-01-05,many\n,3\n",
    }
    with tallymark.open(project(tmp_path, files), plugins=False, strict=False) as book:
        found = book.check(data=True)
    assert ["D420", "D440", "D442", "D448"] == sorted(f.code for f in found)
    unread = next(f for f in found if f.code == "D420")
    assert unread.place is not None
    assert ("orders.csv", 3, "error") == (unread.place.file, unread.place.line, unread.severity)
    noted = next(f for f in found if f.code == "D448")
    assert noted.message.startswith("1 value of `pages` in `visits.csv` could not be read as integer and became null")


def test_a_target_that_cannot_be_read(tmp_path: Path) -> None:
    """A reference into a broken file cannot be checked, which is said."""
    files = {
        "customers.csv": 'id\n"C1\n',
        "orders.csv": "at,customer,amount\n2024-01-05,C9,10.00\n",
        "visits.csv": "at,pages\n2024-01-05,3\n",
    }
    with tallymark.open(project(tmp_path, files), plugins=False, strict=False) as book:
        found = book.check(data=True)
    unread, unchecked = sorted(found, key=lambda f: f.severity)
    assert unread.place is not None
    assert ("customers.csv", "error") == (unread.place.file, unread.severity)
    said = "the reference `customer` of `orders` cannot be checked: `customers` cannot be read"
    assert ("D446", said) == (unchecked.code, unchecked.message)


def test_the_sample_company(company: tallymark.Book) -> None:
    """The flaws put into the sample company are found, each once, and none is an error."""
    found = told(company.check(data=True))
    assert [] == [f for f in found if f[1] == "error"]
    said = "1 row of `tickets` refers to a `customer` that `customers` does not have: 'C9999'"
    assert ("D444", "warning", said) in found
    assert ("D445", "warning", "4 rows of `tickets` have no `customer` (such as `id` 'T0076')") in found
    assert len(found) == len(set(found))


def test_the_purchases_of_a_shop(cdnow: tallymark.Book) -> None:
    """The CDNOW purchases are sound."""
    assert () == cdnow.check(data=True)


def test_words_that_a_transform_does_not_know_are_found(tmp_path: Path) -> None:
    """Intervals without a length are a fault of the rows, told once however many transforms read them."""
    case = Path(__file__).parents[1] / "cases/mrr_versions"
    datasets = yaml.safe_load((case / "metrics.yaml").read_text(encoding="utf-8"))["datasets"]
    few = {name: datasets[name] for name in ("versions", "standard", "standard_moves", "factors")}
    (tmp_path / "tally.yaml").write_text(yaml.safe_dump({"currency": "EUR", "as_of": "2024-12-31", "datasets": few}))
    (tmp_path / "versions.csv").write_bytes((case / "versions.csv").read_bytes())
    with tallymark.open(tmp_path) as book:
        found = [(f.code, f.severity, f.message) for f in book.check(data=True)]
    message = "1 row of `versions` has an unknown `interval` and counts for nothing: 'fortnight'"
    assert [("D449", "warning", message)] == found
