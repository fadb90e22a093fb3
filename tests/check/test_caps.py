"""However long, deep or many formulas are, checking them ends in an answer or a fault, and soon."""

from __future__ import annotations

import pytest

from tallymark.check.caps import MAX_HEIGHT, MAX_LEVELS, MAX_NODES, measure
from tallymark.formula.bound import Aggregate, Apply, walk

from .shop import Checked, checked, probed

LONG = 800
"""Terms: near what a formula's text may hold."""


def height(result: Checked) -> int:
    """The levels of the probe's bound formula."""
    assert [] == [str(f)[:400] for f in result.faults]
    expression = result.catalog.metrics["probe"].expression
    assert expression is not None
    return measure(expression)[0]


CHAINS = [
    " + ".join(["n_orders"] * LONG),
    "sum(" + " + ".join(["orders.quantity"] * LONG) + ")",
    "count(orders where " + " or ".join(f"quantity = {n}" for n in range(LONG)) + ")",
    "count(orders where " + " and ".join(f"quantity != {n}" for n in range(LONG)) + ")",
    "count(orders where quantity in (" + ", ".join(map(str, range(LONG))) + "))",
    " ?? ".join(["n_orders"] * LONG),
    "greatest(" + ", ".join(["n_orders"] * LONG) + ")",
    " + ".join(["growth(mrr)"] * 400),
    "count(orders" + " where " + " and ".join(["(quantity > 1 or quantity < 0)"] * 300) + ")",
]


@pytest.mark.parametrize("formula", CHAINS, ids=[c[:30] for c in CHAINS])
def test_long_chains(formula: str) -> None:
    """A chain as long as its text may be is a formula of little height."""
    assert MAX_HEIGHT > height(probed(formula))


def test_a_balanced_chain_says_the_same() -> None:
    """Laid out as a tree, a sum has all its terms once and in order, with the type and unit it had as a chain."""
    terms = [f"sum(orders.amount where quantity = {n})" for n in range(100)]
    metric = probed(" + ".join(terms)).catalog.metrics["probe"]
    assert metric.expression is not None
    parts = walk(metric.expression)
    leaves = [n for n in parts if isinstance(n, Aggregate)]
    values = [n.condition.arguments[1].value for n in leaves if isinstance(n.condition, Apply)]  # type: ignore[union-attr]
    assert list(range(100)) == values
    assert {("+", "decimal", "money (USD)")} == {
        (n.function, n.type.value, str(n.unit)) for n in parts if isinstance(n, Apply) and n.function == "+"
    }
    assert ("decimal", "money (USD)") == (metric.type.value, str(metric.unit))


TOO_MUCH = [
    " - ".join(["n_orders"] * LONG),
    " / ".join(["n_orders"] * LONG),
    "sum(" + " * ".join(["orders.quantity"] * LONG) + ")",
    "revenue where " + " - ".join(["quantity"] * LONG) + " > 0",
    "1 + abs(" * 90 + "n_orders" + ")" * 90,
    "growth(" * 12 + "mrr" + ")" * 12,
    "share(change(" * 20 + "mrr" + "))" * 20,
    "growth(" * 90 + "mrr" + ")" * 90,
    "sum(" + "growth(" * 20 + "mrr" + ")" * 20 + " per customer)",
    "growth(" * 20 + "revenue" + " where status = 'a')" * 20,
]


@pytest.mark.parametrize("formula", TOO_MUCH, ids=[c[:30] for c in TOO_MUCH])
def test_too_much(formula: str) -> None:
    """What is too deep, or too large once written out, is one fault that says so."""
    result = probed(formula)
    assert {"S105"} == set(result.codes), [str(f)[:200] for f in result.faults]
    assert not result.catalog.metrics["probe"].available


def test_slips_in_deep_formulas() -> None:
    """A long product divided by itself is found without recursion; one divided by another is none."""
    product, other = "*".join(["2"] * LONG), "*".join(["2"] * (LONG - 1))
    assert ["U309"] == probed(f"n_orders - ({product}) / ({product})").codes
    assert ["S105"] == probed(f"n_orders - ({product}) / ({other})").codes


def test_growth_of_growth() -> None:
    """A few levels of forms that say their body twice are within the cap, and counted as often as they are said."""
    expression = probed("growth(growth(growth(mrr)))").catalog.metrics["probe"].expression
    assert expression is not None
    assert len(walk(expression)) == measure(expression)[1] < MAX_NODES


@pytest.mark.parametrize(
    "step",
    [
        "{} + 1",
        "previous({}, 1 month)",
        "growth({})",
        "if({0} > 0, {0}, 1)",
        "{} where status = 'a'",
        "avg({} per customer)",
    ],
)
def test_metrics_on_metrics(step: str) -> None:
    """A thousand metrics, each built on the one before, are all bound."""
    chain = "".join(f"  m{n}: {step.format(f'm{n - 1}')}\n" for n in range(1, 1_000))
    result = checked(f"metrics:\n  m0: n_orders\n{chain}")
    assert [] == [str(f)[:200] for f in result.faults[:3]]
    assert all(m.available for m in result.catalog.metrics.values())


def test_too_many_metrics_on_metrics() -> None:
    """Where metrics build on each other too deep, one fault says where, and what builds on that says nothing."""
    chain = "".join(f"  m{n}: abs(m{n - 1} + 1)\n" for n in range(1, 2_000))
    result = checked(f"metrics:\n  m0: n_orders\n{chain}")
    assert ["T121"] == result.codes
    assert f"{MAX_LEVELS} is the most" in result.faults[0].message


def test_a_ring_of_two_thousand() -> None:
    """A ring of two thousand metrics is one fault that names all of them."""
    chain = "".join(f"  m{n}: m{(n + 1) % 2_000} + 1\n" for n in range(2_000))
    result = checked(f"metrics:\n{chain}")
    assert ["T120"] == result.codes
    assert 2_000 == result.faults[0].message.count("→")


def test_a_chain_that_opens_a_flow() -> None:
    """Windows are looked at through two thousand metrics without recursion."""
    chain = "".join(f"  m{n}: m{n - 1} + 1\n" for n in range(1, 2_000))
    result = checked(f"metrics:\n  a_first: opening(m1999)\n  m0: n_orders\n{chain}")
    assert ["T222"] == result.codes


@pytest.mark.parametrize("name", ["orders." + ".".join(["a"] * 5_000), ".".join(["a"] * 5_000)])
@pytest.mark.parametrize("formula", ["sum({})", "{}", "revenue where {} = 1", "avg(revenue per {})", "total(mrr, {})"])
def test_long_names(formula: str, name: str) -> None:
    """A name of thousands of parts is a fault of names."""
    assert {"T"} == {code[0] for code in probed(formula.format(name)).codes}
