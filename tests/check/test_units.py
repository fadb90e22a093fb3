"""Units multiply, divide, add and compare as the measures they stand for do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.units import (
    BARE,
    COUNT,
    DURATION,
    NUMBER,
    PERCENT,
    RATIO,
    SCORE,
    SECOND,
    Unit,
    alike,
    joined,
    money,
    named,
    product,
    quotient,
    raised,
    rooted,
    scaled,
)

EUR, USD = money("EUR"), money("USD")

powers = st.dictionaries(st.sampled_from(["EUR", "USD", SECOND]), st.sampled_from([-2, -1, 1, 2]), max_size=2)
units = st.one_of(
    st.sampled_from([NUMBER, COUNT, SCORE, RATIO, PERCENT, DURATION, EUR, USD]),
    st.builds(
        Unit,
        powers.map(lambda found: tuple(sorted(found.items()))),
        st.integers(-2, 2),
        st.booleans(),
    ),
)
"""Units of what is not a bare literal."""


def measured(unit: Unit) -> tuple[object, ...]:
    """A unit without the name it is shown by."""
    return unit.powers, unit.hundreds, unit.fraction, unit.free


@given(units, units)
def test_product_commutes(a: Unit, b: Unit) -> None:
    """a × b is b × a."""
    assert measured(product(a, b)) == measured(product(b, a))


@given(units, units, units)
def test_product_associates(a: Unit, b: Unit, c: Unit) -> None:
    """(a × b) × c is a × (b × c)."""
    assert measured(product(product(a, b), c)) == measured(product(a, product(b, c)))


@given(units, units, units)
def test_quotient_of_a_quotient(a: Unit, b: Unit, c: Unit) -> None:
    """(a / b) / c is a / (b × c), and a / (b / c) is (a × c) / b."""
    assert measured(quotient(a, product(b, c))) == measured(quotient(quotient(a, b), c))
    assert measured(quotient(product(a, c), b)) == measured(quotient(a, quotient(b, c)))


@given(units, units)
def test_quotient_undoes_the_product(a: Unit, b: Unit) -> None:
    """(a × b) / b has the measures and the hundreds of a."""
    back = quotient(product(a, b), b)
    assert (a.powers, a.hundreds) == (back.powers, back.hundreds)


@given(units)
def test_a_bare_number_changes_no_measure(a: Unit) -> None:
    """Twice a, and half of a, measure what a measures."""
    assert measured(a) == measured(product(a, BARE)) == measured(product(BARE, a)) == measured(quotient(a, BARE))


@given(units)
def test_like_over_like_is_a_fraction(a: Unit) -> None:
    """a / a has no measure and no hundreds, and a hundred times it is a percent."""
    ratio = quotient(a, a)
    assert ((), 0, True) == (ratio.powers, ratio.hundreds, ratio.fraction)
    assert scaled(ratio, 1).percent


@given(units)
def test_a_hundred_times_and_back(a: Unit) -> None:
    """a × 100 / 100 is a; of what is no fraction so is a / 100, as cents in euros are."""
    if a.hundreds >= 0:
        assert measured(a) == measured(scaled(scaled(a, 1), -1))
    if not a.fraction and a.hundreds == 0:
        assert a == scaled(a, -1)


@given(units, st.integers(1, 5))
def test_powers_are_products(a: Unit, exponent: int) -> None:
    """a to the n is a × a × … n times, and the root of a square is a."""
    times = a
    for _ in range(exponent - 1):
        times = product(times, a)
    assert measured(times) == measured(raised(a, exponent))
    root = rooted(raised(a, 2))
    assert root is not None
    assert measured(a) == measured(root)


@given(units, units)
def test_alike_is_mutual(a: Unit, b: Unit) -> None:
    """What may be added may be added the other way round, and everything goes with itself."""
    assert alike(a, b) == alike(b, a)
    assert alike(a, a)


@given(units, units)
def test_a_sum_is_alike_to_its_terms(a: Unit, b: Unit) -> None:
    """The unit of a sum has the measures of its terms, and goes with both."""
    if alike(a, b):
        both = joined(a, b)
        assert a.powers == both.powers
        assert alike(both, a)
        assert alike(both, b)
        assert measured(both)[2:] == measured(joined(b, a))[2:]


@given(units)
def test_a_bare_number_goes_with_what_has_no_measure(a: Unit) -> None:
    """A literal agrees with every dimensionless unit and with no other, and takes its unit."""
    assert a.dimensionless == alike(a, BARE) == alike(BARE, a)
    assert a == joined(a, BARE) == joined(BARE, a)


SHOWN = [
    (EUR, "money (EUR)"),
    (quotient(EUR, COUNT), "money (EUR)"),
    (DURATION, "duration"),
    (PERCENT, "percent"),
    (RATIO, "ratio"),
    (COUNT, "count"),
    (SCORE, "score"),
    (NUMBER, "number"),
    (product(EUR, EUR), "EUR^2"),
    (quotient(EUR, USD), "EUR / USD"),
    (quotient(COUNT, DURATION), "1 / second"),
    (quotient(EUR, DURATION), "EUR / second"),
    (quotient(COUNT, COUNT), "ratio"),
    (scaled(quotient(COUNT, COUNT), 1), "percent"),
    (product(DURATION, BARE), "duration"),
    (product(BARE, COUNT), "count"),
    (product(COUNT, COUNT), "number"),
]


@pytest.mark.parametrize(("unit", "shown"), SHOWN, ids=[shown for _, shown in SHOWN])
def test_shown(unit: Unit, shown: str) -> None:
    """A unit is shown in the words of the YAML key, or as a product of its measures."""
    assert shown == str(unit)


@pytest.mark.parametrize("name", ["duration", "percent", "ratio", "count", "score", "number"])
def test_named(name: str) -> None:
    """A unit named in YAML is shown by that name."""
    assert name == named(name, None, "EUR").name == str(named(name, None, "EUR"))


def test_money_takes_the_currency_given() -> None:
    """`money` is the project's currency, `money: USD` that one; an unknown unit is a KeyError."""
    assert EUR == named("money", None, "EUR")
    assert USD == named("money", "USD", "EUR")
    with pytest.raises(KeyError):
        named("weight", None, "EUR")


@given(units)
def test_the_name_does_not_decide(a: Unit) -> None:
    """Count, ratio, number and score are one kind: a unit goes with its own double under another name."""
    assert alike(a, replace(a, name="other"))
