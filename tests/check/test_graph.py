"""Names are ordered after what they need, and what needs itself is shown as a whole ring."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tallymark.graph import in_order, reached

graphs = st.integers(1, 8).flatmap(
    lambda size: st.dictionaries(
        st.sampled_from([f"n{i}" for i in range(size)]),
        st.lists(st.sampled_from([f"n{i}" for i in range(size)]), max_size=4),
        min_size=1,
    )
)


def closed(graph: dict[str, list[str]]) -> dict[str, list[str]]:
    """The graph with an entry for every name that is needed."""
    return {name: graph.get(name, []) for name in {*graph, *(n for needs in graph.values() for n in needs)}}


@given(graphs)
def test_order(graph: dict[str, list[str]]) -> None:
    """Every name comes once; where there is no ring, after all it needs."""
    whole = closed(graph)
    order = in_order(sorted(whole), whole.__getitem__)
    assert sorted(whole) == sorted(order.names)
    if not order.rings:
        place = {name: number for number, name in enumerate(order.names)}
        assert [] == [(a, b) for a, needs in whole.items() for b in needs if place[b] > place[a]]


@given(graphs)
def test_rings(graph: dict[str, list[str]]) -> None:
    """A ring is found exactly where a name needs itself, near or far; each is closed and each step is a need."""
    whole = closed(graph)
    order = in_order(sorted(whole), whole.__getitem__)
    loops = {a for a in whole if a in whole[a] or any(a in reached(b, whole.__getitem__) for b in whole[a] if b != a)}
    assert bool(loops) == bool(order.rings)
    for ring in order.rings:
        assert ring[0] == ring[-1]
        assert len(ring) - 1 == len(set(ring))
        assert all(b in whole[a] for a, b in itertools.pairwise(ring))
        assert loops >= set(ring)


def test_a_hundred_thousand_in_a_row() -> None:
    """A long chain is ordered without recursion."""
    order = in_order(map(str, range(100_000)), lambda n: [str(int(n) + 1)] if int(n) < 99_999 else [])
    assert ("99999", "0") == (order.names[0], order.names[-1])


@given(graphs)
def test_reached(graph: dict[str, list[str]]) -> None:
    """What is reached is what is needed, and what that needs; never the start itself."""
    whole = closed(graph)
    for start in whole:
        found = set(reached(start, whole.__getitem__))
        expected = {n for n in whole[start] if n != start}
        assert expected <= found
        assert start not in found
        assert all(n in found or n == start for f in found for n in whole[f])
