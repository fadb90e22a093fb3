"""Scorecards as written: the metrics they stand for, and every mistake one can hold, each at its place."""

from __future__ import annotations

import pytest

from tallymark.check import check
from tallymark.definitions import Definitions
from tallymark.errors import Fault
from tallymark.formula.write import write
from tallymark.kinds import DECLARABLE
from tallymark.read import read_texts
from tallymark.source import Table, TableColumn

PROJECT = """
datasets:
  customers: {table: c.csv, key: id, time: since, columns: {id: text, size: text, since: date}}
  facts:
    table: f.csv
    time: at
    refs: {customer: customers}
    columns: {customer: text, at: date, a: double, b: double, tier: text}
"""
METRICS = """
metrics:
  a: avg(facts.a)
  b: {formula: avg(facts.b), direction: down}
  tier: last(facts.tier)
scorecards:
"""
COLUMNS = {
    "customers": {"id": "text", "size": "text", "since": "date"},
    "facts": {"customer": "text", "at": "date", "a": "double", "b": "double", "tier": "text"},
}


def describe(source: str, table: Table) -> tuple[TableColumn, ...]:
    """The columns of the two tables."""
    return tuple(TableColumn(name, DECLARABLE[kind]) for name, kind in COLUMNS[table.dataset].items())


def read(card: str) -> tuple[Definitions, list[Fault]]:
    """What is read of a card, and all that is wrong with it, checked too."""
    definitions, faults = read_texts([("tally.yaml", PROJECT), ("cards.yaml", METRICS + card)])
    return definitions, [*faults, *check(definitions, describe)[1]]


def formulas(definitions: Definitions) -> dict[str, str]:
    """The formulas of the metrics that cards stand for."""
    return {
        name: write(m.formula.node)
        for name, m in definitions.metrics.items()
        if m.formula.node is not None and (m.about or name in definitions.scorecards)
    }


def test_a_card_stands_for_metrics() -> None:
    """People see the score, its coverage and movement, and of each measure its score and what it adds."""
    definitions, faults = read("  card: {per: customer, measures: {a: {value: a, weight: 3}, b: b}}\n")
    assert [] == [str(f) for f in faults]
    shown = ("card", "card_coverage", "card_change", "card_trend", "card_a", "card_a_contribution", "card_b",
             "card_b_contribution")  # fmt: skip
    assert shown == definitions.scorecards["card"].metrics
    made = formulas(definitions)
    assert "avg(regardless(if(card__all = 1, card__score, null)) per customer)" == made["card"]
    assert "weighted_mean(card__a_score, card__a_weight, card__b_score, card__b_weight)" == made["card__before"]
    assert "100 - scale(card__b_known, 0, 100)" == made["card__b_measured"]
    assert {True} == {definitions.metrics[n].hidden for n in made if "__" in n}


SCORINGS = [
    ("scale: {from: 0, to: 20}", "scale(card__a_known, 0, 20)"),
    ("scale: {from: 0, to: 20}, direction: down", "100 - scale(card__a_known, 0, 20)"),
    ("scale: {above: 0, to: 50%, outside: ignore}",
     "if(card__a_known > 0 and card__a_known <= 50%, scale(card__a_known, 0, 50%), null)"),
    ("bands: {low: {below: 3, score: 10}, high: {from: 3, score: 90}}",
     "case when card__a_known < 3 then 10 when card__a_known >= 3 then 90 end"),
    ("bands: {low: {to: 3, score: 10}, high: {above: 3, score: 90}}",
     "case when card__a_known <= 3 then 10 when card__a_known > 3 then 90 end"),
    ("zscore: all", "scale(zscore(card__a_known), -2, 2)"),
    ("zscore: {from: -1, to: 3}, direction: down", "scale(-zscore(card__a_known), -1, 3)"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "formula"), SCORINGS, ids=[said for said, _ in SCORINGS])
