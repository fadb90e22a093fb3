"""Targets as written, and entries without a formula, which say more of a metric that a pack or a funnel defines."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tallymark.definitions import Definitions, MetricDef, Project
from tallymark.errors import Fault
from tallymark.read import read_texts

PACK = """
metrics:
  nrr:
    formula: sum(rows.kept) / sum(rows.all) * 100
    unit: percent
    decimals: 1
    direction: up
    tags: [revenue]
    label: {en: Net revenue retention, fr: Rétention nette}
    aliases: {en: [NDR], fr: [rétention]}
    bands: {grain: year, good: {above: 100}, poor: {to: 100}}
"""


def read(written: str, pack: str = PACK) -> tuple[Definitions, list[Fault]]:
    """The definitions of a project with that file of metrics and a pack."""
    project = Project(packs=("p",))
    return read_texts([("m.yaml", written)], project, {"p": [("p/p.yaml", pack)]})


def metric(written: str, name: str = "nrr") -> MetricDef:
    """A metric of a project without faults."""
    definitions, faults = read(written)
    assert [] == faults
    return definitions.metrics[name]


# --- targets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value", "how", "text"),
    [("110", "110", "number", "110"), ("110%", "110", "percent", "110%"), ("4 hours", "14400", "duration", "4 hours"),
     ("1_000.5", "1000.5", "number", "1_000.5"), ("{value: 0.5}", "0.5", "number", "0.5"),
     ("{value: 110, grain: month}", "110", "number", "110 a month")],
)  # fmt: skip
def test_a_target_is_a_number_a_percent_or_a_duration(written: str, value: str, how: str, text: str) -> None:
    """Its number is exact, and its text as written."""
    target = metric(f"metrics: {{nrr: {{target: {written}}}}}").target
    assert target is not None
    assert target.amount is not None
    assert (Decimal(value), how, text) == (target.amount.value, target.amount.written, target.text)
    assert target.formula is None


def test_what_is_no_number_is_a_formula() -> None:
    """A metric's name, or anything computed of metrics."""
    target = metric("metrics: {nrr: {target: planned * 1.1}}").target
    assert target is not None
    assert ("planned * 1.1", None) == (target.formula.text if target.formula else None, target.amount)


def test_a_target_has_numbers_by_period() -> None:
    """Names of periods are texts, however YAML reads them; `value` is for all others."""
    target = metric("metrics: {nrr: {target: {2024: 110, 2024-Q4: 115%, value: planned, grain: year}}}").target
    assert target is not None
    assert {"2024": Decimal(110), "2024-Q4": Decimal(115)} == {n: a.value for n, a in target.by_period.items()}
    assert ("planned", "year") == (target.formula.text if target.formula else None, target.grain)


BAD = [
    ("{nrr: {target: 2 months}}", "R100", "`2 months` is no value that could be reached"),
    ("{nrr: {target: 1e99}}", "R100", "`1e99` is no value"),
    ("{nrr: {target: {2024: high}}}", "R100", "`high` is no value"),
    ("{nrr: {target: {}}}", "R023", "a target without a number"),
    ("{nrr: {target: {grain: month}}}", "R023", "a target without a number"),
    ("{nrr: {target: {value: 1, grain: mnth}}}", "R022", "`grain` must be a grain, not `mnth`"),
    ("{nrr: {target: [1, 2]}}", "R021", "`target` must be a number, a formula, or a mapping, not a list of 2"),
    ("{nrr: {target: planned *}}", "S139", "`*` has nothing on its right"),
    ("{nrr: {bands: {grain: yer, a: {below: 1}, b: {from: 1}}}}", "R022", "`grain` must be a grain, not `yer`"),
    ("{nrr: {bands: {a: {below: 1, color: red}, b: {from: 1}}}}", "R020", "unknown key `color`"),
    ("{nrr: {bands: {a: {below: 1, colour: pink}, b: {from: 1}}}}", "R022", "`colour` must be a colour of bands"),
    ("{nrr: {bands: [1, 2]}}", "R021", "`bands` must be a mapping of bands, not a list of 2"),
    ("{nrr: {bands: {a: 3, b: {from: 1}}}}", "R021", "`a` must be a mapping, not `3`"),
    ("{nrr: {bands: {a: {below: 3, score: 4}, b: {from: 3}}}}", "R020", "unknown key `score`"),
]


@pytest.mark.parametrize(("written", "code", "says"), BAD, ids=[b[0] for b in BAD])
def test_what_is_wrong_with_a_target_or_bands_is_told(written: str, code: str, says: str) -> None:
    """Each mistake is one fault, in its metric, with a way out."""
    _, faults = read(f"metrics: {written}")
    assert [code] == [f.code for f in faults]
    assert says in faults[0].message
    assert "metric `nrr`" in (faults[0].subject or "")


