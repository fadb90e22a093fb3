"""Bands as written, and that they tile: each value in one band, none in two, none in neither."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tallymark.definitions import BandDef
from tallymark.definitions.bands import band_of
from tallymark.errors import Fault
from tallymark.read.bands import bands
from tallymark.read.tiling import in_ascending, tiling_faults
from tallymark.read.values import Reading
from tallymark.yaml_text import load

SEEDS = range(60)


def read(written: str) -> tuple[tuple[BandDef, ...], list[Fault]]:
    """The bands of a YAML mapping, and the faults found."""
    value, faults = load(written, "m.yaml")
    assert [] == faults
    reading = Reading()
    return bands(value, reading, "metric `m`"), reading.faults


GOOD = """
leading: {above: 120}
healthy: {above: 100, to: 120}
at_risk: {from: 90, to: 100}
critical: {below: 90, colour: red, label: {en: Critical, fr: Critique}}
"""


def test_bands_are_read_from_the_lowest_to_the_highest() -> None:
    """Each end says whether its value lies in the band; the order written does not matter."""
    found, faults = read(GOOD)
    assert [] == faults
    assert ["critical", "at_risk", "healthy", "leading"] == [b.name for b in found]
    assert [(None, Decimal(90)), (Decimal(90), Decimal(100)), (Decimal(100), Decimal(120)), (Decimal(120), None)] == [
        (b.low, b.high) for b in found
    ]
    assert [False, True, True] == [b.high_included for b in found[:3]]
    assert [True, False, False] == [b.low_included for b in found[1:]]
    assert ("red", {"en": "Critical", "fr": "Critique"}) == (found[0].colour, found[0].label)
    assert [5, 2] == [found[0].place.line, found[3].place.line]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("89.99", "critical"), ("90", "at_risk"), ("100", "at_risk"), ("100.01", "healthy"), ("120", "healthy"),
     ("120.5", "leading"), ("-7", "critical"), ("1e30", "leading"), ("Infinity", "leading"), ("-Infinity", "critical")],
)  # fmt: skip
def test_a_value_lies_in_the_band_that_its_ends_say(value: str, expected: str) -> None:
    """`from` and `to` include their value, `above` and `below` do not; infinities lie in the outer bands."""
    found = band_of(read(GOOD)[0], Decimal(value))
    assert found is not None
    assert expected == found.name


def test_the_noise_of_binary_numbers_decides_nothing() -> None:
    """What a computation gives beside a whole number by the rounding of its last digits counts as that number."""
    found = read("{low: {to: 7}, high: {above: 7}}")[0]
    noisy = 7 / 100 * 100
    assert noisy > 7
    assert ["low", "high"] == [b.name for v in (noisy, 7.00001) if (b := band_of(found, v)) is not None]


def test_what_is_not_a_number_lies_in_no_band() -> None:
    """A NaN is in none of the bands, though they hold all values."""
    assert band_of(read(GOOD)[0], float("nan")) is None


@pytest.mark.parametrize(
    ("end", "value", "written"),
    [("90%", "90", "percent"), ("0.5 %", "0.5", "percent"), ("4 hours", "14400", "duration"),
     ("1 day", "86400", "duration"), ("1.5 minutes", "90", "duration"), ("1_000", "1000", "number"),
     ("-3.25", "-3.25", "number"), ("1e3", "1000", "number"), ("'90%'", "90", "percent")],
)  # fmt: skip
def test_ends_are_numbers_percents_or_durations(end: str, value: str, written: str) -> None:
    """A percent is from 0 to 100, a duration in seconds; both are exact."""
    found, faults = read(f"{{low: {{below: {end}}}, high: {{from: {end}}}}}")
    assert [] == faults
    assert (Decimal(value), written) == (found[1].low, found[1].written)


BAD = [
    ("{a: {below: 90}, b: {above: 100}}", "R101", "values between 90 and 100 are neither in `a` (below 90) nor in `b`"),
    ("{a: {below: 90}, b: {above: 90}}", "R101", "90 is neither in `a` (below 90) nor in `b` (above 90)"),
    ("{a: {to: 90}, b: {from: 90}}", "R102", "90 is both in `a` (to 90) and in `b` (from 90)"),
    ("{a: {below: 90}, b: {from: 80}}", "R102", "`a` (below 90) and `b` (from 80) overlap: 80 to 90 is in both"),
    ("{a: {from: 0, below: 90}, b: {from: 90}}", "R101", "no band holds values below 0"),
    ("{a: {above: 0, below: 90}, b: {from: 90}}", "R101", "no band holds values at and below 0"),
    ("{a: {below: 90}, b: {from: 90, to: 100}}", "R101", "no band holds values above 100"),
    ("{a: {below: 9}, b: {from: 90, to: 80}, c: {from: 9}}", "R103", "`b` holds no value: it is from 90, to 80"),
    ("{a: {below: 9}, b: {from: 9, below: 9}, c: {from: 9}}", "R103", "`b` holds no value"),
    ("{a: {below: 9}, b: {}, c: {from: 9}}", "R023", "a band without ends"),
    ("{a: {below: 9}, b: , c: {from: 9}}", "R023", "a band without ends"),
    ("{a: {below: 9}, b: {from: 9, above: 9}}", "R033", "both `from` and `above`"),
    ("{a: {below: 9, to: 9}, b: {above: 9}}", "R033", "both `to` and `below`"),
    ("{a: {below: ninety}, b: {from: 90}}", "R100", "`ninety` is no value"),
    ("{a: {below: true}, b: {from: 90}}", "R100", "`true` is no value"),
    ("{a: {below: .nan}, b: {from: 90}}", "R100", "`.nan` is no value"),
    ("{a: {below: 1e99}, b: {from: 90}}", "R100", "`1e99` is no value"),
    ("{a: {below: 2 months}, b: {from: 90}}", "R100", "`2 months` is no value"),
    ("{a: {below: 90%}, b: {from: 90}}", "R104", "the bands `a` and `b` are written in different units"),
    ("{a: {below: 1 day}, b: {from: 1 day, below: 90}, c: {from: 90}}", "R104", "`1 day` and `90`"),
]


@pytest.mark.parametrize(("written", "code", "says"), BAD, ids=[b[0] for b in BAD])
def test_what_is_wrong_with_bands_is_told(written: str, code: str, says: str) -> None:
    """Each mistake is one fault, with the numbers and a way out, and no bands come of it."""
    found, faults = read(written)
    assert () == found
    assert [code] == [f.code for f in faults]
    assert says in faults[0].message
    assert faults[0].help is not None
    assert "metric `m`" in (faults[0].subject or "")


def test_a_band_has_a_name_that_formulas_can_say() -> None:
    """A capital in a name is told with the right one."""
    found, faults = read("{A: {below: 90}, b: {from: 90}}")
    assert ((), ["R024"], "write `a`") == (found, [f.code for f in faults], faults[0].help)


def test_a_gap_names_the_place_of_the_other_band_and_how_to_close_it() -> None:
    """A reader sees both bands, and what to write in either."""
    _, faults = read("low: {below: 90}\nhigh: {above: 90}\n")
    assert (2, 1) == (faults[0].place.line, faults[0].place.column)  # type: ignore[union-attr]
    assert "`low` is at m.yaml:1:1; write `to: 90` there, or `from: 90` here" == faults[0].help


def test_ends_are_told_as_they_are_written() -> None:
    """A fault speaks of `4 hours`, not of seconds."""
    _, faults = read("{a: {below: 4 hours}, b: {above: 1 day}}")
    assert "values between 4 hours and 1 day are neither" in faults[0].message


# --- as a property ---------------------------------------------------------------------------------------------------


def tiles(seed: int) -> tuple[BandDef, ...]:
    """Bands cut at random points, each point belonging to the one or the other side; sometimes a point alone."""
    rng = random.Random(seed)
    points = sorted(rng.sample(range(-40, 40), rng.randint(1, 6)))
    low: Decimal | None = None
    included, made = True, []
    for point in map(Decimal, points):
        held = rng.random() < 0.5
        made.append(BandDef(f"b{len(made)}", low, included, point, held))
        low, included = point, not held
        if not held and rng.random() < 0.2:
            made.append(BandDef(f"b{len(made)}", point, True, point, True))
            included = False
    made.append(BandDef(f"b{len(made)}", low, included, None, False))
    rng.shuffle(made)
    return tuple(made)


def values(bands: tuple[BandDef, ...]) -> Iterator[Decimal]:
    """Every end of a band, what lies close to it on both sides, and what lies far out."""
    ends = {e for b in bands for e in (b.low, b.high) if e is not None}
    for end in ends:
        yield from (end, end - Decimal("0.001"), end + Decimal("0.001"))
    yield from (Decimal(-1000), Decimal(1000))


def count(bands: tuple[BandDef, ...], value: Decimal) -> int:
    """In how many of the bands a value lies."""
    return sum(band.holds(value) for band in bands)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_tiles_holds_every_value_once(seed: int) -> None:
    """Bands between random cuts have no faults, and every value lies in exactly one of them."""
    made = tiles(seed)
    assert [] == list(tiling_faults(made))
    assert {1} == {count(made, value) for value in values(made)}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fault_is_found_exactly_where_a_value_is_in_none_or_in_two(seed: int) -> None:
    """A band removed, or one stretched, shrunk or with an end's inclusion turned, is found whenever it matters."""
    rng = random.Random(seed + 1000)
    made = list(tiles(seed))
    which = rng.randrange(len(made))
    how = rng.choice(["removed", "stretched", "shrunk", "turned"])
    band = made.pop(which)
    step = Decimal(rng.choice(["0.5", "3", "15"])) * (1 if how == "stretched" else -1)
    if how == "turned":
        made.append(replace(band, low_included=not band.low_included, high_included=not band.high_included))
    elif how != "removed":
        made.append(
            replace(
                band,
                low=None if band.low is None else band.low - step,
                high=None if band.high is None else band.high + step,
            )
        )
    if not made:
        return
    changed = tuple(made)
    empty = any(all(not b.holds(v) for v in values((*changed, b))) for b in changed)
    sound = not empty and {1} == {count(changed, value) for value in values((*changed, band))}
    assert sound == (not list(tiling_faults(changed)))
    assert not sound or how == "turned"


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_do_not_depend_on_the_order_written(seed: int) -> None:
    """The same bands in another order have the same faults, and sort alike."""
    made = list(tiles(seed))[1:]
    other = made[::-1]
    assert list(tiling_faults(made)) == list(tiling_faults(other))
    assert in_ascending(made) == in_ascending(other)