def test_a_scoring_is_a_formula(said: str, formula: str) -> None:
    """Each scoring, its direction and the inclusivity of its ends are in the formula it becomes."""
    definitions, faults = read(f"  card: {{per: customer, measures: {{a: {{value: a, {said}}}}}}}\n")
    assert [] == [str(f) for f in faults]
    assert formula == formulas(definitions)["card__a_measured"]


def one(measure: str, more: str = "") -> str:
    """A card of one measure."""
    return f"  card: {{per: customer, measures: {{m: {{value: a, {measure}}}}}{more}}}\n"


BAD = [
    ("R110", "0", "above 0", one("weight: 0")),
    ("R110", "-3", "above 0", one("weight: -3")),
    ("R110", "-1", "above 0", one("weight: 1", ", segments: {default: {weights: {m: -1}}}")),
    ("R110", "0", "above 0", one("group: g", ", groups: {g: 0}")),
    ("R111", "percentile", "one way", one("scale: {from: 0, to: 1}, percentile: all")),
    ("R112", "{from: 5, to: 5}", "lower value first", one("scale: {from: 5, to: 5}")),
    ("R112", "{from: 5, to: 1}", "direction: down", one("scale: {from: 5, to: 1}")),
    ("R112", "{to: 5}", "from: 0", one("scale: {to: 5}")),
    ("R112", "{from: 0%, to: 5}", "alike", one("scale: {from: 0%, to: 5}")),
    ("R112", "soon", "a number", one("scale: {from: 0, to: soon}")),
    ("R112", "{from: 2, to: -2}", "lower number", one("zscore: {from: 2, to: -2}")),
    ("R113", "101", "0 to 100", one("lookup: {gold: 101}")),
    ("R113", "-1", "0 to 100", one("boolean: {false: -1}")),
    ("R113", "140", "0 to 100", one("weight: 1", ", overrides: [{when: a > 0, at_most: 140}]")),
    ("R113", "200", "0 to 100", one("bands: {low: {below: 1, score: 200}, high: {from: 1, score: 0}}")),
    ("R121", "high", "score: 50", one("bands: {low: {below: 1, score: 0}, high: {from: 1}}")),
    ("R102", "high", "", one("bands: {low: {below: 3, score: 0}, high: {from: 1, score: 100}}")),
    ("R101", "high", "", one("bands: {low: {below: 1, score: 0}, high: {above: 1, score: 100}}")),
    ("R102", "good", "", one("weight: 1", ", bands: {bad: {below: 60}, good: {from: 40}}")),
    ("R114", "m", "groups:", one("group: voice")),
    ("R114", "m", "`use`", one("group: uses", ", groups: {use: 1}")),
    ("R114", "m", "group: use", one("weight: 2", ", groups: {use: 1}")),
    ("R115", "{big: {when: a > 1}}", "default: {}", one("weight: 1", ", segments: {big: {when: a > 1}}")),
    ("R115", "big", "where: segment", one("weight: 1", ", segments: {big: {}, default: {}}")),
    ("R115", "default", "leave out", one("weight: 1", ", segments: {default: {when: a > 1}}")),
    ("R116", "big", "`m`", one("weight: 1", ", segments: {big: {when: a > 1, weights: {n: 2}}, default: {}}")),
    ("R116", "big", "fewer", one("weight: 1", ", segments: {big: {when: a > 1, without: [m]}, default: {}}")),
    ("R117", "trend", "another name", "  card: {per: customer, measures: {trend: a}}\n"),
    ("R117", "a_contribution", "another name", "  card: {per: customer, measures: {a: a, a_contribution: b}}\n"),
    ("R118", "card", "other metrics", "  card: {per: customer, measures: {m: card * 2}}\n"),
    ("R118", "card_m", "other metrics", one("weight: 1", ", overrides: [{when: card_m > 3, at_most: 4}]")),
    ("R119", "{when: a > 1}", "at_most: 40", one("weight: 1", ", overrides: [{when: a > 1}]")),
    ("R119", "{when: a > 1, at_most: 1, exactly: 2}", "at_most: 40",
     one("weight: 1", ", overrides: [{when: a > 1, at_most: 1, exactly: 2}]")),
    ("R120", "13 periods", "larger unit", one("missing: {last_known: 13 periods}")),
    ("R120", "90", "3 periods", one("missing: {last_known: 90}")),
    ("R120", "{last_known: 2 days}", "then: neutral", one("missing: {last_known: 3 days, then: {last_known: 2 days}}")),
    ("R122", "big", "of: customers",
     "  card: {per: tier, measures: {m: a}, segments: {big: {where: size = 'l'}, default: {}}}\n"),
    ("R123", "150%", "50%", one("weight: 1", ", min_coverage: 150%")),
    ("R023", "card", "per: customer", "  card: {measures: {m: a}}\n"),
    ("R023", "card", "measures", "  card: {per: customer}\n"),
    ("R023", "m", "value: usage", "  card: {per: customer, measures: {m: {weight: 2}}}\n"),
    ("R023", "{after: 90 days}", "rows", one("stale: {after: 90 days}")),
    ("R023", "{at_most: 3}", "when:", one("weight: 1", ", overrides: [{at_most: 3}]")),
    ("R022", "soon", "90 days", one("stale: {after: soon, rows: facts}")),
    ("R022", "0", "threshold: 5", one("weight: 1", ", trend: {threshold: 0}")),
    ("R020", "scales", "`scale`", one("scales: 3")),
    ("R022", "sometimes", "", one("missing: sometimes")),
    ("T103", "aa", "`a`", "  card: {per: customer, measures: {m: aa}}\n"),
    ("T103", "urgent", "", one("weight: 1", ", overrides: [{when: urgent > 0, at_most: 3}]")),
    ("T103", "payed", "", one("weight: 1", ", population: payed > 0")),
    ("T201", "m", "", "  card: {per: customer, measures: {m: {value: tier, scale: {from: 0, to: 1}}}}\n"),
    ("T111", "plan", "", "  card: {per: plan, measures: {m: a}}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "stretch", "help", "card"), BAD, ids=[f"{c} {y.strip()[:70]}" for c, _, _, y in BAD])
def test_a_mistake_is_told_at_its_place(code: str, stretch: str, help: str, card: str) -> None:
    """A bad card is one fault or more, the first of them with its code, its place in the card and a way out."""
    _, faults = read(card)
    assert faults, "nothing is wrong with it"
    first = next((f for f in faults if f.code == code), faults[0])
    assert code == first.code, str(first)
    place = first.place
    assert place is not None
    assert "cards.yaml" == place.file
    written = place.text[place.column - 1 :]
    assert written.startswith(stretch), str(first)
    assert help in (first.help or ""), str(first)


def test_a_ring_through_a_metric_is_told() -> None:
    """A card that rests on a metric which rests on the card is a ring."""
    card = "  card: {per: customer, measures: {m: far}}\n"
    definitions, faults = read_texts(
        [("tally.yaml", PROJECT), ("cards.yaml", METRICS.replace("  tier:", "  far: card + 1\n  tier:") + card)]
    )
    found = check(definitions, describe)[1]
    assert [] == faults
    assert "T120" in {f.code for f in found}


def test_a_project_s_card_replaces_the_pack_s() -> None:
    """Of two cards of one name nothing of the pack's is left."""
    pack = "scorecards: {card: {per: customer, measures: {old: a}}}\n"
    files = [
        ("tally.yaml", PROJECT + "packs: [p]\n"),
        ("cards.yaml", METRICS + "  card: {per: customer, measures: {new: a}}\n"),
    ]
    definitions, faults = read_texts(files, packs={"p": [("pack.yaml", pack)]})
    assert [] == [str(f) for f in faults]
    assert "card_new" in definitions.metrics
    assert "card_old" not in definitions.metrics
