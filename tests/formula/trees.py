"""Random formulas, as trees and as text, for properties of whatever reads or writes formulas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tallymark.formula import nodes
from tallymark.formula.nodes import GRAINS, RESERVED, TIME_UNITS, Node

AT = (0, 0)
"""The span of every generated node: they stand nowhere."""

words = st.one_of(
    st.sampled_from(
        ("mrr", "orders", "amount", "plan", "if", "date", "day", "sum", "start", "andy", "order", "x_1", "_")
    ),
    st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True),
).filter(lambda word: word not in RESERVED)

after_dot = st.one_of(words, st.sampled_from(sorted(RESERVED)))

names = st.builds(lambda first, rest: nodes.Name((first, *rest), AT), words, st.lists(after_dot, max_size=2))

integers = st.one_of(st.integers(0, 100), st.integers(0, 10**38 - 1))
decimals = st.one_of(
    st.decimals(Decimal(0), Decimal(10**12), places=4),
    st.decimals(Decimal(0), Decimal("1e100"), allow_nan=False, allow_infinity=False).filter(
        lambda d: len(d.as_tuple().digits) < 30 and d.adjusted() > -100
    ),
)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)

durations = st.one_of(
    st.builds(nodes.Duration, st.integers(0, 1000), st.sampled_from(TIME_UNITS), st.just(AT)),
    st.builds(nodes.Duration, st.just(Decimal("1.5")), st.sampled_from(TIME_UNITS[:5]), st.just(AT)),
)

leaves: st.SearchStrategy[Node] = st.one_of(
    names,
    st.builds(nodes.Number, st.one_of(integers, decimals), st.just(AT), st.booleans()),
    st.builds(nodes.Text, texts, st.just(AT)),
    st.builds(nodes.Boolean, st.booleans(), st.just(AT)),
    st.just(nodes.Null(AT)),
    durations,
    st.builds(nodes.Parameter, words, st.just(AT)),
)

_OPERATORS = ("or", "and", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "??")


@st.composite
def scoped(draw: st.DrawFn, inner: st.SearchStrategy[Node]) -> Node:
    """A node with at least one postfix."""
    chosen = draw(st.sets(st.sampled_from(("on", "at", "where", "per")), min_size=1))
    values: dict[str, Any] = {
        "on": names,
        "at": st.sampled_from(("start", "end")),
        "where": inner,
        "per": st.one_of(names, st.sampled_from(GRAINS).map(lambda grain: nodes.Name((grain,), AT))),
    }
    return nodes.Scoped(draw(inner), AT, **{key: draw(values[key]) for key in sorted(chosen)})


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    few = st.lists(inner, min_size=1, max_size=3).map(tuple)
    argument = st.one_of(
        inner,
        scoped(inner),
        st.builds(nodes.PerArgument, names, st.just(AT)),
        st.builds(nodes.WithinArgument, durations, st.just(AT)),
    )
    branches = st.lists(st.tuples(inner, inner), min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(nodes.Binary, st.sampled_from(_OPERATORS), inner, inner, st.just(AT)),
        st.builds(nodes.Unary, st.sampled_from(("-", "not")), inner, st.just(AT)),
        st.builds(nodes.Call, words, st.lists(argument, max_size=3).map(tuple), st.just(AT), st.just(AT)),
        st.builds(nodes.In, inner, few, st.booleans(), st.just(AT)),
        st.builds(nodes.Between, inner, inner, inner, st.booleans(), st.just(AT)),
        st.builds(nodes.IsNull, inner, st.booleans(), st.just(AT)),
        st.builds(nodes.Case, branches, st.one_of(st.none(), inner), st.just(AT)),
        scoped(inner),
    )


formulas: st.SearchStrategy[Node] = st.recursive(leaves, _grown, max_leaves=12)
"""Any formula the grammar can write: syntax only, its names bound to nothing."""
