"""From a dataset's rows a name leads to one column, or to none, or is ambiguous with all the ways listed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark.catalog import MAX_WAYS, Catalog, Column, Dataset, Reached, Reference, Unreached
from tallymark.kinds import Type
from tallymark.source import Table


def catalog(**datasets: tuple[list[str], dict[str, str]]) -> Catalog:
    """Datasets of text columns, each with references by name to the key `id` of another."""
    return Catalog(
        datasets={
            name: Dataset(
                name,
                "memory",
                Table(name, name),
                key="id",
                columns={c: Column(c, Type.TEXT, stored=c) for c in ["id", *columns, *(f"{r}_id" for r in references)]},
                references={r: Reference(r, target, f"{r}_id") for r, target in references.items()},
            )
            for name, (columns, references) in datasets.items()
        },
        aliases={"purchases": "orders"} if "orders" in datasets else {},
    )


SHOP = catalog(
    orders=(["status", "country"], {"buyer": "customers", "billing": "places", "shipping": "places", "rep": "staff"}),
    customers=(["name", "segment"], {"home": "places", "account": "accounts"}),
    accounts=(["tier", "segment"], {"owner": "staff"}),
    staff=(["team"], {"boss": "staff"}),
    places=(["zip", "country"], {}),
    alone=(["zip"], {}),
)

FOUND = [
    # dataset, name, the way, the column
    ("orders", "status", (), "status"),
    ("orders", "country", (), "country"),
    ("orders", "orders.status", (), "status"),
    ("orders", "purchases.status", (), "status"),
    ("orders", "buyer", (), "buyer_id"),
    ("orders", "name", ("buyer",), "name"),
    ("orders", "buyer.name", ("buyer",), "name"),
    ("orders", "customers.name", ("buyer",), "name"),
    ("orders", "billing.country", ("billing",), "country"),
    ("orders", "buyer.home.country", ("buyer", "home"), "country"),
    ("orders", "home.country", ("buyer", "home"), "country"),
    ("orders", "home", ("buyer",), "home_id"),
    ("orders", "segment", ("buyer",), "segment"),
    ("orders", "accounts.segment", ("buyer", "account"), "segment"),
    ("orders", "tier", ("buyer", "account"), "tier"),
    ("orders", "orders.tier", ("buyer", "account"), "tier"),
    ("orders", "team", ("rep",), "team"),
    ("orders", "rep.boss.boss.team", ("rep", "boss", "boss"), "team"),
    ("customers", "buyer", (), "id"),
    ("customers", "buyer.name", (), "name"),
    ("customers", "buyer.home.zip", ("home",), "zip"),
    ("customers", "customers.zip", ("home",), "zip"),
]


@pytest.mark.parametrize(("dataset", "name", "way", "column"), FOUND, ids=[f"{d}: {n}" for d, n, *_ in FOUND])
def test_found(dataset: str, name: str, way: tuple[str, ...], column: str) -> None:
    """The name leads over these references to this column."""
    found = SHOP.reach(dataset, tuple(name.split(".")))
    assert isinstance(found, Reached), found
    assert (way, column) == (found.path, found.column)


NOT_FOUND = [
    ("orders", "zip", ("billing.zip", "shipping.zip")),
    ("orders", "places.zip", ("billing.zip", "shipping.zip")),
    ("orders", "nothing", ()),
    ("orders", "buyer.nothing", ()),
    ("orders", "buyer.name.first", ()),
    ("orders", "alone.zip", ()),
    ("orders", "status.name", ()),
    ("alone", "country", ()),
    ("places", "status", ()),
]


@pytest.mark.parametrize(("dataset", "name", "candidates"), NOT_FOUND, ids=[f"{d}: {n}" for d, n, _ in NOT_FOUND])
def test_not_found(dataset: str, name: str, candidates: tuple[str, ...]) -> None:
    """The name leads nowhere, or to several columns as near as one another."""
    assert Unreached(candidates) == SHOP.reach(dataset, tuple(name.split(".")))


def test_every_dimension_listed_is_reached() -> None:
    """What `dimensions` lists can be asked, from every dataset."""
    for dataset in SHOP.datasets:
        for name in SHOP.dimensions(dataset):
            assert isinstance(SHOP.reach(dataset, tuple(name.split("."))), Reached), (dataset, name)


def test_references_everywhere_are_bounded() -> None:
    """Twelve datasets that all refer to one another have more ways than atoms; looking for a name ends at once."""
    names = [f"d{n}" for n in range(12)]
    dense = catalog(**{n: ([f"own_{n}"], {f"to_{m}": m for m in names if m != n}) for n in names})
    assert MAX_WAYS == sum(1 for _ in dense.ways(dense.datasets["d0"]))
    assert Unreached() == dense.reach("d0", ("nothing",))
    assert isinstance(dense.reach("d0", ("own_d5",)), Reached)
    assert len(dense.dimensions("d0")) < 30 * MAX_WAYS


def test_long_names_end() -> None:
    """A name of ten thousand parts is looked up without recursion."""
    assert Unreached() == SHOP.reach("orders", ("rep", *["boss"] * 10_000, "nothing"))
    assert isinstance(SHOP.reach("orders", ("rep", *["boss"] * 10_000, "team")), Reached)


graphs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=10)


@settings(max_examples=200)
@given(graphs, st.lists(st.sampled_from(["r0", "r1", "r5", "d1", "d4", "c2", "c4", "id"]), min_size=1, max_size=3))
def test_what_is_found_is_there(edges: list[tuple[int, int]], parts: list[str]) -> None:
    """In any graph of references: what is found exists at the end of its way, and each candidate is found by its name."""
    found = {f"d{n}": ([f"c{n}"], {f"r{i}": f"d{b}" for i, (a, b) in enumerate(edges) if a == n}) for n in range(5)}
    graph = catalog(**found)
    reached = graph.reach("d0", tuple(parts))
    if isinstance(reached, Reached):
        assert reached.column in graph.home("d0", reached.path).columns
        return
    ways = [graph.reach("d0", tuple(c.split("."))) for c in reached.candidates]
    assert len(ways) != 1
    assert all(isinstance(w, Reached) for w in ways)
