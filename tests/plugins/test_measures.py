"""The algebra of plugins' units: measures like seconds and currencies, told apart from both."""

from __future__ import annotations

import pytest

from tallymark.show.numbers import number, unit_sign
from tallymark.units import (
    DURATION,
    RATIO,
    Measure,
    Unit,
    UnitRow,
    alike,
    joined,
    measured,
    money,
    product,
    quotient,
    raised,
    reported,
    rooted,
)

TONNES = measured(Measure("acme.tonnes", "t", 1))
MILES = measured(Measure("acme.miles"))
EUR = money("EUR")

ALGEBRA = [
    (quotient(EUR, TONNES), "EUR / acme.tonnes", "EUR / t"),
    (quotient(TONNES, DURATION), "acme.tonnes / second", "t / second"),
    (product(TONNES, MILES), "acme.miles × acme.tonnes", "miles × t"),
    (product(quotient(EUR, TONNES), TONNES), "money (EUR)", "€"),
    (quotient(product(TONNES, MILES), MILES), "acme.tonnes", "t"),
    (raised(TONNES, 2), "acme.tonnes^2", "t^2"),
    (quotient(TONNES, TONNES), "ratio", ""),
]


@pytest.mark.parametrize(("unit", "name", "sign"), ALGEBRA, ids=[name for _, name, _ in ALGEBRA])
def test_products(unit: Unit, name: str, sign: str) -> None:
    """Measures multiply and divide; what is left is named, and shown by its signs."""
    assert (name, sign) == (str(unit), unit_sign(unit))


def test_a_measure_is_no_currency() -> None:
    """Rates of exchange leave it alone."""
    per_tonne = quotient(EUR, TONNES)
    assert (None, (), None) == (TONNES.currency, TONNES.currencies, per_tonne.currency)
    assert ("EUR",) == per_tonne.currencies
    assert quotient(money("USD"), TONNES) == reported(per_tonne, "USD")
    assert TONNES == reported(TONNES, "USD")
    assert not TONNES.duration


def test_measures_do_not_mix() -> None:
    """Each is alike to itself only."""
    assert alike(TONNES, measured(Measure("acme.tonnes")))
    assert not any(alike(TONNES, other) for other in (MILES, EUR, DURATION, RATIO))
    assert rooted(TONNES) is None
    assert TONNES == rooted(raised(TONNES, 2))
    assert TONNES == joined(TONNES, TONNES)


SHOWN = [(12.34, "12.3 t"), (0, "0.0 t"), (0.0123, "0.012 t"), (None, "–")]


@pytest.mark.parametrize(("value", "expected"), SHOWN)
def test_numbers(value: float | None, expected: str) -> None:
    """With the sign and the decimals that the plugin says; more of these where they would show nothing."""
    assert expected == number(value, TONNES)
    assert "12,3 t" == number(12.34, TONNES, locale="fr")


@pytest.mark.parametrize(
    "wrong", [{"scale": 0.5}, {"scale": 0.0, "of": "acme.b"}, {"scale": float("inf"), "of": "acme.b"}, {"decimals": 13}]
)
def test_rows_that_mean_nothing(wrong: dict[str, float | str | int]) -> None:
    """A scale is of another unit, and above 0."""
    with pytest.raises(ValueError, match=r"acme\.a"):
        UnitRow("acme.a", "A.", **wrong)  # type: ignore[arg-type]  # each of its own type