# --- entries without a formula ---------------------------------------------------------------------------------------


def test_an_entry_without_a_formula_says_more_of_a_packs_metric() -> None:
    """What it says takes the place of what the pack says; all else stands, the formula and the pack first of all."""
    found = metric(
        "metrics: {nrr: {target: 115, decimals: 0, hidden: true, tags: [board], direction: down, min_count: 5}}"
    )
    assert "sum(rows.kept) / sum(rows.all) * 100" == found.formula.text
    assert (Decimal(115), 0, True, ("board",), "down", "p") == (
        found.target.amount.value if found.target and found.target.amount else None,
        found.decimals, found.hidden, found.tags, found.direction, found.pack,
    )  # fmt: skip
    assert found.min_count is not None
    assert ("percent", ["poor", "good"], "year") == (
        found.unit.name if found.unit else None, [b.name for b in found.bands], found.bands_grain,
    )  # fmt: skip


def test_texts_are_said_by_language() -> None:
    """A label in one language leaves those in others as they are; aliases likewise."""
    found = metric("metrics: {nrr: {label: {fr: RNR}, aliases: {ro: [reținere]}, description: Ours.}}")
    assert {"en": "Net revenue retention", "fr": "RNR"} == dict(found.label)
    assert {"en": ("NDR",), "fr": ("rétention",), "ro": ("reținere",)} == dict(found.aliases)
    assert {"en": "Ours."} == dict(found.description)


def test_bands_take_the_place_of_all_bands() -> None:
    """Bands are said as a whole, with the grain they are of: none unless said."""
    found = metric("metrics: {nrr: {bands: {fine: {from: 90}, bad: {below: 90}}}}")
    assert (["bad", "fine"], None) == ([b.name for b in found.bands], found.bands_grain)


def test_a_formula_replaces_the_packs_metric_as_ever() -> None:
    """An entry with a formula has nothing of the pack's."""
    found = metric("metrics: {nrr: {formula: count(rows)}}")
    assert ((), None, {}, None) == (found.bands, found.unit, found.label, found.pack)


def test_a_funnels_metrics_are_spoken_of_as_well() -> None:
    """They have no entry of their own that could have a target."""
    funnel = "funnels: {sales: {per: user, steps: {seen: visits, bought: orders}}}\n"
    found = metric(funnel + "metrics: {sales_conversion: {target: 20%}}", "sales_conversion")
    assert ("20%", "up") == (found.target.text if found.target else None, found.direction)


WRONG = [
    ("metrics: {nr: {target: 3}}", [("R023", "no formula", "did you mean `nrr`?")]),
    ("metrics: {revenue: {target: 3}}", [("R023", "no formula", "write `formula: …`")]),
    ("metrics: {nrr: {unit: score, target: 3}}", [("R105", "`unit` goes with the formula", "sum(rows.kept)")]),
    ("metrics: {nrr: {level: customer, missing: zero}}",
     [("R105", "`level` goes", "leave it out"), ("R105", "`missing` goes", "leave it out")]),
    ("metrics: {nrr: {targt: 3}}", [("R020", "unknown key `targt`", "did you mean `target`?")]),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), WRONG, ids=[w[0] for w in WRONG])
def test_what_cannot_be_said_without_a_formula_is_told(written: str, expected: list[tuple[str, str, str]]) -> None:
    """Of a metric that nobody defines nothing can be said, nor of another's formula."""
    _, faults = read(written)
    assert [code for code, _, _ in expected] == [f.code for f in faults]
    for (_, says, help_), fault in zip(expected, faults, strict=True):
        assert says in fault.message
        assert help_ in (fault.help or "")


def test_a_metric_is_spoken_of_once() -> None:
    """A metric of the project's own has everything beside its formula, and one entry says all of a pack's."""
    files = [
        ("a.yaml", "metrics: {own: count(rows), nrr: {target: 1}}"),
        ("b.yaml", "metrics: {own: {target: 3}, nrr: {target: 2}}"),
    ]
    definitions, faults = read_texts(files, Project(packs=("p",)), {"p": [("p/p.yaml", PACK)]})
    assert [("R025", "b.yaml", "a.yaml:1:11"), ("R025", "b.yaml", "a.yaml:1:29")] == [
        (f.code, f.place.file if f.place else "", (f.help or "").split("at ")[-1].split(": say")[0]) for f in faults
    ]
    target = definitions.metrics["nrr"].target
    assert "1" == (target.text if target else None)


def test_a_pack_gives_formulas() -> None:
    """A pack's entry without one is a fault, whatever other packs define."""
    _, faults = read("", PACK + "  other: {target: 3}\n")
    assert ["R023"] == [f.code for f in faults]
