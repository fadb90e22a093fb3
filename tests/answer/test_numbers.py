"""How numbers look, by unit and language."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark import units
from tallymark.kinds import Type
from tallymark.show.numbers import duration, exact, number, plain, rounded, style_of, unit_sign, written

EUR = units.money("EUR")


@pytest.mark.parametrize(
    ("expected", "value", "unit", "locale"),
    [
        ("€1,234.50", Decimal("1234.500000"), EUR, "en"),
        ("1\u202f234,50\u00a0€", Decimal("1234.5"), EUR, "fr"),
        ("1.234,50\u00a0EUR", Decimal("1234.5"), EUR, "ro"),
        ("1.234,50\u00a0€", Decimal("1234.5"), EUR, "de"),
        ("-€12.00", -12, EUR, "en"),
        ("¥1,235", 1234.5, units.money("JPY"), "en"),
        ("$0.0042", 0.0042, units.money("USD"), "en"),
        ("104.2%", 104.16, units.PERCENT, "en"),
        ("104,2\u00a0%", 104.16, units.PERCENT, "fr"),
        ("0.012%", 0.0123, units.PERCENT, "en"),
        ("0.46", 0.46, units.RATIO, "en"),
        ("0.457", 0.45678, units.RATIO, "en"),
        ("1.00", 1.0, units.RATIO, "en"),
        ("3.48", 3.4812, units.RATIO, "en"),
        ("1,204", 1204, units.COUNT, "en"),
        ("12.5", 12.5, units.COUNT, "en"),
        ("40.12", 40.1228, units.SCORE, "en"),
        ("50", 50.0, units.SCORE, "en"),
        ("1,234.57", 1234.5678, units.NUMBER, "en"),
        ("1.234,57", 1234.5678, None, "ro"),
        ("3 h 12 min", 11520, units.DURATION, "en"),
        ("–", None, EUR, "fr"),
        ("–", float("nan"), units.RATIO, "en"),
        ("1,234.50", 1234.5, units.Unit((("EUR", 2),)), "en"),
    ],
)
def test_a_number_is_written_by_its_unit_and_language(
    expected: str, value: Any, unit: units.Unit | None, locale: str
) -> None:
    """Each unit has its own decimals and sign, each language its own marks."""
    type_ = Type.INTEGER if isinstance(value, int) else Type.DOUBLE
    assert expected == number(value, unit, type_, locale=locale)


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        ("0 s", 0),
        ("250 ms", 0.25),
        ("45 s", 45),
        ("4.5 s", 4.5),
        ("1 min", 59.97),
        ("12 min 5 s", 725),
        ("1 h", 3599.7),
        ("3 h 12 min", 11520),
        ("1 day", 86399.99),
        ("2.4 days", 2.4 * 86400),
        ("-2.4 days", -2.4 * 86400),
        ("365 days", 365 * 86400),
    ],
)
def test_a_duration_is_told_in_its_two_largest_parts(expected: str, seconds: float) -> None:
    """Nobody reads 11,520 seconds; a part never reaches the size of the next one."""
    assert expected == duration(seconds)


def test_days_are_named_in_the_readers_language() -> None:
    """Seconds, minutes and hours have international symbols; days do not."""
    assert ("2,4\u00a0jours", "2,4 zile") == (duration(2.4 * 86400, "fr"), duration(2.4 * 86400, "ro"))


@pytest.mark.parametrize(
    ("expected", "value", "decimals"),
    [
        ("0.5", "0.45", 1),
        ("-0.5", "-0.45", 1),
        ("2.68", "2.675", 2),
        ("3", "2.5", 0),
        ("0", "-0.4", 0),
        ("1000000000000000000000000000000.0", "1e30", 1),
    ],
)
def test_halves_are_rounded_away_from_zero(expected: str, value: str, decimals: int) -> None:
    """Rounding acts on the digits the reader sees, and zero has no sign."""
    assert expected == f"{rounded(Decimal(value), decimals):f}"


def test_numbers_of_one_column_have_the_same_decimals() -> None:
    """Points line up: the column decides once, for its largest number."""
    values = [0.5, 0.25, None, 0.12345]
    style = style_of(values, units.RATIO)
    assert ["0.500", "0.250", "–", "0.123"] == [written(v, style) for v in values]


def test_a_declared_number_of_decimals_wins() -> None:
    """`decimals:` of a metric is obeyed, more or fewer than usual."""
    assert ("€1,235", "0.4568") == (number(1234.5, EUR, decimals=0), number(0.45678, units.RATIO, decimals=4))


@pytest.mark.parametrize(
    ("expected", "unit", "locale"),
    [("€", EUR, "en"), ("EUR", EUR, "ro"), ("", units.PERCENT, "en"), ("", None, "en"), ("", units.DURATION, "en")],
)
def test_a_heading_says_the_unit_that_cells_leave_out(expected: str, unit: units.Unit | None, locale: str) -> None:
    """Only a currency is left out of the cells of a table."""
    assert expected == unit_sign(unit, locale)


def test_an_unknown_language_is_written_as_its_nearest_known_one() -> None:
    """A wrong locale never stops an answer: region dropped first, then English."""
    assert ("1\u202f234,5", "1,234.5") == (plain(1234.5, 1, "fr_XX"), plain(1234.5, 1, "not a language"))


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["en", "fr", "ro", "de"]))
def test_every_double_has_a_text(value: float, locale: str) -> None:
    """No number of any size breaks the display under any unit."""
    for unit in (None, EUR, units.PERCENT, units.RATIO, units.COUNT, units.DURATION):
        assert number(value, unit, locale=locale)


@given(st.decimals(-(10**12), 10**12, places=6), st.integers(0, 6))
def test_a_shown_number_is_within_half_a_unit_of_its_last_digit(value: Decimal, decimals: int) -> None:
    """What the reader sees differs from the value by at most half of the last digit shown."""
    shown = Decimal(plain(value, decimals).replace(",", ""))
    assert abs(shown - value) <= Decimal("0.5").scaleb(-decimals)
    assert exact(value) == value
